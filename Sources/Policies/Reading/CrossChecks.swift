import Core

/// What must hold between sections that are right by themselves.
enum CrossChecks {
  static func note(
    root: Section, judges: Section, reward: JudgePolicy?, confirm: JudgePolicy?, attacker: Section?, ledger: Section,
    report: Section, _ reader: inout PolicyReader
  ) {
    if root.has("attacker") {
      reader.require(
        judges.has("reward"), "an attacker needs judges.reward", at: judges.node?.place ?? root.node?.place,
        remedy: "Name a judge that rewards the attacker, or remove the attacker section.")
    }
    if let reward, let confirm, let place = judges.values["confirm"]?.place {
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
        at: (attacker.values["min_tokens"] ?? attacker.values["max_tokens"])?.place,
        remedy: "Lower min_tokens or raise max_tokens.")
    }
    if let attacker, attacker.text("replay_refresh") == "submodular", attacker.integer("buffer") > largestCoveredBuffer
    {
      reader.diagnostics.add(
        "attacker.buffer \(attacker.integer("buffer")) is too large for replay_refresh: submodular",
        at: (attacker.values["buffer"] ?? attacker.values["replay_refresh"])?.place,
        remedy: "It compares every attack with every other; lower buffer to \(largestCoveredBuffer) or less.")
    }
    reader.require(
      !ledger.toggle("sealing"), "ledger.sealing: on is not in this version", at: ledger.values["sealing"]?.place,
      remedy: "Set it off, and keep the ledger where only its readers can read it.")
    outputs(ledger: ledger, report: report, &reader)
  }

  /// Attacks whose similarities, each with each, take 130 MB.
  private static let largestCoveredBuffer = 5_000

  /// Two outputs in one file: the second would overwrite the first.
  private static func outputs(ledger: Section, report: Section, _ reader: inout PolicyReader) {
    reader.places["ledger.path"] = ledger.values["path"]?.place
    var taken = [ledger.string("path"): "ledger.path"]
    for key in ["junit", "html", "markdown", "json"] {
      guard let path = report.text(key) else { continue }
      reader.places["report.\(key)"] = report.values[key]?.place
      // Any number of reports may be unwanted.
      if let other = taken[path], path != "/dev/null" {
        reader.diagnostics.add(
          "report.\(key) is the same file as \(other)", at: report.values[key]?.place,
          remedy: "Give each its own file.")
      }
      taken[path] = "report.\(key)"
    }
  }
}
