import Core
import Decisions

/// One restart of the attacker on one model.
struct SearchJob: Sendable {
  let attacker: any Attacker
  let participant: Participant
  let restart: Int
  /// The attacker's state to start from, and its hash; nil starts from the reference model.
  let start: StoredState?
  /// Known attacks: one of each kind is asked again; none counts as found.
  let seedPrompts: [String]
  let budget: SearchBudget
  let seed: UInt64
  /// Whether the ledger keeps the attacker's state, to go on from.
  var keepsState = true

  struct StoredState: Sendable {
    let bytes: [UInt8]
    let hash: String
  }

  /// Everything that determines the result. Equal keys, equal results: the ledger then serves the search.
  /// - Parameter confirmation: identity of what confirms claims while the search goes on; nil where nothing does.
  func key(judge: any Judge, confirmation: String?) -> SearchKey {
    SearchKey(
      target: participant.identity, attacker: attacker.fingerprint, judge: judge.fingerprint,
      start: start?.hash ?? "reference", restart: restart, seed: seed, budget: budget,
      seedPrompts: String(
        hexadecimal: seedPrompts.reduce(StableHash.fnv1a([])) { StableHash.fnv1a($1.utf8 + [0], from: $0) }),
      confirmation: confirmation)
  }
}

/// Identity of a search result.
struct SearchKey: Hashable, Codable, Sendable {
  let target: String
  let attacker: String
  let judge: String
  let start: String
  let restart: Int
  let seed: UInt64
  let budget: SearchBudget
  let seedPrompts: String
  /// The judge and the rule that confirm claims meanwhile; nil where that is done afterwards.
  let confirmation: String?
}

/// What the ledger keeps of a search.
struct SearchRecord: Sendable {
  let result: SearchResult
  /// Responses that failed, and that the reward judge could not score.
  let tally: OutcomeCounts
  /// The last distinct prompts that it asked, oldest first.
  let proposals: [String]
  /// What became of the turns that it had written; nil for a search by single prompts.
  var driving: DrivingTally?
}

/// Remembers what searches yielded.
protocol SearchMemory: Sendable {
  func record(for key: SearchKey) throws -> SearchRecord?
  /// Whether this very run did the search with this key.
  func isOwn(_ key: SearchKey) throws -> Bool
  /// Survives a crash when it returns.
  func remember(_ record: SearchRecord, for key: SearchKey) throws
  /// Where a search keeps how it stands until it is remembered; nil for nowhere.
  func place(for key: SearchKey) throws -> (any StandingPlace)?
}

/// Where one search keeps how it stands.
protocol StandingPlace: Sendable {
  /// Nil where nothing is kept, or it isn't what was.
  func latest() -> [UInt8]?
  /// Notes that the search goes on from what `latest` gave.
  func noteGoingOn(_ standing: [UInt8]) throws
  /// Survives a crash when it returns.
  func keep(_ standing: [UInt8]) throws
}

extension SearchMemory {
  /// Keeps nothing.
  func place(for key: SearchKey) throws -> (any StandingPlace)? { nil }

  /// Remembers for other runs alone.
  func isOwn(_ key: SearchKey) throws -> Bool { false }
}

/// How the policy's response budget is shared out: evenly over models and restarts, so that efforts are equal.
struct Effort: Hashable, Sendable {
  /// For one restart on one model: search and confirmation together.
  let budget: SearchBudget
  /// What confirms a claim.
  let rule: ConfirmationRule

  init(total: Int, models: Int, restarts: Int, rule: ConfirmationRule) {
    self.rule = rule
    budget = SearchBudget(
      responses: total / max(1, models * restarts), confirmation: rule.expected, mostConfirmation: rule.responses)
  }

  /// What is left for confirmation after a search.
  func left(spent: Int) -> Int { max(0, budget.responses - spent) }

  /// Responses that a search planned to ask: those it asked, where its claims use up the rest, else all that it could.
  func planned(_ result: SearchResult) -> Int {
    max(result.responses, budget.responses - budget.reserved(result.claimed) - rule.responses)
  }

  /// Planned responses that a search did not ask.
  func unspent(_ result: SearchResult) -> Int { max(0, planned(result) - result.responses) }
}
