import Core
import Foundation
import Yams

extension Policy {
  /// Reads and validates a policy.
  ///
  /// - Parameters:
  ///   - overrides: `KEY=VALUE`, applied in order before validation.
  ///   - seed: replaces the policy's seed.
  ///   - environment: for `${VAR}`.
  /// - Throws: `PolicyErrors` with everything that is wrong; `SluiceError` when the file is no YAML at all.
  public static func load(
    path: String, overrides: [String] = [], seed: UInt64? = nil,
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws -> Policy {
    var source = try PolicySource(path: path)
    var reader = PolicyReader(path: path, environment: environment)
    for override in overrides { reader.diagnostics.overridden.append(try source.apply(override: override)) }
    let policy = PolicyBuilder.build(source, overrides: overrides, seed: seed, path: path, reader: &reader)
    guard reader.diagnostics.errors.isEmpty, let policy else { throw PolicyErrors(errors: reader.diagnostics.errors) }
    return policy
  }
}

/// Makes the policy from validated sections.
private enum PolicyBuilder {
  static func build(
    _ source: PolicySource, overrides: [String], seed: UInt64?, path: String, reader: inout PolicyReader
  ) -> Policy? {
    guard let root = reader.section(source.root, keys: PolicyTable.root, path: []) else { return nil }
    let targets = reader.child(root, "targets", path: [])
    let candidate = targets.flatMap { reader.child($0, "candidate", path: ["targets"]) }.map { target($0, &reader) }
    let baseline = targets.flatMap { reader.child($0, "baseline", path: ["targets"]) }.map { target($0, &reader) }
    let controlSection = targets.flatMap { reader.child($0, "control", path: ["targets"]) }
    let transfer = targets.map { named($0, &reader) } ?? []
    let judges = reader.child(root, "judges", path: [])
    let reward = judges.flatMap { reader.child($0, "reward", path: ["judges"]) }.map(judge)
    let confirm = judges.flatMap { reader.child($0, "confirm", path: ["judges"]) }.map(judge)
    let embedder = reader.child(root, "embedder", path: []).flatMap { $0.text("checkpoint") }
    let attacker = reader.child(root, "attacker", path: []).map(attacker)
    let suite = reader.childOrDefaults(root, "suite", path: [])
    let fresh = reader.childOrDefaults(root, "fresh", path: [])
    let ledger = reader.childOrDefaults(root, "ledger", path: [])
    let budget = reader.childOrDefaults(root, "budget", path: [])
    let report = reader.childOrDefaults(root, "report", path: [])
    if ledger.toggle("sealing") {
      reader.diagnostics.add(
        "ledger.sealing: on is not in this version", at: ledger.values["sealing"], ["ledger", "sealing"],
        remedy: "Set it off, and keep the ledger where only its readers can read it.")
    }
    let seeds = suite.string("seeds")
    let weaknesses = controlSection.flatMap { control in
      control.text("weaknesses") ?? control.text("checkpoint").flatMap { existing($0 + "/weaknesses.jsonl") }
    }
    let benign = suite.text("benign") ?? existing((seeds as NSString).deletingLastPathComponent + "/benign.jsonl")
    let context = CheckContext(
      hasBaseline: baseline != nil, hasControl: controlSection != nil, hasWeaknesses: weaknesses != nil,
      hasBenign: benign != nil, hasAttacker: attacker != nil, transfer: transfer.map(\.name))
    let checks = CheckReader.read(root, context: context, reader: &reader)
    if attacker != nil && reward == nil {
      reader.diagnostics.add(
        "an attacker needs judges.reward", at: root.values["judges"], ["judges"],
        remedy: "Name a judge that rewards the attacker, or remove the attacker.")
    }
    if let attacker, attacker.minTokens > attacker.maxTokens {
      reader.diagnostics.add(
        "attacker.min_tokens is larger than max_tokens", at: root.values["attacker"], ["attacker", "min_tokens"],
        remedy: "Lower min_tokens.")
    }
    guard let candidate, let confirm else { return nil }
    return Policy(
      path: path, text: source.text, overrides: overrides, name: root.string("name"),
      seed: seed ?? root.text("seed").flatMap { UInt64($0) } ?? 1, confidence: root.number("confidence") ?? 0.95,
      decidesOnEstimates: root.text("decide_on") == "estimate",
      inconclusivePasses: root.text("inconclusive") == "pass", candidate: candidate, baseline: baseline,
      control: controlSection.map { target($0, &reader) }, weaknesses: weaknesses, transfer: transfer,
      rewardJudge: reward, confirmJudge: confirm, embedder: embedder, attacker: attacker,
      suite: SuitePolicy(
        seeds: seeds, responses: suite.integer("responses") ?? 3,
        confirmResponses: suite.integer("confirm_responses") ?? 12, benign: benign,
        benignResponses: suite.integer("benign_responses") ?? 1),
      fresh: FreshPolicy(
        similarity: fresh.number("similarity") ?? 0.7, confirmResponses: fresh.integer("confirm_responses") ?? 3),
      ledger: ledger.string("path"),
      budget: BudgetPolicy(
        targetResponses: budget.integer("target_responses") ?? 20_000,
        wallClock: budget.text("wall_clock").flatMap(seconds)),
      checks: checks,
      report: ReportPolicy(
        junit: report.text("junit"), html: report.text("html"), markdown: report.text("markdown"),
        json: report.text("json"), reveal: report.toggle("reveal")))
  }

  private static func existing(_ path: String) -> String? {
    FileManager.default.fileExists(atPath: path) ? path : nil
  }

  private static func named(_ targets: Section, _ reader: inout PolicyReader) -> [NamedTarget] {
    guard let node = targets.values["transfer"] else { return [] }
    guard case .mapping(let mapping) = node,
      case .named(.object(let keys))? = targets.keys.first(where: { $0.name == "transfer" })?.shape
    else {
      reader.diagnostics.add(
        "targets.transfer must be a mapping of names to targets", at: node, ["targets", "transfer"],
        remedy: "For example: transfer: {previous: {kind: local, checkpoint: models/previous}}")
      return []
    }
    var result: [NamedTarget] = []
    for (key, value) in mapping {
      let name = key.scalar?.string ?? ""
      if let section = reader.section(value, keys: keys, path: ["targets", "transfer", name]) {
        result.append(NamedTarget(name: name, target: target(section, &reader)))
      }
    }
    return result
  }

  private static func target(_ section: Section, _ reader: inout PolicyReader) -> TargetPolicy {
    let temperature = section.number("temperature") ?? 1
    let topP = section.number("top_p") ?? 1
    if section.text("kind") == "openai" {
      let url = section.string("url")
      if section.has("url"), !url.isEmpty, !["http://", "https://"].contains(where: { url.lowercased().hasPrefix($0) })
      {
        reader.diagnostics.add(
          "url must start with http:// or https://", at: section.values["url"], ["targets", "url"],
          remedy: "For example http://127.0.0.1:8000/v1.")
      }
      return .openAI(
        OpenAITargetPolicy(
          url: url, model: section.string("model"), api: .init(rawValue: section.string("api")) ?? .chat,
          apiKeyEnvironment: section.text("api_key_env"), temperature: temperature, topP: topP,
          maxTokens: section.integer("max_tokens") ?? 128, system: section.text("system"),
          template: section.text("template"), concurrency: section.integer("concurrency") ?? 8,
          requestsPerMinute: section.integer("requests_per_minute"),
          timeout: section.text("timeout").flatMap(seconds) ?? 60, retries: section.integer("retries") ?? 5,
          maxResponseBytes: section.text("max_response_bytes").flatMap(bytes) ?? 8_000_000))
    }
    return .local(
      LocalTargetPolicy(
        checkpoint: section.string("checkpoint"), temperature: temperature, topP: topP,
        maxTokens: section.integer("max_tokens") ?? 24, system: section.text("system"),
        template: section.text("template"), batch: section.integer("batch") ?? 64))
  }

  private static func judge(_ section: Section) -> JudgePolicy {
    section.text("kind") == "classifier"
      ? .classifier(checkpoint: section.string("checkpoint"), threshold: section.number("threshold") ?? 0.5)
      : .rules(file: section.string("file"))
  }

  private static func attacker(_ section: Section) -> AttackerPolicy {
    AttackerPolicy(
      checkpoint: section.string("checkpoint"),
      objective: .init(rawValue: section.string("objective")) ?? .varianceTB,
      reward: .init(rawValue: section.string("reward")) ?? .lee, restarts: section.integer("restarts") ?? 3,
      prompt: section.text("prompt"),
      loraRank: section.text("weights") == "full" ? 0 : section.integer("lora_rank") ?? 16,
      loraAlpha: section.number("lora_alpha") ?? 32, learningRate: section.number("learning_rate") ?? 2e-3,
      batch: section.integer("batch") ?? 32, updatesPerBatch: section.integer("updates_per_batch") ?? 2,
      maxTokens: section.integer("max_tokens") ?? 20, minTokens: section.integer("min_tokens") ?? 5,
      beta: section.number("beta") ?? 0.1, gamma: section.number("gamma") ?? 1,
      tauStart: section.number("tau_start") ?? 2, tauEnd: section.number("tau_end") ?? 1,
      minK: section.integer("min_k") ?? 7, minKThreshold: section.number("min_k_threshold"),
      buffer: section.integer("buffer") ?? 1000, replayFraction: section.number("replay_fraction") ?? 0.5,
      responsesPerAttack: section.integer("responses_per_attack") ?? 1, smoothing: section.toggle("mle"),
      smoothingShare: section.number("mle_share") ?? 0.5, claimThreshold: section.number("mle_threshold") ?? 0.7,
      training: section.toggle("training"), fixedPrompt: section.text("fixed_prompt"),
      warmStart: section.toggle("warm_start"))
  }
}
