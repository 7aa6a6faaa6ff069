import Core
import Decisions
import Evidence
import Policies
import Statistics
import Suites

/// Draws responses of a run for people to label.
///
/// Strata: the judge's score, whether the attack is from the suite or was found anew, category and locale. The weights that undo
/// the stratification stay in the ledger, since they would tell the reviewer what the judge said.
public struct LabelSampling {
  /// What was drawn.
  public struct Sample: Sendable {
    /// The run that was drawn from.
    public let run: String
    /// What reviewers see, in an order that tells nothing.
    public let items: [BlindItem]
    /// Responses of the run that the judge scored.
    public let population: Int
    /// Whose attacks these are, as the run's policy says.
    public let governance: Governance?
    /// Remarks for the reviewers.
    public let notices: [String]
  }

  let ledger: Ledger

  public init(ledger: Ledger) { self.ledger = ledger }

  /// The run that an identifier, or `last`, means: the last one that asked for responses.
  public func run(_ asked: String) throws -> (run: String, summary: RunSummary) {
    let found = try population(asked)
    return (found.0.id, found.1)
  }

  /// The summary of a run that a sample was drawn from. Reads no text.
  /// - Throws: `SluiceError` (usage) for a run that is gone.
  public func summary(of run: String) throws -> RunSummary {
    guard let summary = try ledger.summary(of: run) else {
      throw SluiceError(.usage, "there is no run \(run) with a verdict", at: SourceLocation(file: ledger.path))
    }
    return summary
  }

  /// Draws a sample and stores it.
  ///
  /// - Parameters:
  ///   - asked: a run's identifier, or `last` for the last one that asked for responses.
  ///   - count: of responses; all where there are fewer.
  ///   - prepare: called before anything is stored.
  ///   - now: for the audit chain, in seconds since 1970.
  /// - Throws: `SluiceError` (usage) for a run without such responses; what `prepare` throws.
  public func draw(
    run asked: String, count: Int, seed: UInt64, who: LedgerActor = .current(), now: Double,
    prepare: () throws -> Void = {}
  ) throws -> Sample {
    let (record, summary, judge, candidates) = try population(asked)
    let suite = Suite(record, summary, ledger)
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
    try prepare()
    let items = try ledger.storeSample(
      sample, run: record.id, judge: judge.fingerprint, population: candidates.count, who: who, now: now)
    return Sample(
      run: record.id, items: items, population: candidates.count, governance: summary.policy.governance,
      notices: suite.notices)
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

  /// Locale and cluster of the run's attacks: the ledger has them for those that were found, the suite file for the rest.
  private struct Suite {
    var attacks: [AttackID: Attack] = [:]
    var notices: [String] = []

    init(_ record: RunRecord, _ summary: RunSummary, _ ledger: Ledger) {
      do {
        let policy = try Policy.load(
          path: summary.policy.path, overrides: Policy.repeatable(record.overrides),
          checksFiles: false)
        for attack in try ReplayedSuite(policy).rewritten(in: record.id, ledger).attacks {
          attacks[attack.attack.id] = attack.attack
        }
      } catch {
        notices.append(
          "The suite of \(summary.policy.path) can't be read any more: locales are unknown, and every attack counts as a "
            + "cluster of its own.")
      }
    }
  }
}
