import Core
import LanguageModels
import Synchronization

/// How many threads the teams of one call have: those of a team that has no rows left go over to the others.
final class SharedThreads: Sendable {
  /// Teams at the start.
  let teams: Int
  private let workers: Int
  private let atWork: Atomic<Int>

  init(_ workers: Int, teams: Int) {
    self.workers = workers
    self.teams = teams
    atWork = Atomic(teams)
  }

  /// Threads for each team that is at work.
  var each: Int { max(1, workers / max(1, atWork.load(ordering: .relaxed))) }

  /// One team has no rows left.
  func leave() { atWork.subtract(1, ordering: .relaxed) }
}

/// Threads that decode a local target's rows together, one step after the other.
///
/// Requests are taken from a queue that teams share; a conversation stays with its team, and enters again for each answer.
final class LocalTeam {
  /// A request without an outcome.
  private struct Asked {
    let index: Int
    /// Seed of its first answer.
    let seed: UInt64
    /// Nil for a plain prompt.
    var live: LiveConversation?
    var input: LocalTarget.Input
    /// When it entered.
    var began = ContinuousClock.now
  }

  private let target: LocalTarget
  private let requests: [TargetRequest]
  private let queue: IndexQueue
  private let crews: SharedThreads
  private let onOutcome: (Int, ResponseOutcome) -> Void
  /// Requests under way, by index.
  private var open: [Int: Asked] = [:]
  /// Conversations whose next answer is wanted, the first at the end.
  private var again: [(index: Int, seed: UInt64, live: LiveConversation)] = []

  /// Steps after which other targets of this process have the processors, where they wait for them.
  private static let stepsOfATurn = 8

  init(
    _ target: LocalTarget, _ requests: [TargetRequest], _ queue: IndexQueue, _ crews: SharedThreads,
    onOutcome: @escaping (Int, ResponseOutcome) -> Void
  ) {
    self.target = target
    self.requests = requests
    self.queue = queue
    self.crews = crews
    self.onOutcome = onOutcome
  }

  /// Answers until the queue is empty. Blocks.
  ///
  /// - Parameter isCancelled: asked before each step.
  /// - Returns: whether it went on to the end.
  func work(_ isCancelled: () -> Bool) -> Bool {
    defer { crews.leave() }
    var rollout: Rollout?
    while !isCancelled() {
      let threads = crews.each
      let isDone = ProcessorTurns.shared.withTurn(threads) { isWanted in
        if rollout == nil { rollout = target.rollout(rows: requests.count, teams: crews.teams) }
        var steps = 0
        return rollout?.run(workers: threads) {
          next(isCancelled)
        } onEnd: {
          ended($0, $1)
        } while: {
          steps += 1
          return !isCancelled() && crews.each == threads && (steps <= Self.stepsOfATurn || !isWanted())
        } == true
      }
      if isDone { return !isCancelled() }
    }
    return false
  }

  /// The next row to enter; what can't be asked has its outcome at once.
  private func next(_ isCancelled: () -> Bool) -> Rollout.Entry? {
    while !isCancelled() {
      let index: Int
      let seed: UInt64
      let live: LiveConversation?
      if let turn = again.popLast() {
        (index, seed, live) = (turn.index, turn.seed, turn.live)
      } else if let taken = queue.next() {
        index = taken
        seed = requests[index].sampleSeed(target.settings)
        live = Conversation(text: requests[index].prompt).map { LiveConversation($0) }
      } else {
        return nil
      }
      switch target.input(for: requests[index].prompt, live) {
      case .failure(let failure): onOutcome(index, .failure(live?.explained(failure) ?? failure))
      case .success(let input):
        open[index] = Asked(index: index, seed: seed, live: live, input: input)
        return target.entry(index, input.tokens, seed: live?.seed(seed) ?? seed)
      }
    }
    return nil
  }

  private func ended(_ index: Int, _ generation: Generation) {
    guard let asked = open.removeValue(forKey: index) else { return }
    let response = target.response(
      generation, to: asked.input, latency: (ContinuousClock.now - asked.began).inSeconds)
    guard var live = asked.live else { return onOutcome(index, .success(response)) }
    if live.hear(response, calls: []) {
      again.insert((index, asked.seed, live), at: 0)
    } else {
      onOutcome(index, .success(live.response))
    }
  }
}
