import Core
import Decisions
import Foundation
import Judges
import Policies
import Targets

extension Pipeline {
  /// What a policy would ask and could decide; loads every file that it names and asks no model.
  /// - Parameter rate: the baseline's success rate on the suite, where an earlier run measured it; nil for half of the tightest
  ///   limit on it.
  /// - Throws: `PolicyErrors` and `SluiceError` (usage).
  public static func plan(policy path: String, overrides: [String] = [], rate: Double? = nil) throws -> PlanReport {
    let policy = try Policy.known(path: path, overrides: overrides)
    let plan = try Assembly(policy).plan(stages: nil)
    let limits = policy.checks.filter { $0.metric.basis == .rate(.file) }.compactMap(\.limit.atMost)
    let models = AssumedModels(rate: rate ?? limits.min().map { $0 / 2 } ?? AssumedModels.usualRate)
    return PlanReport(
      summary: PlanSummary(
        policy: policy.name, path: policy.path, checks: plan.checks, rule: plan.rule, run: PlannedRun(plan, policy),
        cast: PlannedCast(plan, policy), models: models,
        notices: plan.rule.weakenings + plan.weakenings + plan.notices))
  }
}

/// A plan, to be shown.
public struct PlanReport: Sendable {
  /// What is asked and what can come of it.
  public let summary: PlanSummary

  /// For a person.
  public var text: String { PlanText(plan: summary).text }

  /// The JSON that scripts read, keys in order.
  /// - Throws: an encoding error, which would be a bug.
  public func json() throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return Array(try encoder.encode(summary)) + [UInt8(ascii: "\n")]
  }
}

extension PlannedRun {
  fileprivate init(_ plan: RunPlan, _ policy: Policy) {
    let copies = NearCopies(plan.suite.map { SuiteAttack(attack: $0, foundOn: nil) })
    let replays = plan.stages.contains(.replay)
    self.init(
      attacks: replays ? copies.attacks : [], responses: plan.replay.responses, hasBaseline: plan.baseline != nil,
      stopsEarly: plan.stopsEarly, seed: plan.identity.seed)
    (looksTwice, secondLook) = (plan.replay.looksTwice, plan.replay.secondLook)
    if replays { rewritings = RewritingLoad(plan).byRole }
    portion = 2 * (plan.replayed.map(\.target.preferredBatch).max() ?? 1) / max(1, plan.replay.responses)
    if plan.stages.contains(.benign) {
      questions = plan.benign.count
      questionResponses = plan.benignResponses
      questionTokens =
        Double(plan.benign.reduce(0) { $0 + Tokens.count($1.prompt) }) / Double(max(1, plan.benign.count))
    }
    weaknesses = plan.weaknesses.count
    if let search = plan.search, plan.stages.contains(.regenerate) {
      let effort = Effort(
        total: search.budget, models: plan.searched.count, restarts: search.restarts, rule: plan.confirmation)
      self.search = Search(
        responses: effort.budget.responses, restarts: search.restarts, roles: plan.searched.map(\.role),
        confirmation: plan.confirmation, turnsPerAnswer: search.attacker.turnsPerAnswer)
    }
    if let tuning = plan.tuning, plan.stages.contains(.tune) {
      self.tuning = Tuning(
        models: 1 + tuning.variants.count + max(0, tuning.rounds - 1),
        searches: tuning.methods.count * tuning.restarts, searchResponses: tuning.responses,
        proposals: tuning.proposals,
        questions: plan.benign.count * plan.benignResponses + tuning.quiz.count * plan.replay.responses)
    }
  }
}

extension PlannedCast {
  fileprivate init(_ plan: RunPlan, _ policy: Policy) {
    func model(_ participant: Participant?, _ target: TargetChoice?) -> PlannedModel? {
      guard let participant, let target else { return nil }
      return PlannedModel(participant, target)
    }
    self.init(
      candidate: PlannedModel(plan.candidate, policy.candidate), baseline: model(plan.baseline, policy.baseline),
      control: model(plan.control, policy.control),
      transfer: zip(plan.transfer, policy.transfer).map { PlannedModel($0, $1.target) },
      rewriters: zip(plan.rewriters, policy.suite.rewriters).map { PlannedModel($0, $1.target) },
      driver: model(plan.driver, policy.attacker?.driver),
      confirmJudges: policy.confirmJudge.leaves.compactMap { PlannedModel($0) },
      rewardJudges: policy.rewardJudge?.leaves.compactMap { PlannedModel($0) } ?? [])
  }
}

extension PlannedModel {
  fileprivate init(_ participant: Participant, _ target: TargetChoice) {
    let settings = participant.target.settings
    self.init(
      role: participant.role.description, name: participant.name, promptPrice: target.price?.prompt,
      completionPrice: target.price?.completion, maxTokens: settings.maxTokens,
      overheadTokens: [settings.system, settings.template].compactMap(\.self).reduce(0) { $0 + Tokens.count($1) })
    if let served = target.recipe.served {
      (concurrency, requestsPerMinute) = (served.concurrency, served.requestsPerMinute)
      latency = served.latency ?? 0
    }
  }

  /// Nil for a judge in this process.
  fileprivate init?(_ judge: JudgeChoice) {
    guard let served = judge.recipe.served else { return nil }
    self.init(
      role: "judge", name: served.name, concurrency: served.concurrency, requestsPerMinute: served.requestsPerMinute,
      latency: AssumedModels.judgeLatency, maxTokens: served.maxTokens, overheadTokens: Tokens.count(served.overhead))
    takesTurnsApart = served.takesTurnsApart
  }
}
