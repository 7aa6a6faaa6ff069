import Core
import Decisions
import Evidence
import Foundation
import Judges
import Kinds
import Logging
import Policies
import Synchronization
import Targets

/// One life of a run: from preflight to its summary.
final class RunSession: Sendable {
  let policy: Policy
  let ledger: Ledger
  let options: RunOptions
  /// The run that this life goes on with; nil for a new one.
  let resumed: RunRecord?
  /// What shards asked of it, and saw; nil for a run that asks everything itself.
  let merged: MergedShards?
  /// When a new run began, and what its chat templates are told that ask for the time.
  let began: Date
  let now: @Sendable () -> Date
  let progress: ProgressSink
  private let state: Mutex<State>

  /// What is known by now. A run that is abandoned is told of from another thread.
  private struct State: Sendable {
    var plan: RunPlan
    var run: String?
    var meter: CostMeter?
    /// What this run asked in its earlier lives, by role.
    var earlier: [Role: TargetCost] = [:]
  }

  /// Scopes and signs of models are known once they were asked.
  var plan: RunPlan {
    get { state.withLock { $0.plan } }
    set { state.withLock { $0.plan = newValue } }
  }

  private var run: String? { state.withLock { $0.run } }

  /// Whether the ledger has it, so that it can go on.
  var hasBegun: Bool { run != nil }

  init(
    policy: Policy, plan: RunPlan, ledger: Ledger, options: RunOptions, resumed: RunRecord? = nil,
    merged: MergedShards? = nil, began: Date, now: @escaping @Sendable () -> Date, progress: @escaping ProgressSink
  ) {
    self.policy = policy
    state = Mutex(State(plan: plan))
    self.ledger = ledger
    self.options = options
    self.resumed = resumed
    self.merged = merged
    self.began = began
    self.now = now
    self.progress = progress
  }

  /// A run with its verdict, as the ledger has it.
  struct Ended: Sendable {
    let summary: RunSummary
    /// What the reports are dated.
    let date: Date
  }

  /// Asks what the plan has, comes to a verdict and commits it.
  func run() async throws -> Ended {
    let clock = ContinuousClock()
    let began = clock.now
    let record = try await served { [self] in
      // What shards asked needs no server any more; what they left to the merge does.
      if needsServers { try await preflight() }
      let preflightSeconds = (clock.now - began).inSeconds
      var record = try await prepare().execute()
      record.stages.insert(
        .init(name: Stage.preflight.rawValue, ran: true, seconds: preflightSeconds, detail: preflightDetail), at: 0)
      return record
    }
    let summary = try summary(of: record)
    let date = now()
    guard let run else { throw InternalError("a run came to a verdict that had not begun") }
    try ledger.finishRun(run, summary: summary, now: date.timeIntervalSince1970)
    Logger.run.info(
      "verdict committed",
      metadata: ["run": "\(run)", "verdict": "\(summary.verdict)", "exit": Int(summary.exitCode).logged])
    applyRetention(at: date)
    // Reports are rendered from what was committed.
    guard let stored = try ledger.summary(of: run) else {
      throw InternalError("the verdict of run \(run) was committed and is not there")
    }
    return Ended(summary: stored, date: date)
  }

  /// The verdict is committed: that old texts could not be purged must not undo it.
  private func applyRetention(at date: Date) {
    guard let retention = policy.retention else { return }
    do {
      guard let purged = try LedgerRetention.apply(retention, to: ledger, policy: policy.name, now: date) else {
        return
      }
      progress(.notice("\(purged.texts) texts of \(purged.runs) runs were older than ledger.retention and are purged"))
    } catch {
      progress(
        .notice(
          "texts older than ledger.retention could not be purged: \((error as? SluiceError)?.message ?? "\(error)"); "
            + "sluice ledger purge does it"))
    }
  }

  private var needsServers: Bool { merged == nil || !plan.servers.isEmpty }

  /// Does work while the model servers live that the run starts itself.
  func served<Result: Sendable>(_ work: @escaping @Sendable () async throws -> Result) async throws -> Result {
    guard needsServers else { return try await work() }
    progress(.stageBegan(name: Stage.preflight.rawValue, total: nil))
    try checkMachine()
    // What servers write may repeat prompts, so it lies where the ledger does.
    let servers = ServerSupervision(
      servers: plan.servers, folder: ledger.isSealed ? nil : policy.ledger + ".servers", progress: progress)
    return try await servers.serving(work)
  }

  /// Begins the run, or goes on with it, and finds out what its models are.
  func prepare() async throws -> RunExecution {
    let (run, isResumed) = try begin()
    let earlier = isResumed ? try earlierCosts(of: run) : [:]
    state.withLock { state in
      state.run = run
      state.earlier = earlier
    }
    try await identify(run, isResumed: isResumed)
    if let backup = ledger.backup {
      progress(.notice("the ledger is from an older version; it was brought up to date, and a copy of it is \(backup)"))
    }
    for notice in plan.notices + plan.weakenings { progress(.notice(notice)) }
    let execution = RunExecution(
      plan: plan, ledger: ledger, run: run, number: try ledger.number(of: run), merged: merged,
      prove: { [self] in try await proveUnchanged(run) }, progress: progress)
    state.withLock { $0.meter = execution.service.meter }
    return execution
  }

  /// What the reports say of a run that broke off.
  func unfinished(_ error: any Error) throws -> RunSummary {
    let news =
      error as? SluiceError
      ?? SluiceError(
        .internalError, "an unexpected error: \(error)", remedy: "This is a bug in Sluice; please report it.")
    return try builder().unfinished(news, cost: cost, notices: []).redacted(by: policy.redactor)
  }

  // MARK: - Begin

  private func checkMachine() throws {
    try Preflight(progress: progress).checkDisk(folder: policy.ledger.folderOfPath, responses: expectedResponses)
    try OpenFiles.require(connections: policy.connections)
  }

  func preflight() async throws {
    let preflight = Preflight(progress: progress)
    // What rewriters and drivers said for shards is there.
    try await preflight.probe(plan.participants.filter { merged == nil || !$0.isWriter })
    try await preflight.probe(plan.remoteJudges)
    // Shards did the searches, and the machine that merges them may have no engine.
    if merged == nil { try await preflight.load(plan.attackers) }
    progress(.stageEnded(name: Stage.preflight.rawValue, detail: preflightDetail))
  }

  private var preflightDetail: String {
    let judges = plan.remoteJudges.count
    let models = counted(plan.participants.count, "model")
    let all = models + (judges == 0 ? "" : " and \(counted(judges, "judge"))")
    return all + (plan.participants.count + judges == 1 ? " answers" : " answer")
  }

  private var expectedResponses: Int {
    plan.replayed.count * (plan.suite.count * plan.replay.responses + plan.benign.count * plan.benignResponses)
      + plan.awaited.count + (plan.search?.budget ?? 0)
  }

  /// - Returns: the run, and whether it goes on.
  private func begin() throws -> (run: String, isResumed: Bool) {
    if let resumed {
      progress(.notice("going on with run \(resumed.id)"))
      log(resumed.id, "run resumed")
      return (resumed.id, true)
    }
    let identity = RunIdentity(policy, digest: plan.identity.digest, options)
    if let unfinished = try ledger.unfinishedRun(identity) {
      progress(
        .notice(
          "run \(unfinished.id) of this policy is unfinished; this is a new run, which finds its answers in the ledger "
            + "(--resume goes on with the old one)"))
    }
    let run = try ledger.beginRun(identity, now: began.timeIntervalSince1970)
    log(run, "run began")
    return (run, false)
  }

  private func log(_ run: String, _ message: Logger.Message) {
    Logger.run.info(
      message,
      metadata: [
        "run": "\(run)", "policy": "\(policy.name)", "ledger": "\(ledger.path)", "seed": "\(policy.seed)",
        "attacks": plan.suite.count.logged, "checks": plan.checks.count.logged,
        "stages": .array(Stage.allCases.filter(plan.stages.contains).map { "\($0.rawValue)" }),
      ])
  }

  // MARK: - Costs

  /// What this run asked before this life, by role. Two parts that one model plays under the same settings share their
  /// responses; the first asked for them.
  private func earlierCosts(of run: String) throws -> [Role: TargetCost] {
    var costs: [Role: TargetCost] = [:]
    var seen: Set<String> = []
    let converses = plan.converses
    for participant in plan.participants where seen.insert(participant.identity).inserted {
      costs[participant.role] = try ledger.costs(
        of: run, under: participant.target.settings, converses: converses
      ).first {
        $0.target == participant.target.fingerprint
      }
    }
    return costs
  }

  /// What all lives of this run asked.
  private var cost: [RunSummary.CostRow] {
    let (meter, earlier) = state.withLock { ($0.meter, $0.earlier) }
    return (meter ?? CostMeter()).rows(after: earlier)
  }

  // MARK: - Summary

  private func summary(of record: RunExecution.Record) throws -> RunSummary {
    var summary = try builder().decided(
      record.findings, stages: record.stages, cost: cost,
      notices: record.notices + identityNotices + (merged?.notices ?? []).filter { !identityNotices.contains($0) }
        + changes() + judging
    ).observing(policy.observes)
    let since = try FailingSince(ledger: ledger).sentences(summary)
    summary.since = since.isEmpty ? nil : since
    let releases = try ReleaseTrend(ledger: ledger).releases(before: summary)
    summary.trend = releases.isEmpty ? nil : releases
    return try summary.redacted(by: policy.redactor)
  }

  private func builder() throws -> SummaryBuilder {
    SummaryBuilder(
      context: SummaryContext(plan), run: run ?? "not begun",
      evidence: RunSummary.EvidenceIdentity(
        ledger: ledger.path, sealed: ledger.isSealed, headHash: try ledger.headHash(),
        host: policy.report.namesHost ? ProcessInfo.processInfo.hostName : nil,
        software: sluiceVersion, language: policy.report.language.recorded))
  }

  /// Models and judges that carry the same name as in the last run of this policy and are not the same any more.
  private func changes() throws -> [String] {
    guard let last = try ledger.lastFinishedRun(policy: policy.name),
      let summary = try ledger.summary(of: last.id)
    else { return [] }
    let models = plan.participants.map(\.summary)
    let changedModels = models.compactMap { model -> String? in
      guard let before = summary.models.first(where: { $0.role == model.role }) else { return nil }
      if before.name == model.name && before.fingerprint != model.fingerprint {
        return "The \(model.role) model \(model.name) is not the one of run \(last.id): its files changed."
      }
      return nil
    }
    let changedJudges = plan.judges.filter { judge in
      summary.judges.contains { $0.use == judge.use && $0.fingerprint != judge.fingerprint }
    }.map { "The \($0.use) judge changed since run \(last.id): compare their numbers with care." }
    return changedModels + changedJudges
  }

  /// What a reader has to know of the work of the judges and the embedder.
  private var judging: [String] {
    let remote = plan.remoteJudges.filter { $0.usage.replies + $0.usage.failures > 0 }.map { judge in
      let usage = judge.usage
      return "The judge \(judge.name) gave \(usage.replies) replies"
        + (usage.failures == 0 ? "" : " and none to \(usage.failures) requests")
        + " (\(usage.promptTokens.addingSaturated(usage.completionTokens)) tokens)."
    }
    let judges = [plan.rewardJudge, plan.confirmJudge].compactMap(\.self).flatMap(\.withMembers)
    return remote + judges.flatMap(\.observations) + plan.embedder.observations
  }
}
