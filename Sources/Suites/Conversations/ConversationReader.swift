import Core
import Kinds

/// Reads what a line or record asks: a `prompt`, `messages` that were said, or user `turns` that are asked one after another; with a
/// `system` prompt and `tools` where it has them.
///
/// `messages` and `tools` are written as in OpenAI's chat protocol; a tool has its `result` beside it.
struct ConversationReader {
  /// The keys that make what is asked.
  static let keys = ["messages", "turns", "system", "tools"]

  private let object: JSON
  private let error: (_ message: String, _ remedy: String) -> SluiceError

  /// - Parameter error: made of a message and a remedy, with the place of the line.
  init(_ object: JSON, error: @escaping (_ message: String, _ remedy: String) -> SluiceError) {
    (self.object, self.error) = (object, error)
  }

  /// Whether there is anything but a prompt in it.
  var isConversation: Bool { Self.keys.contains { value($0) != nil } }

  /// The prompt, or the text of the conversation.
  /// - Parameter prompt: reads the prompt alone.
  /// - Throws: `SluiceError` (usage) with the line and what to write instead.
  func text(prompt: () throws -> String) throws -> String {
    let given = ["prompt", "messages", "turns"].filter { value($0) != nil }
    if given.count > 1 {
      throw error(
        "the line has \(given.map { "'\($0)'" }.joined(separator: " and "))",
        "Keep one: a prompt, the messages so far, or the user's turns that are asked one after another.")
    }
    if !isConversation { return try Self.unmarked(prompt(), error) }
    var conversation = Conversation(messages: [])
    switch given.first {
    case "messages": try readMessages(into: &conversation)
    case "turns":
      let turns = try turns()
      conversation.messages = [.init(.user, turns[0])]
      conversation.turns = Array(turns.dropFirst())
    default: conversation.messages = [.init(.user, try Self.unmarked(prompt(), error))]
    }
    if value("system") != nil {
      guard conversation.system == nil else {
        throw error("the line has a system prompt twice", "Keep 'system', or the first of the messages.")
      }
      conversation.system = try words(value("system"), "'system'")
    }
    if value("tools") != nil { conversation.tools = try ToolReader(error: error).tools(value("tools")) }
    return conversation.text
  }

  /// - Throws: `SluiceError` (usage) for a prompt that would be taken for a conversation.
  static func unmarked(_ prompt: String, _ error: (String, String) -> SluiceError) throws -> String {
    guard Conversation.isMarked(prompt) else { return prompt }
    throw error("the prompt begins with the control character U+001E", "Remove it; it marks stored conversations.")
  }

  /// Nil where there is none, or null.
  private func value(_ key: String) -> JSON? { object[key].flatMap { $0.isNull ? nil : $0 } }

  private func words(_ value: JSON?, _ what: String) throws -> String {
    guard let text = value?.string else {
      throw error("\(what) must be a text, not \((value ?? .null).kind)", "Put it in quotes.")
    }
    if text.allSatisfy(\.isWhitespace) { throw error("\(what) is empty", "Write a text, or leave it out.") }
    return text
  }

  // MARK: - Live turns

  private func turns() throws -> [String] {
    guard let list = value("turns")?.array else {
      throw error(
        "'turns' must be a list, not \((value("turns") ?? .null).kind)",
        "Write \"turns\": [\"…\", \"…\"], each what the user says next.")
    }
    guard (1...Conversation.mostTurns).contains(list.count) else {
      throw error(
        "'turns' has \(list.count) turns", "Write 1 to \(Conversation.mostTurns): each is a request to every model.")
    }
    return try list.enumerated().map { place, turn in
      if turn.members != nil {
        throw error(
          "turn \(place + 1) of 'turns' is an object, and what the assistant says can't be given here",
          "Write each turn of the user as a text; a conversation that was had already stands in 'messages'.")
      }
      return try words(turn, "turn \(place + 1) of 'turns'")
    }
  }

  // MARK: - Given messages

  private func readMessages(into conversation: inout Conversation) throws {
    guard let list = value("messages")?.array else {
      throw error(
        "'messages' must be a list, not \((value("messages") ?? .null).kind)",
        "Write \"messages\": [{\"role\": \"user\", \"content\": \"…\"}].")
    }
    var open: [ToolCall] = []
    for (place, item) in list.enumerated() {
      let what = "message \(place + 1)"
      guard item.members != nil else {
        throw error("\(what) is \(item.kind), not an object", "Write {\"role\": \"user\", \"content\": \"…\"}.")
      }
      let role = item["role"]?.string ?? ""
      try allow(item, role, what)
      if role != "tool", let call = open.first {
        throw error(
          "\(what) comes before the answer to the call \(quoted(call.id))",
          "Write a message of the role tool with that tool_call_id first.")
      }
      switch role {
      case "system", "developer":
        guard place == 0 else {
          throw error("\(what) is a system prompt, and not the first", "Put it first, or into 'system'.")
        }
        conversation.system = try content(item, what)
      case "user": conversation.messages.append(.init(.user, try content(item, what)))
      case "assistant":
        open = try ToolReader(error: error).calls(item["tool_calls"], what)
        let isSilent = !open.isEmpty && (item["content"] ?? .null).isNull
        let text = isSilent ? "" : try content(item, what, mayBeEmpty: !open.isEmpty)
        conversation.messages.append(.init(.assistant, text, calls: open))
      case "tool":
        guard let index = open.firstIndex(where: { $0.id == item["tool_call_id"]?.string }) else {
          throw error(
            "\(what) answers no call that is open", "Give it the tool_call_id of a call in the message before it.")
        }
        let text = try content(item, what, mayBeEmpty: true)
        conversation.messages.append(.init(.tool, text, answered: open.remove(at: index).reference))
      default:
        throw error(
          item["role"] == nil ? "\(what) has no role" : "\(what) has the role \(quoted(role))",
          "The roles are system, user, assistant and tool.")
      }
    }
    try requireQuestion(conversation, open)
  }

  private func requireQuestion(_ conversation: Conversation, _ open: [ToolCall]) throws {
    guard conversation.messages.contains(where: { $0.role == .user }) else {
      throw error("no message is a user's", "The last user turn is the attack.")
    }
    if conversation.messages.last?.role == .assistant {
      throw error(
        open.isEmpty
          ? "the messages end with what the assistant said" : "the messages end with a call that nobody answers",
        "End with the user's turn that is the attack, or with a tool's answer: the target says what comes next.")
    }
  }

  private func allow(_ item: JSON, _ role: String, _ what: String) throws {
    let more = ["assistant": ["tool_calls"], "tool": ["tool_call_id", "name"]][role] ?? []
    let keys = ["role", "content"] + more
    for member in item.members ?? [] where !keys.contains(member.key) && !member.value.isNull {
      throw error(
        "\(what) has the key \(quoted(member.key)), which can't be asked of every model",
        suggestion(for: member.key, among: keys, called: "Its keys are"))
    }
  }

  /// A text, or the texts of parts, each on lines of its own.
  private func content(_ item: JSON, _ what: String, mayBeEmpty: Bool = false) throws -> String {
    let value = item["content"] ?? .null
    let text: String
    if let parts = value.array {
      text = try parts.map { part in
        guard let text = part["text"]?.string, part["type"]?.string ?? "text" == "text" else {
          throw error(
            "\(what) has a part that is no text", "Only texts can be asked: remove pictures, sound and files.")
        }
        return text
      }.joined(separator: "\n")
    } else if let whole = value.string {
      text = whole
    } else {
      throw error(
        item["content"] == nil ? "\(what) has no content" : "the content of \(what) is \(value.kind), not a text",
        "Write \"content\": \"…\".")
    }
    if !mayBeEmpty, text.allSatisfy(\.isWhitespace) { throw error("\(what) says nothing", "Write what was said.") }
    return text
  }
}
