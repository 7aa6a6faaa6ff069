import Core
import Kinds

/// Reads the tools of a conversation and the calls of them.
struct ToolReader {
  let error: (_ message: String, _ remedy: String) -> SluiceError

  /// Tools as OpenAI's chat protocol declares them, or what stands under its `function` alone; each with its `result`.
  /// - Throws: `SluiceError` (usage).
  func tools(_ value: JSON?) throws -> [Conversation.Tool] {
    guard let list = value?.array, !list.isEmpty else {
      throw error(
        "'tools' must be a list of tools",
        "Write \"tools\": [{\"name\": \"…\", \"parameters\": {…}, \"result\": \"…\"}].")
    }
    var names: Set<String> = []
    return try list.enumerated().map { place, item in
      let what = "tool \(place + 1)"
      guard item.members != nil else { throw error("\(what) is \(item.kind), not an object", Self.remedy) }
      let function = item["function"] ?? item
      let name = try name(function, what)
      if !names.insert(name).inserted { throw error("\(what) has the name of an earlier one", "Name each once.") }
      try allow(item, function, what)
      return Conversation.Tool(
        name: name, about: try about(function["description"], what),
        parameters: try parameters(function["parameters"], what), result: try result(item, function, what))
    }
  }

  private static let remedy = "Write {\"name\": \"…\", \"description\": \"…\", \"parameters\": {…}, \"result\": \"…\"}."

  private func allow(_ item: JSON, _ function: JSON, _ what: String) throws {
    let inner = ["name", "description", "parameters"]
    let outer = item["function"] == nil ? inner + ["type", "result"] : ["type", "function", "result"]
    let members =
      (item.members ?? []).map { ($0, outer) }
      + (item["function"] == nil ? [] : (function.members ?? []).map { ($0, inner + ["strict"]) })
    for (member, keys) in members where !keys.contains(member.key) {
      throw error(
        "\(what) has the key \(quoted(member.key))", suggestion(for: member.key, among: keys, called: "Its keys are"))
    }
    if let type = item["type"], type.string != "function" {
      throw error("\(what) is of the type \(quoted(type.string ?? type.kind))", "Only functions can be declared.")
    }
  }

  /// What all providers take as a name.
  private func name(_ function: JSON, _ what: String) throws -> String {
    let name = function["name"]?.string ?? ""
    guard (1...64).contains(name.utf8.count),
      name.utf8.allSatisfy({ byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
          true
        default: false
        }
      })
    else {
      throw error(
        name.isEmpty ? "\(what) has no name" : "\(what) is called \(quoted(name))",
        "Name it with 1 to 64 of the letters a to z, digits, _ and -.")
    }
    return name
  }

  private func about(_ value: JSON?, _ what: String) throws -> String? {
    guard let value, !value.isNull else { return nil }
    guard let text = value.string else {
      throw error("the description of \(what) is \(value.kind), not a text", Self.remedy)
    }
    return text
  }

  private func parameters(_ value: JSON?, _ what: String) throws -> String? {
    guard let value, !value.isNull else { return nil }
    guard value.members != nil else {
      throw error("the parameters of \(what) are \(value.kind), not a JSON Schema", Self.remedy)
    }
    return value.serialized()
  }

  /// A text as it is; any other value as JSON.
  private func result(_ item: JSON, _ function: JSON, _ what: String) throws -> String {
    guard let value = item["result"], !value.isNull else {
      throw error(
        "\(what) has no result",
        "Write \"result\": \"…\" beside it: calls of it are answered with that, and nothing is done.")
    }
    return value.string ?? value.serialized()
  }

  /// The calls in a message of the assistant's.
  /// - Throws: `SluiceError` (usage).
  func calls(_ value: JSON?, _ what: String) throws -> [ToolCall] {
    guard let value, !value.isNull else { return [] }
    let form = "Write \"tool_calls\": [{\"id\": \"…\", \"function\": {\"name\": \"…\", \"arguments\": \"{…}\"}}]."
    guard let list = value.array else { throw error("the tool_calls of \(what) are \(value.kind), not a list", form) }
    var ids: Set<String> = []
    return try list.map { item in
      guard let id = item["id"]?.string, !id.isEmpty, ids.insert(id).inserted else {
        throw error("a call in \(what) has no id of its own", form)
      }
      let name = try self.name(item["function"] ?? .null, "a call in \(what)")
      let arguments = item["function"]?["arguments"] ?? .object([])
      let text = arguments.string ?? arguments.serialized()
      guard (try? JSON(parsing: Array(text.utf8)))?.members != nil else {
        throw error("the arguments of the call \(quoted(id)) in \(what) are no JSON object", form)
      }
      return ToolCall(id: id, name: name, arguments: text)
    }
  }
}
