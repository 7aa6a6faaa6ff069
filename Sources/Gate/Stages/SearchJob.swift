import Core

/// One restart of the attacker on one model.
struct SearchJob: Sendable {
  let participant: Participant
  let restart: Int
  /// The attacker's state to start from, and its hash; nil starts from the reference model.
  let start: StoredState?
  /// Known attacks that seed the replay buffer.
  let seedPrompts: [String]
  /// Target responses.
  let budget: Int
  let seed: UInt64

  struct StoredState: Sendable {
    let bytes: [UInt8]
    let hash: String
  }

  /// Everything that determines the result. Equal keys, equal results: the ledger then serves the search.
  func key(attacker: any Attacker, judge: any Judge) -> SearchKey {
    SearchKey(
      target: participant.identity, attacker: attacker.fingerprint, judge: judge.fingerprint,
      start: start?.hash ?? "reference", restart: restart, seed: seed, budget: budget,
      seedPrompts: String(
        hexadecimal: seedPrompts.reduce(StableHash.fnv1a([])) { StableHash.fnv1a($1.utf8 + [0], from: $0) }))
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
  let budget: Int
  let seedPrompts: String
}

/// What the ledger keeps of a search.
struct SearchRecord: Sendable {
  let result: SearchResult
  /// Responses that failed, and that the reward judge could not score.
  let tally: Tally
}

/// Remembers what searches yielded.
protocol SearchMemory: Sendable {
  func record(for key: SearchKey) throws -> SearchRecord?
  /// Survives a crash when it returns.
  func remember(_ record: SearchRecord, for key: SearchKey) throws
}

/// How the policy's response budget is shared out: evenly over models and restarts, so that efforts are equal.
struct Effort: Hashable, Sendable {
  /// For one restart on one model: search and confirmation together.
  let responses: Int
  /// What the search may spend; at least a quarter is kept for confirming what it claims.
  let search: Int

  private static let searchShare = 0.75

  init(total: Int, models: Int, restarts: Int) {
    responses = total / max(1, models * restarts)
    search = Int(Double(responses) * Self.searchShare)
  }

  /// Claimed attacks that can be confirmed after a search that spent `spent`, with `samples` responses each.
  func confirmable(spent: Int, samples: Int) -> Int { max(0, responses - spent) / max(1, samples) }
}
