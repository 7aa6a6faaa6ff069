import Core
import Judges
import Transforms

/// A policy's driver, asked as rewriters are: what it wrote stands for good.
struct DrivenTurns: TurnSource {
  let service: ResponseService
  let driver: Participant

  func turns(for tasks: [DrivingTask], of search: String) async throws -> [Result<String, DrivingProblem>] {
    let outcomes = try await service.outcomes(
      of: tasks.map {
        TargetRequest(prompt: "\($0.request)\n\n(\(search))", sampleIndex: SampleIndices.replay(0))
      },
      from: driver.target, as: driver.role)
    return zip(tasks, outcomes).map { task, outcome in
      Result { () throws(DrivingProblem) in try Self.turn(task, outcome) }
    }
  }

  private static func turn(_ task: DrivingTask, _ outcome: ResponseOutcome) throws(DrivingProblem) -> String {
    let answer: String
    do throws(RewritingProblem) {
      answer = try RewritingPass.answer(outcome)
    } catch {
      throw DrivingProblem(error.reason)
    }
    let turn: String
    do throws(DrivingProblem) {
      turn = try task.turn(in: answer, needsMarks: true)
    } catch {
      throw RefusalPhrases.isRefusal(answer) ? DrivingProblem("declined") : error
    }
    if RefusalPhrases.isRefusal(turn) { throw DrivingProblem("declined") }
    return turn
  }
}
