import Core
import Decisions
import Foundation
import Judges
import Kinds
import Targets
import Transforms

/// Makes the policy from validated sections, and holds the sections against each other.
struct PolicyBuilder {
  let path: String
  let text: String
  let overrides: [String]
  let seed: UInt64?
  let kinds: Catalogue

  /// - Returns: nil where something that is required is missing, which is then noted.
  func build(_ given: PolicyNode, reader: inout PolicyReader) -> Policy? {
    let tree = TargetInheritance.applied(to: given)
    guard let root = reader.section(tree, keys: PolicyTable.root(kinds), path: []) else { return nil }
    let targets = root.childOrDefaults("targets")
    var served: [CrossChecks.Served] = []
    func target(_ section: Section?) -> TargetChoice? {
      guard let section, let choice = kinds.targets.read(section, &reader.diagnostics) else { return nil }
      CrossChecks.noteAddress(of: choice, section, &reader)
      reader.places[section.described] = section.child("serve")?.place(of: "command") ?? section.place
      served.append(CrossChecks.Served(section, choice))
      return choice
    }
    let (candidate, baseline) = (target(targets.child("candidate")), target(targets.child("baseline")))
    let (control, weakened) = (targets.child("control"), target(targets.child("control")))
    let transfer = targets.sections("transfer").compactMap { section in
      target(section).map { NamedTarget(name: section.path.last ?? "", target: $0) }
    }
    let suite = root.childOrDefaults("suite")
    let isSound = reader.diagnostics.errors.isEmpty
    var notes = Diagnostics()
    var places: [String: SourceLocation?] = [:]
    let transforms = TransformReader(suite: suite).transforms(&notes, isSound: isSound, target: { target($0) }) {
      rewriter, section in
      places["targets.\(rewriter.role)"] = section.place
    }
    for error in notes.errors { reader.diagnostics.add(error) }
    for (name, place) in places { reader.places[name] = place }
    let driving = root.child("attacker")?.child("driver")
    let driver = target(driving)
    if let driving { reader.places["targets.\(Role.driver)"] = driving.place }
    CrossChecks.notePorts(of: served, &reader)
    let judges = root.childOrDefaults("judges")
    func judge(_ use: String) -> JudgeChoice? {
      judges.child(use).flatMap { kinds.judges.read($0, &reader.diagnostics) }
    }
    let (reward, confirm) = (judge("reward"), judge("confirm"))
    let attacker = root.child("attacker").map { AttackerPolicy($0, kinds, driver: driver, &reader.diagnostics) }
    let fresh = root.childOrDefaults("fresh")
    let ledger = root.childOrDefaults("ledger")
    let budget = root.childOrDefaults("budget")
    let report = root.childOrDefaults("report")
    let validity = root.childOrDefaults("validity")
    var examples: [String: JudgeExamples] = [:]
    for use in ["reward", "confirm"] { examples[use] = judges.child(use).flatMap { JudgeExamples(of: $0) } }

    let weaknesses = control.flatMap { knownWeaknesses(of: $0) }
    let benign = suite.text("benign") ?? suite.text("seeds").flatMap { beside($0, "benign.jsonl") }
    let quiz = suite.text("seeds").flatMap { beside($0, "quiz.jsonl") }
    let harmless = suite.text("seeds").flatMap { beside($0, "benign-training.jsonl") }
    let tuning = TuningReader.read(
      root, candidate: candidate, kinds: kinds, quiz: quiz, benign: harmless, ledger: ledger.string("path"),
      reader: &reader)
    let context = CheckContext(
      hasBaseline: targets.has("baseline"), hasControl: targets.has("control"),
      hasWeaknesses: weaknesses != nil || mayHaveWeaknesses(control, reader),
      hasBenign: benign != nil || suite.has("benign") || !reader.checksFiles || suite.text("seeds") == nil,
      hasAttacker: root.has("attacker"), transfer: targets.names["transfer"] ?? [],
      metrics: kinds.metrics, transforms: transforms.map(\.chain), tuning: tuning)
    var checks = CheckReader.read(root, context: context, reader: &reader)
    if let tuning { checks = tuning.completing(checks) }
    checks = WaiverReader.apply(root, to: checks, reader: &reader)
    let categories = CategoryReader.meanings(root, reader: &reader)
    let confirmation = ConfirmationReader.rule(fresh, &reader.diagnostics)
    CrossChecks.note(
      root: root, judges: judges, reward: reward, confirm: confirm, ledger: ledger, report: report,
      reporters: kinds.reporters,
      &reader)

    guard reader.diagnostics.errors.isEmpty, let candidate, let confirm else { return nil }
    let redactor = Redactor(reader.secrets)
    return Policy(
      path: path, text: redactor.redacted(text), overrides: overrides,
      name: redactor.hashed(root.string("name")),
      seed: seed ?? UInt64(root.integer("seed")), confidence: root.number("confidence"),
      decidesOnEstimates: root.text("decide_on") == "estimate", observes: root.text("mode") == "observe",
      inconclusivePasses: root.text("inconclusive") == "pass",
      blocksAreRefusals: root.text("blocked") != "missing", allowsSameModel: root.toggle("same_model"),
      candidate: candidate, baseline: baseline, control: weakened, weaknesses: weaknesses,
      transfer: transfer,
      rewardJudge: reward, confirmJudge: confirm, correctsJudge: judges.toggle("correction"), judgeExamples: examples,
      embedder: root.child("embedder")?.text("checkpoint"), attacker: attacker,
      suite: SuitePolicy(
        seeds: suite.string("seeds"), columns: suite.child("columns")?.texts ?? [:],
        responses: suite.integer("responses"),
        confirmResponses: suite.optionalInteger("confirm_responses"), statesResponses: suite.has("responses"),
        transforms: transforms, stopsEarly: suite.toggle("early_stop"), benign: benign,
        benignResponses: suite.integer("benign_responses")),
      fresh: FreshPolicy(
        similarity: fresh.number("similarity"), confirmation: confirmation), tuning: tuning,
      ledger: ledger.string("path"), sealing: LedgerKeySource(ledger), retention: ledger.seconds("retention"),
      budget: BudgetPolicy(
        targetResponses: budget.integer("target_responses"), wallClock: budget.seconds("wall_clock")),
      validity: ValidityRule(validity), checks: checks,
      report: ReportPolicy(report, kinds),
      governance: root.child("governance").map { Governance($0, redactor) },
      categories: categories.mapValues(redactor.redacted), weights: CategoryReader.weights(root),
      tags: CategoryReader.tags(root),
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
    return isUnseen && kinds.targets.first { $0.name == control.kind }?.hasCheckpoint != false
  }

  private func beside(_ file: String, _ name: String) -> String? {
    let folder = file.folderOfPath
    return existing(folder.isEmpty ? name : folder + "/" + name)
  }

  private func existing(_ path: String) -> String? { FileManager.default.fileExists(atPath: path) ? path : nil }
}

extension ValidityRule {
  fileprivate init(_ section: Section) {
    self.init()
    errors = section.number("errors")
    coverage = section.number("coverage")
    answers = section.toggle("answers")
    judgeAwake = section.toggle("judge")
    attackerAwake = section.toggle("attacker")
    controlRecall = section.number("control_recall")
  }
}

extension LedgerKeySource {
  /// Nil where the ledger isn't to be sealed, or the key is named in no way or in several.
  init?(_ ledger: Section) {
    guard ledger.toggle("sealing"), let key = ledger.child("key") else { return nil }
    switch (key.text("file"), key.text("env"), key.text("passphrase_env")) {
    case (let path?, nil, nil): self = .file(path)
    case (nil, let name?, nil): self = .variable(name)
    case (nil, nil, let name?): self = .passphrase(name)
    default: return nil
    }
  }
}

extension Governance {
  fileprivate init(_ section: Section, _ redactor: Redactor) {
    func text(_ key: String) -> String? { section.text(key).map(redactor.redacted) }
    self.init(
      owner: text("owner") ?? "", purpose: text("purpose") ?? "", contact: text("contact"), licence: text("licence"))
  }
}
