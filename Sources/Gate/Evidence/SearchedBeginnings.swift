import Core
import Evidence

/// What a search by conversations left of one that it found: what its driver was asked and wrote, and what the target was asked before
/// the last turn.
struct SearchedBeginnings {
  private let turns: [String]

  /// Nil for what is no conversation by the user's turns alone.
  init?(of attack: String) {
    guard let conversation = Conversation(text: attack), conversation.messages.count == 1, conversation.system == nil,
      conversation.tools.isEmpty
    else { return nil }
    turns = conversation.messages.map(\.text) + conversation.turns
  }

  func prompts(in ledger: Ledger) throws -> [Int64] {
    let driven = try ledger.prompts(askedOf: RewriterTarget.drivingMark) { prompt, answer in
      turns.contains { prompt.contains($0) || answer.contains($0) }
    }
    return try driven + ledger.prompts(askedOf: "") { prompt, _ in isBeginning(prompt) }
  }

  private func isBeginning(_ prompt: String) -> Bool {
    guard let asked = Conversation(text: prompt) else { return prompt == turns[0] }
    let said = asked.messages.filter { $0.role == .user }.map(\.text)
    return asked.turns.isEmpty && asked.messages.count == 2 * said.count - 1 && turns.starts(with: said)
  }
}
