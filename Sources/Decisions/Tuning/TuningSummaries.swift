import Core
import Statistics

/// What reports say of the tune stage.
struct TuningSummaries: Sendable {
  let findings: TuningFindings
  /// Confidence of each of the matrix's intervals for itself.
  let confidence: Double
  /// Whether texts may be shown.
  let reveal: Bool

  /// Examples of change for each category.
  private static let examplesPerCategory = 3

  private var estimators: TuningEstimators { TuningEstimators(findings: findings) }

  var summary: RunSummary.TuningSummary {
    let rows = findings.rows.map(row)
    let recommendation = TuningRecommendation(rows: rows)
    return RunSummary.TuningSummary(
      methods: findings.methods, rows: rows,
      rounds: findings.rounds.map {
        .init(number: $0.number, newAttacks: $0.newAttacks, change: $0.change, pays: $0.pays, row: row($0.row))
      }, clusters: findings.clusters, heldOutClusters: findings.heldOutClusters,
      heldOutAttacks: findings.heldOut.count, recommended: recommendation.variant,
      advice: recommendation.sentences, examples: examples(recommendation.variant))
  }

  private func row(_ row: TuningRow) -> RunSummary.TuningSummary.Row {
    var summary = RunSummary.TuningSummary.Row(
      variant: row.name, problem: row.problem, model: row.model, refusals: row.refusals,
      benignExamples: row.benignExamples)
    let isTuned = row.name != findings.untuned?.name
    summary.sources = row.sources
    summary.seconds = row.tuningSeconds
    summary.cells = row.attacks.map { attack in
      let yields = attack.found.restarts.map(\.yield)
      return .init(
        method: attack.method,
        adaptive: estimators.adaptive(row, method: attack.method)?.estimate(confidence: confidence),
        heldOut: estimators.heldOut(row, method: attack.method)?.estimate(confidence: confidence),
        yield: yields.reduce(0, +) / Double(max(1, yields.count)))
    }
    summary.mean = estimators.adaptive(row)?.estimate(confidence: confidence)
    summary.heldOut = estimators.heldOut(row)?.estimate(confidence: confidence)
    summary.refusalRate = estimators.refusalRate(row)?.estimate(confidence: confidence)
    summary.quiz = estimators.quizRate(row)?.estimate(confidence: confidence)
    if isTuned {
      summary.change = estimators.adaptiveChange(row, from: findings.untuned)?.estimate(confidence: confidence)
      summary.heldOutChange = estimators.heldOutChange(row)?.estimate(confidence: confidence)
      summary.overRefusal = estimators.overRefusal(row)?.estimate(confidence: confidence)
      summary.quizChange = estimators.quizChange(row)?.estimate(confidence: confidence)
      summary.retention = estimators.retention(row)?.estimate(confidence: confidence)
    }
    summary.meanTokens = row.meanTokens
    summary.meanLatency = row.meanLatency
    return summary
  }

  /// The held-out attacks that the untuned model fell for most often, a few of each category.
  private func examples(_ recommended: String?) -> [RunSummary.TuningSummary.Change] {
    guard let untuned = findings.untuned, let row = recommended.flatMap(findings.row),
      row.heldOut.count == findings.heldOut.count
    else { return [] }
    func counts(_ observations: [Observation]) -> ScoredShare { ScoredShare(observations) }
    let byCategory = Dictionary(grouping: findings.heldOut.indices) { findings.heldOut[$0].category ?? "" }
    return byCategory.sorted { $0.key < $1.key }.flatMap { _, indices in
      indices.sorted { counts(untuned.heldOut[$0]).unsafe > counts(untuned.heldOut[$1]).unsafe }
        .prefix(Self.examplesPerCategory).map { index in
          let (attack, before, after) = (
            findings.heldOut[index], counts(untuned.heldOut[index]), counts(row.heldOut[index])
          )
          return .init(
            id: AttackID(prompt: attack.prompt), category: attack.category, unsafeBefore: before.unsafe,
            scoredBefore: before.scored, unsafeAfter: after.unsafe, scoredAfter: after.scored,
            prompt: reveal ? attack.prompt : nil, before: reveal ? untuned.heldOutTexts[index] : nil,
            after: reveal ? row.heldOutTexts[index] : nil)
        }
    }
  }
}
