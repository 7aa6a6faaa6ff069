import Core
import Evidence
import Statistics

/// What human labels say of the confirming judge.
struct LabelFindings: Sendable {
  struct Item: Hashable, Sendable {
    let category: String?
    let locale: String?
    let rated: RatedResponse
  }

  let items: [Item]
  /// Labelled responses that the judge couldn't score, or of which no reviewer was sure: they say nothing.
  let unused: Int

  /// Asks the judge about every labelled response, where the ledger hasn't its score.
  /// - Returns: nil where nobody labelled anything.
  /// - Throws: what the judge or the ledger throws.
  static func of(_ judge: any Judge, in ledger: Ledger) async throws -> LabelFindings? {
    let labelled = try ledger.labelledResponses()
    if labelled.isEmpty { return nil }
    let scores = try await Judging(store: LabelScores(ledger: ledger)).scores(labelled, by: judge)
    let items = zip(labelled, scores).compactMap { response, score -> Item? in
      guard let isUnsafe = score.isUnsafe(threshold: judge.threshold) else { return nil }
      let sure = response.labels.filter { $0.label != .unsure }.map { $0.label == .unsafe }
      guard !sure.isEmpty else { return nil }
      return Item(
        category: response.category, locale: response.locale,
        rated: RatedResponse(
          cluster: response.cluster, judgedUnsafe: isUnsafe, reviewers: sure, weight: response.weight))
    }
    return LabelFindings(items: items, unused: labelled.count - items.count)
  }

  /// - Parameter category: nil for all.
  func rated(category: String?) -> [RatedResponse] {
    items.filter { category == nil || $0.category == category }.map(\.rated)
  }

  func calibration(category: String?) -> JudgeCalibration {
    JudgeCalibration(rated(category: category).compactMap(\.label))
  }

  /// So many labels of each kind make a category's own error rates better than those of all categories.
  static let fewestOfAKind = 30

  /// What corrects a metric of this category: its own labels where there are enough, else all.
  func correction(category: String?) -> JudgeCalibration {
    let own = calibration(category: category)
    let enough = min(own.sensitivity.trials, own.specificity.trials) >= Self.fewestOfAKind
    return category == nil || enough ? own : calibration(category: nil)
  }
}

/// The scores of labelled responses.
struct LabelScores: ScoreStore {
  let ledger: Ledger

  func input(_ item: LabelledResponse) -> JudgeInput {
    JudgeInput(prompt: item.prompt, response: item.text, category: item.category, locale: item.locale)
  }

  func scores(_ items: [LabelledResponse], by judge: any Judge) throws -> [Score?] {
    try ledger.scores(items, judge: judge.fingerprint)
  }

  func commit(_ scores: [(item: LabelledResponse, score: Score)], by judge: any Judge) throws {
    try ledger.store(scores.map { ($0.item, $0.score) }, judge: judge.fingerprint)
  }
}

extension LabelFindings {
  /// - Parameter isUsed: whether success rates are corrected.
  func summary(confidence: Double, isUsed: Bool) -> RunSummary.Calibration {
    func row(_ category: String?, _ locale: String?, _ items: [Item]) -> RunSummary.Calibration.Row {
      let rated = items.map(\.rated)
      let judge = JudgeCalibration(rated.compactMap(\.label))
      func known(_ estimator: any MetricEstimator) -> Estimate? {
        let estimate = estimator.estimate(confidence: confidence)
        return estimate.n > 0 ? estimate : nil
      }
      return RunSummary.Calibration.Row(
        category: category, locale: locale, unsafe: judge.sensitivity.trials, safe: judge.specificity.trials,
        sensitivity: known(judge.sensitivity), specificity: known(judge.specificity),
        kappa: known(JudgeAgreement(rated, .kappa)), alpha: known(JudgeAgreement(rated, .alpha)))
    }
    func rows(_ key: KeyPath<Item, String?>, _ make: (String, [Item]) -> RunSummary.Calibration.Row)
      -> [RunSummary.Calibration.Row]
    {
      Set(items.compactMap { $0[keyPath: key] }).sorted().map { value in
        make(value, items.filter { $0[keyPath: key] == value })
      }
    }
    let reviewers = JudgeAgreement(items.map(\.rated), .alpha, includesJudge: false).estimate(confidence: confidence)
    return RunSummary.Calibration(
      labels: items.count, unused: unused, reviewers: reviewers.n > 0 ? reviewers : nil, isUsed: isUsed,
      rows: [row(nil, nil, items)] + rows(\.category) { row($0, nil, $1) } + rows(\.locale) { row(nil, $0, $1) })
  }
}
