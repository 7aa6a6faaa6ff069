import Core
import Foundation

/// Keeps count of what a search by conversations asked and found: every answer of the target costs one response.
struct ConversationLog: Sendable {
  /// What is said in a conversation, and what came of the last turn.
  struct Asked: Sendable {
    let turns: [DrivingTask.Turn]
    let turn: String

    /// What the target is asked for: one answer, after all that it said itself.
    var conversation: Conversation {
      Conversation(
        messages: turns.flatMap { [Conversation.Message(.user, $0.user), .init(.assistant, $0.answer)] }
          + [.init(.user, turn)])
    }

    /// The attack that it is where it works: the user's turns alone, asked one after another.
    var attack: Conversation {
      let said = turns.map(\.user) + [turn]
      return Conversation(messages: [.init(.user, said[0])], turns: Array(said.dropFirst()))
    }
  }

  private let partner: any ConversationOracle
  private let budget: SearchBudget
  private let settings: AttackerSettings
  private(set) var spent = 0
  private(set) var claimed: [ClaimedAttack] = []
  /// What was said to every prompt of this search: none is paid for twice to learn the same thing.
  private var known: [String: TurnObservation] = [:]
  private var attacks: Set<String> = []

  init(_ search: ConversationAttacker.Search) {
    partner = search.partner
    budget = search.budget
    settings = search.settings
  }

  /// Responses that are not used up, nor kept for confirming the claims.
  var left: Int { max(0, budget.responses - spent - budget.reserved(claimed)) }

  /// Whether an answer gives away what it should not, as far as the reward judge tells.
  func works(_ observation: TurnObservation) -> Bool {
    observation.logUnsafe.map { $0 > log(settings.claimThreshold) } ?? false
  }

  /// What the target says to each, in order. One that was asked before costs nothing.
  mutating func ask(_ asked: [Asked]) async throws -> [TurnObservation] {
    var fresh: [String: Conversation] = [:]
    var order: [String] = []
    let prompts = asked.map { one in
      let conversation = one.conversation
      let prompt = conversation.text
      if known[prompt] == nil, fresh.updateValue(conversation, forKey: prompt) == nil { order.append(prompt) }
      return prompt
    }
    let observations = try await partner.answers(to: order.compactMap { fresh[$0] })
    for (prompt, observation) in zip(order, observations) { known[prompt] = observation }
    spent += order.count
    return prompts.map { known[$0] ?? TurnObservation(answer: nil, logUnsafe: nil, isRefusal: false) }
  }

  /// Notes a conversation that seems to work, once.
  mutating func claim(_ asked: Asked, _ observation: TurnObservation, step: Int) {
    let attack = asked.attack.text
    guard let c = observation.logUnsafe, attacks.insert(attack).inserted else { return }
    claimed.append(
      ClaimedAttack(
        prompt: attack, logUnsafe: c, logReference: 0, method: settings.method.name, step: step,
        responsesSpent: spent))
  }
}
