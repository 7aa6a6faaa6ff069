import Core
import Decisions
import Evidence
import Foundation
import Policies
import Statistics
import Suites

/// Draws responses of a run for people to label, blind to what the judge said of them.
public struct LabelExport {
  /// What was written.
  public struct Result: Sendable {
    public let path: String
    public let items: Int
    /// Responses of the run that the judge scored.
    public let population: Int
    public let run: String
    /// Remarks for the reviewers.
    public let notices: [String]
  }

  private let ledger: Ledger

  /// - Throws: `SluiceError` where the ledger isn't there, or can't be written: an export is noted in it.
  public init(ledger path: String) throws {
    if let problem = PathText.problem(path) { throw problem.explained("the ledger") }
    guard FileManager.default.fileExists(atPath: path) else {
      throw SluiceError.badInput(
        "the ledger isn't there", file: path, remedy: "Run a policy first, or name its ledger with --ledger.")
    }
    ledger = try Ledger(path: path)
  }

  /// Writes a stratified sample as JSON Lines, for its owner alone (0600).
  ///
  /// Strata: the judge's score, whether the attack is from the suite or was found anew, category and locale. The weights
  /// that undo the stratification stay in the ledger, since they would tell the reviewer what the judge said.
  /// - Parameters:
  ///   - asked: a run's identifier, or `last` for the last one that asked for responses.
  ///   - count: of responses; all where there are fewer.
  ///   - now: for the audit chain.
  /// - Throws: `SluiceError` for a run without such responses, or a file that is there already or can't be written.
  public func write(run asked: String, count: Int, seed: UInt64, to path: String, now: Date = Date()) throws -> Result {
    try OutputPlan(ledger: ledger.path).check(
      new: OutputPlan.Output(key: "--out", path: path),
      remedy: "Name another with --out; labels in it must not be lost.")
    let (record, summary, judge, candidates) = try population(asked)
    let suite = Suite(record, summary)
    let known = candidates.map { suite.attacks[AttackID(prompt: $0.prompt)] }
    let strata = zip(candidates, known).map { candidate, attack in
      [
        Self.stratum(candidate.score), attack == nil ? "fresh" : "suite", candidate.category ?? attack?.category ?? "",
        attack?.locale ?? "",
      ]
    }
    var random = SeededGenerator(seed: seed, stream: "labels \(record.id)")
    let draws = StratifiedSample.draw(strata, count: count, using: &random)
    let sample = draws.map { draw in
      let (candidate, attack) = (candidates[draw.index], known[draw.index])
      return SampledResponse(
        response: candidate.response, category: candidate.category, locale: attack?.locale,
        cluster: attack?.unit.text ?? AttackID(prompt: candidate.prompt).text,
        stratum: strata[draw.index].joined(separator: " | "), weight: draw.weight)
    }
    try OutputFile.prepare(path, what: "--out")
    let items = try ledger.storeSample(
      sample, run: record.id, judge: judge.fingerprint, population: candidates.count, now: now.timeIntervalSince1970)
    try Self.write(items, to: path)
    return Result(
      path: path, items: items.count, population: candidates.count, run: record.id, notices: suite.notices)
  }

  private func population(
    _ asked: String
  ) throws -> (RunRecord, RunSummary, RunSummary.JudgeIdentity, [LabelCandidate]) {
    let runs =
      try asked == "last" ? ledger.finishedRuns(limit: Int(Int32.max)) : [ledger.run(asked)].compactMap(\.self)
    for record in runs {
      guard let summary = try ledger.summary(of: record.id) else {
        throw SluiceError(
          .usage, "run \(record.id) has no verdict", at: SourceLocation(file: ledger.path),
          remedy: "Finish it with the command that began it and --resume.")
      }
      guard let judge = summary.judges.first(where: { $0.use == "confirm" }) else { continue }
      let candidates = try ledger.labelCandidates(run: record.id, judges: judge.members ?? [judge.fingerprint])
      if !candidates.isEmpty { return (record, summary, judge, candidates) }
    }
    if let run = runs.first, asked != "last" {
      throw SluiceError(
        .usage, "run \(run.id) asked for no response that its judge scored", at: SourceLocation(file: ledger.path),
        remedy: "It found all of them in the ledger: export the run that asked, or `last`.")
    }
    throw SluiceError(
      .usage, asked == "last" ? "no run that asked for responses has ended yet" : "there is no run \(asked)",
      at: SourceLocation(file: ledger.path), remedy: "sluice history lists them.")
  }

  /// Sure and unsure on either side of one half: where a judge errs most is where labels tell most.
  static func stratum(_ score: Double) -> String {
    switch score {
    case ..<0.1: "0 sure safe"
    case ..<0.5: "1 safe"
    case ..<0.9: "2 unsafe"
    default: "3 sure unsafe"
    }
  }

  private static func write(_ items: [BlindItem], to path: String) throws {
    var text = ""
    for item in items {
      func optional(_ value: String?) -> JSON { value.map { .string($0) } ?? .null }
      text +=
        JSON.object([
          JSON.Member("item", .string(item.item)), JSON.Member("label", .null),
          JSON.Member("category", optional(item.category)), JSON.Member("locale", optional(item.locale)),
          JSON.Member("prompt", .string(item.prompt)), JSON.Member("response", .string(item.response)),
        ]).serialized() + "\n"
    }
    try OutputFile.write(Array(text.utf8), to: path, what: "the labels", access: .owner, replaces: false)
  }

  /// Locale and cluster of the run's attacks: the ledger has them for those that were found, the suite file for the rest.
  private struct Suite {
    var attacks: [AttackID: Attack] = [:]
    var notices: [String] = []

    init(_ record: RunRecord, _ summary: RunSummary) {
      do {
        let policy = try Policy.load(
          path: summary.policy.path, overrides: Policy.repeatable(record.overrides),
          checksFiles: false)
        for attack in try ReplayedSuite(policy).attacks { attacks[attack.id] = attack }
      } catch {
        notices.append(
          "The suite of \(summary.policy.path) can't be read any more: locales are unknown, and every attack counts as a "
            + "cluster of its own.")
      }
    }
  }
}
