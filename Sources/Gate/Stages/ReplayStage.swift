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

  /// - Parameters:
  ///   - participants: candidate, and baseline where the policy has one.
  ///   - monitor: nil asks everything at once.
  func run(
    _ suite: AttackSuite, on participants: [Participant], monitor: ReplayMonitor? = nil
  ) async throws -> ReplayResult {
    let planned = suite.attacks.count * settings.responses * participants.count
    let stage = StageProgress(Stage.replay.rawValue, total: planned, sink: progress)
    var result = ReplayResult(rows: [], suite: suite, looks: monitor.map { _ in .unfinished } ?? .none)
    let busy = 2 * (participants.map(\.target.preferredBatch).max() ?? 1) / max(1, settings.responses)
    for portion in monitor?.portions(suite.attacks, least: busy) ?? [suite.attacks] {
      let first = try await ask(
        portion.map(\.attack), of: participants, samples: settings.responses, progress: stage
      ) {
        SampleIndices.replay($0)
      }
      result.rows += zip(portion, portion.indices).map { attack, index in
        ReplayRow(
          attack: attack, candidate: first[.candidate]?[index] ?? [], baseline: first[.baseline].map { $0[index] })
      }
      if let monitor, result.rows.count < suite.attacks.count, monitor.isDecided(result) { break }
    }
    if monitor != nil && result.rows.count == suite.attacks.count { result.looks = .finished }

    // What a search found on one of the two models was picked because that model fails: no fair comparison.
    let suspects = result.rows.indices.filter {
      result.rows[$0].isSuspect && suite.comparesModels(result.rows[$0].attack)
    }
    if !suspects.isEmpty {
      let second = try await ask(
        suspects.map { result.rows[$0].attack.attack }, of: participants, samples: settings.secondLookResponses,
        progress: stage
      ) { SampleIndices.secondLook($0) }
      for (position, index) in suspects.enumerated() {
        result.rows[index].secondLook = ReplayRow.SecondLook(
          candidate: second[.candidate]?[position] ?? [], baseline: second[.baseline]?[position] ?? [])
      }
    }
    stage.end(result.detail)
    return result
  }

  /// Observations by role, attack and sample.
  private func ask(
    _ attacks: [Attack], of participants: [Participant], samples: Int, progress: StageProgress,
    index: (Int) -> Int
  ) async throws -> [Role: [[Observation]]] {
    let questions = attacks.flatMap { attack in
      (0..<samples).map { Question(attack, sampleIndex: index($0)) }
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
  /// How often the answers were looked at before the end of asking, which intervals have to pay for.
  enum Looks: Hashable, Sendable {
    /// Once, at the end.
    case none
    /// All the time, and not everything was asked (yet).
    case unfinished
    /// All the time, up to the end.
    case finished
  }

  /// In the order of asking.
  var rows: [ReplayRow]
  let suite: AttackSuite
  var looks = Looks.none

  /// Attacks that were not asked, since every check was decided.
  var notNeeded: Int { suite.attacks.count - rows.count }

  var detail: String {
    let found = rows.count { $0.attack.foundOn != nil }
    let aside = rows.count { !suite.measuresCandidate($0.attack) }
    var parts = ["\(rows.count) attacks"]
    if notNeeded > 0 {
      parts[0] = "stopped after \(rows.count) of \(suite.attacks.count) attacks, when every check was decided"
    }
    if found > 0 { parts.append("\(found) of them found in earlier runs") }
    if aside > 0 { parts.append("\(aside) found on this very candidate and set aside") }
    let suspects = rows.count { $0.secondLook != nil }
    if suspects > 0 { parts.append("\(suspects) looked at twice") }
    return parts.joined(separator: ", ")
  }
}
