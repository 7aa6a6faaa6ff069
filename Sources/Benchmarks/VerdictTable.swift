import Foundation

/// The table of wrong verdicts at the limit, a row for each world, check and side.
struct VerdictTable {
  /// Both sides together may be wrong in 5 % of decisions, each in half of that.
  static let allowedOfSide = 0.025
  static let allowedOfFamily = 0.05

  /// The largest lower end of an interval over what is allowed, of all that is promised, and where it was.
  private(set) var worst = (ratio: 0.0, row: "–")
  /// Rows whose interval lies above what is allowed.
  private(set) var short: [String] = []

  private static let columns: [(title: String, width: Int)] = [
    ("world", 26), ("check", 18), ("wrong", 12), ("gate", 20), ("stopping early", 20), ("inconclusive", 14),
    ("point", 7), ("z-test", 7), ("scores", 7), ("nel gate", 20),
  ]

  static var head: String { line(columns.map(\.title)) }

  static let legend = """
    Every limit exactly at the truth: share of decisions that pass or fail all the same, % [95% by Wilson's interval]. Each \
    check alone has 2.5% a side; "any" is any of three checks decided, with 5% for the family. "inconclusive" is without \
    and with stopping early, which a part of the worlds has. Other gates see the same answers; the naive ones always decide.
    † No bound is promised on means over attacks where sizes of clusters go with weakness: the report has to say so, and \
    "unsaid" rows are those decisions whose report doesn't.
    ‡ Nothing is promised against what people would say where no labels tell how the judge errs: every report says so.
    """

  private static func line(_ cells: [String]) -> String {
    let padded = zip(cells, columns).map { cell, column in
      cell.padding(toLength: max(column.width, cell.count), withPad: " ", startingAt: 0)
    }.joined(separator: " ")
    return String(padded.reversed().drop { $0 == " " }.reversed())
  }

  /// The rows of one world.
  mutating func rows(_ world: VerdictWorld, _ tally: VerdictTally, nemo: NeMoGate.Counts?) -> [String] {
    var lines: [String] = []
    let mark = [.noticed: " †", .open: " ‡"][world.promise] ?? ""
    for question in VerdictQuestion.allCases {
      let (plain, early) = (tally[question, stopsEarly: false], tally[question, stopsEarly: true])
      let open = [plain, early].filter { $0.passes.trials > 0 }.map(\.inconclusive.percent).joined(separator: " ")
      func row(
        _ side: String, _ share: KeyPath<VerdictTally.Counts, CountedShare>, allowed: Double?, others: [String] = []
      ) {
        let shares = [plain[keyPath: share], early[keyPath: share]]
        lines.append(
          Self.line([world.name, question.rawValue, side] + shares.map(\.words) + [open] + others))
        guard let allowed else { return }
        for (share, mode) in zip(shares, ["", ", stopping early"]) where share.trials > 0 {
          let name = "\(world.name) \(question.rawValue) \(side)\(mode)"
          let ratio = share.interval.lower / allowed
          if ratio > worst.ratio { worst = (ratio, name) }
          if ratio > 1 { short.append("\(name): \(share.words)%") }
        }
      }
      let isHeld = world.promise == .held
      if question == .family {
        row("any" + mark, \.anyDecided, allowed: isHeld ? Self.allowedOfFamily : nil)
        continue
      }
      let naive = NaiveGate.allCases.map { tally.naive[question]?[$0] ?? CountedShare() }
      let rival = question == .regression ? nemo : nil
      row(
        "pass" + mark, \.passes, allowed: isHeld ? Self.allowedOfSide : nil,
        others: naive.map { CountedShare(count: $0.trials - $0.count, trials: $0.trials).percent }
          + [rival?.passes.words ?? ""])
      row(
        "fail" + mark, \.fails, allowed: isHeld ? Self.allowedOfSide : nil,
        others: naive.map(\.percent) + [rival?.fails.words ?? ""])
      if world.promise == .noticed {
        row("pass unsaid", \.silentPasses, allowed: Self.allowedOfSide)
        row("fail unsaid", \.silentFails, allowed: Self.allowedOfSide)
      }
    }
    for (question, truth) in [(VerdictQuestion.attackSuccess, world.attackSuccess), (.regression, world.regression)] {
      let estimates = tally[question, stopsEarly: false].estimates
      guard world.isEstimatedWithoutBias, let distance = estimates.distance(from: truth), abs(distance) > 5 else {
        continue
      }
      short.append(
        String(
          format: "%@ %@: estimates average %.4f where the world says %.4f", world.name, question.rawValue,
          estimates.mean,
          truth))
    }
    if world.promise == .noticed || tally.notices.value > 0.1 {
      lines.append("  \(world.name): \(tally.notices.words) % of reports say that sizes go with weakness")
    }
    return lines
  }
}
