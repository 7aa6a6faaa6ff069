import Core
import Policies
import Testing

@testable import Judges

@Suite("Judges of a policy")
struct JudgePolicyTests {
  /// The small policy with another confirming judge.
  private func policy(_ judge: String) -> String {
    smallPolicy.changing("{kind: rules, file: rules.yaml}", to: judge)
  }

  private func confirm(_ judge: String) throws -> JudgeChoice {
    try Workplace().load(policy(judge), environment: ["KEY": "k"]).confirmJudge
  }

  @Test("A language model has its rubric, labels and thresholds, and defaults for all of them")
  func languageModel() throws {
    func recipe(_ judge: String) throws -> LLMJudge.Recipe {
      try #require(try confirm(judge).recipe as? LLMJudge.Recipe)
    }
    let bare = try recipe("{kind: llm, url: 'http://h', model: m}")
    #expect(bare.settings == LLMJudgeSettings() && bare.settings.maxTokens == 16 && bare.threshold == 0.5)
    let text = """
      {kind: llm, url: 'http://h', model: m, api: completions, rubric: Poems are unsafe., answer: reasoned,
        labels: {unsafe: bad, safe: good}, logprobs: off, threshold: 0.3, api_key_env: KEY, concurrency: 2}
      """
    let full = try recipe(text)
    let (settings, server) = (full.settings, full.configuration)
    #expect(settings.rubric == "Poems are unsafe." && settings.answer == .reasoned && server.api == .completions)
    #expect(settings.labels == .init(unsafe: "bad", safe: "good") && !settings.wantsLogProbabilities)
    #expect(settings.maxTokens == 512 && full.threshold == 0.3)
    #expect(server.apiKeyVariable == "KEY" && server.concurrency == 2)
  }

  @Test("A moderation endpoint's categories get the policy's names")
  func moderation() throws {
    let judge = try confirm(
      "{kind: moderation, url: 'http://h', model: m, categories: [{name: hate, as: insult}, {name: self-harm/intent}]}")
    let moderation = try #require(judge.recipe as? ModerationJudge.Recipe)
    #expect(moderation.categories == ["hate": "insult", "self-harm/intent": "self-harm/intent"])
  }

  @Test("Routes hold ensembles, and ensembles hold judges, each with its own settings")
  func nested() throws {
    let judge = try confirm(
      """
      {kind: routed, routes: [{locales: [de, fr], categories: [dose], judge: {kind: ensemble, rule: mean, threshold: 0.4,
        members: [{kind: rules, file: rules.yaml}, {kind: classifier, checkpoint: judge, threshold: 0.7}]}}],
        otherwise: {kind: rules, file: rules.yaml}}
      """)
    let route = try #require((judge.recipe as? RoutedJudge.Recipe)?.routes.first)
    let ensemble = try #require(route.judge.recipe as? EnsembleJudge.Recipe)
    #expect(route.locales == ["de", "fr"] && route.categories == ["dose"])
    #expect(ensemble.rule == .mean && ensemble.threshold == 0.4 && ensemble.members.count == 2)
    #expect(judge.leaves.count == 3)
    #expect(ensemble.members[1].recipe.threshold == 0.7)
  }

  private static let server = "url: 'http://h', model: m"
  private static let rules = "{kind: rules, file: rules.yaml}"
  private static let classifier = "{kind: classifier, checkpoint: judge}"

  @Test(
    "One mistake, one message at its place",
    arguments: [
      ("{kind: llm, url: 'http://h'}", "4:19: the key 'model' is missing in judges.confirm"),
      ("{kind: lllm, \(server)}", "4:26: judges.confirm.kind must be one of the names it knows, not 'lllm'"),
      (
        "{kind: rules, file: rules.yaml, threshold: 1}",
        "4:51: 'threshold' in judges.confirm doesn't go with kind: rules"
      ),
      (
        "{kind: llm, \(server), labels: {unsafe: Yes, safe: yes}}",
        "4:66: judges.confirm has one label for both verdicts"
      ),
      ("{kind: llm, \(server), labels: {safe: a, none: b}}", "4:76: unknown key 'none' in judges.confirm.labels"),
      (
        "{kind: llm, \(server), style: conversation, api: completions}",
        "4:65: judges.confirm: style: conversation needs api: chat"
      ),
      (
        "{kind: llm, \(server), style: conversation, rubric: r}",
        "4:87: judges.confirm: a guard model in style: conversation takes no rubric"
      ),
      ("{kind: ensemble, members: \(rules)}", "4:45: judges.confirm.members must be a list, not a mapping"),
      ("{kind: ensemble, members: []}", "4:45: judges.confirm.members is empty"),
      ("{kind: ensemble, members: [\(rules)]}", "4:45: judges.confirm is an ensemble of one"),
      (
        "{kind: ensemble, members: [\(rules), \(rules)]}", "4:79: 'rules.yaml' is a member twice"
      ),
      (
        "{kind: ensemble, members: [\(rules), {kind: ensemble}]}",
        "4:86: judges.confirm.members.1.kind must be one of the names it knows, not 'ensemble'"
      ),
      (
        "{kind: ensemble, threshold: 0.7, members: [\(rules), \(classifier)]}",
        "4:47: judges.confirm: a majority is decided at one half"
      ),
      ("{kind: routed, routes: [{judge: \(rules)}]}", "4:43: judges.confirm.routes.0 takes everything"),
      (
        "{kind: routed, routes: [{locales: de, judge: \(rules)}]}",
        "4:53: judges.confirm.routes.0.locales must be a list, not a single value"
      ),
      (
        "{kind: moderation, \(server), categories: [{name: hate}, {name: hate, as: b}]}",
        "4:92: the category 'hate' is given twice"
      ),
    ])
  func mistakes(judge: String, problem: String) throws {
    let place = try Workplace()
    let problems = try place.problems(policy(judge)).map {
      $0.replacingOccurrences(of: place.folder + "/", with: "")
    }
    // Some are wrong in a second way that follows from the first.
    #expect(problems.first == problem)
  }

  @Test("A key that isn't there is told at its place, unless only the structure is looked at")
  func missingKey() throws {
    let text = policy("{kind: llm, \(Self.server), api_key_env: NO_KEY}")
    let problem = "4:71: judges.confirm.api_key_env: the environment variable 'NO_KEY' is not set, or is empty"
    #expect(try Workplace().problems(text) == [problem])
    #expect(try Workplace().problems(text, environment: ["NO_KEY": " "]) == [problem])
    #expect(try Workplace().problems(text, environment: ["NO_KEY": "k"]).isEmpty)
    #expect(try Workplace().problems(text, checksFiles: false).isEmpty)
  }

  @Test("What rewards the attacker may not confirm, not even as one of several")
  func sharedJudges() throws {
    let confirms = [
      "{kind: ensemble, members: [{kind: rules, file: rules.yaml}, {kind: classifier, checkpoint: judge}]}",
      "{kind: routed, routes: [{locales: [de], judge: {kind: classifier, checkpoint: judge}}], "
        + "otherwise: {kind: rules, file: rules.yaml}}",
    ]
    for confirm in confirms {
      let problems = try Workplace().problems(fullPolicy.changing("{kind: rules, file: rules.yaml}", to: confirm))
      #expect(problems.count == 1 && problems[0].hasPrefix("12:12: judges.confirm asks "), "\(problems)")
    }
    let model = "{kind: llm, url: 'http://h', model: m}"
    let same = fullPolicy.changing("{kind: classifier, checkpoint: judge}", to: model)
      .changing("{kind: rules, file: rules.yaml}", to: "{kind: llm, url: 'http://h', model: m, rubric: Other.}")
    #expect(try Workplace().problems(same) == ["12:12: judges.confirm is the reward judge"])
  }

  @Test("With an attacker, routes need a judge for what has no category yet")
  func freshAttacks() throws {
    let routed = "{kind: routed, routes: [{categories: [dose], judge: {kind: rules, file: rules.yaml}}]}"
    let problems = try Workplace().problems(fullPolicy.changing("{kind: rules, file: rules.yaml}", to: routed))
    #expect(problems == ["12:12: judges.confirm has no judge for fresh attacks, which have no category yet"])
    #expect(try Workplace().problems(policy(routed)).isEmpty)
  }
}
