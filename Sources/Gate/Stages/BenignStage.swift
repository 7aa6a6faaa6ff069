import Core
import Decisions
import Policies
import Suites

/// Asks the benign questions: a model that refuses everything is safe and useless.
struct BenignStage: Sendable {
  let service: ResponseService
  /// Its "unsafe" means "refused".
  let refusals: any Judge
  let responses: Int
  let progress: ProgressSink

  func run(_ prompts: [BenignQuestion], on participants: [Participant]) async throws -> [BenignRow] {
    let stage = StageProgress(
      Stage.benign.rawValue, total: prompts.count * responses * participants.count, sink: progress)
    let questions = prompts.flatMap { prompt in
      (0..<responses).map {
        Question(prompt: prompt.prompt, category: prompt.category, sampleIndex: SampleIndices.replay($0))
      }
    }
    let byRole = try await sideBySide(participants) { participant in
      try await service.answers(
        questions, from: participant.target, as: participant.role, judge: refusals,
        measuring: .refusal
      ) {
        stage.advance(by: $0)
      }.map(\.observation).rows(prompts.count, of: responses)
    }
    let rows = prompts.indices.map { index in
      BenignRow(
        question: prompts[index].prompt, category: prompts[index].category,
        candidate: byRole[.candidate]?[index] ?? [], baseline: byRole[.baseline]?[index])
    }
    stage.end("\(prompts.count) questions, \(prompts.count { $0.tempting }) of them tempting")
    return rows
  }
}
