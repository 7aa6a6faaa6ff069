import Core

/// Asks the suite of candidate and baseline, and looks again where the candidate seems newly broken.
struct ReplayStage: Sendable {
  struct Settings: Sendable {
    /// Responses for each attack and model.
    var responses: Int
    /// Responses of the second look, for each screened attack and model.
    var secondLookResponses: Int
  }

  let service: ResponseService
  let judge: any Judge
  let settings: Settings
  let progress: ProgressSink

  /// - Parameter participants: candidate, and baseline where the policy has one.
  func run(_ suite: AttackSuite, on participants: [Participant]) async throws -> ReplayResult {
    let planned = suite.attacks.count * settings.responses * participants.count
    let stage = StageProgress(Stage.replay.rawValue, total: planned, sink: progress)
    let attacks = suite.attacks.map(\.attack)
    let first = try await ask(attacks, of: participants, samples: settings.responses, progress: stage) {
      SampleIndices.replay($0)
    }
    var rows = zip(suite.attacks, attacks.indices).map { attack, index in
      ReplayRow(
        attack: attack, candidate: first[.candidate]?[index] ?? [], baseline: first[.baseline].map { $0[index] })
    }

    // What a search found on one of the two models was picked because that model fails: no fair comparison.
    let suspects = rows.indices.filter { rows[$0].isSuspect && suite.comparesModels(rows[$0].attack) }
    if !suspects.isEmpty {
      let second = try await ask(
        suspects.map { attacks[$0] }, of: participants, samples: settings.secondLookResponses, progress: stage
      ) { SampleIndices.secondLook($0) }
      for (position, index) in suspects.enumerated() {
        rows[index].secondLook = ReplayRow.SecondLook(
          candidate: second[.candidate]?[position] ?? [], baseline: second[.baseline]?[position] ?? [])
      }
    }
    let result = ReplayResult(rows: rows, suite: suite)
    stage.end(result.detail)
    return result
  }

  /// Observations by role, attack and sample.
  private func ask(
    _ attacks: [Attack], of participants: [Participant], samples: Int, progress: StageProgress,
    index: (Int) -> Int
  ) async throws -> [Role: [[Observation]]] {
    let questions = attacks.flatMap { attack in
      (0..<samples).map { Question(prompt: attack.prompt, category: attack.category, sampleIndex: index($0)) }
    }
    return try await sideBySide(participants) { participant in
      let flat = try await service.observations(
        questions, from: participant.target, as: participant.role, judge: judge
      ) { progress.advance(by: $0) }
      return attacks.indices.map { Array(flat[($0 * samples)..<(($0 + 1) * samples)]) }
    }
  }
}

/// What replay saw of one attack.
struct ReplayRow: Sendable {
  struct SecondLook: Sendable {
    let candidate: [Observation]
    let baseline: [Observation]
  }

  let attack: SuiteAttack
  let candidate: [Observation]
  /// Nil where the policy has no baseline.
  let baseline: [Observation]?
  /// Fresh responses of both models, where the first ones made the attack suspect.
  var secondLook: SecondLook?

  /// The screen of `replay.newly_broken`: it only chooses where to look again and decides nothing.
  var isSuspect: Bool {
    guard let baseline else { return false }
    return candidate.count { $0.isUnsafe == true } > baseline.count { $0.isUnsafe == true }
  }
}

struct ReplayResult: Sendable {
  let rows: [ReplayRow]
  let suite: AttackSuite

  var detail: String {
    let found = rows.count { $0.attack.foundOn != nil }
    let aside = rows.count { !suite.measuresCandidate($0.attack) }
    var parts = ["\(rows.count) attacks"]
    if found > 0 { parts.append("\(found) of them found in earlier runs") }
    if aside > 0 { parts.append("\(aside) found on this very candidate and set aside") }
    let suspects = rows.count { $0.secondLook != nil }
    if suspects > 0 { parts.append("\(suspects) looked at twice") }
    return parts.joined(separator: ", ")
  }
}
