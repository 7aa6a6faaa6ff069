import ChatTemplates
import Core
import Evidence
import Foundation
import Kinds
import Logging
import Policies
import Reports

/// The whole gate: from a policy file to a verdict and its reports.
public enum Pipeline {
  /// Runs a policy.
  ///
  /// The verdict is a transaction: the ledger's lock is taken, the reports that the policy names are removed, the run's
  /// summary is committed, and reports are rendered from what was committed. A kill at any point leaves no report, or
  /// the report of a committed verdict. Where a run breaks off, the reports say that there is none.
  /// - Throws: `PolicyErrors` and `SluiceError` with their exit codes.
  public static func run(
    _ options: RunOptions, now: @escaping @Sendable () -> Date = { Date() }, progress: @escaping ProgressSink
  ) async throws -> RunReport {
    let progress = StageLog.listening(progress)
    let policy = try StaleReports.removed(
      whereBroken: options.policy, overrides: options.overrides, stages: options.stages
    ) {
      let policy = try Policy.known(
        path: options.policy, overrides: options.overrides, seed: options.seed, kinds: options.kinds
      ).reporting(options.stages)
      try OutputPlan.check(policy)
      return policy
    }
    var preparing = ReportWriter(wanted: policy.report)
    let ledger: Ledger
    do {
      ledger = try await self.ledger(
        at: policy.ledger, key: policy.sealing, wait: options.ledgerWait, progress: progress)
    } catch {
      // A run that holds the ledger writes reports of its own.
      if !Ledger.isInUse(error) { try preparing.prepare() }
      throw error
    }
    var began = now()
    var assembly = Assembly(policy, progress: progress)
    // A policy that can't run must not leave an earlier pass behind.
    func assembled<Part>(_ part: () throws -> Part) throws -> Part {
      do {
        return try part()
      } catch {
        try preparing.prepare()
        throw error
      }
    }
    var resumed: RunRecord?
    if options.resume {
      let identity = try assembled { try assembly.identity() }
      // Where there is nothing to go on with, nothing of an earlier run is touched.
      let run = try ledger.resumableRun(RunIdentity(policy, digest: identity.digest, options))
      began = Date(timeIntervalSince1970: run.began)
      resumed = run
    }
    // What chat templates tell of the time is what they told when the run began.
    assembly.time = TemplateTime(began, in: .current)
    let plan = try assembled {
      let plan = try assembly.plan(stages: options.stages)
      try refuseOpenTraining(plan, ledger)
      return plan
    }
    let session = RunSession(
      policy: policy, plan: plan, ledger: ledger, options: options, resumed: resumed, began: began, now: now,
      progress: progress)
    try preparing.prepare()
    return try await verdict(of: session, writer: preparing)
  }

  /// - Throws: `SluiceError` (usage) where a tuner would get in the clear what the ledger seals.
  static func refuseOpenTraining(_ plan: RunPlan, _ ledger: Ledger) throws {
    guard ledger.isSealed, let tuner = plan.tuning?.tuner, tuner.readsDataFile else { return }
    throw SluiceError(
      .usage, "the ledger is sealed, and the tuner \(tuner.kind) reads its training file in the clear",
      at: SourceLocation(file: plan.identity.path),
      remedy: "Use tuner: {kind: local}, or a ledger that isn't sealed.")
  }

  /// Brings a session to its verdict and writes its reports; where it breaks off, they say that there is none.
  /// - Parameter prepare: comes first, within the same wall clock.
  static func verdict(
    of session: RunSession, writer: ReportWriter, _ prepare: @escaping @Sendable () async throws -> Void = {}
  ) async throws -> RunReport {
    let ended = try await supervised(
      session,
      noteEnd: { error in
        // The error is the news; a second one from writing it down would only hide it.
        if let summary = try? session.unfinished(error) { _ = try? writer.write(summary, date: session.now()) }
      },
      {
        try await prepare()
        return try await session.run()
      })
    do {
      var report = try rendered(ended.summary, date: ended.date, writer)
      report.undelivered = await Deliveries(writer.wanted.deliveries).send(ended.summary, date: ended.date)
      return report
    } catch let error as SluiceError {
      // The verdict stands, whatever became of its reports.
      throw SluiceError(
        error.exitCode, error.message, at: error.location,
        remedy: (error.remedy.map { "\($0) " } ?? "")
          + "The verdict of run \(ended.summary.run) is in the ledger: `sluice report \(ended.summary.run)` writes its reports again."
      )
    }
  }

  /// Does a session's work within its wall clock, and ends it soon after a signal.
  /// - Parameter noteEnd: called with the error that the work ended with.
  static func supervised<Result: Sendable>(
    _ session: RunSession, noteEnd: @escaping @Sendable (any Error) -> Void = { _ in },
    _ work: @escaping @Sendable () async throws -> Result
  ) async throws -> Result {
    let (options, limit) = (session.options, session.plan.wallClock)
    var abandonment: (@Sendable (SluiceError) -> Void)?
    if let leave = options.leave {
      abandonment = { (error: SluiceError) in Self.abandon(error, noteEnd, leave) }
    }
    do {
      return try await BoundedWork.run(
        within: limit, spent: Self.wallClockSpent(limit, resumeCommand: options.resumeCommand),
        interrupted: Self.interrupted(resumeCommand: options.resumeCommand), abandon: abandonment, work)
    } catch {
      var explained = explained(error, resumeCommand: options.resumeCommand)
      if let stop = explained as? SluiceError, stop.exitCode == .interrupted, !session.hasBegun, !options.resume {
        explained = SluiceError(
          .interrupted, stop.message, at: stop.location,
          remedy: stop.location == nil ? "Nothing was asked yet: run the same command again." : stop.remedy)
      }
      noteEnd(explained)
      throw explained
    }
  }

  /// Leaves a run that doesn't end: everything that it asked is committed, so only its reports are still to be written.
  /// They are given some seconds, since what doesn't end may be the disk.
  private static func abandon(
    _ error: SluiceError, _ noteEnd: @escaping @Sendable (any Error) -> Void, _ leave: (SluiceError) -> Void
  ) {
    let noted = DispatchSemaphore(value: 0)
    Thread {
      noteEnd(error)
      noted.signal()
    }.start()
    _ = noted.wait(timeout: .now() + 5)
    leave(error)
  }

  private static func wallClockSpent(_ limit: Duration?, resumeCommand: String) -> SluiceError {
    SluiceError(
      .interrupted, "the budget's wall clock (\(Int((limit ?? .zero).inSeconds)) s) is spent",
      remedy: "Go on with: \(resumeCommand) (with --set budget.wall_clock=… for a longer one)")
  }

  /// Opens the ledger, where the caller wants that once another run lets go of it.
  /// - Throws: `SluiceError`; interrupted (75) where it was still in use at the end of the wait.
  static func ledger(
    at path: String, key: LedgerKeySource?, wait: Duration?, progress: ProgressSink
  ) async throws -> Ledger {
    let clock = ContinuousClock()
    let began = clock.now
    let end = began + (wait ?? .zero)
    var lastTold: ContinuousClock.Instant?
    while true {
      do {
        let ledger = try Ledger(path: path, key: key)
        Logger.ledger.log(
          level: lastTold == nil ? .debug : .info, "ledger opened",
          metadata: [
            "ledger": "\(path)", "sealed": .stringConvertible(ledger.isSealed),
            "waited_seconds": (clock.now - began).logged,
          ])
        return ledger
      } catch let error as SluiceError where Ledger.isInUse(error) {
        let left = end - clock.now
        guard left > .zero else { throw error }
        if lastTold.map({ clock.now - $0 > .seconds(30) }) ?? true {
          lastTold = clock.now
          Logger.ledger.notice("ledger in use", metadata: ["ledger": "\(path)", "left_seconds": left.logged])
          progress(.notice("\(path): \(error.message); waiting for up to \(Int(left.inSeconds.rounded(.up))) s"))
        }
        try await Task.sleep(for: min(left, .milliseconds(250)))
      }
    }
  }

  static func rendered(_ summary: RunSummary, date: Date, _ writer: ReportWriter) throws -> RunReport {
    let files = try writer.write(summary, date: date)
    return RunReport(
      summary: summary, json: try JSONReport.render(summary, date: date, version: sluiceVersion), files: files)
  }

  /// Validates a policy and loads every file that it names; asks no model.
  /// - Returns: what a run would do, for a person.
  /// - Throws: `PolicyErrors` and `SluiceError`.
  public static func check(policy path: String, overrides: [String] = []) throws -> String {
    let policy = try Policy.known(path: path, overrides: overrides)
    try OutputPlan.check(policy)
    let plan = try Assembly(policy).plan(stages: nil)
    let stages = Stage.allCases.filter(plan.stages.contains).map(\.rawValue).joined(separator: ", ")
    let models = plan.participants.map { "  \($0.role): \($0.name)" }
    let remarks =
      (plan.rule.weakenings + plan.weakenings).map { "  weakens the verdict: \($0)" }
      + (plan.notices + JudgeWarnings(plan).remarks).map { "  note: \($0)" }
      + ChangedMeanings(policy).notes.map { "  changed: \($0)" }
      + [policy.site].compactMap(\.self).map { "  site: \($0) limits what policies may ask and read" }
    let searching = plan.stages.contains(.regenerate) ? plan.search : nil
    let search = searching.map {
      ", \(counted($0.restarts, "restart")) on \(counted(plan.searched.count, "model")) within \($0.budget) responses"
    }
    return
      (["\(path): valid", "  stages: \(stages)"] + models + [
        "  \(counted(plan.suite.count, "attack")), \(counted(plan.benign.count, "harmless question")), "
          + counted(plan.checks.count, "check")
          + (search ?? "")
          + (plan.tuning.map {
            ", \($0.variants.count) safety-tuned variants against \($0.methods.count) attack methods"
          } ?? "")
      ] + remarks).joined(separator: "\n") + "\n"
  }

  /// JSON Schema of policies.
  /// - Throws: an encoding error, which would be a bug.
  public static func policySchema() throws -> String { try PolicySchema.json() + "\n" }

  /// JSON Schema of JSON reports.
  /// - Throws: an error of the types' own decoding, which would be a bug.
  public static func reportSchema() throws -> String { try ReportSchema.json() + "\n" }

  /// What a stopped run says.
  public static func interrupted(resumeCommand: String) -> SluiceError {
    SluiceError(
      .interrupted, "interrupted; everything answered so far is stored", remedy: "Go on with: \(resumeCommand)")
  }

  /// Every way to stop short names the command that goes on.
  private static func explained(_ error: any Error, resumeCommand: String) -> any Error {
    switch error {
    case is CancellationError: interrupted(resumeCommand: resumeCommand)
    case let error as SluiceError where error.exitCode == .interrupted && error.location == nil:
      SluiceError(
        .interrupted, error.message, remedy: error.remedy ?? "Go on with: \(resumeCommand)")
    default: error
    }
  }
}
