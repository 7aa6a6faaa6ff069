import Core
import Decisions
import Kinds

/// Asks the candidate's confirmed attacks of the other models that the policy names.
struct TransferStage: Sendable {
  let service: ResponseService
  let judge: any Judge
  let samples: Int
  let progress: ProgressSink

  func run(_ attacks: [Attack], on participants: [Participant]) async throws -> TransferFindings {
    let stage = StageProgress(
      Stage.transfer.rawValue, total: attacks.count * samples * participants.count, sink: progress)
    let questions = attacks.flatMap { attack in
      (0..<samples).map { Question(attack, sampleIndex: SampleIndices.transfer($0)) }
    }
    let observed = try await sideBySide(participants) { participant in
      try await service.answers(
        questions, from: participant.target, as: participant.role, judge: judge
      ) { stage.advance(by: $0) }.map(\.observation).rows(attacks.count, of: samples)
    }
    stage.end("\(counted(attacks.count, "attack")) on \(counted(participants.count, "model"))")
    return TransferFindings(attacks: attacks, observations: observed)
  }
}
