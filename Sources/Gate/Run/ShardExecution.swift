import Core
import Decisions
import Suites

/// What one shard has to ask.
struct ShardWork: Sendable {
  let attacks: [SuiteAttack]
  let questions: [BenignQuestion]
  let searches: Set<ShardUnit.Search>

  /// - Parameter plan: that was dealt, whatever is known of its models by now.
  init(_ deal: ShardDeal, of shard: Shard, plan: RunPlan) {
    let units = deal.units(of: shard)
    attacks = units.flatMap(\.attacks).sorted().map { deal.attacks[$0] }
    questions = units.flatMap(\.questions).sorted().map { plan.benign[$0] }
    searches = Set(units.flatMap(\.searches))
  }
}

extension RunExecution {
  /// Asks what a shard has to ask, and judges it. Nothing is decided: the ledger has it all.
  ///
  /// How often suspects are asked again may depend on how many there are in all shards; then that is left to the merge, as is
  /// what needs the finds of all searches: transfer and safety tuning.
  /// - Returns: what judges said of transcripts with a known answer, in the plan's order.
  func execute(_ work: ShardWork) async throws -> [JudgeProof] {
    var proofs: [JudgeProof] = []
    for planted in plan.planted { proofs.append(try await planted.proof()) }
    if !work.attacks.isEmpty {
      let rewritten = try await rewrite(work.attacks)
      var settings = plan.replay
      settings.looksTwice = settings.looksTwice && settings.statesSecondLook
      _ = try await ReplayStage(
        service: service, judge: plan.confirmJudge, settings: settings, unasked: rewritten.unasked,
        progress: progress
      ).run(
        AttackSuite(
          attacks: rewritten.attacks, candidate: plan.candidate.modelIdentity, baseline: plan.baseline?.modelIdentity),
        on: plan.replayed)
    }
    if !work.questions.isEmpty {
      _ = try await BenignStage(
        service: service, refusals: plan.refusalJudge, responses: plan.benignResponses, progress: progress
      ).run(work.questions, on: plan.replayed)
    }
    if let search = plan.search, let reward = plan.rewardJudge, !work.searches.isEmpty {
      let effort = Effort(plan, search)
      let own = try jobs(search, known: plan.written).filter {
        work.searches.contains(.init(role: $0.participant.role, restart: $0.restart))
      }
      let outcomes = try await regenerate(reward).run(own)
      if plan.stages.contains(.confirm) { _ = try await confirm(effort).run(outcomes) }
    }
    return proofs
  }
}

extension Effort {
  /// A search's effort, the same in every shard.
  init(_ plan: RunPlan, _ search: RunPlan.SearchPlan) {
    self.init(
      total: search.budget, models: plan.searched.count, restarts: search.restarts, rule: plan.confirmation)
  }
}
