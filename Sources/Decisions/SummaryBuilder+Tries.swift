import Core
import Statistics

extension SummaryBuilder {
  /// Numbers of tries that reports show, as far as attacks have as many responses; all of these are shown as well.
  private static let shownTries = [1, 5, 10]

  /// Success of the suite file's attacks as they were written, within several tries and as the judge saw it: its errors grow with
  /// the number of tries, and labels say nothing of that.
  /// - Returns: nil where attacks have one response only.
  func tries(_ findings: Findings) -> [RunSummary.TriesRow]? {
    guard let replay = findings.replay, replay.responses > 1 else { return nil }
    let metrics = MetricEstimators(findings: findings)
    let attacks = replay.suite.attacks.count { !$0.isFound && $0.isOf(AttackSelection()) }
    let confidence = context.rule.confidence
    return Set(Self.shownTries.filter { $0 <= replay.responses } + [replay.responses]).sorted().map { tries in
      func rate(_ model: KeyPath<ReplayRow, [Observation]>) -> Estimate? {
        metrics.uncorrectedRate(.file, of: model, AttackSelection(), weight: .attacks, within: tries)?
          .estimate(confidence: confidence)
      }
      return RunSummary.TriesRow(
        tries: tries, attacks: attacks, candidate: rate(\.candidate),
        baseline: context.hasBaseline ? rate(\.measuredBaseline) : nil)
    }
  }
}
