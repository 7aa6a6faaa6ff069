import Core

/// A message that comes as a list of parts, as Anthropic's and Amazon's protocols have it.
struct ContentBlocks {
  /// The parts that are text, one after the other.
  let text: String
  /// Whether there is reasoning in parts of its own.
  let hasReasoning: Bool
  /// The tools that are called.
  let calls: [ToolCall]

  /// - Parameters:
  ///   - reasoning: types of the parts that are no text for the user, or names of their members where parts have no type.
  ///   - call: reads a part that calls a tool.
  /// - Throws: `MalformedReply` for anything but a list of parts, or a text.
  init(_ content: JSON, reasoning: Set<String>, call: (JSON) -> ToolCall?) throws(MalformedReply) {
    if let whole = content.string {
      (text, hasReasoning, calls) = (whole, false, [])
      return
    }
    guard let parts = content.array else {
      throw MalformedReply(message: "the response's content is \(content.kind), not a list of parts")
    }
    var text = ""
    var hasReasoning = false
    for part in parts {
      let kind = part["type"]?.string
      let names = kind.map { [$0] } ?? part.members?.map(\.key) ?? []
      if !reasoning.isDisjoint(with: names) {
        hasReasoning = true
      } else if kind == "text" || kind == nil && part["text"] != nil {
        guard let piece = part["text"]?.string else {
          throw MalformedReply(message: "a part of the response's text is \((part["text"] ?? .null).kind)")
        }
        text += piece
      }
    }
    (self.text, self.hasReasoning) = (text, hasReasoning)
    calls = parts.compactMap(call)
  }
}

extension ContentBlocks {
  /// The turns of a conversation for protocols in which calls of tools are parts of the assistant's turn, and their answers together a
  /// turn of the user's.
  /// - Parameters:
  ///   - plain: the content of a turn that is a text alone.
  ///   - parts: those of any other turn.
  static func turns(
    _ turns: [ServerQuestion.Message], plain: (String) -> JSON, parts: (ServerQuestion.Message) -> [JSON]
  ) -> [JSON] {
    var place = 0
    var written: [JSON] = []
    while place < turns.count {
      let turn = turns[place]
      var content = turn.calls.isEmpty && turn.answered == nil ? plain(turn.text) : .array(parts(turn))
      place += 1
      if turn.role == .tool {
        var answers = parts(turn)
        while place < turns.count, turns[place].role == .tool {
          answers += parts(turns[place])
          place += 1
        }
        content = .array(answers)
      }
      let role = turn.role == .assistant ? "assistant" : "user"
      written.append(.object([JSON.Member("role", .string(role)), JSON.Member("content", content)]))
    }
    return written
  }
}

extension ConversationObjection {
  /// Returns the objection of a server that takes turns of user and assistant one after the other, to turns that aren't; else nil.
  static func unlessAlternating(_ conversation: Conversation) -> ConversationObjection? {
    conversation.alternates
      ? nil
      : ConversationObjection(
        "its server takes turns of user and assistant one after the other, the user's first",
        remedy:
          "Put turns of one speaker in a row together into one message, and what the assistant says first into 'system'."
      )
  }
}
