import Core

/// How many more labels make a corrected rate as sharp as wanted, if they say what the present ones say.
public enum LabelNeed: Hashable, Sendable {
  /// There are no labels of both kinds yet, or the judge is too weak for any correction.
  case unknown
  /// The interval's half width by now, which is no more than was wanted.
  case reached(Double)
  /// More labels, and the half width by now.
  case more(Int, Double)
  /// However many labels: this half width is left by the responses themselves.
  case limited(Double)

  /// As many labels as now, times this, are as good as any number.
  private static let most = 1e4

  /// - Parameters:
  ///   - observed: the judge's rate, in [0, 1].
  ///   - judge: by the labels that are there.
  ///   - halfWidth: half of the corrected interval's length.
  public init(
    _ observed: any MetricEstimator, judge: JudgeCalibration, halfWidth: Double, confidence: Double
  ) {
    func half(_ factor: Double) -> Double {
      let estimate = CorrectedRate(observed, judge: judge.repeated(factor)).estimate(confidence: confidence)
      return (estimate.upper - estimate.lower) / 2
    }
    let now = half(1)
    guard judge.labels > 0, judge.isInformative, now.isFinite else {
      self = .unknown
      return
    }
    if now <= halfWidth {
      self = .reached(now)
      return
    }
    let best = half(Self.most)
    guard best <= halfWidth else {
      self = .limited(best)
      return
    }
    var (few, enough) = (1.0, Self.most)
    // Until one label more or less is all that is open.
    while (enough - few) * Double(judge.labels) > 0.5 {
      let middle = (few + enough) / 2
      if half(middle) <= halfWidth { enough = middle } else { few = middle }
    }
    self = .more(max(1, Int(((enough - 1) * Double(judge.labels)).rounded(.up))), now)
  }
}
