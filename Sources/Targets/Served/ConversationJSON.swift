import Core

/// Turns and tools as OpenAI's chat protocol writes them, which most others took over.
extension ServerQuestion.Message {
  /// The message as OpenAI's chat protocol writes it.
  public var json: JSON {
    var members = [JSON.Member("role", .string(role.rawValue))]
    members.append(.init("content", text.isEmpty && !calls.isEmpty ? .null : .string(text)))
    if !calls.isEmpty {
      members.append(
        .init(
          "tool_calls",
          .array(
            calls.map { call in
              .object([
                .init("id", .string(call.id)), .init("type", .string("function")),
                .init(
                  "function",
                  .object([.init("name", .string(call.name)), .init("arguments", .string(call.arguments))])),
              ])
            })))
    }
    if let answered { members.append(.init("tool_call_id", .string(answered.id))) }
    return .object(members)
  }
}

extension Conversation.Tool {
  /// The schema of the arguments.
  var schema: JSON {
    parameters.flatMap { try? JSON(parsing: Array($0.utf8)) }
      ?? .object([.init("type", .string("object")), .init("properties", .object([]))])
  }

  /// Name and description, and the schema under the protocol's own name for it.
  func members(schema name: String) -> [JSON.Member] {
    [.init("name", .string(self.name))] + (about.map { [.init("description", .string($0))] } ?? [])
      + [.init(name, schema)]
  }

  var openAI: JSON {
    .object([
      .init("type", .string("function")), .init("function", .object(members(schema: "parameters"))),
    ])
  }
}

extension ToolCall {
  /// Reads a call as OpenAI and those who took over its protocol write it: arguments are a text, or an object.
  init?(foreign json: JSON) {
    let function = json["function"] ?? json
    guard let name = function["name"]?.string, !name.isEmpty else { return nil }
    self.init(
      id: (json["call_id"] ?? json["id"])?.string ?? "", name: name, arguments: Self.text(function["arguments"]))
  }

  /// - Parameter arguments: as a text, or as the object itself.
  static func text(_ arguments: JSON?) -> String {
    guard let arguments, !arguments.isNull else { return "{}" }
    return arguments.string ?? arguments.serialized()
  }

  /// The calls in a list of them.
  static func list(_ json: JSON?) -> [ToolCall] { json?.array?.compactMap(ToolCall.init(foreign:)) ?? [] }
}

extension ServerQuestion {
  /// The tools that the model is told of, where there are any.
  var openAITools: [JSON.Member] { tools.isEmpty ? [] : [.init("tools", .array(tools.map(\.openAI)))] }
}
