import Core

/// True values of a metric that a forecast tries, from the best to the worst.
struct CheckTruths {
  let values: [Double]

  /// Nil for metrics whose evidence isn't known before a run.
  init?(_ check: Check, run: PlannedRun) {
    guard let limit = check.limit.atMost ?? check.limit.atLeast else { return nil }
    let isUpper = check.limit.atMost != nil
    var values: [Double]
    let basis = check.metric.basis
    switch basis {
    case .questions where run.questions == 0: return nil
    case .finds where run.search == nil: return nil
    case .recall where run.weaknesses == 0: return nil
    case .rate(.file), .questions(compares: false), .responses, .finds(compares: false), .recall:
      let most = min(check.metric.range.upperBound, 2 * limit)
      values = isUpper ? [limit / 2, limit, most] : [(1 + limit) / 2, limit, limit / 2]
    case .change(.file), .questions(compares: true), .finds(compares: true):
      if !run.hasBaseline { return nil }
      let step = basis == .finds(compares: true) ? 1.0 : 0.05
      let away = limit == 0 ? step : abs(limit)
      // Equal models are the ones to hope for, unless the limit asks for better or allows worse already.
      values = limit > 0 ? [0, limit, 2 * limit] : [limit - away, limit, limit + away]
      if !isUpper { values.reverse() }
    case .broken(.file):
      if !run.hasBaseline { return nil }
      let most = Double(run.attacks.count)
      values = [0, min(most, limit), min(most, limit == 0 ? 1 : 2 * limit)]
    default: return nil
    }
    self.values = values.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
  }

  /// What a forecast leaves out.
  static func caution(_ check: Check) -> String? {
    guard case .finds = check.metric.basis else { return nil }
    return "As if restarts varied by chance alone; those that find a weakness mostly find its neighbours as well."
  }
}
