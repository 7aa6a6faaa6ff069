import Core
import Decisions
import Logging

/// Where the scores of one set of responses live.
protocol ScoreStore: Sendable {
  /// What tells a response from the others.
  associatedtype Item: Sendable

  func input(_ item: Item) -> JudgeInput

  /// The stored scores, in order; nil where this judge has not looked yet.
  func scores(_ items: [Item], by judge: any Judge) throws -> [Score?]

  /// When this returns the scores survive a crash.
  func commit(_ scores: [(item: Item, score: Score)], by judge: any Judge) throws
}

/// The scores of what one target answered.
struct TargetScores: ScoreStore {
  let archive: any ResponseArchive
  let target: any Target

  func input(_ item: JudgedRequest) -> JudgeInput { item.input }

  func scores(_ items: [JudgedRequest], by judge: any Judge) throws -> [Score?] {
    try archive.scores(items, of: target, by: judge)
  }

  func commit(_ scores: [(item: JudgedRequest, score: Score)], by judge: any Judge) throws {
    try archive.commit(scores.map { ($0.item, $0.score) }, of: target, by: judge)
  }
}

/// Obtains scores: from the store where it has them, else from the judge, and stores each before anything uses it.
struct Judging<Store: ScoreStore>: Sendable {
  let store: Store
  /// Whether the store may hold scores of what is to be judged; it can't where that came just now.
  var mayBeStored = true
  /// Whether judges behind servers are asked; else shards asked them, and what has no score got no reply.
  var asks = true
  /// Called with how many replies of a judge behind a server have been stored, from any thread.
  var onReplies: @Sendable (_ count: Int) -> Void = { _ in }

  /// Scores of one judge, in the order of `items`.
  ///
  /// A composite judge's members are asked apart, each under its own fingerprint.
  /// - Throws: `SluiceError` (unavailable) when a judge is lost; everything that arrived is stored then.
  func scores(_ items: [Store.Item], by judge: any Judge) async throws -> [Score] {
    guard let composite = judge as? any CompositeJudge else { return try await own(items, by: judge) }
    let inputs = items.map(store.input)
    var scores: [[Score?]] = []
    for (member, indices) in zip(composite.members, composite.assignments(inputs)) {
      var given = [Score?](repeating: nil, count: items.count)
      let own = try await self.scores(indices.map { items[$0] }, by: member)
      for (index, score) in zip(indices, own) { given[index] = score }
      scores.append(given)
    }
    return composite.combine(scores, of: inputs)
  }

  private func own(_ items: [Store.Item], by judge: any Judge) async throws -> [Score] {
    var scores = mayBeStored ? try store.scores(items, by: judge) : Array(repeating: nil, count: items.count)
    let missing = items.indices.filter { scores[$0] == nil }
    if !missing.isEmpty {
      let asked = missing.map { items[$0] }
      let fresh =
        if let remote = judge as? any RemoteJudge {
          try await ask(asked, by: remote)
        } else {
          try await compute(asked, by: judge)
        }
      for (index, score) in zip(missing, fresh) { scores[index] = score }
    }
    return scores.map { $0 ?? .unscored(reason: "no score") }
  }

  private func compute(_ items: [Store.Item], by judge: any Judge) async throws -> [Score] {
    let fresh = try await judge.score(items.map(store.input))
    guard fresh.count == items.count else {
      throw InternalError("judge \(judge.name) answered \(fresh.count) of \(items.count) inputs")
    }
    try store.commit(zip(items, fresh).map { ($0, $1) }, by: judge)
    Logger.ledger.debug("scores committed", metadata: ["judge": "\(judge.name)", "count": fresh.count.logged])
    return fresh
  }

  /// A reply is stored, be it a score or not; no reply after retries leaves the response unscored in this run alone.
  private func ask(_ items: [Store.Item], by judge: any RemoteJudge) async throws -> [Score] {
    guard asks else { return items.map { _ in .unscored(reason: "the judge \(judge.name) gave its shard no reply") } }
    let (store, inputs, onReplies) = (store, items.map(store.input), onReplies)
    let collected = OutcomeBox<JudgmentOutcome>(count: items.count)
    let arrivals = Arrivals<Score>(concurrency: judge.preferredBatch, inFlight: judge.inFlight) { outcomes in
      try store.commit(
        outcomes.compactMap { index, outcome in (try? outcome.get()).map { (items[index], $0) } }, by: judge)
      Logger.ledger.debug("scores committed", metadata: ["judge": "\(judge.name)", "count": outcomes.count.logged])
      for (index, outcome) in outcomes { collected.set(index, outcome) }
      onReplies(outcomes.count)
    }
    let ended = try await arrivals.collect { arrivals in
      try await judge.score(inputs) { arrivals.arrived($0, $1) }
    }
    try await throwIfLost(judge, watch: arrivals.watch)
    try Task.checkCancellation()
    try ended.get()
    return try collected.finished().map { outcome in
      switch outcome {
      case .success(let score): score
      case .failure(let failure): .unscored(reason: failure.description)
      }
    }
  }

  private func throwIfLost(_ judge: any RemoteJudge, watch: ArrivalWatch) async throws {
    guard var failure = watch.loss else { return }
    if !failure.isFinal {
      if let stillFails = try await failureOfProbes(judge.probe) {
        failure = stillFails
      } else if !watch.stopped {
        return  // a few requests failed, the judge lives: their responses are unscored
      }
    }
    Logger.models.error("judge lost", metadata: ["judge": "\(judge.name)", "kind": "\(failure.kind.rawValue)"])
    throw SluiceError(
      .unavailable, "the judge \(judge.name) is unavailable: \(failure.message)",
      remedy: failure.isFinal
        ? "Check the API key, its permissions and its quota; no response that was already judged is judged again."
        : "Everything judged so far is stored; run again with --resume when the judge is back.")
  }
}
