import Core
import Decisions
import Kinds
import Statistics

/// Asks the suite of candidate and baseline, and looks again where the candidate seems newly broken.
struct ReplayStage: Sendable {
  struct Settings: Sendable {
    /// Responses for each attack and model.
    var responses: Int
    /// Whether attacks that look newly broken are asked again: only a check on them needs that.
    var looksTwice: Bool
    /// Whether the policy says how often suspects are asked again, so that their number doesn't matter.
    var statesSecondLook = false
    /// Responses of the second look for each suspect and model, by the number of suspects.
    var secondLook: @Sendable (_ suspects: Int) -> Int
  }

  let service: ResponseService
  /// Asks again: how often depends on all attacks, so that no shard can know it. Nil for `service`.
  var followUp: ResponseService?
  let judge: any Judge
  let settings: Settings
  /// Why attacks can't be asked, by identifier: what is planned of them is missing.
  var unasked: [AttackID: String] = [:]
  let progress: ProgressSink

  /// - Parameters:
  ///   - participants: candidate, and baseline where the policy has one.
  ///   - monitor: nil asks everything at once.
  func run(
    _ suite: AttackSuite, on participants: [Participant], monitor: ReplayMonitor? = nil
  ) async throws -> ReplayFindings {
    let planned = suite.attacks.count * settings.responses * participants.count
    let stage = StageProgress(Stage.replay.rawValue, total: planned, sink: progress)
    var result = ReplayFindings(
      rows: [], suite: suite, looks: monitor == nil ? .none : .unfinished, responses: settings.responses)
    result.rows.reserveCapacity(suite.attacks.count)
    let busy = 2 * (participants.map(\.target.preferredBatch).max() ?? 1) / max(1, settings.responses)
    let tallies = Dictionary(uniqueKeysWithValues: participants.map { ($0.role, AnswerTally()) })
    let portions = monitor?.portions(suite.attacks, least: busy).map { $0[...] } ?? Self.portions(suite.attacks)
    for portion in portions {
      let questions = questions(portion.map(\.attack), (0..<settings.responses).map(SampleIndices.replay))
      let first = try await sideBySide(participants) { participant in
        try await service.answers(
          questions, from: participant.target, as: participant.role, judge: judge, tally: tallies[participant.role]
        ) { stage.advance(by: $0) }.map(\.observation).rows(portion.count, of: settings.responses)
      }
      result.rows += zip(portion, 0...).lazy.map { attack, index in
        ReplayRow(
          attack: attack, candidate: first[.candidate]?[index] ?? [], baseline: first[.baseline].map { $0[index] })
      }
      result.answers = tallies.mapValues { $0.variety(over: result.rows.lazy.map(\.attack)) }
      if let monitor, result.rows.count < suite.attacks.count, monitor.isDecided(result) { break }
    }
    if monitor != nil && result.rows.count == suite.attacks.count { result.looks = .finished }

    // What a search found on one of the two models was picked because that model fails: no fair comparison.
    let suspects = result.rows.indices.filter {
      let attack = result.rows[$0].attack
      return result.rows[$0].isSuspect && (suite.comparesModels(attack, .file) || suite.comparesModels(attack, .found))
    }
    if settings.looksTwice, !suspects.isEmpty {
      let samples = settings.secondLook(suspects.count)
      result.secondLookResponses = samples
      let first = NewlyBroken.clearingSize(samples)
      if first > 0 { try await lookAgain(suspects, 0..<first, of: participants, progress: stage, &result) }
      let rest = first > 0 ? result.unclearedLooks : suspects
      if !rest.isEmpty { try await lookAgain(rest, first..<samples, of: participants, progress: stage, &result) }
    }
    stage.end(result.detail)
    return result
  }

  /// Adds samples to the second looks of these rows.
  private func lookAgain(
    _ places: [Int], _ samples: Range<Int>, of participants: [Participant], progress stage: StageProgress,
    _ result: inout ReplayFindings
  ) async throws {
    stage.extend(by: places.count * samples.count * participants.count)
    let questions = questions(
      places.map { result.rows[$0].attack.attack }, samples.map(SampleIndices.secondLook))
    let second = try await sideBySide(participants) { participant in
      try await (followUp ?? service).answers(
        questions, from: participant.target, as: participant.role, judge: judge
      ) { stage.advance(by: $0) }.map(\.observation).rows(places.count, of: samples.count)
    }
    for (position, index) in places.enumerated() {
      var look = result.rows[index].secondLook ?? .init(candidate: [], baseline: [])
      look.candidate += second[.candidate]?[position] ?? []
      look.baseline += second[.baseline]?[position] ?? []
      result.rows[index].secondLook = look
    }
  }

  /// Attacks asked together where nobody looks in between: many enough that waiting for the last response of each portion
  /// costs nothing, and few enough that what is kept for each response under way takes little memory.
  private static let mostAtOnce = 16_384

  private static func portions(_ attacks: [SuiteAttack]) -> [ArraySlice<SuiteAttack>] {
    stride(from: 0, to: max(1, attacks.count), by: mostAtOnce).map {
      attacks[$0..<min($0 + mostAtOnce, attacks.count)]
    }
  }

  private func questions(_ attacks: [Attack], _ samples: [Int]) -> [Question] {
    attacks.flatMap { attack in samples.map { Question(attack, sampleIndex: $0, gap: unasked[attack.id]) } }
  }
}

extension ReplayFindings {
  /// For progress and reports.
  var detail: String {
    let found = rows.count { $0.attack.isFound }
    let aside = rows.count { $0.attack.isFound && !suite.measuresCandidate($0.attack, .found) }
    var parts = [counted(rows.count, "attack")]
    if notNeeded > 0 {
      parts[0] = "stopped after \(rows.count) of \(suite.attacks.count) attacks, when every check was decided"
    }
    if found > 0 { parts.append("\(found) of them found in earlier runs") }
    if aside > 0 { parts.append("\(aside) found on this very candidate and set aside") }
    let suspects = rows.count { $0.secondLook != nil }
    let whole = unclearedLooks.count
    if whole > 0 { parts.append("\(whole) looked at twice with \(secondLookResponses) responses each") }
    if whole < suspects {
      parts.append(
        "\(suspects - whole) cleared by a second look of \(NewlyBroken.clearingSize(secondLookResponses)) responses")
    }
    return parts.joined(separator: ", ")
  }
}
