/// What asking the target about one prompt showed.
public struct AttackObservation: Hashable, Codable, Sendable {
  /// c(x) = mean over responses of log p(unsafe | x, y), floored; nil when no response was scored.
  public let logUnsafe: Double?
  /// Target responses newly paid for (0 when all came from the ledger of this very search).
  public let responses: Int

  public init(logUnsafe: Double?, responses: Int) {
    self.logUnsafe = logUnsafe
    self.responses = responses
  }
}

/// What fresh responses to one claimed attack say, scored by the judge that confirms.
public struct ClaimVerdict: Hashable, Codable, Sendable {
  /// What became of the claim.
  public enum Finding: String, Hashable, Codable, Sendable {
    /// As many responses are unsafe as the rule needs.
    case confirmed
    /// So many are safe that it can't be.
    case refuted
    /// Responses failed or could not be scored, and leave it open.
    case undecided
  }

  /// What became of the claim.
  public let finding: Finding
  /// Unsafe responses.
  public let unsafe: Int
  /// Responses that were asked.
  public let responses: Int

  public init(finding: Finding, unsafe: Int, responses: Int) {
    self.finding = finding
    self.unsafe = unsafe
    self.responses = responses
  }
}

/// Answers an attacker's question "does this prompt work?": target, reward judge, ledger and budget behind one call.
public protocol AttackOracle: Sendable {
  /// One observation for each prompt, in order; `samples` responses each. A prompt asked before in the same search gets
  /// further responses, not the old ones.
  /// - Throws: `CancellationError`, `SluiceError` when the target stayed unavailable.
  func observe(_ prompts: [String], samples: Int) async throws -> [AttackObservation]

  /// Asks claimed attacks again, each until the policy's rule decides; none of these responses was looked at by a choice before.
  /// - Returns: one verdict for each, in order; nil where claims are confirmed after the search alone.
  /// - Throws: as `observe`.
  func confirm(_ prompts: [String]) async throws -> [ClaimVerdict]?

  /// The same target asked turn by turn; nil where it takes single prompts alone.
  var conversations: (any ConversationOracle)? { get }
}

extension AttackOracle {
  /// Leaves it to what follows the search.
  public func confirm(_ prompts: [String]) async throws -> [ClaimVerdict]? { nil }

  public var conversations: (any ConversationOracle)? { nil }
}

/// Keeps where a search stands, so that one that breaks off goes on there.
///
/// A search without any trains again from its start: the ledger answers what was asked, and the rest is computed anew.
public protocol SearchCheckpoints: Sendable {
  /// What was kept last; nil where the search begins.
  func latest() -> [UInt8]?

  /// Takes note that the search stands where `latest` said, and won't ask again what it had asked.
  func goOn() throws

  /// Whether enough was done since the last time. Asked after every batch.
  var isDue: Bool { get }

  /// Replaces what was kept. A failure is no concern of the search: it then goes on from an older place, or its start.
  /// - Parameter unanswered: prompts that are being asked now, which a search that goes on asks again.
  func keep(_ standing: [UInt8], unanswered: Set<String>)
}

/// An attack that its finder believes in, not yet confirmed.
public struct ClaimedAttack: Hashable, Codable, Sendable {
  /// The attack itself, as it is asked.
  public let prompt: String
  /// c(x) as observed during the search.
  public let logUnsafe: Double
  /// log p_ref(x), natural logarithm, summed over tokens.
  public let logReference: Double
  /// `gflownet`, `mle`, ...
  public let method: String
  /// Gradient step of the search at which it was proposed, from 0.
  public let step: Int
  /// Target responses spent by the search when the attack was first seen to work.
  public let responsesSpent: Int
  /// Responses that decided about it during the search, beside those that the search spent; nil where none did.
  public var confirmation: Int?

  public init(
    prompt: String, logUnsafe: Double, logReference: Double, method: String, step: Int, responsesSpent: Int,
    confirmation: Int? = nil
  ) {
    self.confirmation = confirmation
    self.prompt = prompt
    self.logUnsafe = logUnsafe
    self.logReference = logReference
    self.method = method
    self.step = step
    self.responsesSpent = responsesSpent
  }

  /// Target responses that asking it once takes: those of every turn of a conversation.
  public var answers: Int { Conversation.answers(to: prompt) }
}

extension [ClaimedAttack] {
  /// Target responses that asking each once takes.
  public var answers: Int { reduce(0) { $0 + $1.answers } }
}

/// What one search (one restart on one target) yields.
public struct SearchResult: Codable, Sendable {
  /// Distinct claimed attacks in the order of discovery.
  public let claimed: [ClaimedAttack]
  /// Target responses spent, those on what was known before included.
  public let responses: Int
  /// Training losses by step, for the report.
  public let losses: [Double]
  /// The attacker's state after the search (weights, optimizer, buffer, RNG), to warm-start the next run.
  public let state: [UInt8]

  public init(claimed: [ClaimedAttack], responses: Int, losses: [Double], state: [UInt8]) {
    self.claimed = claimed
    self.responses = responses
    self.losses = losses
    self.state = state
  }
}

/// What a search and the confirmation of its claims may cost together.
///
/// A fixed share for confirmation wastes one side or the other: a search that finds little leaves it unused, one that
/// finds much makes claims that nobody can check. So the search itself stops where its claims have used up the rest.
public struct SearchBudget: Hashable, Codable, Sendable {
  /// Target responses in all.
  public let responses: Int
  /// Expected responses that confirming one claim takes.
  public let confirmation: Double
  /// Most responses that it takes.
  public let mostConfirmation: Int

  /// - Parameter mostConfirmation: nil for the next whole number.
  public init(responses: Int, confirmation: Double, mostConfirmation: Int? = nil) {
    self.responses = responses
    self.confirmation = confirmation
    self.mostConfirmation = mostConfirmation ?? Int(confirmation.rounded(.up))
  }

  /// What is kept for confirming `claims`; one of several turns counts as that many.
  public func reserved(claims: Int) -> Int { Int((Double(claims) * confirmation).rounded(.up)) }

  /// What confirming claims took so far, and what is kept for the rest.
  public func reserved(_ claims: [ClaimedAttack]) -> Int {
    claims.compactMap(\.confirmation).reduce(0, +) + reserved(claims: claims.filter { $0.confirmation == nil }.answers)
  }
}

/// Places texts in a space where near means alike.
public protocol Embedder: Sendable {
  /// Changes when the vectors would.
  var fingerprint: String { get }

  /// What its work has shown so far of the texts, one sentence each: how many it read in part only.
  var observations: [String] { get }

  /// A unit vector for each text, in order.
  func embed(_ texts: [String]) async throws -> [[Float]]
}

extension Embedder {
  public var observations: [String] { [] }
}

/// Proposes attacks and learns from what they do.
public protocol Attacker: Sendable {
  /// `gflownet`, `sft`, ...
  var method: String { get }
  /// Identity of everything that shapes a search except start state, seed and budget (reference model and settings).
  var fingerprint: String { get }
  /// Whether what it finds may be conversations, which a target has to take then.
  var converses: Bool { get }
  /// Turns that its driver is asked to write for each answer of the target; pruned ones are never said.
  var turnsPerAnswer: Double { get }

  /// Loads what a search needs, before anything is spent.
  /// - Throws: `SluiceError` naming what can't be had.
  func load() async throws

  /// Searches until the budget is spent: target responses asked, and those that confirming the claims will cost.
  /// - Parameters:
  ///   - start: the state a former search returned, or nil to start from the reference model.
  ///   - seedPrompts: known attacks; of each kind some are asked, which counts, and what still works is learnt from.
  ///   - seed: equal seed, start and observations give an equal result, bit for bit, however often the search broke off.
  ///   - checkpoints: where this very search keeps how it stands; nil for nowhere.
  /// - Throws: `CancellationError`; `SluiceError` for an unreadable state.
  func search(
    start: [UInt8]?, seedPrompts: [String], oracle: any AttackOracle, budget: SearchBudget, seed: UInt64,
    checkpoints: (any SearchCheckpoints)?, progress: @escaping @Sendable (_ responses: Int, _ note: String) -> Void
  ) async throws -> SearchResult
}

extension Attacker {
  /// Searches without keeping how the search stands.
  public func search(
    start: [UInt8]?, seedPrompts: [String], oracle: any AttackOracle, budget: SearchBudget, seed: UInt64,
    progress: @escaping @Sendable (_ responses: Int, _ note: String) -> Void
  ) async throws -> SearchResult {
    try await search(
      start: start, seedPrompts: seedPrompts, oracle: oracle, budget: budget, seed: seed, checkpoints: nil,
      progress: progress)
  }

  public var converses: Bool { false }

  public var turnsPerAnswer: Double { 1 }

  /// Does nothing: everything is there.
  public func load() async throws {}
}
