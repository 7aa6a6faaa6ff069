/// A prompt or conversation together with what a target answered.
///
/// The response to a conversation is stored as one text: the answer itself where the target gave one and called no tool, else all turns
/// from its first answer on. Only the prompt tells whether a response is such a text, so nothing that a target says is ever taken for
/// turns.
public struct Exchange: Hashable, Sendable {
  /// Nil for a plain prompt.
  public let conversation: Conversation?
  private let prompt: String
  /// The turns from the target's first answer on.
  public let replies: [Conversation.Message]

  /// Divides a response into turns where its prompt is a conversation.
  public init(prompt: String, response: String) {
    self.prompt = prompt
    conversation = Conversation(text: prompt)
    guard conversation != nil, Conversation.isMarked(response),
      let listed = try? JSON(parsing: Array(response.utf8.dropFirst())).array
    else {
      replies = [.init(.assistant, response)]
      return
    }
    replies = listed.compactMap(Conversation.Message.init)
  }

  /// The text that a response to a conversation is stored as.
  public static func text(of replies: [Conversation.Message]) -> String {
    if replies.count == 1, replies[0].calls.isEmpty, !Conversation.isMarked(replies[0].text) { return replies[0].text }
    return String(Conversation.mark) + JSON.array(replies.map(\.json)).serialized()
  }

  /// What the target said, in its own turns.
  public var answers: [Conversation.Message] { replies.filter { $0.role == .assistant } }

  /// Requests that it took.
  public var requests: Int { max(1, answers.count) }

  /// The target's last turn.
  public var last: String { answers.last?.text ?? "" }

  /// All that the target said, one turn after the other; each of its calls is a line.
  public var said: String {
    if conversation == nil { return last }
    return answers.flatMap { [$0.text] + $0.calls.flatMap(\.said) }.filter { !$0.isEmpty }.joined(separator: "\n\n")
  }

  /// What the target was asked, for people to read.
  public var shownPrompt: String { conversation?.shown ?? prompt }

  /// What was said from the target's first answer on, for people to read.
  public var shownResponse: String {
    guard replies.count > 1 || replies.contains(where: { !$0.calls.isEmpty }) else { return last }
    return replies.map(\.shown).joined(separator: "\n")
  }

  /// All turns, those before the target's first answer too.
  public var messages: [Conversation.Message] {
    (conversation?.messages ?? [.init(.user, prompt)]) + replies
  }
}

extension Conversation {
  /// The conversation turn by turn. Only a turn begins at the beginning of a line.
  public var shown: String {
    var lines = system.map { [Message.shown("System", $0)] } ?? []
    lines += tools.map { Message.shown("Tool", $0.name + ($0.about.map { ": \($0)" } ?? "")) }
    lines += messages.map(\.shown)
    for turn in turns { lines += ["Assistant: (the target's answer)", Message.shown("User", turn)] }
    return lines.joined(separator: "\n")
  }
}

extension Conversation.Message {
  /// The turn with its speaker; every line of its own after the first is indented.
  public var shown: String {
    let speaker =
      switch role {
      case .user: "User"
      case .assistant: "Assistant"
      case .tool: "Tool \(answered?.name ?? "")"
      }
    return Self.shown(speaker, ([text] + calls.map(\.line)).filter { !$0.isEmpty }.joined(separator: "\n"))
  }

  static func shown(_ speaker: String, _ text: String) -> String {
    speaker.split(whereSeparator: \.isNewline).joined(separator: " ") + ": "
      + text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).joined(separator: "\n  ")
  }
}
