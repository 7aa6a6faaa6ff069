import Core
import Decisions
import Evidence
import Policies
import SafetyTuning
import Suites

/// Safety-tunes a variant on each method's attacks and turns every method on every variant.
///
/// Everything goes through the ledger and the variants' folder, so an interrupted stage repeats itself and pays only for
/// what is missing.
struct TuneStage: Sendable {
  let plan: TuningPlan
  let candidate: Participant
  let searches: MethodSearches
  let maker: VariantMaker
  let measure: VariantMeasurement
  let refusalWriter: RefusalWriter
  /// Attacks to borrow refusals from.
  let suite: [Attack]
  let benign: [BenignQuestion]
  let similarity: Double
  let seed: UInt64
  let progress: ProgressSink

  /// Held-out attacks that every variant is asked, at most.
  private static let mostHeldOut = 300

  func run() async throws -> TuningFindings {
    var findings = TuningFindings(
      methods: plan.methods.map(\.name), benign: benign.map(\.prompt), quiz: plan.quiz.map(\.question))
    var untuned = TuningRow(name: "untuned", model: candidate.summary)
    // The first method's attacker goes on in later rounds.
    let lasting: Set<String> = plan.rounds > 1 ? [plan.methods[0].name] : []
    let attacked = try await searches.run(
      plan.methods, on: candidate, label: "untuned", keeping: lasting, hash: { SHA256.hex($0) })
    untuned.attacks = attacked.map(\.attack)
    let sets = await TuningSets(untuned.attacks, similarity: similarity, heldOut: plan.heldOut, seed: seed)
    findings.clusters = sets.clusters
    findings.heldOutClusters = sets.heldOutClusters
    findings.heldOut = sets.heldOut(most: Self.mostHeldOut)
    try await measure.run(candidate, heldOut: findings.heldOut, into: &untuned)
    findings.rows = [untuned]

    let teacher = try await teacher(sets.found.filter { $0.side == .training }.map { ($0.prompt, $0.category) })
    var first: Participant?
    for variant in plan.variants {
      let attacks = sets.training(variant == TuningPolicy.combined ? nil : variant, most: plan.mostAttacks)
      let (row, participant) = try await row(
        variant, data: teacher.data(attacks.map(\.prompt), ratio: plan.benignRatio, seed: seed), teacher: teacher,
        heldOut: findings.heldOut, untuned: untuned)
      findings.rows.append(row)
      if plan.rounds > 1 && variant == plan.variants[0] { first = participant }
    }
    if let first { try await rounds(from: first, starts: attacked[0].states, sets: sets, &findings) }
    return findings
  }

  private func teacher(_ attacks: [(prompt: String, category: String?)]) async throws -> Teacher {
    try await Teacher(
      refusalWriter, attacks: attacks, suite: suite, pool: plan.benign,
      measured: Set(benign.map(\.prompt) + plan.quiz.map(\.question)),
      wanted: Int((Double(min(attacks.count, plan.mostAttacks)) * plan.benignRatio).rounded(.up)))
  }

  // MARK: - One variant

  private func row(
    _ name: String, data: TuningData, teacher: Teacher, heldOut: [HeldOutAttack], untuned: TuningRow
  ) async throws -> (TuningRow, Participant?) {
    var row = TuningRow(name: name)
    row.refusals = data.count(.refusal)
    row.benignExamples = data.count(.benign)
    row.sources = teacher.sources(data)
    let stage = "tune \(name)"
    progress(.stageBegan(name: stage, total: nil))
    let outcome = try await maker.make(name, from: data) { note in
      progress(.advanced(stage: stage, done: 0, total: nil, unit: "steps", note: note))
    }
    switch outcome {
    case .failed(let problem):
      row.problem = problem
      progress(.stageEnded(name: stage, detail: problem))
      return (row, nil)
    case .made(let participant, let seconds):
      row.tuningSeconds = seconds
      row.model = participant.summary
      try await measure.run(participant, heldOut: heldOut, into: &row)
      row.problem = Usability.problem(row, untuned: untuned)
      progress(
        .stageEnded(
          name: stage, detail: row.problem ?? "\(row.refusals) refusals, \(row.benignExamples) harmless examples"))
      // A model that refuses everything or answers nonsense isn't safe; attacking it would say that it is.
      if row.problem == nil {
        row.attacks = try await searches.run(
          plan.methods, on: participant, label: name, hash: { SHA256.hex($0) }
        ).map(\.attack)
      }
      return (row, participant)
    }
  }

  // MARK: - Rounds

  /// Attack the last round's variant from where the attacker stood, tune the model on everything found so far, and so on.
  /// From the second round on nothing is held out: what counts is how far the model can be hardened.
  private func rounds(
    from first: Participant, starts: [[UInt8]], sets: TuningSets, _ findings: inout TuningFindings
  ) async throws {
    guard let untuned = findings.untuned, let method = plan.methods.first else { return }
    var attacks = sets.found.filter { $0.methods.contains(method.name) }.map { ($0.prompt, $0.category) }
    var last = (row: findings.rows[1], model: first)
    var starts = starts
    for number in 2...plan.rounds where last.row.problem == nil {
      let (found, states) = try await searches.run(
        [method], on: last.model, label: "round \(number)", starts: starts, keeping: [method.name],
        hash: { SHA256.hex($0) })[0]
      starts = states
      let known = Set(attacks.map(\.0))
      let new = found.found.distinctAttacks(run: "").filter { !known.contains($0.prompt) }
      attacks += new.map { ($0.prompt, $0.category) }
      let teacher = try await teacher(attacks)
      // The newest first, where there are more than a data set holds.
      let chosen = attacks.reversed().prefix(plan.mostAttacks).map(\.0)
      let (row, model) = try await row(
        "round \(number)", data: teacher.data(Array(chosen), ratio: plan.benignRatio, seed: seed), teacher: teacher,
        heldOut: [], untuned: untuned)
      let change = TuningEstimators(findings: findings).adaptiveChange(row, from: last.row)?.estimate(confidence: 0.9)
      let pays = change.map { $0.upper < 0 } ?? false
      findings.rounds.append(TuningRound(number: number, newAttacks: new.count, change: change, pays: pays, row: row))
      guard pays, let model else { return }
      last = (row, model)
    }
  }
}
