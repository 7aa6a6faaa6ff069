import Core
import Evidence
import Foundation
import Policies
import Reports

/// The whole gate: from a policy file to a verdict and its reports.
public enum Pipeline {
  /// Runs a policy.
  ///
  /// The verdict is a transaction: the ledger's lock is taken, the reports that the policy names are removed, the run's summary is
  /// committed, and reports are rendered from what was committed. A kill at any point leaves no report, or the report of a committed verdict.
  /// Where a run breaks off, the reports say that there is none.
  /// - Throws: `PolicyErrors` and `SluiceError` with their exit codes.
  public static func run(
    _ options: RunOptions, now: @escaping @Sendable () -> Date = { Date() }, progress: @escaping ProgressSink
  ) async throws -> RunReport {
    let policy = try StaleReports.removed(whereBroken: options.policy, overrides: options.overrides) {
      try Policy.known(path: options.policy, overrides: options.overrides, seed: options.seed)
    }
    let writer = ReportWriter(wanted: policy.report)
    let ledger = try Ledger(path: policy.ledger)
    try writer.prepare()
    let plan = try Assembly(policy).plan(stages: options.stages)
    var session = RunSession(
      policy: policy, plan: plan, ledger: ledger, options: options, now: now, progress: progress)
    do {
      let summary = try await session.run()
      let date = now()
      try session.finish(summary, date: date)
      return try rendered(try session.committed(summary), date: date, writer)
    } catch {
      let explained = explained(error, resumeCommand: options.resumeCommand)
      // The error is the news; a second one from writing it down would only hide it.
      if let summary = try? session.unfinished(explained) { _ = try? writer.write(summary, date: now()) }
      throw explained
    }
  }

  private static func rendered(_ summary: RunSummary, date: Date, _ writer: ReportWriter) throws -> RunReport {
    let files = try writer.write(summary, date: date)
    return RunReport(
      summary: summary, json: try JSONReport.render(summary, date: date, version: sluiceVersion), files: files)
  }

  /// Validates a policy and loads every file that it names; asks no model.
  /// - Returns: what a run would do, for a person.
  /// - Throws: `PolicyErrors` and `SluiceError`.
  public static func check(policy path: String, overrides: [String] = []) throws -> String {
    let policy = try Policy.known(path: path, overrides: overrides)
    let plan = try Assembly(policy).plan(stages: nil)
    let stages = Stage.allCases.filter(plan.stages.contains).map(\.rawValue).joined(separator: ", ")
    let models = plan.participants.map { "  \($0.role): \($0.name)" }
    let remarks =
      (plan.rule.weakenings + plan.weakenings).map { "  weakens the verdict: \($0)" }
      + (plan.notices + RuleWarnings(plan).remarks).map { "  note: \($0)" }
      + ChangedMeanings(policy).notes.map { "  changed: \($0)" }
      + [policy.site].compactMap(\.self).map { "  site: \($0) limits what policies may ask and read" }
    let searching = plan.stages.contains(.regenerate) ? plan.search : nil
    let search = searching.map {
      ", \($0.restarts) restarts on \(plan.searched.count) models within \($0.budget) responses"
    }
    return
      (["\(path): valid", "  stages: \(stages)"] + models + [
        "  \(plan.suite.count) attacks, \(plan.benign.count) harmless questions, \(plan.checks.count) checks"
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
