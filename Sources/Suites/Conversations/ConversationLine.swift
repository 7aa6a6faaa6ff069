import Core

extension Conversation {
  /// What a line of a suite says of a prompt: `prompt`, or the members of a conversation.
  public static func members(of text: String) -> [JSON.Member] {
    guard let conversation = Conversation(text: text) else { return [.init("prompt", .string(text))] }
    return conversation.members
  }

  private var members: [JSON.Member] {
    var members: [JSON.Member] = []
    if isOneTurn {
      members.append(.init("prompt", .string(messages[0].text)))
    } else if turns.isEmpty {
      members.append(.init("messages", .array(messages.map(\.line))))
    } else {
      members.append(.init("turns", .strings(messages.map(\.text) + turns)))
    }
    if let system { members.append(.init("system", .string(system))) }
    if !tools.isEmpty { members.append(.init("tools", .array(tools.map(\.line)))) }
    return members
  }
}

extension Conversation.Message {
  fileprivate var line: JSON {
    var members = [JSON.Member("role", .string(role.rawValue)), JSON.Member("content", .string(text))]
    if !calls.isEmpty { members.append(.init("tool_calls", .array(calls.map(\.member)))) }
    if let answered { members.append(.init("tool_call_id", .string(answered.id))) }
    return .object(members)
  }
}

extension ToolCall {
  fileprivate var member: JSON {
    .object([
      .init("id", .string(id)), .init("type", .string("function")),
      .init("function", .object([.init("name", .string(name)), .init("arguments", .string(arguments))])),
    ])
  }
}

extension Conversation.Tool {
  fileprivate var line: JSON {
    var members = [JSON.Member("name", .string(name))]
    if let about { members.append(.init("description", .string(about))) }
    if let parameters = parameters.flatMap({ try? JSON(parsing: Array($0.utf8)) }) {
      members.append(.init("parameters", parameters))
    }
    return .object(members + [.init("result", .string(result))])
  }
}
