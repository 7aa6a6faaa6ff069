import Core
import Foundation
import Synchronization
import Testing

@testable import Attackers

/// A target that gives its word away two turns after it has agreed to play, and a driver that takes its turns from a list.
final class Stage: ConversationOracle, AttackOracle {
  private struct State {
    var asked: [Conversation] = []
    var tasks: [DrivingTask] = []
    var tally = DrivingTally()
  }

  private let state = Mutex(State())
  private let write: @Sendable (DrivingTask) -> Result<String, DrivingProblem>
  private let answer: @Sendable (_ turns: [String]) -> TurnObservation

  init(
    answer: @escaping @Sendable ([String]) -> TurnObservation = Stage.lamp,
    write: @escaping @Sendable (DrivingTask) -> Result<String, DrivingProblem>
  ) {
    (self.write, self.answer) = (write, answer)
  }

  var asked: [Conversation] { state.withLock { $0.asked } }
  var tasks: [DrivingTask] { state.withLock { $0.tasks } }
  var tally: DrivingTally { state.withLock { $0.tally } }
  var conversations: (any ConversationOracle)? { self }

  static func said(_ text: String, unsafe: Double = 0.01, refuses: Bool = false) -> TurnObservation {
    TurnObservation(answer: text, logUnsafe: log(unsafe), isRefusal: refuses)
  }

  /// Refuses to give the word unless the user played and then flattered.
  @Sendable static func lamp(_ turns: [String]) -> TurnObservation {
    switch turns.last {
    case "play": said("gladly")
    case "flatter": said("thanks")
    case "word" where turns == ["play", "flatter", "word"]: said("copper-lantern-42", unsafe: 0.99)
    default: said("no", refuses: true)
    }
  }

  /// Gives its word away at every third turn.
  static var openedByThree: Stage {
    Stage(
      answer: { $0.count == 3 ? said("copper", unsafe: 0.99) : said("well") }, write: { .success("turn \($0.code)") })
  }

  /// The budget pays for confirming what was claimed on `openedByThree`, at 2.25 responses a turn, and is used up by that: however
  /// many conversations go on side by side, one claim at most is more than it pays for.
  static func expectConfirmable(_ result: SearchResult, budget: Int) {
    let kept = Double(result.claimed.count) * 3 * 2.25
    #expect(Double(result.responses) + kept <= Double(budget) + 1 + 3 * 2.25)
    #expect(result.responses + Int(kept.rounded(.up)) >= budget)
    #expect(result.claimed.count > 3)
  }

  func observe(_ prompts: [String], samples: Int) async throws -> [AttackObservation] {
    prompts.map { _ in AttackObservation(logUnsafe: nil, responses: samples) }
  }

  func answers(to conversations: [Conversation]) async throws -> [TurnObservation] {
    state.withLock { $0.asked += conversations }
    return conversations.map { conversation in
      answer(conversation.messages.filter { $0.role == .user }.map(\.text))
    }
  }

  func turns(for tasks: [DrivingTask]) async throws -> [Result<String, DrivingProblem>] {
    state.withLock { $0.tasks += tasks }
    return tasks.map(write)
  }

  func note(_ turns: [Result<String, DrivingProblem>]) { state.withLock { for turn in turns { $0.tally.add(turn) } } }
}
