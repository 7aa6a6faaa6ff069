import Core
import Testing

@testable import Decisions
@testable import Policies

@Suite("Mistakes in checks")
struct CheckErrorTests {
  /// The list starts in column 9, its first item in column 10.
  private func problems(_ checks: String, in policy: String = smallPolicy) throws -> [String] {
    try Workplace().problems(policy.changing("[{metric: replay.asr, at_most: 0.1}]", to: checks))
  }

  @Test("No checks at all: a gate that checks nothing can't pass", arguments: ["[]", "", "~"])
  func empty(_ checks: String) throws {
    let problems = try problems(checks)
    #expect(problems.count == 1)
    #expect(problems.first?.hasSuffix("there are no checks, and a gate that checks nothing can't pass") == true)
  }

  @Test(
    "A limit that can't be meant",
    arguments: [
      ("{metric: replay.asr, at_most: 10}", "6:40: checks.0.at_most: replay.asr is never 10"),
      ("{metric: replay.asr, at_most: -0.1}", "6:40: checks.0.at_most: replay.asr is never -0.1"),
      ("{metric: run.coverage, at_least: 98}", "6:43: checks.0.at_least: run.coverage is never 98"),
      ("{metric: run.error_rate, at_most: .inf}", "6:44: checks.0.at_most must be a number, not '.inf'"),
      ("{metric: replay.asr, at_most: ten}", "6:40: checks.0.at_most must be a number, not 'ten'"),
      (
        "{metric: replay.asr, at_least: 0.3, at_most: 0.1}", "6:41: at_least 0.3 is above at_most 0.1: nothing can pass"
      ),
      ("{metric: replay.asr}", "6:10: replay.asr has no limit"),
      (
        "{metric: replay.asr, at_least: 0.1}",
        "6:41: replay.asr is better when lower: at_least alone lets the worst pass"
      ),
      (
        "{metric: run.coverage, at_most: 0.5}",
        "6:42: run.coverage is better when higher: at_most alone lets the worst pass"
      ),
      ("{metric: replay.asr, at_most: 0.1, target: x}", "6:53: replay.asr takes no target"),
      ("{metric: run.coverage, at_least: 0.9, category: x}", "6:58: run.coverage takes no category"),
      ("{metric: replay.asr, at_most: 0.1, threshold: 0.7}", "6:56: replay.asr takes no threshold"),
      (
        "{metric: replay.asd, at_most: 0.1}",
        "6:19: checks.0.metric must be one of the names it knows, not 'replay.asd'"
      ),
      ("{at_most: 0.1}", "6:10: the key 'metric' is missing in checks.0"),
      ("{metric: replay.asr, atmost: 0.1}", "6:31: unknown key 'atmost' in checks.0"),
      ("replay.asr", "6:10: checks.0 must be a mapping of keys, not a single value"),
    ])
  func oneCheck(_ check: String, _ problem: String) throws {
    let problems = try problems("[\(check)]")
    #expect(problems.contains(problem), "\(problems)")
    // A misspelt limit is missing too; nothing else follows from one mistake.
    #expect(problems.count <= (check.contains("atmost") ? 2 : 1), "\(problems)")
  }

  @Test(
    "What a metric needs and the policy hasn't",
    arguments: [
      ("replay.regression", "at_most", "needs targets.baseline"),
      ("replay.newly_broken", "at_most", "needs targets.baseline"),
      ("fresh.unique_attacks", "at_most", "needs an attacker"),
      ("fresh.diversity", "at_least", "needs an attacker"),
      ("fresh.regression", "at_most", "needs an attacker"),
      ("attacker.control_recall", "at_least", "needs an attacker"),
      ("benign.refusal_rate", "at_most", "needs harmless questions"),
      ("benign.regression", "at_most", "needs harmless questions"),
    ])
  func needs(_ metric: String, _ limit: String, _ need: String) throws {
    let place = try Workplace()
    try place.remove("benign.jsonl")
    let text = smallPolicy.changing("metric: replay.asr, at_most: 0.1", to: "metric: \(metric), \(limit): 1")
    #expect(try place.problems(text) == ["6:10: \(metric) \(need)"])
  }

  @Test("control_recall needs a control and its weaknesses")
  func controlRecall() throws {
    let recall = "  - {metric: attacker.control_recall, at_least: 0.8}"
    let text = fullPolicy.changing("  - {metric: replay.asr, at_most: 0.10}", to: recall)
    let place = try Workplace()
    #expect(try place.problems(text) == [])
    #expect(
      try place.problems(text.changing("  control: {kind: local, checkpoint: leaky}\n", to: "")) == [
        "19:5: attacker.control_recall needs targets.control"
      ])
    try place.remove("leaky/weaknesses.jsonl")
    #expect(try place.problems(text) == ["20:5: attacker.control_recall needs the control's known weaknesses"])
    #expect(try place.problems(text, checksFiles: false) == [])
    let server = text.changing("{kind: local, checkpoint: leaky}", to: "{kind: openai, url: 'http://a', model: m}")
    #expect(
      try place.problems(server, checksFiles: false) == [
        "20:5: attacker.control_recall needs the control's known weaknesses"
      ])
  }

  @Test("transfer.asr needs a transfer target that is there")
  func transfer() throws {
    let place = try Workplace()
    let errors = try place.errors(fullPolicy.changing("target: other}", to: "target: othr}"))
    #expect(errors.map(\.message) == ["there is no transfer target 'othr'"])
    #expect(errors.map(\.remedy) == ["Did you mean 'other'? They are: other."])
    #expect(errors.first?.location?.line == 21 && errors.first?.location?.column == 50)
    #expect(
      try place.problems(fullPolicy.changing(", target: other}", to: "}")) == [
        "21:5: transfer.asr needs target: one of the names under targets.transfer"
      ])
  }

  @Test("No metric takes a threshold of its own: what would be ignored is refused", arguments: Metric.all)
  func threshold(_ metric: Metric) throws {
    let check = "- {metric: \(metric.name), \(metric.direction.wantedLimit): 1, threshold: 0.8}"
    let messages = try Workplace().errors(fullPolicy.changing("- {metric: replay.asr, at_most: 0.10}", to: check))
    #expect(messages.map(\.message).contains("\(metric.name) takes no threshold"))
  }

  @Test("An unknown metric is told the nearest and all there are")
  func unknownMetric() throws {
    let errors = try Workplace().errors(smallPolicy.changing("replay.asr", to: "replay.asd"))
    let names = Metric.all.map(\.name).joined(separator: ", ")
    #expect(errors.map(\.remedy) == ["Did you mean 'replay.asr'? It can be: \(names)."])
  }

  @Test("The same check twice is refused, whatever the limits; another category is another check")
  func duplicates() throws {
    #expect(
      try problems("[{metric: replay.asr, at_most: 0.1}, {metric: replay.asr, at_most: 0.2}]") == [
        "6:46: replay.asr is checked twice"
      ])
    #expect(
      try problems("[{metric: replay.asr, at_most: 0.1}, {metric: replay.asr, at_most: 0.2, category: x}]") == [])
  }

  @Test("Limits at the ends of a metric's range are fine", arguments: Metric.all)
  func ends(_ metric: Metric) throws {
    let target =
      metric.narrowing.contains("target")
      ? ", target: other" : metric.narrowing.contains("variant") ? ", variant: sft" : ""
    for value in [metric.range.lowerBound, min(metric.range.upperBound, 1e6)] {
      let check =
        "- {metric: \(metric.name), \(metric.direction.wantedLimit): \(value)\(target)}"
        + "\n  - {metric: replay.asr, category: x, at_most: 0.5}"
      let text = fullPolicy.changing("- {metric: replay.asr, at_most: 0.10}", to: check).changing(
        "  - {metric: transfer.asr, at_most: 0.5, target: other}\n", to: "")
      #expect(try Workplace().problems(text) == [])
    }
  }

  @Test(
    "Checks that ask nothing of the candidate are refused together, and stand beside one that does",
    arguments: [
      "{metric: run.error_rate, at_most: 0.02}, {metric: run.coverage, at_least: 0.98}",
      "{metric: replay.asr, at_most: 1}", "{metric: replay.asr, at_most: 1}, {metric: run.coverage, at_least: 0.9}",
    ])
  func nothingAsked(_ checks: String) throws {
    let problem =
      "6:9: no check can find the candidate wanting: each is about the run itself, is advisory, or has a limit that nothing exceeds"
    #expect(try problems("[\(checks)]") == [problem])
    #expect(try problems("[\(checks), {metric: replay.asr, category: x, at_most: 0.5}]") == [])
  }
}
