import AttackerWorkers
import Attackers
import ChatTemplates
import Core
import Decisions
import Evidence
import Foundation
import Judges
import Kinds
import LanguageModels
import Logging
import Policies
import Statistics
import Suites
import Targets

/// Loads what a policy names: models, judges, attacker, suite.
///
/// Everything is read here, before the first question is asked, so that a wrong path costs nothing.
struct Assembly {
  let policy: Policy
  let checkpoints: CheckpointShelf
  /// Servers that the run is to start for its targets.
  private let servers: ModelServers
  /// What chat templates are told that ask for the time: one for the whole run.
  var time = TemplateTime.now
  /// Hears of every long wait that a server asks for.
  private let waits: WaitSink
  /// Processes that the run is dealt to, which share the rates of its servers.
  private let shards: Int

  /// - Parameter progress: shows what a server makes the run wait for.
  init(_ policy: Policy, shards: Int = 1, progress: @escaping ProgressSink = { _ in }) {
    self.policy = policy
    self.shards = shards
    let checkpoints = CheckpointShelf()
    self.checkpoints = checkpoints
    servers = ModelServers(
      redactor: policy.redactor, fingerprint: { try checkpoints.fingerprint($0) }, digest: { SHA256.hex($0) })
    waits = { progress(.notice($0)) }
  }

  /// - Parameter stages: nil for all that the policy provides for.
  /// - Throws: `SluiceError` and `PolicyErrors` (usage) for a file that is missing or malformed, and for a policy that doesn't fit
  ///   its files.
  func plan(stages asked: Set<Stage>?) throws -> RunPlan {
    let replayed = try ReplayedSuite(policy)
    let suite = replayed.attacks
    let questions = try policy.suite.benign.map { try SuiteFile.benign($0) }
    let benign = questions?.items ?? []
    try PolicyFit(policy, suite: suite, benign: benign).require()
    let confirm = try policy.confirmJudge.recipe.make(judgeContext)
    let reward = try policy.rewardJudge?.recipe.make(judgeContext)
    let embedder = try embedder()
    let stages = stages(asked)
    let engine = try policy.attacker.flatMap(engine)
    let refusals = try refusals(by: [confirm, reward].compactMap(\.self))
    var models = try participants()
    try keepApart(&models)
    let weakenings = PolicyWeakenings(policy)
    var plan = RunPlan(
      identity: try identity(), stages: stages, candidate: models.candidate, baseline: models.baseline,
      control: models.control,
      transfer: try policy.transfer.map { try participant(.transfer($0.name), $0.target) },
      rewriters: try stages.contains(.replay) ? policy.suite.rewriters.map { try rewriter($0) } : [],
      driver: try stages.contains(.regenerate) ? driver() : nil,
      rewardJudge: reward, confirmJudge: confirm,
      correctsJudge: policy.correctsJudge, refusalJudge: refusals ?? SilentJudge(), refusalTeller: refusals,
      planted: [], blocksAreRefusals: policy.blocksAreRefusals,
      embedder: embedder, suite: suite, awaited: replayed.awaited, replay: replaySettings(),
      stopsEarly: policy.suite.stopsEarly, benign: benign, benignResponses: policy.suite.benignResponses,
      search: try policy.attacker.map { try search($0, attacker(engine, $0.settings, embedder)) },
      tuning: try policy.tuning.map { try tuning($0, engine, embedder: embedder) },
      similarity: policy.fresh.similarity, confirmation: policy.fresh.confirmation,
      weaknesses: try policy.weaknesses.map(SuiteFile.weaknesses) ?? [],
      checks: policy.checks, rule: DecisionRule(policy),
      wallClock: policy.budget.wallClock.map { .seconds($0) }, reveal: policy.report.reveal,
      notices: notices() + replayed.notices + [questions?.remark].compactMap(\.self),
      weakenings: weakenings.sentences, weights: policy.weights, tags: replayed.tags)
    try requireTurns(plan)
    plan.notices += plan.servers.map { policy.redactor.redacted($0.notice) }
    plan.planted = planted(in: plan, refusals: refusals)
    plan.weakenings += JudgeWarnings(plan).weakenings
    return plan
  }

  /// What the policy and everything that it names are, without loading it.
  /// - Throws: `SluiceError` (usage) for a file that can't be read.
  func identity() throws -> RunSummary.PolicyIdentity {
    let inputs = try PolicyInputs(policy, checkpoints: checkpoints).files
    return RunSummary.PolicyIdentity(
      name: policy.name, path: policy.path, hash: SHA256.hex(policy.text), seed: policy.seed,
      confidence: policy.confidence, overrides: policy.overrides,
      digest: RunDigest.hex(resolved: policy.lasting, inputs: inputs), inputs: inputs, governance: policy.governance)
  }

  /// How replay asks, and looks again where a check needs that.
  private func replaySettings() -> ReplayStage.Settings {
    let counting = policy.checks.filter { $0.metric.narrowing.contains("effect") }
    let effect = counting.map(\.effect).min() ?? Check.smallestJump
    // The hardest level of Holm's procedure over the checks; each suspect then has its part of half of it.
    let level = (1 - policy.confidence) / Double(max(1, policy.checks.count)) / 2
    let (stated, first) = (policy.suite.confirmResponses, policy.suite.responses)
    return ReplayStage.Settings(
      responses: first, looksTwice: !counting.isEmpty, statesSecondLook: stated != nil,
      secondLook: { suspects in
        stated
          ?? NewlyBroken.secondLookSize(effect: effect, level: level / Double(max(1, suspects)), screen: first)
      })
  }

  /// What the judges that this run asks are shown to see whether they are awake.
  private func planted(in plan: RunPlan, refusals: (any RefusalTelling)?) -> [PlantedTranscripts] {
    let carried =
      [plan.confirmJudge, plan.rewardJudge].compactMap(\.self).flatMap(\.leaves)
      .lazy.compactMap(\.ownTranscripts).first ?? []
    func planted(_ use: String, _ judge: any Judge) -> [PlantedTranscripts] {
      PlantedTranscripts.of(judge, use: use, examples: policy.judgeExamples[use], carried: carried)
    }
    var all = planted("confirm", plan.confirmJudge)
    let searches = plan.stages.contains(.regenerate) || plan.stages.contains(.tune)
    if let reward = plan.rewardJudge, searches { all += planted("reward", reward) }
    if let refusals, plan.stages.contains(.benign) {
      all.append(
        PlantedTranscripts(
          use: "refusals", judge: refusals, items: (refusals.ownTranscripts ?? []).map(PlantedTranscripts.Item.init),
          isOwn: true))
    }
    return all
  }

  /// - Throws: `SluiceError` (usage) where a model that replays the suite can't be asked some conversation of it, or one that is
  ///   searched on can't be asked conversations at all.
  private func requireTurns(_ plan: RunPlan) throws {
    if let search = plan.search, search.attacker.converses, plan.stages.contains(.regenerate) {
      let conversation = Conversation(messages: [.init(.user, "Hello.")], turns: ["How are you?"])
      for participant in plan.searched + plan.transfer {
        guard let objection = participant.target.objection(to: conversation) else { continue }
        throw SluiceError(
          .usage,
          "attack method \(search.attacker.method) holds conversations, and the \(participant.role) target "
            + "\(participant.name) can't be asked any: \(objection.reason)",
          at: policy.places["targets.\(participant.role)"], remedy: objection.remedy)
      }
    }
    let conversations = plan.suite.compactMap { Conversation(text: $0.prompt) }
    for participant in plan.replayed where !conversations.isEmpty {
      let objections = conversations.lazy.compactMap { participant.target.objection(to: $0) }
      guard let first = objections.first else { continue }
      throw SluiceError(
        .usage,
        "the \(participant.role) target \(participant.name) can't be asked \(counted(objections.count, "conversation")) of the suite: "
          + first.reason, at: policy.places["targets.\(participant.role)"], remedy: first.remedy)
    }
  }

  // MARK: - Models that must not be one

  private struct Models {
    var candidate: Participant
    var baseline: Participant?
    var control: Participant?
  }

  private func participants() throws -> Models {
    Models(
      candidate: try participant(.candidate, policy.candidate),
      baseline: try policy.baseline.map { try participant(.baseline, $0) },
      control: try policy.control.map { try participant(.control, $0) })
  }

  /// - Throws: `SluiceError` (usage) where candidate and baseline are one model and the policy doesn't say so.
  private func keepApart(_ models: inout Models) throws {
    guard let baseline = models.baseline, baseline.isSame(as: models.candidate) else { return }
    guard policy.allowsSameModel else {
      throw SluiceError(
        .usage, "candidate and baseline are the same model (\(baseline.name)) under the same settings",
        at: SourceLocation(file: policy.path),
        remedy: "Name the model that is to ship as candidate, and the last release as baseline; for an A/A run write "
          + "same_model: true.")
    }
    models.baseline = Participant(
      role: .baseline, target: ApartTarget(baseline.target), kind: baseline.kind, isCheckpoint: baseline.isCheckpoint,
      label: baseline.label, server: baseline.server)
  }

  /// The stages that the policy has something for; asking for another is a mistake that `check` can't see.
  private func stages(_ asked: Set<Stage>?) -> Set<Stage> {
    var provided: Set<Stage> = [.preflight, .replay, .decide]
    if policy.suite.benign != nil { provided.insert(.benign) }
    if policy.tuning != nil { provided.insert(.tune) }
    // Safety tuning attacks the candidate with every method itself; where no check asks for more, that is enough.
    let wanted: Set<Stage> = [.regenerate, .confirm, .transfer]
    let isChecked = policy.checks.contains { check in wanted.contains { $0.rawValue == check.metric.stage } }
    if policy.attacker != nil, policy.tuning == nil || isChecked || !(asked ?? []).isDisjoint(with: wanted) {
      provided.formUnion([.regenerate, .confirm])
      if !policy.transfer.isEmpty { provided.insert(.transfer) }
    }
    return asked.map { $0.intersection(provided) } ?? provided
  }

  private func notices() -> [String] {
    policy.report.reveal ? ["Reports show the texts of attacks, as the policy asks."] : []
  }

  // MARK: - Models

  func participant(_ role: Role, _ target: TargetChoice, _ context: TargetContext? = nil) throws -> Participant {
    let context = context ?? targetContext
    do {
      return Participant(
        role: role, target: try target.recipe.make(context), kind: target.kind,
        isCheckpoint: target.recipe.checkpoint != nil, label: target.label, server: try target.recipe.server(context))
    } catch let error as SluiceError where error.location == nil {
      throw SluiceError(
        error.exitCode, error.message, at: policy.places["targets.\(role)"], remedy: error.remedy)
    }
  }

  private func rewriter(_ rewriter: SuiteTransform.Rewriter) throws -> Participant {
    let model = try participant(rewriter.role, rewriter.target)
    return Participant(
      role: model.role, target: RewriterTarget(model.target), kind: model.kind, isCheckpoint: model.isCheckpoint,
      label: model.label, server: model.server)
  }

  /// What targets and tuners are made with.
  var targetContext: TargetContext {
    TargetContext(
      decoder: checkpoints.decoder, workers: Self.workers, seed: policy.seed, policy: policy.path, time: time,
      digest: { SHA256.hex($0) }, waits: waits, redactor: policy.redactor, servers: servers, shards: shards)
  }

  private var judgeContext: JudgeContext {
    JudgeContext(
      fingerprint: checkpoints.fingerprint, fileDigest: { try SHA256.hex(file: $0) }, digest: { SHA256.hex($0) },
      workers: Self.workers, waits: waits, redactor: policy.redactor, shards: shards)
  }

  static var workers: Int { max(1, ProcessInfo.processInfo.activeProcessorCount) }

  /// Refusals are told by the first judge that can; nil where none can.
  private func refusals(by judges: [any Judge]) throws -> (any RefusalTelling)? {
    if let teller = judges.flatMap(\.leaves).lazy.compactMap(\.refusalTeller).first { return teller }
    if policy.checks.contains(where: { $0.metric.stage == Stage.benign.rawValue }) {
      throw SluiceError(
        .usage, "no judge can tell a refusal, and a check needs it", at: SourceLocation(file: policy.path),
        remedy: "Use a rules judge whose file has a list 'refusal', or remove the benign checks.")
    }
    return nil
  }

  func embedder() throws -> any Embedder {
    guard let folder = policy.embedder else { return WordingEmbedder() }
    return SentenceEmbedder(
      fingerprint: try checkpoints.fingerprint(folder),
      encoder: try Logger.loading(folder) { try SentenceEncoder.load(folder: folder) },
      workers: Self.workers)
  }
}

/// Scores nothing: for benign questions where nobody can tell a refusal.
private struct SilentJudge: Judge {
  let name = "none"
  let fingerprint = "none"
  let threshold = 0.5

  func score(_ inputs: [JudgeInput]) async throws -> [Score] {
    inputs.map { _ in .unscored(reason: "no judge can tell a refusal") }
  }
}
