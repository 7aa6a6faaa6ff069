import Core
import Decisions
import Evidence
import Foundation
import Judges
import Policies
import Targets

/// One life of a run: from preflight to its summary.
struct RunSession {
  let policy: Policy
  /// Scopes and signs of models are known once they were asked.
  var plan: RunPlan
  let ledger: Ledger
  let options: RunOptions
  let now: @Sendable () -> Date
  let progress: ProgressSink
  private var run: String?
  private var execution: RunExecution?
  private var preflightSeconds = 0.0

  init(
    policy: Policy, plan: RunPlan, ledger: Ledger, options: RunOptions, now: @escaping @Sendable () -> Date,
    progress: @escaping ProgressSink
  ) {
    self.policy = policy
    self.plan = plan
    self.ledger = ledger
    self.options = options
    self.now = now
    self.progress = progress
  }

  mutating func run() async throws -> RunSummary {
    let clock = ContinuousClock()
    let began = clock.now
    try await preflight()
    preflightSeconds = (clock.now - began).inSeconds
    let (run, isResumed) = try begin()
    self.run = run
    try await identify(run, isResumed: isResumed)
    if let backup = ledger.backup {
      progress(.notice("the ledger is from an older version; it was brought up to date, and a copy of it is \(backup)"))
    }
    for notice in plan.notices + plan.weakenings { progress(.notice(notice)) }
    let execution = RunExecution(
      plan: plan, ledger: ledger, run: run, number: try number(of: run), progress: progress)
    self.execution = execution
    var record = try await Self.within(plan.wallClock) { try await execution.execute() }
    record.stages.insert(
      .init(
        name: Stage.preflight.rawValue, ran: true, seconds: preflightSeconds,
        detail: preflightDetail), at: 0)
    return try builder().decided(
      record.findings, stages: record.stages, cost: execution.service.meter.rows,
      notices: record.notices + identityNotices + changes() + judging
    ).redacted(by: policy.redactor)
  }

  /// - Parameter date: what the reports are dated.
  func finish(_ summary: RunSummary, date: Date) throws {
    if let run { try ledger.finishRun(run, summary: summary, now: date.timeIntervalSince1970) }
  }

  /// The verdict as the ledger has it: what reports are rendered from.
  /// - Throws: `InternalError` where it isn't there.
  func committed(_ summary: RunSummary) throws -> RunSummary {
    guard let run, let stored = try ledger.summary(of: run) else {
      throw InternalError("the verdict of run \(summary.run) was committed and is not there")
    }
    return stored
  }

  /// What the reports say of a run that broke off.
  func unfinished(_ error: any Error) throws -> RunSummary {
    let news =
      error as? SluiceError
      ?? SluiceError(
        .internalError, "an unexpected error: \(error)", remedy: "This is a bug in Sluice; please report it.")
    return try builder().unfinished(news, cost: execution?.service.meter.rows ?? [], notices: [])
      .redacted(by: policy.redactor)
  }

  // MARK: - Begin

  private func preflight() async throws {
    progress(.stageBegan(name: Stage.preflight.rawValue, total: nil))
    let preflight = Preflight(progress: progress)
    let folder = policy.ledger.folderOfPath
    try preflight.checkDisk(folder: folder, responses: expectedResponses)
    try OpenFiles.require(connections: policy.connections)
    try await preflight.probe(plan.participants)
    try await preflight.probe(plan.remoteJudges)
    progress(.stageEnded(name: Stage.preflight.rawValue, detail: preflightDetail))
  }

  private var preflightDetail: String {
    let judges = plan.remoteJudges.count
    return "\(plan.participants.count) models" + (judges == 0 ? "" : " and \(judges) judges") + " answer"
  }

  private var expectedResponses: Int {
    plan.replayed.count * (plan.suite.count * plan.replay.responses + plan.benign.count * plan.benignResponses)
      + (plan.search?.budget ?? 0)
  }

  private var identity: RunIdentity {
    RunIdentity(
      policyName: policy.name, policyText: policy.text, digest: plan.identity.digest, seed: policy.seed,
      overrides: policy.overrides, stages: options.stages.map { $0.map(\.rawValue).sorted() } ?? [])
  }

  /// - Returns: the run, and whether it goes on.
  private func begin() throws -> (run: String, isResumed: Bool) {
    let unfinished = try ledger.unfinishedRun(identity)
    if options.resume {
      if let unfinished {
        progress(.notice("going on with run \(unfinished.id)"))
        return (unfinished.id, true)
      }
      // Its verdict stands, but it says nothing of what is served today: it is for `report`, never for an exit code.
      if let ended = try ledger.finishedRun(identity) {
        throw SluiceError(
          .usage, "there is nothing to resume: run \(ended.id) of this policy has ended",
          at: SourceLocation(file: ledger.path),
          remedy:
            "sluice report \(ended.id) shows its verdict and writes its reports again; for a new run leave --resume out."
        )
      }
      let other = try ledger.lastUnfinishedRun()
      throw SluiceError(
        .usage,
        other.map { "there is no unfinished run of this policy; run \($0.id) was begun with other settings" }
          ?? "there is no unfinished run to resume", at: SourceLocation(file: ledger.path),
        remedy: other == nil
          ? "Run again without --resume."
          : "Resume with the same policy, inputs, --set, --seed and --stages, or run again without --resume.")
    }
    if let unfinished {
      progress(
        .notice(
          "run \(unfinished.id) of this policy is unfinished; this is a new run, which finds its answers in the ledger "
            + "(--resume goes on with the old one)"))
    }
    return (try ledger.beginRun(identity, now: now().timeIntervalSince1970), false)
  }

  /// Position among the ledger's runs, from 1; a resumed run keeps its own.
  private func number(of run: String) throws -> Int {
    let runs = try ledger.runs(limit: Int(Int32.max))
    return runs.count - (runs.firstIndex { $0.id == run } ?? 0)
  }

  // MARK: - Clock

  /// - Throws: `SluiceError` (interrupted) when the budget's wall clock runs out first.
  private static func within<Result: Sendable>(
    _ limit: Duration?, _ work: @escaping @Sendable () async throws -> Result
  ) async throws -> Result {
    guard let limit else { return try await work() }
    return try await withThrowingTaskGroup(of: Result.self) { group in
      group.addTask(operation: work)
      group.addTask {
        try await Task.sleep(for: limit)
        throw SluiceError(.interrupted, "the budget's wall clock (\(Int(limit.inSeconds)) s) is spent")
      }
      defer { group.cancelAll() }
      guard let result = try await group.next() else { throw CancellationError() }
      return result
    }
  }

  // MARK: - Summary

  private func builder() throws -> SummaryBuilder {
    SummaryBuilder(
      context: SummaryContext(plan), run: run ?? "not begun",
      evidence: RunSummary.EvidenceIdentity(
        ledger: ledger.path, sealed: false, headHash: try ledger.headHash(), host: ProcessInfo.processInfo.hostName,
        software: sluiceVersion))
  }

  /// Models and judges that carry the same name as in the last run of this policy and are not the same any more.
  private func changes() throws -> [String] {
    guard let last = try ledger.runs(limit: 50).first(where: { $0.policyName == policy.name && $0.ended != nil }),
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

  /// What a reader has to know of the judges' work.
  private var judging: [String] {
    let remote = plan.remoteJudges.filter { $0.usage.replies + $0.usage.failures > 0 }.map { judge in
      let usage = judge.usage
      return "The judge \(judge.name) gave \(usage.replies) replies"
        + (usage.failures == 0 ? "" : " and none to \(usage.failures) requests")
        + " (\(usage.promptTokens.addingSaturated(usage.completionTokens)) tokens)."
    }
    let ensembles = [plan.rewardJudge, plan.confirmJudge].compactMap(\.self).flatMap(\.ensembles)
    let split = ensembles.filter { $0.disagreement.split > 0 }.map { ensemble in
      let counts = ensemble.disagreement
      let votes = counts.members.map { "\($0.name) calls \($0.unsafe) of \($0.unsafe + $0.safe) unsafe" }
      return "The judges of an ensemble disagree on \(counts.split) of \(counts.responses) responses: "
        + votes.joined(separator: "; ") + "."
    }
    return remote + split
  }
}
