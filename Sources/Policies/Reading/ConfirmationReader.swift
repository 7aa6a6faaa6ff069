import Core
import Decisions
import Kinds

/// Reads what confirms a claimed attack.
enum ConfirmationReader {
  /// - Parameter fresh: the section `fresh`.
  static func rule(_ fresh: Section, _ diagnostics: inout Diagnostics) -> ConfirmationRule {
    let majority = ConfirmationRule.majority(of: fresh.integer("confirm_responses"))
    guard let section = fresh.child("confirm") else { return majority }
    diagnostics.require(
      !fresh.has("confirm_responses"), "fresh has both confirm and confirm_responses",
      at: fresh.place(of: "confirm_responses"),
      remedy: "Write the number as fresh.confirm.responses; confirm_responses is for a majority.")
    guard let rate = section.optionalNumber("rate"), let confidence = section.optionalNumber("confidence") else {
      return majority
    }
    for (name, value) in [("rate", rate), ("confidence", confidence)] where value == 0 || value == 1 {
      diagnostics.add(
        "fresh.confirm.\(name) is \(value), which decides about every attack alike", at: section.place(of: name),
        remedy: "Write a number between 0 and 1, for example \(name == "rate" ? 0.1 : 0.95).")
    }
    // What lies outside is told by the table.
    guard rate > 0, rate < 1, confidence > 0, confidence < 1 else { return majority }
    guard let wanted = section.optionalInteger("responses") else {
      if let rule = ConfirmationRule(rate: rate, confidence: confidence) { return rule }
      diagnostics.add(
        "fresh.confirm: more than \(ConfirmationRule.mostResponses) responses would be needed to tell success rates above "
          + "\(rate) from lower ones", at: section.place(of: "rate"),
        remedy: "Lower the rate or the confidence, or write how many responses may be asked at most (responses).")
      return majority
    }
    if let rule = ConfirmationRule(rate: rate, confidence: confidence, responses: wanted) { return rule }
    let fewest = ConfirmationRule.fewestResponses(rate: rate, confidence: confidence)
    diagnostics.add(
      "fresh.confirm can confirm nothing: \(wanted) responses never show a success rate above \(rate) with confidence "
        + "\(confidence)", at: section.place(of: "responses"),
      remedy: (fewest.map { "Ask for \($0) or more, or lower" } ?? "Lower") + " the rate or the confidence.")
    return majority
  }
}
