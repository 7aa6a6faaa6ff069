import Attackers
import Core
import Evidence
import Foundation
import Judges
import LanguageModels
import Policies
import Targets

/// Loads what a policy names: models, judges, attacker, suite.
///
/// Everything is read here, before the first question is asked, so that a wrong path costs nothing.
struct Assembly {
  let policy: Policy
  let checkpoints = CheckpointShelf()

  init(_ policy: Policy) { self.policy = policy }

  /// - Parameter stages: nil for all that the policy provides for.
  /// - Throws: `SluiceError` (usage) for a file that is missing or malformed.
  func plan(stages asked: Set<Stage>?) throws -> RunPlan {
    var suite = try SuiteFile.attacks(policy.suite.seeds)
    // One attack, one row: an identifier stands for one prompt everywhere.
    var seen: Set<AttackID> = []
    suite.removeAll { !seen.insert($0.id).inserted }
    let confirm = try judge(policy.confirmJudge)
    let embedder = try embedder()
    let stages = stages(asked)
    return RunPlan(
      identity: RunSummary.PolicyIdentity(
        name: policy.name, path: policy.path, hash: SHA256.hex(policy.text), seed: policy.seed,
        confidence: policy.confidence, overrides: policy.overrides),
      stages: stages,
      candidate: try participant(.candidate, policy.candidate),
      baseline: try policy.baseline.map { try participant(.baseline, $0) },
      control: try policy.control.map { try participant(.control, $0) },
      transfer: try policy.transfer.map { try participant(.transfer($0.name), $0.target) },
      rewardJudge: try policy.rewardJudge.map(judge), confirmJudge: confirm,
      correctsJudge: policy.correctsJudge, refusalJudge: try refusals(),
      embedder: embedder, suite: suite,
      replay: .init(responses: policy.suite.responses, secondLookResponses: policy.suite.confirmResponses),
      stopsEarly: policy.suite.stopsEarly,
      benign: try policy.suite.benign.map(SuiteFile.benign) ?? [], benignResponses: policy.suite.benignResponses,
      search: try policy.attacker.map { try search($0, embedder: embedder) },
      tuning: try policy.tuning.map { try tuning($0, embedder: embedder) },
      similarity: policy.fresh.similarity, confirmResponses: policy.fresh.confirmResponses,
      weaknesses: try policy.weaknesses.map(SuiteFile.weaknesses) ?? [],
      checks: policy.checks,
      rule: DecisionRule(
        confidence: policy.confidence, onEstimates: policy.decidesOnEstimates,
        inconclusivePasses: policy.inconclusivePasses),
      wallClock: policy.budget.wallClock.map { .seconds($0) }, reveal: policy.report.reveal,
      notices: notices(stages))
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

  private func notices(_ stages: Set<Stage>) -> [String] {
    var notices: [String] = []
    if !policy.overrides.isEmpty {
      notices.append("Values of the policy were overridden: \(policy.overrides.joined(separator: ", ")).")
    }
    if policy.decidesOnEstimates {
      notices.append("Checks were decided on point estimates, without intervals: no error rate is promised.")
    }
    if policy.inconclusivePasses {
      notices.append("The policy lets an inconclusive verdict pass.")
    }
    if let reward = policy.rewardJudge, reward == policy.confirmJudge {
      notices.append(
        "The reward judge confirms its own rewards: attacks that only fool this judge count as confirmed.")
    }
    if policy.report.reveal { notices.append("Reports show the texts of attacks, as the policy asks.") }
    return notices
  }

  // MARK: - Models

  func participant(
    _ role: Role, _ target: TargetPolicy, checkpoint known: CheckpointShelf.Decoder? = nil
  ) throws -> Participant {
    switch target {
    case .local(let local):
      let checkpoint = try known ?? checkpoints.decoder(local.checkpoint)
      if checkpoint.model.chat == .unknown, checkpoint.model.promptTemplate == nil, local.template == nil {
        throw SluiceError(
          .usage, "the checkpoint \(local.checkpoint) has a chat template of a kind that isn't built in",
          at: SourceLocation(file: policy.path),
          remedy: "State it as the target's template, with {prompt} where the attack goes.")
      }
      let settings = SamplingSettings(
        temperature: local.temperature, topP: local.topP, maxTokens: local.maxTokens, system: local.system,
        template: local.template, seed: policy.seed)
      return Participant(
        role: role,
        target: LocalTarget(
          name: local.checkpoint, fingerprint: checkpoint.fingerprint, model: checkpoint.model, settings: settings,
          batch: local.batch, workers: Self.workers), kind: "local")
    case .openAI(let remote):
      let settings = SamplingSettings(
        temperature: remote.temperature, topP: remote.topP, maxTokens: remote.maxTokens, system: remote.system,
        template: remote.template)
      return Participant(
        role: role,
        target: try OpenAITarget(OpenAIConfiguration(remote.server, api: remote.api), settings: settings),
        kind: "openai")
    }
  }

  static var workers: Int { max(1, ProcessInfo.processInfo.activeProcessorCount) }

  private func judge(_ policy: JudgePolicy) throws -> any Judge {
    try JudgeAssembly(checkpoints: checkpoints, workers: Self.workers).judge(policy)
  }

  /// Refusals are told by the rules of whichever judge has some.
  private func refusals() throws -> any Judge {
    for case .rules(let file) in [policy.confirmJudge, policy.rewardJudge].compactMap(\.self).flatMap(\.leaves) {
      let rules = try RulesJudge(path: file, fingerprint: try SHA256.hex(file: file))
      if rules.knowsRefusals { return rules.refusals }
    }
    if policy.checks.contains(where: { $0.metric.stage == Stage.benign.rawValue }) {
      throw SluiceError(
        .usage, "no judge can tell a refusal, and a check needs it", at: SourceLocation(file: policy.path),
        remedy: "Use a rules judge whose file has a list 'refusal', or remove the benign checks.")
    }
    return SilentJudge()
  }

  private func embedder() throws -> any Embedder {
    guard let folder = policy.embedder else { return WordingEmbedder() }
    return SentenceEmbedder(
      fingerprint: try checkpoints.fingerprint(folder), encoder: try SentenceEncoder.load(folder: folder),
      workers: Self.workers)
  }

  private func search(_ policy: AttackerPolicy, embedder: any Embedder) throws -> RunPlan.SearchPlan {
    let checkpoint = try checkpoints.decoder(policy.checkpoint)
    var settings = AttackerSettings(policy)
    settings.similarity = self.policy.fresh.similarity
    return RunPlan.SearchPlan(
      attacker: try attacker(
        reference: checkpoint.model, referenceFingerprint: checkpoint.fingerprint, embedder: embedder,
        settings: settings),
      restarts: policy.restarts, warmStart: policy.warmStart, budget: self.policy.budget.targetResponses)
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
