import Core
import Foundation
import Kinds
import Testing

@testable import Decisions
@testable import Judges
@testable import Policies
@testable import Targets

@Suite("A policy that is right")
struct PolicyTests {
  @Test("Reads every section, defaults from the key table, paths beside the policy")
  func full() throws {
    let place = try Workplace()
    let policy = try place.load(fullPolicy)
    #expect(policy.name == "full" && policy.seed == 7 && policy.confidence == 0.95)
    #expect(!policy.decidesOnEstimates && !policy.inconclusivePasses)
    let candidate = try #require(policy.candidate.recipe as? LocalTarget.Recipe)
    #expect(candidate.checkpoint == place.folder + "/new")
    #expect(candidate.maxTokens == nil && candidate.batch == 64)
    #expect(candidate.settings.temperature == 1 && candidate.settings.topP == 1)
    let other = try #require(policy.transfer.first?.target.recipe as? ServedRecipe<OpenAIDialogue>)
    #expect(policy.transfer.map(\.name) == ["other"])
    let server = other.configuration
    #expect(other.settings.maxTokens == 512 && other.dialogue.api == .chat && server.concurrency == 8)
    #expect(server.retries == 5 && server.timeout == .seconds(60) && server.requestsPerMinute == nil)
    #expect(server.maxTextBytes == 256_000)
    let judge = ClassifierJudge.Recipe(checkpoint: place.folder + "/judge", threshold: 0.5)
    #expect(policy.rewardJudge == JudgeChoice(kind: "classifier", recipe: judge))
    let rules = RulesJudge.Recipe(file: place.folder + "/rules.yaml")
    #expect(policy.confirmJudge == JudgeChoice(kind: "rules", recipe: rules))
    #expect(policy.attacker?.settings.objective == .varianceTB && policy.attacker?.restarts == 3)
    #expect(
      policy.attacker?.settings.smoothing == true && policy.attacker?.settings.minKThreshold == nil)
    #expect(policy.budget == BudgetPolicy(targetResponses: 20_000, wallClock: 600))
    #expect(policy.checks.map(\.name) == ["replay.asr", "transfer.asr[target=other]", "tuning.variants"])
    #expect(policy.checks[0].limit == Limit(atMost: 0.1))
    #expect(policy.text == fullPolicy)
  }

  @Test("Finds benign.jsonl beside the seeds and weaknesses.jsonl in the control's folder")
  func defaultFiles() throws {
    let place = try Workplace()
    let policy = try place.load(fullPolicy)
    #expect(policy.suite.benign == place.folder + "/benign.jsonl")
    #expect(policy.weaknesses == place.folder + "/leaky/weaknesses.jsonl")
    try place.remove("benign.jsonl")
    #expect(try place.load(fullPolicy).suite.benign == nil)
  }

  @Test("Without attacker, baseline and control, replay alone is a policy")
  func small() throws {
    let policy = try Workplace().load(smallPolicy)
    #expect(policy.attacker == nil && policy.baseline == nil && policy.control == nil && policy.rewardJudge == nil)
    #expect(policy.embedder == nil && policy.ledger == ".sluice/ledger.sqlite" && policy.seed == 1)
  }

  @Test("Structure is validated without files where files aren't to be checked")
  func structureAlone() throws {
    let bytes = Array(fullPolicy.changing("replay.asr", to: "benign.refusal_rate").utf8)
    let policy = try Policy.parse(bytes, path: "no/such/policy.yaml", environment: [:], checksFiles: false)
    #expect(policy.suite.seeds == "seeds.jsonl")
    #expect(throws: PolicyErrors.self) {
      try Policy.parse(bytes, path: "no/such/policy.yaml", environment: [:], checksFiles: true)
    }
  }

  @Test("An alias stands for the whole value it names")
  func alias() throws {
    let text = fullPolicy.changing("{kind: local, checkpoint: new}", to: "&same {kind: local, checkpoint: new}")
      .changing("{kind: local, checkpoint: old}", to: "*same")
    let policy = try Workplace().load(text)
    #expect(policy.baseline == policy.candidate)
  }

  @Test("A byte order mark, Windows line ends and a document start are fine")
  func encodings() throws {
    let place = try Workplace()
    let windows = smallPolicy.replacingOccurrences(of: "\n", with: "\r\n")
    #expect(try place.load("\u{FEFF}---\r\n" + windows).name == "small")
  }

  @Test("Names that YAML 1.1 takes for numbers and booleans stay texts")
  func namesStayText() throws {
    let policy = try Workplace().load(
      smallPolicy.changing("name: small", to: "name: 1.10").changing(
        "at_most: 0.1}", to: "at_most: 0.1, category: no}"))
    #expect(policy.name == "1.10" && policy.checks[0].category == "no")
  }

  @Test("--seed replaces the policy's seed")
  func seed() throws {
    #expect(try Workplace().load(fullPolicy, seed: 99).seed == 99)
  }

  @Test("What bounds the false ones among newly broken attacks is the check's choice")
  func errorControl() throws {
    func control(_ extra: String) throws -> Check.ErrorControl {
      let check = "{metric: replay.newly_broken, at_most: 3\(extra)}"
      let policy = try Workplace().load(fullPolicy.changing("{metric: replay.asr, at_most: 0.10}", to: check))
      return try #require(policy.checks.first { $0.metric.name == "replay.newly_broken" }).errorControl
    }
    #expect(try control("") == .familyWise)
    #expect(try control(", error_control: false-discovery") == .falseDiscovery)
    #expect(throws: PolicyErrors.self) { try control(", error_control: none") }
  }

  @Test("Every key of the table reaches the policy: another value makes another policy")
  func everyKeyCounts() throws {
    let place = try Workplace(["other.jsonl": "{\"prompt\": \"x\"}\n", "more.yaml": ""])
    let before = try place.load(fullPolicy)
    func settled(_ policy: Policy) -> Policy {
      var policy = policy
      policy.overrides = []
      policy.resolved = ""
      policy.places = [:]
      return policy
    }
    var tried = 0
    for (path, key) in leaves(.object(PolicyTable.root(.all)), at: "", kinds: kindsOfFullPolicy) {
      // Has one value only, is told apart by the others, or goes with another metric.
      let apart = ["metric", "transform", "target", "threshold", "error_control", "effect", "variant", "method"].map {
        "checks.0.\($0)"
      }
      if (["version", "ledger.sealing"] + apart).contains(path) { continue }
      if path.hasSuffix(".kind") || path == "checks.0.at_least" { continue }
      // Below, in tests of their own.
      if path.contains(".examples.") || path.hasSuffix(".like") || path.hasPrefix("waivers.")
        || path.hasPrefix("categories.") || path.hasPrefix("ledger.key.") || path.hasPrefix("report.webhook.")
        || path.hasPrefix("report.otlp.")
        || path.hasPrefix("fresh.confirm.") || path.hasPrefix("suite.rewriter.")
        || path.hasPrefix("attacker.driver.")
      {
        continue
      }
      let value = try path == "suite.transforms" ? "[hex]" : #require(otherValue(of: key), "\(path)")
      // A column says nothing without that of the prompts, and turns nothing without conversations.
      let isOfTurns = ["goals", "turns", "backtracks", "branches"].contains { path == "attacker.\($0)" }
      let more =
        path.hasPrefix("suite.columns.")
        ? ["suite.columns.prompt=question"]
        : isOfTurns ? ["attacker.method=\(path == "attacker.branches" ? "tree" : "crescendo")"] : []
      let before = isOfTurns ? try place.load(fullPolicy, overrides: more, environment: ["A_KEY": "k"]) : before
      let after = try place.load(fullPolicy, overrides: more + ["\(path)=\(value)"], environment: ["A_KEY": "k"])
      #expect(settled(after) != settled(before), "\(path)=\(value)")
      tried += 1
    }
    #expect(tried > 70)
  }

  @Test("Each category has one meaning, and needs one")
  func categories() throws {
    let place = try Workplace()
    func text(_ entries: String) -> String { fullPolicy + "categories: [\(entries)]\n" }
    let two = "{name: leak, meaning: Gives a secret away.}, {name: 'über all', meaning: Insults.}"
    let policy = try place.load(text(two), environment: ["A_KEY": "k"])
    #expect(policy.categories == ["leak": "Gives a secret away.", "über all": "Insults."])
    let twice = try place.problems(
      text("{name: leak, meaning: a}, {name: leak, meaning: b}"), environment: ["A_KEY": "k"])
    #expect(twice.count == 1 && twice[0].contains("the category 'leak' is explained twice"))
    #expect(try place.problems(text("{name: leak}"), environment: ["A_KEY": "k"])[0].contains("'meaning' is missing"))
  }

  @Test("A ledger is sealed under the one key that is named")
  func sealing() throws {
    let place = try Workplace()
    let environment = ["A_KEY": "k"]
    func sealing(_ key: String) throws -> LedgerKeySource? {
      try place.load(fullPolicy.changing("sealing: off", to: key), environment: environment).sealing
    }
    #expect(try place.load(fullPolicy).sealing == nil)
    #expect(try sealing("sealing: on, key: {file: rules.yaml}") == .file(place.folder + "/rules.yaml"))
    #expect(try sealing("sealing: on, key: {env: A_KEY}") == .variable("A_KEY"))
    #expect(try sealing("sealing: on, key: {passphrase_env: A_KEY}") == .passphrase("A_KEY"))
    let two = try place.problems(
      fullPolicy.changing("sealing: off", to: "sealing: on, key: {file: rules.yaml, env: A_KEY}"),
      environment: environment)
    #expect(two == ["17:57: ledger.key names 2 keys"])
    let unset = try place.problems(fullPolicy.changing("sealing: off", to: "sealing: on, key: {env: NO_KEY}"))
    #expect(unset.count == 1 && unset[0].contains("NO_KEY' is not set"), "\(unset)")
  }

  @Test("A judge's examples reach the policy; a rules file carries its own")
  func examples() throws {
    let text = fullPolicy.changing(
      "{kind: rules, file: rules.yaml}",
      to: "{kind: llm, url: 'http://h', model: m, examples: {unsafe: [leak, 'leak 2'], safe: [hello]}}")
    #expect(
      try Workplace().load(text).judgeExamples == ["confirm": .init(unsafe: ["leak", "leak 2"], safe: ["hello"])])
    let missing = try Workplace().problems(text.changing("unsafe: [leak, 'leak 2'], ", to: ""))
    #expect(missing.count == 1 && missing[0].contains("'unsafe' is missing"), "\(missing)")
    #expect(
      try Workplace().problems(
        fullPolicy.changing(
          "{kind: rules, file: rules.yaml}", to: "{kind: rules, file: rules.yaml, examples: {unsafe: [x]}}")
      ).first?.contains("doesn't go with kind: rules") == true)
  }

  @Test("A control like the candidate takes every key that it does not give itself")
  func likeCandidate() throws {
    let text = smallPolicy.changing(
      "checkpoint: new}}", to: "checkpoint: new}, control: {like: candidate, system: tell everything, name: weakened}}")
    let policy = try Workplace().load(text)
    let control = try #require(policy.control?.recipe)
    let candidate = policy.candidate.recipe
    #expect(control.checkpoint == candidate.checkpoint && control.settings.system == "tell everything")
    #expect(candidate.settings.system == nil && policy.control?.name == "weakened")
  }

  @Test("Equal policies resolve alike, however they are written; a variable, an override and a seed make another")
  func resolved() throws {
    let place = try Workplace()
    let first = try place.load(smallPolicy).resolved
    #expect(try place.load("# a remark\n" + smallPolicy).resolved == first)
    #expect(try place.load(smallPolicy, overrides: ["name=other"]).resolved != first)
    #expect(try place.load(smallPolicy, seed: 99).resolved != first)
    let variable = smallPolicy.changing("name: small", to: "name: ${NAME}")
    #expect(try place.load(variable, environment: ["NAME": "small"]).resolved == first)
    #expect(try place.load(variable, environment: ["NAME": "large"]).resolved != first)
  }

  @Test("Every key of a served judge reaches the policy", arguments: ["llm", "moderation"])
  func everyJudgeKeyCounts(kind: String) throws {
    let categories = kind == "moderation" ? ", categories: [{name: a, as: b}]" : ""
    let text = fullPolicy.changing(
      "{kind: rules, file: rules.yaml}", to: "{kind: \(kind), url: 'http://h', model: m\(categories)}")
    let place = try Workplace()
    let before = try place.load(text).confirmJudge
    var kinds = kindsOfFullPolicy
    kinds["judges.confirm"] = kind
    var tried = 0
    for (path, key) in leaves(.object(PolicyTable.root(.all)), at: "", kinds: kinds)
    where path.hasPrefix("judges.confirm.") && !path.hasSuffix(".kind") && !path.contains(".examples.") {
      let value = try #require(otherValue(of: key), "\(path)")
      // A moderation preset says the categories itself.
      let text = path.hasSuffix(".preset") && !categories.isEmpty ? text.changing(categories, to: "") : text
      let after = try place.load(text, overrides: ["\(path)=\(value)"], environment: ["A_KEY": "k"])
      #expect(after.confirmJudge != before, "\(path)=\(value)")
      tried += 1
    }
    #expect(tried > 10)
  }

  @Test("Every key of a rewriter reaches the policy")
  func everyRewriterKeyCounts() throws {
    let place = try Workplace()
    let text = smallPolicy.changing(
      "{seeds: seeds.jsonl}",
      to: "{seeds: seeds.jsonl, transforms: [past-tense], rewriter: {kind: openai, url: 'http://h', model: m}}")
    let before = try place.load(text).suite.rewriters
    var tried = 0
    for (path, key) in leaves(.object(PolicyTable.root(.all)), at: "", kinds: ["suite.rewriter": "openai"])
    where path.hasPrefix("suite.rewriter.") && !path.hasSuffix(".kind") && !path.contains(".serve.") {
      guard let value = otherValue(of: key) else { continue }
      let after = try place.load(text, overrides: ["\(path)=\(value)"], environment: ["A_KEY": "k"])
      #expect(after.suite.rewriters != before, "\(path)=\(value)")
      tried += 1
    }
    #expect(tried > 10)
  }

  private let kindsOfFullPolicy = [
    "targets.candidate": "local", "targets.baseline": "local", "targets.control": "local",
    "targets.transfer.other": "openai", "tuning.tuner": "local", "judges.reward": "classifier",
    "judges.confirm": "rules", "embedder": "local",
  ]

  private func leaves(_ shape: Shape, at path: String, kinds: [String: String]) -> [(String, PolicyKey)] {
    let keys: [PolicyKey]
    switch shape {
    case .object(let all): keys = all
    case .kind(let kind): keys = kind.keys(of: kinds[path])
    default: return []
    }
    return keys.flatMap { key in
      let own = path.isEmpty ? key.name : "\(path).\(key.name)"
      switch key.shape {
      case .object, .kind: return leaves(key.shape, at: own, kinds: kinds)
      case .named(let item, _, _): return leaves(item, at: own + ".other", kinds: kinds)
      case .list(.object(let keys)): return leaves(.object(keys), at: own + ".0", kinds: kinds)
      default: return [(own, key)]
      }
    }
  }

  /// A legal value that is neither the default nor what the full policy says.
  private func otherValue(of key: PolicyKey) -> String? {
    switch key.shape {
    case .text, .output: key.name == "ready" ? "/x" : "something"
    case .template: "\"<{prompt}>\""
    case .url, .servedURL: "http://127.0.0.1:9/v1"
    case .variable, .passedVariable: "A_KEY"
    case .file: key.name == "file" ? "more.yaml" : "other.jsonl"
    case .folder, .checkpoint: "leaky/../new/../embedder/../attacker/../old/../judge/../leaky"
    case .integer(let range): key.name == "min_tokens" || !range.contains(17) ? "6" : "17"
    case .number(let range): [0.61, -3.5, 3.7].first(where: range.contains).map { "\($0)" }
    case .toggle: key.fallback == "on" ? "off" : "on"
    // The table states no default of `weight`, which doesn't go with every metric.
    case .choice(let values): key.name == "weight" ? "clusters" : values.first { $0 != key.fallback }
    case .duration: "77s"
    case .bytes: "77KB"
    case .list(.choice(let values)): values.last.map { "[\($0)]" }
    case .list(.text), .list(.passedVariable): "[a, b]"
    case .object, .kind, .named, .entry, .list, .headers: nil
    }
  }

  @Test("Every key of a trainer reaches the policy")
  func everyTrainerKeyCounts() throws {
    let place = try Workplace()
    let served = fullPolicy.changing("{kind: local, checkpoint: new}", to: "{kind: openai, url: 'http://h', model: m}")
    let trainers = [
      ("command", "{kind: command, command: [train]}", fullPolicy),
      ("fine-tuning-api", "{kind: fine-tuning-api, url: 'http://h', model: m, price: 3}", served),
    ]
    for (kind, trainer, policy) in trainers {
      let text = policy.changing("tuner: {kind: local}", to: "tuner: \(trainer)")
      let before = try place.load(text).tuning
      var kinds = kindsOfFullPolicy
      kinds["tuning.tuner"] = kind
      for (path, key) in leaves(.object(PolicyTable.root(.all)), at: "", kinds: kinds)
      where path.hasPrefix("tuning.tuner.") && !path.hasSuffix(".kind") {
        let value = try #require(otherValue(of: key), "\(path)")
        let after = try place.load(text, overrides: ["\(path)=\(value)"], environment: ["A_KEY": "k"])
        #expect(after.tuning != before, "\(path)=\(value)")
      }
    }
  }
}

@Suite("Checks of rewritten attacks")
struct TransformCheckTests {
  private func checks(_ checks: String, transforms: String = "[hex, rot13 + hex]") throws -> [Check] {
    try Workplace().load(
      smallPolicy.changing("{seeds: seeds.jsonl}", to: "{seeds: seeds.jsonl, transforms: \(transforms)}")
        .changing("[{metric: replay.asr, at_most: 0.1}]", to: checks)
    ).checks
  }

  @Test("A check that names no transform is one for each as well, with its limit, category and weight")
  func each() throws {
    let all = try checks(
      "[{metric: replay.asr, at_most: 0.1, category: leak, weight: clusters}, {metric: run.coverage, at_least: 0.9}]")
    #expect(
      all.map(\.name) == [
        "replay.asr[category=leak,weight=clusters]", "replay.asr[category=leak,transform=hex,weight=clusters]",
        "replay.asr[category=leak,transform=rot13+hex,weight=clusters]", "run.coverage",
      ])
    #expect(all.prefix(3).allSatisfy { $0.limit == Limit(atMost: 0.1) && $0.weight == .clusters })
  }

  @Test("One that names a transform stands for itself, and instead of the one that would be made")
  func named() throws {
    let all = try checks(
      "[{metric: replay.asr, at_most: 0.1}, {metric: replay.asr, at_most: 0.3, transform: rot13+hex}]")
    #expect(all.map(\.name) == ["replay.asr", "replay.asr[transform=hex]", "replay.asr[transform=rot13+hex]"])
    #expect(all.map(\.limit.atMost) == [0.1, 0.1, 0.3])
    #expect(try checks("[{metric: replay.asr, at_most: 0.1, transform: written}]").map(\.name) == ["replay.asr"])
    #expect(try checks("[{metric: replay.asr, at_most: 0.1}]", transforms: "[hex]").count == 2)
  }

  @Test("A transform that the suite hasn't, a metric that takes none, and a check that comes twice are mistakes")
  func mistakes() throws {
    func errors(_ checks: String) throws -> [String] {
      try Workplace().errors(
        smallPolicy.changing("{seeds: seeds.jsonl}", to: "{seeds: seeds.jsonl, transforms: [hex]}")
          .changing("[{metric: replay.asr, at_most: 0.1}]", to: checks)
      ).map { "\($0.message) \($0.remedy ?? "")" }
    }
    let unknown = try errors("[{metric: replay.asr, at_most: 0.1, transform: hax}]")
    #expect(
      unknown.count == 1 && unknown[0].contains("suite.transforms has no 'hax' Did you mean 'hex'?"), "\(unknown)")
    let none = try errors("[{metric: replay.asr, at_most: 0.1}, {metric: run.coverage, at_least: 0.9, transform: hex}]")
    #expect(none.count == 1 && none[0].contains("run.coverage takes no transform"), "\(none)")
    let twice = try errors(
      "[{metric: replay.asr, at_most: 0.1}, {metric: replay.asr, at_most: 0.2, transform: written}]")
    #expect(twice.count == 1 && twice[0].contains("replay.asr is checked twice"), "\(twice)")
    let without = try Workplace().errors(
      smallPolicy.changing("at_most: 0.1}", to: "at_most: 0.1, transform: hex}"))
    #expect(without.map(\.remedy) == ["Add it there: suite: {transforms: [hex]}."])
  }
}
