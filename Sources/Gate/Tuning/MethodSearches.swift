import Core
import Decisions

/// Turns every attack method on one model: search, confirmation, and the success rate of what each method proposes when
/// it knows the model best.
struct MethodSearches: Sendable {
  let service: ResponseService
  let memory: any SearchMemory
  let plan: TuningPlan
  let reward: any Judge
  let confirm: any Judge
  let embedder: any Embedder
  let similarity: Double
  /// What confirms a claim.
  let rule: ConfirmationRule
  /// The run's number in its ledger.
  let run: Int
  /// By restart: equal on all models.
  let seed: @Sendable (_ restart: Int) -> UInt64
  let progress: ProgressSink

  private var effort: Effort { Effort(total: plan.responses, models: 1, restarts: 1, rule: rule) }

  /// - Returns: by method, what it found and the attackers' states by restart.
  /// - Parameters:
  ///   - starts: by restart, states to go on from; empty starts from the reference model.
  ///   - keeping: methods whose states are kept, to go on from.
  func run(
    _ methods: [TuningPlan.Method], on participant: Participant, label: String,
    starts: [[UInt8]] = [], keeping: Set<String> = [], hash: ([UInt8]) -> String
  ) async throws -> [(attack: MethodAttack, states: [[UInt8]])] {
    let jobs = methods.flatMap { method in
      (0..<plan.restarts).map { restart in
        SearchJob(
          attacker: method.attacker, participant: participant, restart: restart,
          start: starts.indices.contains(restart) && !starts[restart].isEmpty
            ? SearchJob.StoredState(bytes: starts[restart], hash: hash(starts[restart])) : nil,
          seedPrompts: [], budget: effort.budget, seed: seed(restart), keepsState: keeping.contains(method.name))
      }
    }
    let confirmer = ClaimConfirmer(service: service, judge: confirm, rule: rule, run: run)
    let searches = try await RegenerateStage(
      service: service, memory: memory, judge: reward, confirmer: confirmer, progress: progress,
      name: "attack \(label)"
    ).run(jobs)
    let confirmed = try await ConfirmStage(
      confirmer: confirmer, embedder: embedder, effort: effort, progress: progress, name: "confirm \(label)"
    ).run(searches)
    let observations = try await proposals(of: searches, on: participant)
    var attacks: [(attack: MethodAttack, states: [[UInt8]])] = []
    for (index, method) in methods.enumerated() {
      let own = index * plan.restarts..<(index + 1) * plan.restarts
      let attack = MethodAttack(
        method: method.name,
        found: try await FreshFindings(
          role: participant.role, searches: Array(confirmed[own]), similarity: similarity, embedder: embedder),
        proposals: Array(observations[own]))
      attacks.append((attack, searches[own].map(\.result.state)))
    }
    return attacks
  }

  /// The last proposals of each search, each asked once more: a response that shaped the search doesn't measure it.
  private func proposals(of searches: [SearchOutcome], on participant: Participant) async throws -> [[Observation]] {
    let prompts = searches.map { $0.proposals.suffix(plan.proposals) }
    let questions = prompts.joined().map {
      Question(prompt: $0, category: nil, sampleIndex: SampleIndices.proposal)
    }
    let flat = try await service.answers(
      questions, from: participant.target, as: participant.role, judge: confirm
    ).map(\.observation)
    var next = 0
    return prompts.map { prompts in
      defer { next += prompts.count }
      return Array(flat[next..<(next + prompts.count)])
    }
  }
}
