import Core
import Decisions
import Evidence
import Foundation
import Kinds
import Suites

/// Executes a plan's stages in order over a ledger and gathers what they find.
///
/// It is deterministic re-execution: the same plan over the same ledger asks the same questions in the same order, so a
/// resumed run finds everything that its first life paid for.
struct RunExecution: Sendable {
  let plan: RunPlan
  let ledger: Ledger
  /// Identifier in the ledger.
  let run: String
  /// Position among the ledger's runs, from 1.
  let number: Int
  let service: ResponseService
  /// Asks what depends on all that `service` found: for a run that was dealt to shards, what they left to do.
  let followUp: ResponseService
  /// Nil for a run that asks everything itself.
  let merged: MergedShards?
  let progress: ProgressSink

  /// - Parameter prove: called before the first question of a run that was dealt to shards, which asked everything else.
  init(
    plan: RunPlan, ledger: Ledger, run: String, number: Int, merged: MergedShards? = nil,
    prove: @escaping @Sendable () async throws -> Void = {}, progress: @escaping ProgressSink
  ) {
    self.plan = plan
    self.ledger = ledger
    self.run = run
    self.number = number
    self.merged = merged
    self.progress = progress
    let (scopes, meter) = (plan.scopes(of: run), CostMeter())
    func service(_ supply: ResponseService.Supply) -> ResponseService {
      ResponseService(
        archive: ledger, scopes: scopes, meter: meter, blocksAreRefusals: plan.blocksAreRefusals,
        refusals: plan.refusalTeller, supply: supply)
    }
    if merged == nil {
      self.service = service(.target)
      followUp = self.service
    } else {
      self.service = service(.shards)
      followUp = service(.provenTarget(OnceOnly(prove)))
    }
  }

  /// What the stages found and how long they took.
  struct Record: Sendable {
    var findings = Findings()
    var stages: [RunSummary.StageSummary] = []
    /// What a reader has to know of the suite.
    var notices: [String] = []
  }

  /// - Parameter record: filled as stages end, so that an interrupted run can tell what it had.
  func execute() async throws -> Record {
    var record = Record()
    let rewritten = try await rewrite(
      plan.awaited.isEmpty ? plan.suite.map { SuiteAttack(attack: $0, foundOn: nil) } : ShardDeal.attacks(of: plan))
    record.findings.rewritten = rewritten.transforms
    record.notices += rewritten.notices
    let (suite, known) = try await loadSuite(rewritten.attacks.map(\.attack), &record)
    var proofs: [JudgeProof] = []
    for (place, planted) in plan.planted.enumerated() {
      // Judges behind servers were shown them when they judged.
      if let merged, planted.judge.remote != nil {
        proofs.append(planted.proof(given: merged.proofs[place]))
      } else {
        proofs.append(try await planted.proof())
      }
    }
    record.findings.judgeProofs = proofs

    var monitor = plan.replayMonitor
    monitor?.judgeProofs = proofs
    if let labels = try await LabelFindings.of(
      plan.confirmJudge, in: ledger, scopes: plan.judgeScopes)
    {
      record.findings.labels = labels
      if plan.correctsJudge {
        record.findings.judge = labels.calibration(category: nil)
        monitor?.labels = labels
      }
    }

    try await timed(.replay, &record) { [monitor] record in
      let result = try await ReplayStage(
        service: service, followUp: followUp, judge: plan.confirmJudge, settings: plan.replay,
        unasked: rewritten.unasked, progress: progress
      ).run(suite, on: plan.replayed, monitor: monitor)
      record.findings.replay = result
      return result.detail
    }
    try await timed(.benign, &record) { record in
      let result = try await BenignStage(
        service: service, refusals: plan.refusalJudge, responses: plan.benignResponses, progress: progress
      ).run(plan.benign, on: plan.replayed)
      record.findings.benign = result
      return "\(plan.benign.count) questions"
    }
    if let search = plan.search {
      try await searchAndConfirm(search, known: known, &record)
    }
    if let tuning = plan.tuning { try await tune(tuning, known: known, &record) }
    return record
  }

  private func tune(_ tuning: TuningPlan, known: [Attack], _ record: inout Record) async throws {
    guard let reward = plan.rewardJudge else { return }
    try await timed(.tune, &record) { record in
      var generator = SeededGenerator(seed: plan.identity.seed, stream: "safety tuning")
      let seed = generator.next()
      let findings = try await TuneStage(
        plan: tuning, candidate: plan.candidate,
        searches: MethodSearches(
          service: followUp, memory: LedgerSearches(ledger: ledger, run: run), plan: tuning, reward: reward,
          confirm: plan.confirmJudge, embedder: plan.embedder, similarity: plan.similarity,
          rule: plan.confirmation, run: number, seed: plan.searchSeed, progress: progress),
        maker: VariantMaker(
          tuner: tuning.tuner, folder: tuning.folder, writesData: !ledger.isSealed,
          governance: plan.identity.governance, load: tuning.load, seed: seed),
        measure: VariantMeasurement(
          service: followUp, refusals: plan.refusalJudge, confirm: plan.confirmJudge, benign: plan.benign,
          benignResponses: plan.benignResponses, quiz: tuning.quiz, responses: plan.replay.responses),
        refusalWriter: RefusalWriter(
          service: followUp, model: plan.candidate, refusals: plan.refusalJudge, safety: plan.confirmJudge,
          source: tuning.refusals, instruction: tuning.instruction),
        suite: known, benign: plan.benign, similarity: plan.similarity, seed: seed,
        progress: progress
      ).run()
      record.findings.tuning = findings
      let made = findings.rows.dropFirst().count { $0.problem == nil }
      return "\(made) of \(tuning.variants.count) variants made and attacked by \(tuning.methods.count) methods"
    }
  }

  // MARK: - Searching

  private func searchAndConfirm(
    _ search: RunPlan.SearchPlan, known: [Attack], _ record: inout Record
  ) async throws {
    guard let reward = plan.rewardJudge else { return }
    let effort = Effort(plan, search)
    var searches: [SearchOutcome] = []
    try await timed(.regenerate, &record) { record in
      searches = try await regenerate(reward).run(try jobs(search, known: known))
      for outcome in searches {
        record.findings.unspent[outcome.job.participant.role, default: 0] += effort.unspent(outcome.result)
      }
      let driving = searches.compactMap(\.driving).reduce(DrivingTally(), +)
      if let notice = driving.notice { record.notices.append(notice) }
      for outcome in searches
      where outcome.job.participant.role == .candidate && !outcome.result.state.isEmpty {
        try ledger.storeAttackerState(
          outcome.result.state, attacker: search.attacker.fingerprint, restart: outcome.job.restart, run: run)
      }
      return "\(searches.count) searches, \(effort.budget.responses) responses each with confirmation"
    }
    try await timed(.confirm, &record) { record in
      let confirmed = try await confirm(effort).run(searches)
      for participant in plan.searched {
        record.findings.fresh[participant.role] = try await FreshFindings(
          role: participant.role, searches: confirmed.filter { $0.search.job.participant.role == participant.role },
          similarity: plan.similarity, embedder: plan.embedder)
      }
      record.notices += plan.searched.compactMap { record.findings.fresh[$0.role]?.notice }
      record.findings.weaknesses = foundWeaknesses(record.findings.fresh[.control])
      try await SuiteGrowth(
        embedder: plan.embedder, similarity: plan.similarity, ledger: ledger, run: run,
        model: plan.candidate.modelIdentity
      )
      .add(record.findings.fresh[.candidate], beside: known)
      let found = record.findings.fresh[.candidate]
      return "\(found?.confirmed.count ?? 0) attacks confirmed on the candidate"
    }
    try await timed(.transfer, &record) { record in
      let attacks = record.findings.fresh[.candidate]?.distinctAttacks(run: run) ?? []
      let result = try await TransferStage(
        service: followUp, judge: plan.confirmJudge, samples: plan.replay.responses, progress: progress
      ).run(attacks, on: plan.transfer)
      record.findings.transfer = result
      return "\(counted(attacks.count, "attack")) on \(counted(plan.transfer.count, "model"))"
    }
  }

  func regenerate(_ reward: any Judge) -> RegenerateStage {
    RegenerateStage(
      service: service, memory: LedgerSearches(ledger: ledger, run: run), judge: reward,
      confirmer: plan.stages.contains(.confirm) ? confirmer : nil,
      driver: plan.driver.map { DrivenTurns(service: service, driver: $0) },
      searches: merged == nil, progress: progress)
  }

  func confirm(_ effort: Effort) -> ConfirmStage {
    ConfirmStage(confirmer: confirmer, embedder: plan.embedder, effort: effort, progress: progress)
  }

  private var confirmer: ClaimConfirmer {
    ClaimConfirmer(service: service, judge: plan.confirmJudge, rule: plan.confirmation, run: number)
  }

  func jobs(_ search: RunPlan.SearchPlan, known: [Attack]) throws -> [SearchJob] {
    let prompts = Self.seeds(known)
    return try (0..<search.restarts).flatMap { restart in
      let state =
        search.warmStart
        ? try ledger.attackerState(attacker: search.attacker.fingerprint, restart: restart, before: run) : nil
      return plan.searched.map { participant in
        plan.job(
          search, participant, restart: restart,
          start: state.map { SearchJob.StoredState(bytes: $0, hash: SHA256.hex($0)) }, known: prompts)
      }
    }
  }

  /// Searches write prompts: what a conversation has is no wording of one.
  static func seeds(_ known: [Attack]) -> [String] { known.map(\.prompt).filter { !Conversation.isMarked($0) } }

  private func foundWeaknesses(_ control: FreshFindings?) -> [KnownWeakness] {
    guard let prompts = control?.confirmed.map({ Conversation.wording($0.claim.prompt) }) else { return [] }
    return plan.weaknesses.map { weakness in
      KnownWeakness(id: weakness.id, isFound: prompts.contains(where: weakness.matches))
    }
  }

  // MARK: - The suite and the clock

  /// Attacks of the plan with the texts that rewriters give, where attacks are replayed at all.
  func rewrite(_ planned: [SuiteAttack]) async throws -> RewrittenSuite {
    let awaited = plan.stages.contains(.replay) ? plan.awaited : [:]
    let texts = try await RewritingStage(
      service: service, rewriters: plan.rewriters, refusals: plan.refusalTeller, progress: progress
    ).texts(planned, awaited)
    return RewrittenSuite(
      planned, awaited: awaited, texts: texts,
      written: awaited.isEmpty ? [] : Set(plan.suite.lazy.map(\.id).filter { plan.awaited[$0] == nil }))
  }

  /// The suite file's attacks and, where a check is on them, those that searches of earlier runs found.
  /// - Returns: what is replayed, and every attack that is known.
  /// - Parameter planned: the suite file's, with the texts that rewriters gave.
  private func loadSuite(
    _ planned: [Attack], _ record: inout Record
  ) async throws -> (suite: AttackSuite, known: [Attack]) {
    let inFile = Set(planned.map(\.id))
    let found = try ledger.foundAttacks(before: run).filter { !inFile.contains($0.attack.id) }
    var attacks = planned.map { SuiteAttack(attack: $0, foundOn: nil) }
    if plan.replaysFound {
      attacks += found.map { SuiteAttack(attack: $0.attack, foundOn: $0.model ?? "") }
    } else if !found.isEmpty, plan.stages.contains(.replay) {
      let checks =
        "(found.asr, found.regression, found.newly_broken; sluice suite promote moves them into the suite file)."
      record.notices.append(
        found.count == 1
          ? "1 attack that earlier searches found is not replayed: no check is on it \(checks)"
          : "\(found.count) attacks that earlier searches found are not replayed: no check is on them \(checks)")
    }
    let copies = NearCopies(attacks, vectors: try await vectors(of: attacks))
    if let notice = copies.notice { record.notices.append(notice) }
    let suite = AttackSuite(
      attacks: copies.attacks, candidate: plan.candidate.modelIdentity, baseline: plan.baseline?.modelIdentity)
    return (suite, plan.written + found.map(\.attack))
  }

  /// Nil where attacks are told apart by their wording alone.
  private func vectors(of attacks: [SuiteAttack]) async throws -> [[Float]]? {
    guard !(plan.embedder is WordingEmbedder), attacks.count <= NearCopies.mostCompared else { return nil }
    return try await plan.embedder.embed(attacks.map(\.attack.wording))
  }

  private func timed(
    _ stage: Stage, _ record: inout Record, _ work: (inout Record) async throws -> String
  ) async throws {
    guard plan.stages.contains(stage) else {
      record.stages.append(.init(name: stage.rawValue, ran: false, seconds: 0, detail: "not asked for"))
      return
    }
    let clock = ContinuousClock()
    let began = clock.now
    let detail = try await work(&record)
    record.stages.append(
      .init(name: stage.rawValue, ran: true, seconds: (clock.now - began).inSeconds, detail: detail))
  }
}

extension Duration {
  var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
