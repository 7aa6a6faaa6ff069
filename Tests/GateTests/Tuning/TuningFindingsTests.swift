import Core
import Policies
import Statistics
import Testing

@testable import Decisions
@testable import Gate

@Suite("What safety tuning gave")
struct TuningFindingsTests {
  private let questions = (0..<40).map { "question \($0)" }
  private let quiz = (0..<40).map { "how many \($0)" }

  /// - Parameters:
  ///   - refused: of the 40 harmless questions.
  ///   - right: of the 40 quiz questions.
  private func row(_ name: String, refused: Int, right: Int) -> TuningRow {
    var row = TuningRow(name: name)
    row.benign = (0..<40).map { [.judged(unsafe: $0 < refused, probability: 1, category: nil)] }
    row.quiz = (0..<40).map { [$0 < right, $0 < right] }
    return row
  }

  private func findings(_ rows: [TuningRow]) -> TuningFindings {
    var findings = TuningFindings(methods: ["sft"], benign: questions, quiz: quiz)
    findings.rows = rows
    return findings
  }

  @Test("A variant that refuses everything, or answers nonsense, can't be used; one that loses little can")
  func usability() {
    let untuned = row("untuned", refused: 1, right: 38)
    #expect(Usability.problem(row("x", refused: 4, right: 34), untuned: untuned) == nil)
    #expect(Usability.problem(row("x", refused: 39, right: 38), untuned: untuned)?.contains("98%") == true)
    #expect(Usability.problem(row("x", refused: 0, right: 3), untuned: untuned)?.contains("8%") == true)
    // A model that never could do the quiz isn't blamed on the tuning.
    #expect(Usability.problem(row("x", refused: 0, right: 0), untuned: row("u", refused: 0, right: 0)) == nil)
  }

  @Test("Over-refusal and the quiz are paired with the untuned model; retention counts what it got right")
  func costs() throws {
    let findings = findings([row("untuned", refused: 2, right: 30), row("sft", refused: 6, right: 27)])
    let estimators = TuningEstimators(findings: findings)
    let variant = try #require(findings.row("sft"))
    func value(_ estimator: (any MetricEstimator)?) throws -> Double {
      try #require(estimator).estimate(confidence: 0.95).value
    }
    #expect(abs(try value(estimators.overRefusal(variant)) - 0.1) < 1e-12)
    #expect(abs(try value(estimators.quizChange(variant)) + 0.075) < 1e-12)
    #expect(abs(try value(estimators.retention(variant)) - 0.9) < 1e-12)
    #expect(try value(estimators.variants) == 1)
  }

  /// The exit code of a policy that checks what `metric` says of the variant.
  private func exit(
    _ rows: [TuningRow], _ metric: String, _ limit: Limit, failsWhenUnusable: Bool = false
  ) throws -> (code: Int32, reasons: [String]) {
    var findings = Findings()
    findings.tuning = self.findings(rows)
    let checks = [
      Check(metric: try #require(Metric.named(metric)), limit: limit, variant: "sft"),
      Check(
        metric: try #require(Metric.named("tuning.variants")), limit: Limit(atLeast: 1), adequacy: !failsWhenUnusable),
    ]
    let decision = Decision(
      checks, findings: findings, stages: [.tune, .decide],
      rule: DecisionRule(confidence: 0.95, onEstimates: false, inconclusivePasses: false))
    return (decision.exitCode, decision.reasons)
  }

  @Test("A variant that could not be made leaves the verdict open, or fails it where the policy says so; never a pass")
  func missingVariants() throws {
    var lost = TuningRow(name: "sft")
    lost.problem = "the tuner ended with an error: code 3"
    let rows = [row("untuned", refused: 0, right: 40), lost]
    for metric in ["tuning.asr", "tuning.held_out_asr", "tuning.over_refusal"] {
      let open = try exit(rows, metric, Limit(atMost: 0.9))
      #expect(open.code == 2)
      #expect(open.reasons.contains { $0.contains("code 3") }, "\(metric): \(open.reasons)")
      #expect(try exit(rows, metric, Limit(atMost: 0.9), failsWhenUnusable: true).code == 1)
    }
  }

  @Test("A broken variant's resistance to attacks is no pass, and its refusals fail the check on them")
  func brokenVariants() throws {
    var mute = row("sft", refused: 40, right: 0)
    let untuned = row("untuned", refused: 0, right: 40)
    mute.problem = Usability.problem(mute, untuned: untuned)
    #expect(try exit([untuned, mute], "tuning.asr", Limit(atMost: 0.5)).code == 2)
    #expect(try exit([untuned, mute], "tuning.over_refusal", Limit(atMost: 0.05)).code == 1)
    #expect(
      try exit([untuned, row("sft", refused: 0, right: 40)], "tuning.over_refusal", Limit(atMost: 0.2)).code == 0)
  }

  // MARK: - Recommendation

  private typealias Row = RunSummary.TuningSummary.Row

  private func estimate(_ value: Double, _ half: Double) -> Estimate {
    Estimate(
      value: value, lower: value - half, upper: value + half, confidence: 0.95, n: 100, effectiveN: 10, method: "")
  }

  private func summary(_ name: String, mean: Double, overRefusal: Double = 0, half: Double = 0.02) -> Row {
    var row = Row(variant: name, problem: nil, model: nil, refusals: 10, benignExamples: 10)
    row.mean = estimate(mean, half)
    row.change = estimate(mean - 0.3, half)
    row.overRefusal = estimate(overRefusal, 0.01)
    row.quizChange = estimate(0, 0.01)
    return row
  }

  @Test("The hardest to break of the variants that cost little is recommended, with what speaks against it")
  func recommendation() {
    let untuned = summary("untuned", mean: 0.3)
    var broken = Row(
      variant: "ppo", problem: "it refuses 99 % of the harmless questions", model: nil, refusals: 1, benignExamples: 0)
    broken.mean = nil
    let advice = TuningRecommendation(rows: [
      untuned, summary("a", mean: 0.05, overRefusal: 0.2), summary("b", mean: 0.1), summary("c", mean: 0.13), broken,
    ])
    #expect(advice.variant == "b")
    let text = advice.sentences.joined(separator: " ")
    #expect(text.contains("10.0%") && text.contains("30.0%"))
    #expect(
      text.contains("intervals of c overlap") && text.contains("Left aside") && text.contains("ppo can't be used"))
  }

  @Test("Nothing is recommended where nothing is convincingly better, or everything costs too much")
  func noRecommendation() {
    let untuned = summary("untuned", mean: 0.3)
    #expect(TuningRecommendation(rows: [untuned, summary("a", mean: 0.29)]).variant == nil)
    #expect(TuningRecommendation(rows: [untuned, summary("a", mean: 0.1, overRefusal: 0.1)]).variant == nil)
    #expect(TuningRecommendation(rows: [untuned]).variant == nil)
  }
}
