import Core
import Policies
import Testing

@testable import SafetyTuning

@Suite("The tuning section of a policy")
struct TuningPolicyTests {
  private func policy(_ tuning: String, check: String = "") -> String {
    smallPolicy
      .changing("confirm: {kind", to: "reward: {kind: classifier, checkpoint: judge}, confirm: {kind")
      .changing("checks: [", to: "attacker: {checkpoint: attacker}\ntuning: \(tuning)\nchecks: [\(check)")
  }

  private func place() throws -> Workplace {
    try Workplace([
      "quiz.jsonl": "{\"question\": \"q\", \"answer\": \"a\"}\n", "harmless.jsonl": "{\"prompt\": \"h\"}\n",
    ])
  }

  @Test("has every method and a variant of all by default, and keeps variants beside the ledger")
  func defaults() throws {
    let tuning = try #require(
      try place().load(policy("{tuner: {kind: local}, benign: harmless.jsonl}")).tuning)
    #expect(tuning.variants == ["gflownet-mle", "gflownet", "reinforce", "ppo", "in-context", "sft", "all"])
    #expect(tuning.folder.hasSuffix("/variants") && tuning.quiz.hasSuffix("quiz.jsonl"))
    let local = try #require(tuning.tuner.recipe as? LocalTuner.Recipe).settings
    // As published.
    #expect(local.rank == 32 && local.alpha == 16 && local.learningRate == 5e-5 && local.epochs == 2)
    #expect(tuning.refusals == .instructed && !tuning.failsWhenUnusable)
  }

  @Test("always checks that its variants can be used, and lets a policy say what it means if not")
  func variantsAreChecked() throws {
    let text = policy("{tuner: {kind: local}, benign: harmless.jsonl, unusable: fail}")
    let check = try #require(try place().load(text).checks.first { $0.metric.name == "tuning.variants" })
    #expect(check.limit == Limit(atLeast: 1) && !check.adequacy)
    let open = try place().load(text.changing("unusable: fail", to: "unusable: inconclusive"))
    #expect(open.checks.first { $0.metric.name == "tuning.variants" }?.adequacy == true)
  }

  @Test("says what is wrong, where, and what to do")
  func mistakes() throws {
    let cases = [
      ("{tuner: {kind: local}, methods: [gflownet, gflownet]}", "tuning.methods names a method twice"),
      ("{tuner: {kind: local}, methods: [gcg]}", "tuning.methods.0 must be one of the names it knows, not"),
      ("{tuner: {kind: command, command: []}}", "tuning.tuner.command is empty"),
      ("{tuner: {kind: local, time_limit: 1h}}", "'time_limit' in tuning.tuner doesn't go with kind: local"),
      (
        "{tuner: {kind: fine-tuning-api, url: 'http://h', model: m, cost_limit: 3}}",
        "tuning.tuner.cost_limit needs price"
      ),
      (
        "{tuner: {kind: fine-tuning-api, url: 'http://h', model: m}}",
        "tuning.tuner of kind fine-tuning-api can't tune a local candidate"
      ),
      ("{methods: [sft]}", "the key 'tuner' is missing in tuning"),
    ]
    for (tuning, message) in cases {
      let problems = try place().problems(policy(tuning.replacing("{tuner", with: "{benign: harmless.jsonl, tuner")))
      #expect(problems.contains { $0.contains(message) }, "\(tuning): \(problems)")
    }
    let bare = try Workplace()
    try bare.remove("quiz.jsonl")
    let none = try bare.problems(policy("{tuner: {kind: local}}"))
    #expect(
      none.contains { $0.contains("tuning needs a quiz") } && none.contains { $0.contains("needs harmless prompts") })
  }

  @Test("gives its metrics a variant, and a method where they have one")
  func metrics() throws {
    let tuning = "{tuner: {kind: local}, benign: harmless.jsonl, methods: [sft, ppo], combined: off}"
    func problems(_ check: String) throws -> [String] { try place().problems(policy(tuning, check: check + ", ")) }
    #expect(try problems("{metric: tuning.asr, variant: sft, method: ppo, at_most: 0.2}").isEmpty)
    #expect(try problems("{metric: tuning.asr, at_most: 0.2}").contains { $0.contains("tuning.asr needs variant") })
    #expect(
      try problems("{metric: tuning.asr, variant: all, at_most: 0.2}").contains { $0.contains("has no variant") })
    #expect(
      try problems("{metric: tuning.retention, variant: sft, method: ppo, at_least: 0.9}")
        .contains { $0.contains("takes no method") })
    let without = try Workplace().problems(
      smallPolicy.changing("checks: [", to: "checks: [{metric: tuning.asr, variant: sft, at_most: 0.2}, "))
    #expect(without.contains { $0.contains("needs safety tuning") })
  }
}
