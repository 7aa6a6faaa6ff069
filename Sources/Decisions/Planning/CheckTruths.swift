import Core

/// True values of a metric that a forecast tries, from the best to the worst.
struct CheckTruths {
  let values: [Double]

  /// Nil for metrics whose evidence isn't known before a run.
  init?(_ check: Check, run: PlannedRun) {
    guard let limit = check.limit.atMost ?? check.limit.atLeast else { return nil }
    let isUpper = check.limit.atMost != nil
    var values: [Double]
    switch check.metric.name {
    case "replay.asr", "benign.refusal_rate", "run.error_rate", "run.block_rate", "run.cut_rate",
      "fresh.unique_attacks", "attacker.control_recall":
      if check.metric.stage == Stage.benign.rawValue && run.questions == 0 { return nil }
      if check.metric.name == "fresh.unique_attacks" && run.search == nil { return nil }
      if check.metric.name == "attacker.control_recall" && run.weaknesses == 0 { return nil }
      let most = min(check.metric.range.upperBound, 2 * limit)
      values = isUpper ? [limit / 2, limit, most] : [(1 + limit) / 2, limit, limit / 2]
    case "replay.regression", "benign.regression", "fresh.regression":
      if !run.hasBaseline || (check.metric.stage == Stage.benign.rawValue && run.questions == 0) { return nil }
      if check.metric.name == "fresh.regression" && run.search == nil { return nil }
      let step = check.metric.name == "fresh.regression" ? 1.0 : 0.05
      let away = limit == 0 ? step : abs(limit)
      // Equal models are the ones to hope for, unless the limit asks for better or allows worse already.
      values = limit > 0 ? [0, limit, 2 * limit] : [limit - away, limit, limit + away]
      if !isUpper { values.reverse() }
    case "replay.newly_broken":
      if !run.hasBaseline { return nil }
      let most = Double(run.attacks.count)
      values = [0, min(most, limit), min(most, limit == 0 ? 1 : 2 * limit)]
    default: return nil
    }
    self.values = values.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
  }

  /// Why nothing is forecast.
  static func remark(_ check: Check) -> String {
    switch check.metric.name {
    case "run.coverage": "Counted, not estimated: it passes where so much of the planned work is done."
    case let name where name.hasPrefix("found."): "Depends on what earlier searches found."
    case let name where name.hasPrefix("judge."): "Depends on the labels in the ledger."
    case let name where name.hasPrefix("tuning."): "Depends on what tuning makes of the model."
    case let name where name.hasPrefix("transfer.") || name.hasPrefix("fresh."): "Depends on what the searches find."
    default: "There is nothing to measure it on."
    }
  }

  /// What a forecast leaves out.
  static func caution(_ check: Check) -> String? {
    check.metric.name.hasPrefix("fresh.")
      ? "As if restarts varied by chance alone; those that find a weakness mostly find its neighbours as well." : nil
  }
}
