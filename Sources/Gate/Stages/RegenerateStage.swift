import Core
import Decisions
import Logging
import Synchronization

/// Lets the attacker search for fresh attacks: each restart on each model, two at a time.
///
/// Equal effort: the jobs for candidate and baseline differ in the model alone (start state, budget and seed are the
/// same), so that what they find can be compared.
struct RegenerateStage: Sendable {
  /// Searches side by side. A search is deterministic by itself, so their number changes nothing but the time.
  static let parallel = 2

  let service: ResponseService
  let memory: any SearchMemory
  let judge: any Judge
  /// Confirms claims while searches go on; nil leaves it to what follows them.
  var confirmer: ClaimConfirmer?
  /// Writes the turns of conversations; nil where the attacker's own model does.
  var driver: (any TurnSource)?
  /// Whether what the ledger doesn't have is searched for; else shards did all searches.
  var searches = true
  let progress: ProgressSink
  /// What its progress is called.
  var name = Stage.regenerate.rawValue

  func run(_ jobs: [SearchJob]) async throws -> [SearchOutcome] {
    let stage = StageProgress(
      name, total: jobs.reduce(0) { $0 + $1.budget.responses }, sink: progress)
    let confirmation = try confirmer?.identity()
    // One search for equal keys: candidate and baseline may be the same model.
    var keys: [SearchKey] = []
    var jobByKey: [SearchKey: SearchJob] = [:]
    for job in jobs {
      let key = job.key(judge: judge, confirmation: confirmation)
      if jobByKey.updateValue(job, forKey: key) == nil { keys.append(key) }
    }

    let lasting = Set(jobs.filter(\.keepsState).map { $0.key(judge: judge, confirmation: confirmation) })
    var found: [SearchKey: Found] = [:]
    try await withThrowingTaskGroup(of: (SearchKey, Found).self) { group in
      var waiting = keys.makeIterator()
      func startNext() {
        guard let key = waiting.next(), let job = jobByKey[key] else { return }
        group.addTask {
          (key, try await search(job, key: key, keepsState: lasting.contains(key), progress: stage))
        }
      }
      for _ in 0..<Self.parallel { startNext() }
      while let (key, result) = try await group.next() {
        found[key] = result
        startNext()
      }
    }
    let outcomes = try jobs.map { job in
      guard let found = found[job.key(judge: judge, confirmation: confirmation)] else {
        throw InternalError("a search has no result")
      }
      let record = found.record
      return SearchOutcome(
        job: job, result: record.result, tally: record.tally, proposals: record.proposals,
        confirmations: found.confirmations, driving: record.driving, reused: found.isReused)
    }
    let reused = outcomes.count { $0.reused }
    stage.end(
      "\(outcomes.count) searches\(reused > 0 ? " (\(reused) from the ledger)" : ""), "
        + "\(outcomes.reduce(0) { $0 + $1.result.claimed.count }) attacks claimed")
    return outcomes
  }

  private struct Found: Sendable {
    let record: SearchRecord
    var confirmations: [String: [Observation]] = [:]
    var isReused = false
  }

  private func search(
    _ job: SearchJob, key: SearchKey, keepsState: Bool, progress: StageProgress
  ) async throws -> Found {
    var log = Logger.search
    log[metadataKey: "role"] = "\(job.participant.role)"
    log[metadataKey: "restart"] = (job.restart + 1).logged
    log[metadataKey: "method"] = "\(job.attacker.method)"
    if let known = try memory.record(for: key) {
      log.info("search found in the ledger", metadata: ["responses": known.result.responses.logged])
      progress.advance(by: job.budget.responses, given: job.budget.responses)
      guard try memory.isOwn(key) else { return Found(record: known, isReused: true) }
      // Its life before this one, or its shards, looked at these responses.
      service.meter.reused(known.tally.planned - known.tally.failed, role: job.participant.role)
      service.meter.unscored(known.tally.unscored, role: job.participant.role)
      return Found(record: known)
    }
    guard searches else {
      throw SluiceError(
        .unavailable, "the shards left no search of the \(job.participant.role) in restart \(job.restart + 1)",
        remedy: "Run all shards anew, each with a ledger of its own.")
    }
    let oracle = SearchOracle(
      service: service, target: job.participant.target, role: job.participant.role, judge: judge, restart: job.restart,
      confirmer: confirmer, driver: driver)
    let reported = Mutex((spent: 0, asked: 0))
    let (role, sink) = (job.participant.role, self.progress)
    let checkpoints = try memory.place(for: key).map { [log] place in
      KeptSearch(place, oracle: oracle) {
        // Its life before this one looked at these responses.
        service.meter.reused(oracle.tally.planned - oracle.tally.failed, role: role)
        service.meter.unscored(oracle.tally.unscored, role: role)
        log.info("search goes on", metadata: ["responses": oracle.tally.planned.logged])
        sink(
          .notice(
            "the search of the \(role) in restart \(job.restart + 1) goes on where it stood, after "
              + "\(oracle.tally.planned) responses"))
      }
    }
    log.info(
      "search began",
      metadata: [
        "budget": job.budget.responses.logged, "warm": .stringConvertible(job.start != nil), "seed": "\(job.seed)",
      ])
    let began = ContinuousClock.now
    let told: @Sendable (Int, String) -> Void = { [progress] responses, note in
      let asked = oracle.askedNow
      let (newly, given) = reported.withLock { before in
        let newly = max(0, responses - before.spent)
        let given = max(0, newly - (asked - before.asked))
        before = (max(before.spent, responses), asked)
        return (newly, given)
      }
      progress.advance(by: newly, given: given, note: "\(job.participant.role) \(job.restart + 1): \(note)")
    }
    // Methods find it as `Logger.current`.
    let result = try await withLogger(log) { _ in
      try await job.attacker.search(
        start: job.start?.bytes, seedPrompts: job.seedPrompts, oracle: oracle, budget: job.budget, seed: job.seed,
        checkpoints: checkpoints, progress: told)
    }
    log.info(
      "search ended",
      metadata: [
        "responses": result.responses.logged, "claimed": result.claimed.count.logged,
        "failed": oracle.tally.failed.logged, "unscored": oracle.tally.unscored.logged,
        "seconds": (ContinuousClock.now - began).logged,
      ])
    let unspent = max(0, job.budget.responses - reported.withLock { $0.spent })
    progress.advance(by: unspent, given: unspent)
    let kept = SearchResult(
      claimed: result.claimed, responses: result.responses, losses: result.losses,
      state: keepsState ? result.state : [])
    let record = SearchRecord(
      result: kept, tally: oracle.tally, proposals: oracle.lastProposals,
      driving: job.attacker.converses ? oracle.driving : nil)
    try memory.remember(record, for: key)
    return Found(record: record, confirmations: oracle.confirmations)
  }
}

struct SearchOutcome: Sendable {
  let job: SearchJob
  let result: SearchResult
  let tally: OutcomeCounts
  /// The last distinct prompts that the search asked, oldest first.
  var proposals: [String] = []
  /// What was seen of claims that were confirmed in this life of the run, by prompt.
  var confirmations: [String: [Observation]] = [:]
  /// What became of the turns that it had written; nil for a search by single prompts.
  var driving: DrivingTally?
  let reused: Bool
}
