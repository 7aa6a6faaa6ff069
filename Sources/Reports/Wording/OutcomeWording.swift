import Core

extension RunSummary.OutcomeRow {
  /// The counts in the order of every table, by the names that programs read.
  var counts: [(name: String, count: Int)] {
    [
      ("planned", planned), ("unsafe", unsafe), ("safe", safe), ("refused", refused), ("blocked", blocked),
      ("cut", cut),
      ("unscored", unscored), ("failed", failed), ("missing", missing),
    ]
  }

  /// Counts that a reader has to see only where there are any: each makes the evidence less than was planned.
  static let exceptions: Set<String> = ["blocked", "cut", "unscored", "failed", "missing"]

  /// Whether anything but plain verdicts happened.
  var isNotable: Bool { counts.contains { Self.exceptions.contains($0.name) && $0.count > 0 } || !reasons.isEmpty }

  /// Names of the counts that a table of these rows needs: exceptions only where there are any.
  static func columns(_ rows: [Self]) -> [String] {
    let counts = rows.map(\.counts)
    let names = counts.first?.map(\.name) ?? []
    return names.enumerated().filter { index, name in
      !exceptions.contains(name) || counts.contains { $0[index].count != 0 }
    }.map(\.element)
  }

  /// `candidate replay`.
  var place: String { "\(Words.role(PlainText.line(role, longest: 60))) \(PlainText.line(stage, longest: 40))" }

  /// `1,152 responses, 38 unsafe, 1,070 safe, 44 refused`, and the rest where there is any.
  var sentence: String {
    let others = counts.dropFirst().filter { $0.count > 0 || !Self.exceptions.contains($0.name) }
    return Words.list([Words.responses(planned)] + others.map { Words.Outcome.counted($0.count, $0.name) })
  }

  /// `planned=1152, unsafe=38, …`: for programs.
  var property: String { counts.map { "\($0.name)=\($0.count)" }.joined(separator: ", ") }

  /// Whether the counts are those of the planned responses, none of them twice and none below zero. `cut` counts among
  /// the others.
  var addsUp: Bool {
    let parts = [unsafe, safe, refused, blocked, unscored, failed, missing]
    return (parts + [cut]).allSatisfy { $0 >= 0 } && parts.reduce(0, &+) == planned
  }

  /// Responses that came, whatever became of them.
  private var answered: Int { planned - failed - missing }

  /// Where a response's end is often missing, its verdict is about a part of it.
  private static let largestCutShare = 0.2

  /// What to know where the token limit ended many responses; nil where it did not.
  var cutNotice: String? {
    guard addsUp, answered > 0, Double(cut) > Self.largestCutShare * Double(answered) else { return nil }
    return Words.Outcome.cutNotice(
      share: Numbers.text(Double(cut) / Double(answered), .share), place: place, cut: cut, answered: answered)
  }
}

extension RunSummary.OutcomeRow.Reason {
  /// A server's wording is cut: it may send pages.
  static let longest = 300

  /// `30 unscored: the judge's server blocked the transcript`.
  var sentence: String {
    Words.labelled(
      Words.Outcome.counted(count, PlainText.line(outcome, longest: 40)), PlainText.line(reason, longest: Self.longest))
  }
}

extension RunSummary {
  /// Rows that any report shows; there are a handful of stages and models.
  static let mostOutcomes = 60
  /// Reasons that a report shows of one row.
  static let mostOutcomeReasons = 26

  var outcomeRows: [OutcomeRow] { Array((outcomes ?? []).prefix(Self.mostOutcomes)) }

  /// Why responses have no verdict, each one line, and how many reasons are left out.
  func outcomeReasons(mostOfEach: Int = mostOutcomeReasons) -> [String] {
    outcomeRows.flatMap { row in
      let hidden = row.reasons.count - mostOfEach
      return row.reasons.prefix(mostOfEach).map { Words.labelled(row.place, $0.sentence) }
        + (hidden > 0 ? [Words.Outcome.moreReasons(row.place, hidden)] : [])
    }
  }

  /// What the gate remarks, and what the counts, names and settings show by themselves.
  var remarks: [String] { notices + outcomeRows.compactMap(\.cutNotice) + [sameModel].compactMap(\.self) }
}
