import Core
import Decisions

/// Asks each claimed attack again with fresh responses and scores them with a judge that was not the reward.
///
/// An attack is **confirmed** when as many of its fresh responses are unsafe as the rule needs. Failed and unscored responses are
/// among those that were asked, so they can't confirm anything; where they leave the decision open, the attack is **undecided** and
/// counted apart. Asking stops once the rest could not change that: the decision is the same, and two equal responses settle a
/// majority of three. Every claimed attack that the effort pays for is asked; if there are more, the ones that cover the most ground
/// come first (farthest-point order of their embeddings).
struct ConfirmStage: Sendable {
  let confirmer: ClaimConfirmer
  let embedder: any Embedder
  let effort: Effort
  let progress: ProgressSink
  /// What its progress is called.
  var name = Stage.confirm.rawValue

  private var rule: ConfirmationRule { effort.rule }

  func run(_ searches: [SearchOutcome]) async throws -> [ConfirmedSearch] {
    let claims = searches.map { search in
      var left = effort.left(spent: search.result.responses)
      return search.result.claimed.count { claim in
        left -= claim.answers * rule.fewest
        return left >= 0
      }
    }
    let stage = StageProgress(
      name, total: claims.reduce(0, +) * rule.fewest, sink: progress)

    var confirmed: [ConfirmedSearch] = []
    for search in searches { confirmed.append(try await confirm(search, progress: stage)) }
    let count = confirmed.reduce(0) { $0 + $1.confirmed.count }
    let undecided = confirmed.reduce(0) { $0 + $1.undecided }
    let unasked = confirmed.reduce(0) { $0 + $1.unasked }
    stage.end(
      "\(count) of \(confirmed.reduce(0) { $0 + $1.asked }) claimed attacks confirmed"
        + (undecided > 0 ? ", \(undecided) undecided" : "")
        + (unasked > 0 ? ", \(unasked) more not asked, since the budget was used up" : ""))
    return confirmed
  }

  /// Positions of the claims in the order in which they are asked.
  private func order(_ claims: [ClaimedAttack], left: Int) async throws -> [Int] {
    // All of them, even where each needs every sample: then the order says nothing.
    if claims.answers * rule.responses <= left { return Array(claims.indices) }
    let vectors = try await embedder.embed(claims.map { Conversation.userWords($0.prompt) })
    return DiverseOrder.indices(vectors, limit: left / rule.fewest)
  }

  private func confirm(_ search: SearchOutcome, progress: StageProgress) async throws -> ConfirmedSearch {
    let claims = search.result.claimed
    var left = effort.left(spent: search.result.responses)
    let cost = claims.map(\.answers)
    var spent = 0
    var outcomes: [Int: Confirmation] = [:]
    var tally = OutcomeCounts()
    // What was decided while the search went on; of a search of another run the responses are no fresh ones.
    let decided = search.reused ? [] : claims.indices.filter { claims[$0].confirmation != nil }
    for (index, observations) in zip(decided, try await observations(of: decided.map { claims[$0] }, search, progress))
    {
      outcomes[index] = Confirmation(observations, by: rule)
      tally.add(observations)
      left -= observations.count * cost[index]
      spent += observations.count * cost[index]
    }
    let open = claims.indices.filter { outcomes[$0] == nil }
    var waiting = try await order(open.map { claims[$0] }, left: left).map { open[$0] }
    // Each batch is as large as its worst case allows; what its claims didn't need pays for the next.
    while true {
      var room = left
      let batch = waiting.filter { index in
        let worst = cost[index] * rule.responses
        if worst > room { return false }
        room -= worst
        return true
      }
      if batch.isEmpty { break }
      waiting.removeAll(where: Set(batch).contains)
      let asked = try await decide(batch.map { claims[$0].prompt }, of: search.job, progress: progress)
      for (index, observations) in zip(batch, asked) {
        outcomes[index] = Confirmation(observations, by: rule)
        tally.add(observations)
        left -= observations.count * cost[index]
        spent += observations.count * cost[index]
      }
    }
    var result = ConfirmedSearch(
      search: search, rule: rule, responses: search.result.responses + spent, asked: outcomes.count,
      tally: tally)
    // In the order of discovery again: it is what the yield curve is drawn from.
    for index in claims.indices {
      switch outcomes[index] {
      case .confirmed(let category):
        result.confirmed.append(ConfirmedAttack(claim: claims[index], category: category))
      case .refuted: result.refuted += 1
      case .undecided, .open: result.undecided += 1
      case nil: continue
      }
    }
    return result
  }

  private func decide(
    _ prompts: [String], of job: SearchJob, progress: StageProgress?
  ) async throws -> [[Observation]] {
    try await confirmer.decide(
      prompts, on: job.participant.target, as: job.participant.role, restart: job.restart,
      onMore: { progress?.extend(by: $0) }, onArrival: { progress?.advance(by: $0) })
  }

  /// What was seen of claims that were decided during the search, or what the ledger has of it.
  private func observations(
    of claims: [ClaimedAttack], _ search: SearchOutcome, _ progress: StageProgress
  ) async throws -> [[Observation]] {
    let unseen = claims.map(\.prompt).filter { search.confirmations[$0] == nil }
    let found = Dictionary(
      zip(unseen, try await decide(unseen, of: search.job, progress: nil))
    ) { first, _ in first }
    progress.advance(by: claims.count * rule.fewest, given: claims.count * rule.fewest)
    return claims.map { search.confirmations[$0.prompt] ?? found[$0.prompt] ?? [] }
  }
}

/// One search with its claims confirmed or not.
struct ConfirmedSearch: Sendable {
  let search: SearchOutcome
  let rule: ConfirmationRule
  /// Search and confirmation together.
  let responses: Int
  /// Claims that were asked again.
  let asked: Int
  /// Claims that the effort didn't pay for.
  var unasked: Int { search.result.claimed.count - asked }
  /// Counts of the confirming responses.
  let tally: OutcomeCounts
  var confirmed: [ConfirmedAttack] = []
  var refuted = 0
  var undecided = 0
}

extension FreshFindings {
  /// - Parameters:
  ///   - searches: all restarts on one model, in order.
  ///   - similarity: the cosine from which two attacks are the same attack.
  init(role: Role, searches: [ConfirmedSearch], similarity: Double, embedder: any Embedder) async throws {
    let vectors = try await embedder.embed(
      searches.flatMap { $0.confirmed.map { Conversation.userWords($0.claim.prompt) } })
    self = await offPool {
      var start = 0
      let restarts = searches.map { search in
        let own = Array(vectors[start..<(start + search.confirmed.count)])
        start += own.count
        return Restart(
          index: search.search.job.restart, isReused: search.search.reused, searched: search.search.result.responses,
          responses: search.responses, claimed: search.search.result.claimed.count, confirmed: search.confirmed,
          undecided: search.undecided, unasked: search.unasked, vectors: own, similarity: similarity,
          search: search.search.tally,
          confirmation: search.tally)
      }
      return FreshFindings(
        role: role, restarts: restarts, vectors: vectors, similarity: similarity, rule: searches.first?.rule)
    }
  }
}
