import Core

/// Conversations as OpenAI's API and the harnesses take them: objects with a role and a content, in a list.
enum ChatMessages {
  /// The last thing that the user said; nil where nobody did.
  /// - Parameter messages: a list; contents are texts, or lists of parts of which some have a text.
  static func lastUserTurn(_ messages: JSON?) -> String? {
    (messages?.array?.last { $0["role"]?.string == "user" }).flatMap { text(of: $0["content"]) }
  }

  /// Whether a message's content says nothing: blanks, or nothing but reasoning.
  static func isBlank(_ content: JSON?) -> Bool {
    if let text = content?.string { return text.saysNothing }
    guard let parts = content?.array else { return content?.isNull ?? true }
    return parts.allSatisfy { part in
      if let text = part.string ?? part["text"]?.string { return text.saysNothing }
      return part["type"]?.string == "reasoning"
    }
  }

  /// The last user turn of a prompt that is a conversation written as JSON; nil for any other text.
  static func attack(in prompt: String) -> String? { messages(in: prompt).flatMap(lastUserTurn) }

  /// The conversation that a prompt is as JSON; nil for any other text, and where no user says anything.
  static func conversation(in prompt: String) -> Conversation? { messages(in: prompt).flatMap { conversation($0) } }

  /// A conversation whose turns all were given.
  ///
  /// - Parameters:
  ///   - messages: a list.
  ///   - resolving: what stands for a text, as the text.
  /// - Returns: nil where no user says anything. Nothing else is refused: what a harness asked, it asked.
  static func conversation(_ messages: JSON, resolving: (String) -> String = { $0 }) -> Conversation? {
    guard let list = messages.array else { return nil }
    var conversation = Conversation(messages: [])
    var calls: [String: String] = [:]
    for message in list {
      let said = resolving(text(of: message["content"]) ?? "")
      switch message["role"]?.string {
      case "system"?, "developer"?:
        conversation.system = conversation.system.map { "\($0)\n\n\(said)" } ?? said
      case "user"?, "human"?: conversation.messages.append(.init(.user, said))
      case "assistant"?, "model"?, "ai"?, "simulated_assistant"?:
        let made = (message["tool_calls"]?.array ?? []).map(call)
        for call in made { calls[call.id] = call.name }
        conversation.messages.append(.init(.assistant, said, calls: made))
      case "tool"?, "function"?:
        let id = message["tool_call_id"]?.string ?? ""
        let name = message["name"]?.string ?? message["function"]?.string ?? calls[id] ?? ""
        conversation.messages.append(.init(.tool, said, answered: .init(id: id, name: name)))
      default: continue
      }
    }
    return conversation.messages.contains { $0.role == .user } ? conversation : nil
  }

  /// A conversation whose assistant's turns were the target's own answers: what tells it from others is what its user says.
  static func live(_ messages: JSON, content: (JSON) -> String?) -> Conversation? {
    let list = messages.array ?? []
    func said(by roles: String...) -> [String] {
      list.filter { $0["role"]?.string.map(roles.contains) ?? false }.compactMap(content)
    }
    let turns = said(by: "user", "human")
    guard let first = turns.first else { return nil }
    let system = said(by: "system", "developer")
    return Conversation(
      system: system.isEmpty ? nil : system.joined(separator: "\n\n"), messages: [.init(.user, first)],
      turns: Array(turns.dropFirst()))
  }

  /// A key that records of a harness get where `live` reads them: their assistant's turns are answers of the same results.
  static let liveKey = "answers in the conversation are the target's own"

  /// The records, those with `liveKey` whose assistant's turns are all among the answers in the same file: a harness that goes on with
  /// what the target said writes it into the next prompt, where it reads like a turn that was given.
  ///
  /// - Parameters:
  ///   - spoken: what the assistant says in a record's prompt.
  ///   - answers: what the target answered.
  static func marked(
    _ records: [DataRecord], spoken: (DataRecord) -> [String], answers: (DataRecord) -> [String]
  ) -> [DataRecord] {
    let told = records.map(spoken)
    let all = told.allSatisfy(\.isEmpty) ? [] : Set(records.flatMap(answers))
    return zip(records, told).map { record, told in
      let isLive = !told.isEmpty && told.allSatisfy(all.contains)
      return record.noting(isLive ? [.init(liveKey, .bool(true))] : [], own: [liveKey])
    }
  }

  /// What is asked where a text is all of it; differs from the text where that could be taken for a conversation's.
  static func asked(_ text: String) -> String { Conversation(messages: [.init(.user, text)]).text }

  /// The text of a message's content. Parts that are none, such as images, stand in it by a mark of their own.
  static func text(of content: JSON?) -> String? {
    guard let content else { return nil }
    if let text = content.string ?? content["text"]?.string { return text }
    let texts = content.array?.compactMap { part -> String? in
      if let text = part.string ?? part["text"]?.string { return text }
      guard let kind = part["type"]?.string, kind != "reasoning" else { return nil }
      return "[\(kind) \(AttackID(prompt: part.serialized()).text)]"
    }
    return texts.flatMap { $0.isEmpty ? nil : $0.joined(separator: "\n") }
  }

  private static func messages(in prompt: String) -> JSON? {
    guard prompt.contains("\"role\""), let first = prompt.first(where: { !$0.isWhitespace }), "[{".contains(first),
      let document = try? JSON(foreign: Array(prompt.utf8))
    else { return nil }
    return document["messages"] ?? document
  }

  /// As OpenAI's API writes it, or as Inspect does.
  private static func call(_ call: JSON) -> ToolCall {
    let function = call["function"]
    let arguments = function?["arguments"] ?? call["arguments"]
    return ToolCall(
      id: call["id"]?.string ?? "", name: function?["name"]?.string ?? function?.string ?? "",
      arguments: arguments?.string ?? arguments?.serialized() ?? "{}")
  }
}
