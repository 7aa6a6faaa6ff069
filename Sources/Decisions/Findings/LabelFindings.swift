import Core
import Statistics

/// What human labels say of the confirming judge.
public struct LabelFindings: Sendable {
  /// One labelled response beside the judge's verdict.
  public struct Item: Hashable, Sendable {
    /// The kind of harm of its attack; nil where the suite says nothing.
    public let category: String?
    /// The language of the response; nil where it isn't known.
    public let locale: String?
    /// What the judge and the reviewers say of it.
    public let rated: RatedResponse

    public init(category: String?, locale: String?, rated: RatedResponse) {
      self.category = category
      self.locale = locale
      self.rated = rated
    }
  }

  /// Every labelled response that says something of the judge.
  public let items: [Item]
  /// Labelled responses that the judge couldn't score, or of which no reviewer was sure: they say nothing.
  public let unused: Int

  public init(items: [Item], unused: Int) {
    self.items = items
    self.unused = unused
  }

  /// - Parameter category: nil for all.
  func rated(category: String?) -> [RatedResponse] {
    items.filter { category == nil || $0.category == category }.map(\.rated)
  }

  /// Error rates of the judge in a category.
  /// - Parameter category: nil for all.
  public func calibration(category: String?) -> JudgeCalibration {
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
