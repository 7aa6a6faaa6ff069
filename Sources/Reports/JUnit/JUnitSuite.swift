import Core
import Foundation

/// One testcase, its texts cut and clean.
struct JUnitCase: Sendable {
  enum Outcome: Sendable {
    case passed
    case failure(type: String, message: String, body: String)
    case error(type: String, message: String, body: String)
    case skipped(message: String)

    var isFailure: Bool { if case .failure = self { true } else { false } }
    var isError: Bool { if case .error = self { true } else { false } }
    var isSkipped: Bool { if case .skipped = self { true } else { false } }

    var text: [String] {
      switch self {
      case .passed: []
      case .failure(let type, let message, let body), .error(let type, let message, let body): [type, message, body]
      case .skipped(let message): [message]
      }
    }
  }

  var name: String
  let className: String
  let outcome: Outcome

  /// No escape is longer than nine bytes a scalar; the rest is tags.
  var mostBytes: Int { 300 + 9 * ([name, className] + outcome.text).reduce(0) { $0 + $1.unicodeScalars.count } }
}

/// The testcases of one stage.
struct JUnitSuite: Sendable {
  let name: String
  let seconds: Double
  var properties: [(String, String)] = []
  var cases: [JUnitCase] = []
  var output = ""

  /// What all testcases may take together; properties and outputs have room in what is left to 30 MB.
  static let mostBytes = 20_000_000
  private static let mostStages = 100

  static func suites(_ summary: RunSummary, version: String) -> [JUnitSuite] {
    // Programs find properties and testcases by their words, whatever language people read.
    let properties = Language.english.speaking { JUnitProperties.all(summary, version: version) }
    let summary = summary.told
    var suites = summary.stages.prefix(mostStages).map { stage in
      JUnitSuite(name: token(stage.name), seconds: stage.seconds, output: PlainText.lines(stage.detail))
    }
    func append(_ test: JUnitCase, to stage: String) {
      let stage = token(stage)
      if let index = suites.firstIndex(where: { $0.name == stage }) {
        suites[index].cases.append(test)
      } else if suites.count <= mostStages {
        suites.append(JUnitSuite(name: stage, seconds: 0, cases: [test]))
      } else {
        suites[suites.count - 1].cases.append(test)
      }
    }
    for (test, stage) in affordable(cases(summary)) { append(test, to: stage) }
    for index in suites.indices { suites[index].cases = uniquelyNamed(suites[index].cases) }
    if let decide = suites.firstIndex(where: { $0.name == "decide" }) {
      suites[decide].properties = properties
      suites[decide].output = output(summary)
    }
    return suites
  }

  /// What weakens the verdict comes first, then what every report says.
  private static func output(_ summary: RunSummary) -> String {
    let text =
      weakenings(summary).map(Words.JUnit.weakened) + summary.reasons + deciding(summary) + summary.remarks
      + summary.checks.map { Words.labelled($0.name, $0.sentence) }
      + summary.outcomeRows.map { Words.labelled($0.place, $0.sentence) } + summary.outcomeReasons()
      + [summary.validityLine.map(Words.JUnit.validity)].compactMap(\.self)
    return PlainText.lines(text.joined(separator: "\n"), longest: 100_000)
  }

  private static let mostWeakenings = 50

  private static func weakenings(_ summary: RunSummary) -> [String] {
    let all = summary.weakenings ?? []
    let more = all.count - mostWeakenings
    return all.prefix(mostWeakenings).map { PlainText.line($0) }
      + (more > 0 ? [Words.JUnit.moreWeakenings(more)] : [])
  }

  private static func deciding(_ summary: RunSummary) -> [String] {
    summary.deciding.prefix(50).map { Words.JUnit.toDecide(PlainText.line($0)) }
  }

  // MARK: - Cases

  private typealias Placed = (test: JUnitCase, stage: String)

  /// All testcases, those that must not be missing first.
  private static func cases(_ summary: RunSummary) -> [Placed] {
    let skippedStages = Set(summary.stages.filter { !$0.ran }.map(\.name))
    var cases: [Placed] = [(verdict(summary), "decide")]
    cases += weakenings(summary).map { (weakening($0), "decide") }
    cases += summary.validityByUrgency.map { (validity($0, summary), "decide") }
    cases += summary.checksByUrgency.map { check in
      (self.check(check, stageRan: !skippedStages.contains(check.stage), summary), check.stage)
    }
    let checked = Set(summary.checks.map(\.stage))
    cases += summary.stages.filter { !$0.ran && !checked.contains($0.name) }.map { stage in
      (
        JUnitCase(
          name: "stage", className: "sluice.\(token(stage.name))",
          outcome: .skipped(message: Words.JUnit.stageSkipped)), stage.name
      )
    }
    cases += broken(summary).map { ($0, "replay") }
    return cases
  }

  /// The verdict itself: with no checks at all, or a reason that no check carries, the file still isn't green.
  private static func verdict(_ summary: RunSummary) -> JUnitCase {
    let weakened = weakenings(summary).map(Words.JUnit.weakened)
    let text = weakened + summary.reasons + deciding(summary) + summary.outcomeReasons()
    let body = PlainText.lines(text.joined(separator: "\n"), longest: 10_000)
    let headline = PlainText.line(summary.headline)
    let outcome: JUnitCase.Outcome
    switch (summary.verdict, summary.exitCode) {
    case _ where summary.isObserved:
      // Whatever it would have been: what was only observed is neither green nor red.
      outcome = .skipped(
        message: PlainText.line(([headline] + weakened + summary.reasons).joined(separator: Words.semicolon)))
    case (.pass, _): outcome = .passed
    case (.fail, _): outcome = .failure(type: "violated", message: headline, body: body)
    case (.inconclusive, 0):
      // A skipped testcase has a message and no body.
      outcome = .skipped(message: PlainText.line(([headline] + weakened).joined(separator: Words.semicolon)))
    case (.inconclusive, _):
      outcome = .error(type: summary.isUnfinished ? "unfinished" : "inconclusive", message: headline, body: body)
    }
    return JUnitCase(name: "verdict", className: "sluice.decide", outcome: outcome)
  }

  /// A testcase that passes and says in its name why the verdict is worth less: viewers list names, few show properties.
  private static func weakening(_ sentence: String) -> JUnitCase {
    JUnitCase(name: token(Words.JUnit.weakened(sentence)), className: "sluice.decide", outcome: .passed)
  }

  private static func validity(_ result: RunSummary.ValidityResult, _ summary: RunSummary) -> JUnitCase {
    let lines = [result.finding] + [result.remedy.map(Words.JUnit.toDecide)].compactMap(\.self)
    let outcome: JUnitCase.Outcome =
      result.holds
      ? .passed
      : summary.isObserved
        ? .skipped(message: PlainText.line(Words.JUnit.wouldError(result.finding)))
        : .error(
          type: "invalid", message: PlainText.line(result.finding),
          body: lines.map { PlainText.line($0) }.joined(separator: "\n"))
    return JUnitCase(
      name: Language.english.speaking { token(result.title) }, className: "sluice.validity", outcome: outcome)
  }

  private static func check(
    _ check: RunSummary.CheckResult, stageRan: Bool, _ summary: RunSummary
  ) -> JUnitCase {
    let message = PlainText.line(check.sentence)
    let outcome: JUnitCase.Outcome
    switch check.verdict {
    case .pass: outcome = .passed
    case .fail where summary.isObserved && check.excuse == nil:
      outcome = .skipped(message: PlainText.line(Words.JUnit.wouldFail(message)))
    case _ where check.excuse != nil:
      outcome = .skipped(message: PlainText.line((check.excuse ?? "") + Words.gap + message))
    case .fail: outcome = .failure(type: "violated", message: message, body: body(check))
    case .inconclusive:
      // The verdict's own testcase says that something is missing; that a stage wasn't asked for is no error of its own.
      let isExcused = summary.exitCode == 0 || (!stageRan && check.measured == nil)
      outcome =
        isExcused
        ? .skipped(message: message)
        : .error(type: check.measured == nil ? "unscored" : "inconclusive", message: message, body: body(check))
    }
    return JUnitCase(name: token(check.name), className: "sluice.\(token(check.stage))", outcome: outcome)
  }

  private static func body(_ check: RunSummary.CheckResult) -> String {
    let estimate = check.measured
    let lines =
      Words.JUnit.facts(check) + (estimate == nil ? [] : check.otherReadings)
      + [check.remedy.map(Words.JUnit.toDecide)].compactMap(\.self)
    return PlainText.lines(lines.map { PlainText.line($0) }.joined(separator: "\n"), longest: 10_000)
  }

  /// The newly broken attacks: a testcase a category; one an attack in summaries of version 0.1, which keep what they had.
  private static func broken(_ summary: RunSummary) -> [JUnitCase] {
    if summary.question == nil {
      return summary.newlyBroken.map { attack in
        let category = attack.category ?? Words.noCategory
        let lines =
          Words.JUnit.facts(attack, category: category)
          + [attack.prompt.map(Words.JUnit.prompt)].compactMap(\.self)
        return broken(
          token(attack.id.text), category, PlainText.line(attack.finding),
          lines.map { PlainText.line($0) }.joined(separator: "\n"), summary)
      }
    }
    let attacks = Dictionary(grouping: summary.newlyBroken) { $0.category ?? Words.noCategory }
    return summary.brokenByCategory.map { row in
      let own = attacks[row.category] ?? []
      let finding = own.count == 1 ? own[0].finding : Words.JUnit.inBody
      let message = PlainText.line(Words.JUnit.newlyBroken(own.count, category: row.category, finding))
      return broken(token(row.category), row.category, message, body(own), summary)
    }
  }

  private static let mostAttacks = 100

  /// A line an attack.
  private static func body(_ attacks: [RunSummary.BrokenAttack]) -> String {
    let lines = attacks.prefix(mostAttacks).flatMap { attack in
      [Words.JUnit.line(attack)] + [attack.prompt.map(Words.JUnit.prompt)].compactMap(\.self)
    }
    let more = attacks.count > mostAttacks ? [Words.JUnit.more(attacks.count - mostAttacks)] : []
    return PlainText.lines((lines + more).map { PlainText.line($0) }.joined(separator: "\n"), longest: 50_000)
  }

  /// A failure where the gate fails. Where it doesn't, the policy's limit allows some: then they are listed as skipped,
  /// or as errors where it stayed open whether there are too many.
  private static func broken(
    _ name: String, _ category: String, _ message: String, _ body: String, _ summary: RunSummary
  ) -> JUnitCase {
    let isOpen = summary.checks.contains { $0.wording.countsNewlyBroken && $0.verdict == .inconclusive && $0.decides }
    let outcome: JUnitCase.Outcome =
      if summary.isObserved {
        .skipped(message: PlainText.line(Words.JUnit.observed(message)))
      } else if summary.verdict == .fail {
        .failure(type: "newly-broken", message: message, body: body)
      } else if summary.exitCode != 0 && isOpen {
        .error(type: "newly-broken", message: message, body: body)
      } else {
        .skipped(message: message)
      }
    return JUnitCase(
      name: "newly broken \(name)", className: "sluice.replay.\(token(category))", outcome: outcome)
  }

  /// As many as there is room for, in order, and one that counts the rest.
  private static func affordable(_ cases: [Placed]) -> [Placed] {
    var (room, kept) = (mostBytes, [Placed]())
    for placed in cases {
      room -= placed.test.mostBytes
      if room < 0 { break }
      kept.append(placed)
    }
    let missing = cases.count - kept.count
    if missing > 0 {
      let message = Words.JUnit.leftOut(missing)
      kept.append(
        (JUnitCase(name: "left out", className: "sluice.decide", outcome: .skipped(message: message)), "decide"))
    }
    return kept
  }

  private static func uniquelyNamed(_ cases: [JUnitCase]) -> [JUnitCase] {
    var used = Set(cases.map(\.name))
    var seen: Set<String> = []
    var next: [String: Int] = [:]
    return cases.map { test in
      var test = test
      if seen.insert(test.name).inserted { return test }
      var number = next[test.name, default: 2]
      while !used.insert("\(test.name) (\(number))").inserted { number += 1 }
      next[test.name] = number + 1
      test.name += " (\(number))"
      return test
    }
  }

  /// xs:token: one line, no double or outer spaces, never empty.
  static func token(_ text: String, ifEmpty: String = "unnamed") -> String {
    let words = PlainText.line(text, longest: 500).split(separator: " ", omittingEmptySubsequences: true)
    return words.isEmpty ? ifEmpty : words.joined(separator: " ")
  }
}
