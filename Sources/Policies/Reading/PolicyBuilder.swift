import Core
import Decisions
import Foundation

/// Makes the policy from validated sections, and holds the sections against each other.
struct PolicyBuilder {
  let path: String
  let text: String
  let overrides: [String]
  let seed: UInt64?

  /// - Returns: nil where something that is required is missing, which is then noted.
  func build(_ given: PolicyNode, reader: inout PolicyReader) -> Policy? {
    let tree = TargetInheritance.applied(to: given)
    guard let root = reader.section(tree, keys: PolicyTable.root, path: []) else { return nil }
    let targets = reader.childOrDefaults(root, "targets", path: [])
    let candidate = reader.child(targets, "candidate", path: ["targets"])
    let baseline = reader.child(targets, "baseline", path: ["targets"])
    let control = reader.child(targets, "control", path: ["targets"])
    let transfer = transferTargets(targets, &reader)
    let judges = reader.childOrDefaults(root, "judges", path: [])
    let reward = JudgeReader.read(judges, "reward", hasAttacker: root.has("attacker"), reader: &reader)
    let confirm = JudgeReader.read(judges, "confirm", hasAttacker: root.has("attacker"), reader: &reader)
    let embedder = reader.child(root, "embedder", path: [])
    let attacker = reader.child(root, "attacker", path: [])
    let suite = reader.childOrDefaults(root, "suite", path: [])
    let columns = reader.child(suite, "columns", path: ["suite"])
    let fresh = reader.childOrDefaults(root, "fresh", path: [])
    let ledger = reader.childOrDefaults(root, "ledger", path: [])
    let budget = reader.childOrDefaults(root, "budget", path: [])
    let report = reader.childOrDefaults(root, "report", path: [])
    let validity = reader.childOrDefaults(root, "validity", path: [])
    let examples = JudgeReader.examples(judges, reader: &reader)
    let prices = TargetPrices(candidate: candidate, baseline: baseline, control: control, &reader)

    let weaknesses = control.flatMap { knownWeaknesses(of: $0) }
    let benign = suite.text("benign") ?? suite.text("seeds").flatMap { beside($0, "benign.jsonl") }
    let quiz = suite.text("seeds").flatMap { beside($0, "quiz.jsonl") }
    let harmless = suite.text("seeds").flatMap { beside($0, "benign-training.jsonl") }
    let tuning = TuningReader.read(
      root, candidate: candidate, quiz: quiz, benign: harmless, ledger: ledger.string("path"), reader: &reader)
    let context = CheckContext(
      hasBaseline: targets.has("baseline"), hasControl: targets.has("control"),
      hasWeaknesses: weaknesses != nil || mayHaveWeaknesses(control, reader),
      hasBenign: benign != nil || suite.has("benign") || !reader.checksFiles || suite.text("seeds") == nil,
      hasAttacker: root.has("attacker"), transfer: transfer.names, tuning: tuning)
    var checks = CheckReader.read(root, context: context, reader: &reader)
    if let tuning { checks = tuning.completing(checks) }
    CrossChecks.note(
      root: root, judges: judges, reward: reward, confirm: confirm, attacker: attacker, ledger: ledger, report: report,
      &reader)

    guard reader.diagnostics.errors.isEmpty, let candidate, let confirm else { return nil }
    let redactor = Redactor(reader.secrets)
    return Policy(
      path: path, text: redactor.redacted(text), overrides: overrides,
      name: redactor.hashed(root.string("name")),
      seed: seed ?? UInt64(root.integer("seed")), confidence: root.number("confidence"),
      decidesOnEstimates: root.text("decide_on") == "estimate", inconclusivePasses: root.text("inconclusive") == "pass",
      blocksAreRefusals: root.text("blocked") != "missing", allowsSameModel: root.toggle("same_model"),
      candidate: TargetPolicy(candidate, price: prices.candidate),
      baseline: baseline.map { TargetPolicy($0, price: prices.baseline) },
      control: control.map { TargetPolicy($0, price: prices.control) }, weaknesses: weaknesses,
      transfer: transfer.targets,
      rewardJudge: reward, confirmJudge: confirm, correctsJudge: judges.toggle("correction"), judgeExamples: examples,
      embedder: embedder.flatMap { $0.text("checkpoint") }, attacker: attacker.map { AttackerPolicy($0) },
      suite: SuitePolicy(
        seeds: suite.string("seeds"), columns: columns?.texts ?? [:], responses: suite.integer("responses"),
        confirmResponses: suite.optionalInteger("confirm_responses"), statesResponses: suite.has("responses"),
        stopsEarly: suite.toggle("early_stop"), benign: benign,
        benignResponses: suite.integer("benign_responses")),
      fresh: FreshPolicy(
        similarity: fresh.number("similarity"), confirmResponses: fresh.integer("confirm_responses")), tuning: tuning,
      ledger: ledger.string("path"),
      budget: BudgetPolicy(
        targetResponses: budget.integer("target_responses"), wallClock: budget.seconds("wall_clock")),
      validity: ValidityRule(validity), checks: checks,
      report: ReportPolicy(
        junit: report.text("junit"), html: report.text("html"), markdown: report.text("markdown"),
        json: report.text("json"), reveal: report.toggle("reveal")),
      resolved: ResolvedPolicy.text(tree, seed: seed, environment: reader.environment),
      lasting: ResolvedPolicy.text(tree.without("budget", "wall_clock"), seed: seed, environment: reader.environment),
      redactor: redactor, site: reader.site.path, places: reader.places)
  }

  private func knownWeaknesses(of control: Section) -> String? {
    control.text("weaknesses")
      ?? control.text("checkpoint").flatMap { existing($0 + "/weaknesses.jsonl") }
  }

  /// Whether weaknesses were asked for, or could turn up in a checkpoint that nobody has looked into.
  private func mayHaveWeaknesses(_ control: Section?, _ reader: PolicyReader) -> Bool {
    guard let control else { return true }
    if control.has("weaknesses") { return true }
    let isUnseen = !reader.checksFiles || control.text("checkpoint") == nil
    return control.text("kind") != "openai" && isUnseen
  }

  private func beside(_ file: String, _ name: String) -> String? {
    let folder = file.folderOfPath
    return existing(folder.isEmpty ? name : folder + "/" + name)
  }

  private func existing(_ path: String) -> String? { FileManager.default.fileExists(atPath: path) ? path : nil }

  private func transferTargets(_ targets: Section, _ reader: inout PolicyReader) -> (
    names: [String], targets: [NamedTarget]
  ) {
    guard let node = targets.values["transfer"],
      case .named(.object(let keys))? = targets.keys.first(where: { $0.name == "transfer" })?.shape
    else { return ([], []) }
    guard let entries = node.entries else {
      reader.diagnostics.add(
        "targets.transfer must be a mapping of names to targets, not \(node.kind)", at: node.place,
        remedy: "For example: transfer: {previous: {kind: local, checkpoint: models/previous}}")
      return ([], [])
    }
    var named: [NamedTarget] = []
    for entry in entries {
      // Names end up in check names and in --set paths, where a dot would part them.
      reader.require(
        !entry.key.isEmpty && entry.key.utf8.count <= 64
          && entry.key.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == "-") },
        "\(quoted(entry.key)) can't be the name of a transfer target", at: entry.place,
        remedy: "Use up to 64 letters, digits, - and _.")
      let path = ["targets", "transfer", entry.key]
      if let section = reader.section(entry.value, keys: keys, path: path) {
        named.append(
          NamedTarget(name: entry.key, target: TargetPolicy(section, price: TargetPrices.price(section, path, &reader)))
        )
      }
    }
    return (entries.map(\.key), named)
  }
}

extension TargetPolicy {
  fileprivate init(_ section: Section, price: TokenPrice?) {
    if section.text("kind") == "openai" {
      self = .openAI(
        OpenAITargetPolicy(
          label: section.text("name"), server: ServerPolicy(section),
          api: .init(rawValue: section.string("api")) ?? .chat,
          temperature: section.number("temperature"), topP: section.number("top_p"),
          maxTokens: section.integer("max_tokens"), system: section.text("system"), template: section.text("template"),
          price: price, latency: section.seconds("latency") ?? 0))
    } else {
      self = .local(
        LocalTargetPolicy(
          label: section.text("name"), checkpoint: section.string("checkpoint"),
          temperature: section.number("temperature"), topP: section.number("top_p"),
          maxTokens: section.optionalInteger("max_tokens"), system: section.text("system"),
          template: section.text("template"), batch: section.integer("batch"), price: price))
    }
  }
}

/// What the targets' tokens cost.
private struct TargetPrices {
  let candidate: TokenPrice?
  let baseline: TokenPrice?
  let control: TokenPrice?

  init(candidate: Section?, baseline: Section?, control: Section?, _ reader: inout PolicyReader) {
    self.candidate = candidate.flatMap { Self.price($0, ["targets", "candidate"], &reader) }
    self.baseline = baseline.flatMap { Self.price($0, ["targets", "baseline"], &reader) }
    self.control = control.flatMap { Self.price($0, ["targets", "control"], &reader) }
  }

  static func price(_ target: Section, _ path: [String], _ reader: inout PolicyReader) -> TokenPrice? {
    reader.child(target, "price", path: path).map {
      TokenPrice(prompt: $0.number("prompt"), completion: $0.number("completion"))
    }
  }
}

extension ValidityRule {
  fileprivate init(_ section: Section) {
    self.init()
    errors = section.number("errors")
    coverage = section.number("coverage")
    judgeAwake = section.toggle("judge")
    attackerAwake = section.toggle("attacker")
    controlRecall = section.number("control_recall")
  }
}

extension ServerPolicy {
  init(_ section: Section) {
    self.init(
      url: section.string("url"), model: section.string("model"), revision: section.text("revision"),
      apiKeyEnvironment: section.text("api_key_env"),
      concurrency: section.integer("concurrency"), requestsPerMinute: section.optionalInteger("requests_per_minute"),
      timeout: section.seconds("timeout") ?? 0, retries: section.integer("retries"),
      maxResponseBytes: section.bytes("max_response_bytes"))
  }
}

extension AttackerPolicy {
  fileprivate init(_ section: Section) {
    self.init(
      checkpoint: section.string("checkpoint"), method: .init(rawValue: section.string("method")) ?? .gflownet,
      objective: .init(rawValue: section.string("objective")) ?? .varianceTB,
      logZ: .init(rawValue: section.string("log_z")) ?? .scalar, pairSigma: section.number("pair_sigma"),
      reward: .init(rawValue: section.string("reward")) ?? .lee, restarts: section.integer("restarts"),
      prompt: section.text("prompt"), loraRank: section.text("weights") == "full" ? 0 : section.integer("lora_rank"),
      loraAlpha: section.number("lora_alpha"), learningRate: section.number("learning_rate"),
      batch: section.integer("batch"), updatesPerBatch: section.integer("updates_per_batch"),
      maxTokens: section.integer("max_tokens"), minTokens: section.integer("min_tokens"),
      beta: section.number("beta"), gamma: section.number("gamma"), tauStart: section.number("tau_start"),
      tauEnd: section.number("tau_end"), minK: section.integer("min_k"),
      minKThreshold: section.optionalNumber("min_k_threshold"), buffer: section.integer("buffer"),
      replayFraction: section.number("replay_fraction"),
      replayDuplicates: .init(rawValue: section.string("replay_duplicates")) ?? .edit,
      replaySampling: .init(rawValue: section.string("replay_sampling")) ?? .reward,
      replayRefresh: .init(rawValue: section.string("replay_refresh")) ?? .worst,
      responsesPerAttack: section.integer("responses_per_attack"),
      responsesAtMost: section.integer("responses_at_most"), exploration: section.number("exploration"),
      explorationTemperature: section.number("exploration_temperature"),
      screenPool: section.integer("screen_pool"), batchesInFlight: section.integer("batches_in_flight"),
      smoothing: section.toggle("mle"), smoothingShare: section.number("mle_share"),
      claimThreshold: section.number("mle_threshold"), training: section.toggle("training"),
      fixedPrompt: section.text("fixed_prompt"), warmStart: section.toggle("warm_start"))
  }
}
