import Core
import Statistics
import Testing

@testable import Decisions

/// Two variants of a model with two attack methods, three held-out attacks, two harmless and four quiz questions.
private enum Comparison {
  static func attack(_ method: String, _ unsafe: [Int], yields: [Int] = [1, 3]) -> MethodAttack {
    MethodAttack(
      method: method,
      found: Made.fresh(
        .candidate,
        yields.enumerated().map { index, unique in
          Made.restart(
            index, vectors: Made.axes(unique), search: Made.counts(safe: 10), confirmation: Made.counts(unsafe: 2))
        }), proposals: unsafe.map { Made.responses($0, of: 10) })
  }

  static var untuned: TuningRow {
    var row = TuningRow(name: "untuned")
    row.attacks = [attack("a", [8, 7]), attack("b", [6, 8])]
    row.heldOut = [Made.responses(1, of: 2), Made.responses(2, of: 2), Made.responses(2, of: 2)]
    row.benign = [Made.responses(0, of: 2), Made.responses(0, of: 2)]
    row.quiz = [[true, true], [true, false], [true, true], [true, true]]
    row.heldOutTexts = ["one", "two", "three"]
    return row
  }

  static var tuned: TuningRow {
    var row = TuningRow(name: "all")
    row.attacks = [attack("a", [2, 3], yields: [0, 1]), attack("b", [1, 2])]
    row.heldOut = [Made.responses(0, of: 2), Made.responses(1, of: 2), Made.responses(0, of: 2)]
    row.benign = [Made.responses(1, of: 2), Made.responses(0, of: 2)]
    row.quiz = [[true, false], [true, true], [nil, nil], []]
    row.heldOutTexts = ["uno", nil, "tres"]
    (row.refusals, row.benignExamples, row.tuningSeconds, row.sources) = (5, 6, 7, ["own": 5])
    (row.meanTokens, row.meanLatency) = (11, 0.5)
    return row
  }

  static var findings: TuningFindings {
    var findings = TuningFindings(methods: ["a", "b"], benign: ["p", "q"], quiz: ["1", "2", "3", "4"])
    findings.rows = [untuned, tuned]
    findings.heldOut = [("x", "c", ["a"]), ("y", "d", ["a", "b"]), ("z", nil, ["b"])].map {
      HeldOutAttack(prompt: $0.0, category: $0.1, cluster: $0.0, methods: $0.2)
    }
    (findings.clusters, findings.heldOutClusters) = (9, 3)
    return findings
  }
}

@Suite("Estimates of tuned variants")
struct TuningEstimatorTests {
  private let estimators = TuningEstimators(findings: Comparison.findings)
  private let untuned = Comparison.untuned
  private let tuned = Comparison.tuned

  private func value(_ estimator: (any MetricEstimator)?) -> Double? { estimator?.estimate(confidence: 0.9).value }

  @Test("Success of adapted attacks is the mean over methods, or one method's")
  func adaptive() {
    #expect(
      isNear(value(estimators.adaptive(tuned)), 0.2) && isNear(value(estimators.adaptive(tuned, method: "a")), 0.25))
    #expect(estimators.adaptive(tuned, method: "c") == nil && estimators.adaptive(TuningRow(name: "n")) == nil)
    #expect(isNear(value(estimators.adaptiveChange(tuned, from: untuned)), 0.2 - 0.725))
    #expect(isNear(value(estimators.adaptiveChange(tuned, from: untuned, method: "b")), 0.15 - 0.7))
    #expect(estimators.adaptiveChange(tuned, from: nil) == nil)
    #expect(estimators.adaptiveChange(tuned, from: TuningRow(name: "n")) == nil)
    // A method that the other model was not attacked with has no partner.
    var half = untuned
    half.attacks.removeFirst()
    #expect(isNear(value(estimators.adaptiveChange(tuned, from: half)), 0.15 - 0.7))
  }

  @Test("Held-out attacks are paired with the untuned model's, all or those of one method")
  func heldOut() {
    #expect(
      isNear(value(estimators.heldOut(tuned)), 0.5 / 3) && isNear(value(estimators.heldOut(tuned, method: "a")), 0.25))
    #expect(isNear(value(estimators.heldOutChange(tuned)), (-0.5 - 0.5 - 1) / 3))
    #expect(isNear(value(estimators.heldOutChange(tuned, method: "b")), -0.75))
    #expect(estimators.heldOut(tuned, method: "c") == nil && estimators.heldOutChange(tuned, method: "c") == nil)
    var short = tuned
    short.heldOut.removeLast()
    #expect(estimators.heldOut(short) == nil && estimators.heldOutChange(short) == nil)
    var findings = Comparison.findings
    findings.rows[0].heldOut.removeLast()
    #expect(TuningEstimators(findings: findings).heldOutChange(tuned) == nil)
  }

  @Test(
    "Refusals are paired by question, quiz answers too; retention looks at what the untuned model mostly gets right")
  func elsewhere() {
    #expect(isNear(value(estimators.refusalRate(tuned)), 0.25) && isNear(value(estimators.overRefusal(tuned)), 0.25))
    #expect(isNear(value(estimators.quizRate(tuned)), 0.75))
    // The third question was not answered, the fourth not asked.
    #expect(isNear(value(estimators.quizChange(tuned)), (-0.5 + 0.5) / 2))
    let retention = estimators.retention(tuned)
    // Half right before is not more often than not; the fourth has no answer to hold against it.
    let found = retention?.estimate(confidence: 0.9)
    #expect(isNear(found?.value, 0.5) && found?.effectiveN == 2 && found?.n == 2 && found?.unscored == 2)
    // Two of three right before is more often than not.
    var mostly = Comparison.findings
    mostly.rows[0].quiz[1] = [true, true, false]
    #expect(TuningEstimators(findings: mostly).retention(tuned)?.estimate(confidence: 0.9).n == 4)
    var short = tuned
    short.benign.removeLast()
    #expect(estimators.refusalRate(short) == nil && estimators.overRefusal(short) == nil)
    var findings = Comparison.findings
    findings.rows[0].benign.removeLast()
    #expect(TuningEstimators(findings: findings).overRefusal(tuned) == nil)
    (findings.quiz, findings.benign, findings.heldOut) = ([], [], [])
    let empty = TuningEstimators(findings: findings)
    #expect(empty.quizRate(tuned) == nil && empty.quizChange(tuned) == nil && empty.retention(tuned) == nil)
    var nothing = TuningRow(name: "n")
    #expect(empty.refusalRate(nothing) == nil && empty.heldOut(nothing) == nil)
    nothing.quiz = []
    let alone = TuningEstimators(findings: TuningFindings(methods: []))
    #expect(alone.overRefusal(tuned) == nil && alone.quizChange(tuned) == nil && alone.retention(tuned) == nil)
    #expect(alone.heldOutChange(tuned) == nil && alone.variants == nil)
  }

  @Test("Variants that can be used are counted of those that were planned, the untuned model aside")
  func variants() throws {
    var findings = Comparison.findings
    findings.rows.append(TuningRow(name: "broken"))
    findings.rows[2].problem = "it diverged"
    #expect(TuningEstimators(findings: findings).variants?.done == 1)
    #expect(TuningEstimators(findings: findings).variants?.planned == 2)
    findings.rows = [untuned]
    #expect(TuningEstimators(findings: findings).variants == nil)
    #expect(TuningEstimators.share([true, false, true, true]) == 0.75 && TuningEstimators.share([]) == 0)
    #expect(TuningEstimators.share([true]) == 1)
  }

  @Test("The metrics are those of the named variant and method; a broken one has no held-out rate")
  func metrics() throws {
    var findings = Findings()
    findings.tuning = Comparison.findings
    func found(_ name: String, variant: String? = "all", method: String? = nil) throws -> Double? {
      value(
        MetricEstimators(findings: findings).estimator(
          try Made.check(name, Limit(atMost: 1), variant: variant, method: method)))
    }
    #expect(try isNear(found("tuning.asr"), 0.2) && isNear(found("tuning.asr", method: "a"), 0.25))
    #expect(try isNear(found("tuning.held_out_asr", method: "a"), 0.25) && isNear(found("tuning.over_refusal"), 0.25))
    #expect(try isNear(found("tuning.retention"), 0.5) && isNear(found("tuning.variants"), 1))
    #expect(try found("tuning.asr", variant: nil) == nil && found("tuning.asr", variant: "untuned") == nil)
    findings.tuning?.rows[1].problem = "it diverged"
    #expect(try found("tuning.held_out_asr") == nil && found("tuning.variants") == 0)
  }
}

@Suite("What reports say of tuning")
struct TuningSummaryTests {
  @Test("Responses of every model are counted, searches and proposals and answers alike")
  func outcomes() {
    var findings = Comparison.findings
    findings.rounds = [TuningRound(number: 2, newAttacks: 4, change: nil, pays: true, row: Comparison.tuned)]
    #expect(findings.evaluated.map(\.name) == ["untuned", "all", "all"])
    let outcomes = findings.outcomes
    #expect(outcomes.map(\.role) == [.candidate, .variant("all"), .variant("all")])
    // Four searches and confirmations of 12, four times 10 proposals, 6 held-out and 4 harmless answers.
    #expect(outcomes.map(\.counts.planned) == [98, 98, 98] && outcomes[0].counts.unsafe == 8 + 29 + 5)
    #expect(findings.row("untuned") == nil && findings.row("all")?.refusals == 5)
  }

  @Test("A model's row holds its estimates; what changed is said of variants alone")
  func rows() throws {
    let summary = TuningSummaries(findings: Comparison.findings, confidence: 0.9, reveal: false).summary
    let (untuned, tuned) = (summary.rows[0], summary.rows[1])
    #expect(untuned.change == nil && untuned.heldOutChange == nil && untuned.retention == nil && untuned.mean != nil)
    #expect(isNear(tuned.change?.value, 0.2 - 0.725) && isNear(tuned.heldOutChange?.value, -2.0 / 3))
    #expect(isNear(tuned.overRefusal?.value, 0.25) && isNear(tuned.quizChange?.value, 0))
    #expect(isNear(tuned.mean?.value, 0.2) && isNear(tuned.retention?.value, 0.5) && tuned.quiz?.confidence == 0.9)
    #expect(isNear(tuned.refusalRate?.value, 0.25) && isNear(tuned.heldOut?.value, 0.5 / 3))
    #expect(tuned.cells.map(\.method) == ["a", "b"] && tuned.cells.map(\.yield) == [0.5, 2])
    #expect(isNear(tuned.cells[0].adaptive?.value, 0.25) && isNear(tuned.cells[0].heldOut?.value, 0.25))
    #expect((tuned.refusals, tuned.benignExamples, tuned.seconds) == (5, 6, 7) && tuned.sources == ["own": 5])
    #expect(tuned.meanTokens == 11 && tuned.meanLatency == 0.5)
    #expect(summary.clusters == 9 && summary.heldOutClusters == 3 && summary.heldOutAttacks == 3)
    var unsearched = Comparison.findings
    unsearched.rows[1].attacks = [Comparison.attack("a", [1], yields: [3])]
    #expect(
      TuningSummaries(findings: unsearched, confidence: 0.9, reveal: false).summary.rows[1].cells.map(\.yield) == [3])
    unsearched.rows[1].attacks = [Comparison.attack("a", [1], yields: [])]
    #expect(
      TuningSummaries(findings: unsearched, confidence: 0.9, reveal: false).summary.rows[1].cells.map(\.yield) == [0])
  }

  /// Enough attacks that the variant is convincingly better, and nothing lost elsewhere.
  private func convincing(reveal: Bool, lacking: Bool = false) -> RunSummary.TuningSummary {
    var findings = Comparison.findings
    for (row, unsafe) in [(0, 90), (1, 5)] {
      findings.rows[row].attacks = ["a", "b"].map { method in
        MethodAttack(
          method: method, found: Made.fresh(.candidate, []),
          proposals: (0..<4).map { _ in Made.responses(unsafe, of: 100) })
      }
    }
    findings.rows[1].benign = findings.rows[0].benign
    findings.rows[1].quiz = findings.rows[0].quiz
    findings.heldOut = (0..<5).map {
      HeldOutAttack(prompt: "p\($0)", category: $0 < 4 ? "c" : nil, cluster: "\($0)", methods: [])
    }
    findings.rows[0].heldOut = [1, 3, 2, 1, 1].map { Made.responses($0, of: 3) }
    findings.rows[1].heldOut = [0, 1, 2, 0, 1].map { Made.responses($0, of: 4) }
    findings.rows[0].heldOutTexts = (0..<5).map { "before \($0)" }
    findings.rows[1].heldOutTexts = (0..<5).map { "after \($0)" }
    if lacking { findings.rows[1].heldOut.removeLast() }
    return TuningSummaries(findings: findings, confidence: 0.9, reveal: reveal).summary
  }

  @Test("Examples are the three of each category that the untuned model fell for most, in words only where allowed")
  func examples() throws {
    let summary = convincing(reveal: true)
    #expect(summary.recommended == "all")
    #expect(summary.examples.map(\.prompt) == ["p4", "p1", "p2", "p0"])
    #expect(summary.examples.map(\.before) == ["before 4", "before 1", "before 2", "before 0"])
    #expect(summary.examples.map(\.after) == ["after 4", "after 1", "after 2", "after 0"])
    #expect(
      summary.examples.map(\.unsafeBefore) == [1, 3, 2, 1] && summary.examples.map(\.unsafeAfter) == [1, 1, 2, 0])
    #expect(summary.examples.allSatisfy { $0.scoredBefore == 3 && $0.scoredAfter == 4 })
    #expect(summary.examples.map(\.category) == [nil, "c", "c", "c"])
    #expect(convincing(reveal: false).examples.allSatisfy { $0.prompt == nil && $0.before == nil && $0.after == nil })
    #expect(convincing(reveal: true, lacking: true).examples.isEmpty)
    #expect(TuningSummaries(findings: Comparison.findings, confidence: 0.9, reveal: true).summary.examples.isEmpty)
  }

  @Test("A variant that was asked no harmless and no quiz question has lost nothing there")
  func unasked() {
    func row(_ variant: String, _ rate: Double, lower: Double? = nil) -> RunSummary.TuningSummary.Row {
      let summary = TuningSummaries(findings: Comparison.findings, confidence: 0.9, reveal: false).summary
      var row = summary.rows[1]
      row.variant = variant
      (row.overRefusal, row.quizChange) = (nil, nil)
      row.mean = Estimate(
        value: rate, lower: lower ?? rate - 0.01, upper: rate + 0.01, confidence: 0.9, n: 9, effectiveN: 9, method: "")
      row.change = Estimate(
        value: rate - 0.5, lower: rate - 0.6, upper: rate - 0.4, confidence: 0.9, n: 9, effectiveN: 9, method: "")
      return row
    }
    #expect(TuningRecommendation(rows: [row("untuned", 0.5), row("all", 0.1)]).variant == "all")
    // Of equal ones the first is taken; one whose interval touches the best's may be as good, one beyond it isn't.
    let (all, touching, beyond) = (row("all", 0.1), row("t", 0.15, lower: 0.1 + 0.01), row("b", 0.15, lower: 0.12))
    #expect(TuningRecommendation(rows: [row("untuned", 0.5), all, row("same", 0.1)]).variant == "all")
    let recommendation = TuningRecommendation(rows: [row("untuned", 0.5), all, touching, beyond])
    #expect(
      recommendation.sentences.contains("Its lead isn't certain: the intervals of t overlap with its own."))
  }

  @Test("Nothing is counted before it was seen")
  func empty() {
    let (findings, row) = (TuningFindings(methods: ["a"]), TuningRow(name: "all"))
    #expect(findings.clusters == 0 && findings.heldOutClusters == 0 && findings.outcomes.isEmpty)
    #expect(row.refusals == 0 && row.benignExamples == 0 && row.tuningSeconds == 0 && row.sources.isEmpty)
    let context = SummaryContext(
      identity: .init(name: "p", path: "p.yaml", hash: "h", seed: 1, confidence: 0.95), stages: [], checks: [],
      rule: DecisionRule(confidence: 0.95), models: [], judges: [], hasBaseline: false, notices: [])
    #expect(!context.reveal && context.searched.isEmpty && context.weakenings.isEmpty)
    let replay = ReplayFindings(rows: [], suite: AttackSuite(attacks: [], candidate: "a", baseline: nil))
    #expect(replay.responses == 0 && replay.secondLookResponses == 0 && replay.looks == .none && replay.notNeeded == 0)
  }

  @Test("A round is said with what its row says")
  func rounds() {
    var findings = Comparison.findings
    findings.rounds = [TuningRound(number: 2, newAttacks: 4, change: nil, pays: false, row: Comparison.tuned)]
    let rounds = TuningSummaries(findings: findings, confidence: 0.9, reveal: false).summary.rounds
    #expect(rounds.map(\.number) == [2] && rounds[0].newAttacks == 4 && !rounds[0].pays)
    #expect(isNear(rounds[0].row.mean?.value, 0.2))
  }
}
