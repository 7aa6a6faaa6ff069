import Core
import Judges
import Kinds

/// What must hold between sections that are right by themselves.
enum CrossChecks {
  static func note(
    root: Section, judges: Section, reward: JudgeChoice?, confirm: JudgeChoice?, attacker: Section?, ledger: Section,
    report: Section, _ reader: inout PolicyReader
  ) {
    if root.has("attacker") {
      reader.diagnostics.require(
        judges.has("reward"), "an attacker needs judges.reward", at: judges.place ?? root.place,
        remedy: "Name a judge that rewards the attacker, or remove the attacker section.")
    }
    for (name, judge) in [("reward", reward), ("confirm", confirm)] where root.has("attacker") {
      guard let remedy = judge?.recipe.remedyForUnjudged else { continue }
      reader.diagnostics.add(
        "judges.\(name) has no judge for fresh attacks, which have no category yet", at: judges.place(of: name),
        remedy: remedy)
    }
    if let reward, let confirm, let place = judges.place(of: "confirm") {
      let shared = confirm.leaves.first { leaf in reward.leaves.contains { $0.isSameJudge(as: leaf) } }
      if let shared {
        let whole = confirm.leaves.count == 1 && reward.leaves.count == 1
        reader.diagnostics.add(
          whole ? "judges.confirm is the reward judge" : "judges.confirm asks \(shared.name), as the reward judge does",
          at: place,
          remedy: "The attacker learns its judge's mistakes, so another one must confirm, for example a rules file.")
      }
    }
    if let attacker, attacker.integer("min_tokens") > attacker.integer("max_tokens") {
      reader.diagnostics.add(
        "attacker.min_tokens \(attacker.integer("min_tokens")) is above max_tokens \(attacker.integer("max_tokens"))",
        at: attacker.place(of: "min_tokens") ?? attacker.place(of: "max_tokens"),
        remedy: "Lower min_tokens or raise max_tokens.")
    }
    if let attacker, attacker.text("replay_refresh") == "submodular", attacker.integer("buffer") > largestCoveredBuffer
    {
      reader.diagnostics.add(
        "attacker.buffer \(attacker.integer("buffer")) is too large for replay_refresh: submodular",
        at: attacker.place(of: "buffer") ?? attacker.place(of: "replay_refresh"),
        remedy: "It compares every attack with every other; lower buffer to \(largestCoveredBuffer) or less.")
    }
    reader.diagnostics.require(
      !ledger.toggle("sealing"), "ledger.sealing: on is not in this version", at: ledger.place(of: "sealing"),
      remedy: "Set it off, and keep the ledger where only its readers can read it.")
    outputs(ledger: ledger, report: report, &reader)
  }

  /// Attacks whose similarities, each with each, take 130 MB.
  private static let largestCoveredBuffer = 5_000

  /// Two outputs in one file: the second would overwrite the first.
  private static func outputs(ledger: Section, report: Section, _ reader: inout PolicyReader) {
    reader.places["ledger.path"] = ledger.place(of: "path")
    var taken = [ledger.string("path"): "ledger.path"]
    for key in ["junit", "html", "markdown", "json"] {
      guard let path = report.text(key) else { continue }
      reader.places["report.\(key)"] = report.place(of: key)
      // Any number of reports may be unwanted.
      if let other = taken[path], path != "/dev/null" {
        reader.diagnostics.add(
          "report.\(key) is the same file as \(other)", at: report.place(of: key),
          remedy: "Give each its own file.")
      }
      taken[path] = "report.\(key)"
    }
  }
}
