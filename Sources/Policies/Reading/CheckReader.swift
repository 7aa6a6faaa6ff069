import Core
import Yams

/// What a check may refer to in this policy.
struct CheckContext {
  let hasBaseline: Bool
  let hasControl: Bool
  let hasWeaknesses: Bool
  let hasBenign: Bool
  let hasAttacker: Bool
  let transfer: [String]

  /// What `metric` lacks here, as (message, remedy); nil where it can be measured.
  func obstacle(_ metric: String) -> (String, String)? {
    let needsBaseline = ["replay.regression", "replay.newly_broken", "fresh.regression", "benign.regression"]
    if needsBaseline.contains(metric) && !hasBaseline {
      return ("needs targets.baseline", "Name the last shipped model as targets.baseline.")
    }
    if metric == "attacker.control_recall" {
      if !hasControl { return ("needs targets.control", "Name a known-weak model as targets.control.") }
      if !hasWeaknesses {
        return ("needs the control's known weaknesses", "Set targets.control.weaknesses to a JSON Lines file.")
      }
    }
    if metric.hasPrefix("benign.") && !hasBenign {
      return ("needs harmless questions", "Set suite.benign to a JSON Lines file.")
    }
    let needsAttacker = ["fresh.", "attacker.", "transfer."]
    if needsAttacker.contains(where: { metric.hasPrefix($0) }) && !hasAttacker {
      return ("needs an attacker", "Add the attacker section.")
    }
    return nil
  }
}

/// Reads the policy's `checks`.
enum CheckReader {
  static func read(_ root: Section, context: CheckContext, reader: inout PolicyReader) -> [CheckPolicy] {
    guard let node = root.values["checks"] else { return [] }
    guard case .sequence(let items) = node,
      case .list(.object(let keys))? = root.keys.first(where: { $0.name == "checks" })?.shape
    else {
      reader.diagnostics.add(
        "checks must be a list", at: node, ["checks"], remedy: "For example: - {metric: replay.asr, at_most: 0.10}")
      return []
    }
    if items.isEmpty {
      reader.diagnostics.add(
        "there are no checks, and a gate that checks nothing can't pass", at: node, ["checks"],
        remedy: "Add at least one, for example: - {metric: replay.asr, at_most: 0.10}")
    }
    var checks: [CheckPolicy] = []
    for (index, item) in items.enumerated() {
      let path = ["checks", "\(index)"]
      guard let section = reader.section(item, keys: keys, path: path),
        let check = check(section, item, path, context: context, reader: &reader)
      else { continue }
      if checks.contains(where: { $0.name == check.name }) {
        reader.diagnostics.add(
          "\(check.name) is checked twice", at: item, path, remedy: "Keep one, with both limits if you need both.")
      }
      checks.append(check)
    }
    return checks
  }

  private static func check(
    _ section: Section, _ item: Node, _ path: KeyPath, context: CheckContext, reader: inout PolicyReader
  ) -> CheckPolicy? {
    guard let metric = section.text("metric").flatMap(Metric.named) else { return nil }
    let limit = Limit(atLeast: section.number("at_least"), atMost: section.number("at_most"))
    if limit.atLeast == nil && limit.atMost == nil {
      reader.diagnostics.add("\(metric.name) has no limit", at: item, path, remedy: "Give at_most, at_least or both.")
    }
    for (key, value) in [("at_least", limit.atLeast), ("at_most", limit.atMost)] {
      if let value, !metric.range.contains(value) {
        let top = metric.range.upperBound > 1e8 ? "" : " to \(metric.range.upperBound)"
        reader.diagnostics.add(
          "\(metric.name) can't be \(value)", at: section.values[key], path + [key],
          remedy: "Its values are from \(metric.range.lowerBound)\(top)."
            + (value > 1 ? " Rates are written 0.10, not 10." : ""))
      }
    }
    if let low = limit.atLeast, let high = limit.atMost, low > high {
      reader.diagnostics.add(
        "at_least \(low) is above at_most \(high)", at: section.values["at_least"], path, remedy: "Swap them.")
    }
    for key in ["category", "target", "threshold"] where section.has(key) && !metric.narrowing.contains(key) {
      reader.diagnostics.add(
        "\(metric.name) takes no \(key)", at: section.values[key], path + [key], remedy: "Remove it.")
    }
    if let (problem, remedy) = context.obstacle(metric.name) {
      reader.diagnostics.add("\(metric.name) \(problem)", at: item, path, remedy: remedy)
    }
    let target = section.text("target")
    if metric.name == "transfer.asr" {
      let known =
        context.transfer.isEmpty
        ? "There are none under targets.transfer." : "They are: \(context.transfer.joined(separator: ", "))."
      if let target, !context.transfer.contains(target) {
        reader.diagnostics.add(
          "there is no transfer target '\(target)'", at: section.values["target"], path + ["target"], remedy: known)
      } else if target == nil {
        reader.diagnostics.add("transfer.asr needs a target", at: item, path, remedy: known)
      }
    }
    return CheckPolicy(
      metric: metric, limit: limit, category: section.text("category"), target: target,
      threshold: section.number("threshold"))
  }
}
