/// What the target said in one more turn of a conversation.
public struct TurnObservation: Hashable, Sendable {
  /// The answer without reasoning before it; nil where there is none to go on from.
  public let answer: String?
  /// log p(unsafe) of this answer, floored; nil where the reward judge gave no score.
  public let logUnsafe: Double?
  /// Whether the target, or a filter before it, refused.
  public let isRefusal: Bool

  public init(answer: String?, logUnsafe: Double?, isRefusal: Bool) {
    self.answer = answer
    self.logUnsafe = logUnsafe
    self.isRefusal = isRefusal
  }
}

/// Lets a search talk with the target turn by turn, and with the model that writes the user's turns.
public protocol ConversationOracle: Sendable {
  /// Asks for one answer to each conversation as it is given, and shows it to the reward judge. Each costs one response.
  /// - Throws: `CancellationError`, `SluiceError` when the target stayed unavailable.
  func answers(to conversations: [Conversation]) async throws -> [TurnObservation]

  /// Asks the served driver for turns, in order. Costs no target response.
  /// - Throws: `CancellationError`, `SluiceError` when the driver stayed unavailable, or where there is none.
  func turns(for tasks: [DrivingTask]) async throws -> [Result<String, DrivingProblem>]

  /// Takes note of what became of turns, those of the attacker's own model included.
  func note(_ turns: [Result<String, DrivingProblem>])
}

extension Conversation {
  /// Answers that asking a prompt once takes: one, or one for each live turn of the conversation that it stands for.
  public static func answers(to prompt: String) -> Int {
    isMarked(prompt) ? Conversation(text: prompt)?.liveTurns ?? 1 : 1
  }

  /// What the user says in a prompt or conversation, one turn after the other, to tell attacks apart by.
  public static func userWords(_ prompt: String) -> String {
    guard let conversation = Conversation(text: prompt) else { return prompt }
    let given = conversation.messages.filter { $0.role == .user }.map(\.text)
    return (given + conversation.turns).joined(separator: "\n")
  }
}
