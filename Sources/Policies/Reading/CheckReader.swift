import Core
import Decisions
import Kinds
import Statistics
import Transforms

/// The sections of this policy that a check may refer to; one with mistakes of its own counts as present.
struct CheckContext {
  let hasBaseline: Bool
  let hasControl: Bool
  let hasWeaknesses: Bool
  let hasBenign: Bool
  let hasAttacker: Bool
  let transfer: [String]
  let metrics: [Metric]
  let transforms: [TransformChain]
  /// Nil where nothing is tuned.
  let tuning: TuningPolicy?

  /// What a metric lacks here; nil where it can be measured.
  func obstacle(_ metric: Metric) -> (message: String, remedy: String)? {
    for need in metric.needs {
      switch need {
      case .attacker where !hasAttacker:
        return ("needs an attacker", "Add the attacker section and judges.reward, or remove the check.")
      case .baseline where !hasBaseline:
        return ("needs targets.baseline", "Name the last shipped model as targets.baseline, or remove the check.")
      case .control where !hasControl:
        return ("needs targets.control", "Name a known-weak model as targets.control, or remove the check.")
      // Without the control, its weaknesses are the smaller worry.
      case .weaknesses where hasControl && !hasWeaknesses:
        return (
          "needs the control's known weaknesses",
          "Set targets.control.weaknesses to a JSON Lines file, or put weaknesses.jsonl into its checkpoint folder."
        )
      case .benign where !hasBenign:
        return (
          "needs harmless questions", "Set suite.benign to a JSON Lines file, or put benign.jsonl beside the seeds."
        )
      case .tuning where tuning == nil:
        return ("needs safety tuning", "Add the tuning section, or remove the check.")
      default: continue
      }
    }
    return nil
  }
}

/// Reads the policy's `checks`.
enum CheckReader {
  /// What a check's `transform` is for attacks as they were written.
  private static let written = "written"

  static func read(_ root: Section, context: CheckContext, reader: inout PolicyReader) -> [Check] {
    var first: [String: SourceLocation?] = [:]
    var asWritten: Set<String> = []
    let checks = root.sections("checks").compactMap { section -> Check? in
      guard let check = check(section, context: context, reader: &reader) else { return nil }
      if let earlier = first[check.name] {
        reader.diagnostics.add(
          "\(check.name) is checked twice", at: section.place,
          remedy:
            "The first is at \(earlier?.description ?? "its place"); keep one, with both at_least and at_most if you "
            + "need both.")
      } else {
        first[check.name] = section.place
      }
      reader.places[check.name] = section.place
      if section.text("transform") == written { asWritten.insert(check.name) }
      if let place = section.place(of: "category") { reader.places["\(check.name) category"] = place }
      return check
    }
    // Only once all are read is it known which of them stand for themselves.
    let expanded = checks.flatMap { check in
      [check] + (asWritten.contains(check.name) ? [] : rewritten(check, among: checks, context, &reader))
    }
    // Where something else is wrong, this may only follow from it.
    if !checks.isEmpty && reader.diagnostics.errors.isEmpty && !Decision.decides(expanded) {
      reader.diagnostics.add(
        "no check can find the candidate wanting: each is about the run itself, is advisory, or has a limit that nothing exceeds",
        at: root.place(of: "checks"),
        remedy: "Add one on the candidate, for example \(PolicyTable.checkExample); "
          + "a gate that asks nothing of the model can't pass.")
    }
    return expanded
  }

  /// A check that names no transform holds for every one of them as well, each with a check of its own.
  private static func rewritten(
    _ check: Check, among checks: [Check], _ context: CheckContext, _ reader: inout PolicyReader
  ) -> [Check] {
    guard check.metric.narrowing.contains("transform"), check.transform == nil else { return [] }
    return context.transforms.compactMap { chain in
      var own = check
      own.transform = chain.name
      if checks.contains(where: { $0.name == own.name }) { return nil }
      reader.places[own.name] = reader.places[check.name]
      reader.places["\(own.name) category"] = reader.places["\(check.name) category"]
      return own
    }
  }

  private static func check(
    _ section: Section, context: CheckContext, reader: inout PolicyReader
  ) -> Check? {
    guard let metric = context.metrics.first(where: { $0.name == section.text("metric") }) else { return nil }
    let limit = limit(section, of: metric, reader: &reader)
    for key in Metric.narrowingKeys where section.has(key) && !metric.narrowing.contains(key) {
      let takers = context.metrics.filter { $0.narrowing.contains(key) }.map(\.name).joined(
        separator: ", ")
      reader.diagnostics.add(
        "\(metric.name) takes no \(key)", at: section.place(of: key),
        remedy: takers.isEmpty
          ? "Remove it; fresh.similarity says for all checks when two attacks count as one."
          : "Remove it; it goes with \(takers).")
    }
    if let obstacle = context.obstacle(metric) {
      reader.diagnostics.add("\(metric.name) \(obstacle.message)", at: section.place, remedy: obstacle.remedy)
    }
    if metric.needs.contains(.transferTarget) { target(section, of: metric, context, reader: &reader) }
    if let tuning = context.tuning { variant(section, of: metric, tuning, reader: &reader) }
    return Check(
      metric: metric, limit: limit, category: section.text("category"),
      transform: transform(section, context, reader: &reader), target: section.text("target"),
      threshold: section.optionalNumber("threshold"),
      weight: section.text("weight").flatMap(Weighting.init) ?? .attacks,
      errorControl: section.text("error_control").flatMap(Check.ErrorControl.init) ?? .familyWise,
      effect: section.optionalNumber("effect") ?? Check.smallestJump, variant: section.text("variant"),
      method: section.text("method"), tier: section.choice("tier", of: RunSummary.Tier.self) ?? .blocking)
  }

  /// - Returns: nil for attacks as they were written.
  private static func transform(
    _ section: Section, _ context: CheckContext, reader: inout PolicyReader
  ) -> String? {
    guard let given = section.text("transform"), given != written else { return nil }
    // Spaces beside a + mean nothing.
    let name = (try? TransformChain(given))?.name ?? given
    let known = context.transforms.map(\.name)
    if known.contains(name) { return name }
    reader.diagnostics.add(
      "suite.transforms has no \(quoted(given))", at: section.place(of: "transform"),
      remedy: known.isEmpty
        ? "Add it there: suite: {transforms: [\(name)]}."
        : suggestion(for: name, among: known + [written], called: "There are"))
    return nil
  }

  private static func variant(
    _ section: Section, of metric: Metric, _ tuning: TuningPolicy, reader: inout PolicyReader
  ) {
    if metric.narrowing.contains("variant"), !section.has("variant") {
      reader.diagnostics.add(
        "\(metric.name) needs variant: one of the tuned models", at: section.place,
        remedy: "They are: \(tuning.variants.joined(separator: ", ")).")
    }
    for (key, known) in [("variant", tuning.variants), ("method", tuning.methods.map(\.name))] {
      guard metric.narrowing.contains(key), let value = section.text(key), !known.contains(value) else { continue }
      reader.diagnostics.add(
        "the tuning section has no \(key) \(quoted(value))", at: section.place(of: key),
        remedy: suggestion(for: value, among: known, called: "They are"))
    }
  }

  private static func limit(
    _ section: Section, of metric: Metric, reader: inout PolicyReader
  ) -> Limit {
    let limit = Limit(atLeast: section.optionalNumber("at_least"), atMost: section.optionalNumber("at_most"))
    let wanted = metric.direction.wantedLimit
    if !section.has("at_least") && !section.has("at_most") {
      reader.diagnostics.add("\(metric.name) has no limit", at: section.place, remedy: "Give \(wanted).")
    } else if !section.has(wanted) {
      // A check that only bounds the good side passes when the model is bad: it was meant the other way round.
      let given = wanted == "at_most" ? "at_least" : "at_most"
      reader.diagnostics.add(
        "\(metric.name) is better when \(metric.direction.better): \(given) alone lets the worst pass",
        at: section.place(of: given), remedy: "Use \(wanted), or both for a band.")
    }
    for (key, value) in [("at_least", limit.atLeast), ("at_most", limit.atMost)] {
      if let value, !metric.range.contains(value) {
        reader.diagnostics.add(
          "\(Section.described(section.path + [key])): \(metric.name) is never \(Quantities.written(value))",
          at: section.place(of: key),
          remedy: "Its values are \(metric.rangeDescription)."
            + (metric.range.upperBound == 1 && value > 1 ? " A share is written 0.10, not 10." : ""))
      }
    }
    if let low = limit.atLeast, let high = limit.atMost, low > high {
      reader.diagnostics.add(
        "at_least \(Quantities.written(low)) is above at_most \(Quantities.written(high)): nothing can pass",
        at: section.place(of: "at_least"), remedy: "Swap them.")
    }
    return limit
  }

  private static func target(
    _ section: Section, of metric: Metric, _ context: CheckContext, reader: inout PolicyReader
  ) {
    let none = context.transfer.isEmpty
    guard let target = section.text("target") else {
      if !section.has("target") {
        reader.diagnostics.add(
          "\(metric.name) needs target: one of the names under targets.transfer", at: section.place,
          remedy: none
            ? "Add targets.transfer and name one of them." : "They are: \(context.transfer.joined(separator: ", ")).")
      }
      return
    }
    if !context.transfer.contains(target) {
      reader.diagnostics.add(
        "there is no transfer target \(quoted(target))", at: section.place(of: "target"),
        remedy: none
          ? "There are none under targets.transfer."
          : suggestion(for: target, among: context.transfer, called: "They are"))
    }
  }
}
