import Core
import Dispatch
import Logging
import Synchronization

/// Asks one target or judge for many replies: takes each from the thread that brings it, commits it, hands it on to one reader, and
/// alone decides that the one asked is lost.
///
/// The thread that brings a reply while no commit is running commits everything that waits; others only queue. So a slow
/// server's replies are stored one by one as they come. Where they come faster, a transaction for each would cost more
/// than all the rest: then one commit follows another after `pause`, or as soon as `enough` wait. The first of a batch waits as
/// well, since the others are there already. The pause is kept off the cooperative pool, which judges may keep busy.
///
/// What is committed is handed on in groups, since a judge works best on many at once. However slow it is, the memory that
/// waiting replies take is bounded: beyond that one waits without its text, which the ledger has.
final class Collector<Reply: Sendable>: Sendable {
  typealias Outcome = Result<Reply, ResponseFailure>
  typealias Arrival = (place: Int, outcome: Outcome)

  /// One reply that is committed.
  struct Item: Sendable {
    /// What it replies to, among all that was wanted.
    let place: Int
    /// Its row in the ledger; nil where there is none.
    let row: Int64?
    /// Nil where it has to be read from the ledger again.
    let outcome: Outcome?
    /// Whether it was in the ledger before, perhaps with scores.
    let isStored: Bool
  }

  private struct State: Sendable {
    var availability: Availability
    var asking: Task<Void, any Error>?
    var isStopped = false
    // Before the commit.
    var waiting: [Arrival] = []
    var isCommitting = false
    /// What kept the ledger from being written.
    var failure: (any Error)?
    /// When the last commit ended.
    var ended: ContinuousClock.Instant?
    /// Whether somebody will look again after the pause.
    var isDue = false
    // After it.
    var open: [Item] = []
    var openBytes = 0
    var bytes = 0
    var isAbandoned = false
  }

  /// A transaction of more is hardly cheaper for each.
  private static var mostInTransaction: Int { 256 }
  /// Replies of a group, and bytes of their texts.
  static var groupSize: Int { 1_024 }
  private static var groupBytes: Int { 4 << 20 }
  /// Bytes of text that may wait.
  static var mostBytes: Int { 16 << 20 }

  private let respondent: Respondent
  private let pause: Duration
  private let enough: Int
  private let weight: @Sendable (Reply) -> Int
  private let commit: @Sendable ([Arrival]) throws -> [Int64?]
  private let state: Mutex<State>
  private let writing = Mutex(())
  private let (stream, ready) = AsyncStream<[Item]>.makeStream()

  /// - Parameters:
  ///   - pause: replies that are not committed yet are lost with the process, as those in flight are.
  ///   - weight: bytes of a reply.
  ///   - commit: when it returns, the outcomes survive a crash; gives the row of each, nil for none.
  init(
    _ respondent: Respondent, pause: Duration = .milliseconds(5),
    weight: @escaping @Sendable (Reply) -> Int = { _ in 0 },
    commit: @escaping @Sendable ([Arrival]) throws -> [Int64?]
  ) {
    self.respondent = respondent
    self.pause = pause
    self.weight = weight
    self.commit = commit
    // A crash then takes no more replies that came than requests that were on their way.
    enough = max(1, min(respondent.inFlight, Self.mostInTransaction))
    state = Mutex(State(availability: Availability(concurrency: respondent.concurrency)))
  }

  // MARK: - Asking

  /// Runs `ask`, which reports every outcome by its place, until all are committed.
  /// - Throws: what the commit threw; `SluiceError` (unavailable) where the one asked is lost; what `ask` throws. Everything that
  ///   arrived is stored then.
  func run(
    _ ask: @escaping @Sendable (_ onOutcome: @escaping @Sendable (Int, Outcome) -> Void) async throws -> Void
  ) async throws {
    // A task of its own, so that it can be stopped at once: nothing arrives before it is known.
    let asking = state.withLock { state in
      let asking = Task { try await ask { self.arrived($0, $1) } }
      state.asking = asking
      return asking
    }
    let ended = await withTaskCancellationHandler {
      await asking.result
    } onCancel: {
      asking.cancel()
    }
    drain(all: true)
    if let failure = state.withLock({ $0.failure }) { throw failure }
    try await throwIfLost()
    try Task.checkCancellation()
    try ended.get()
  }

  /// Takes an outcome from any thread; asking stops at once where the one asked is lost or the ledger can't be written.
  /// - Returns: whether more is wanted.
  @discardableResult
  func arrived(_ place: Int, _ outcome: Outcome) -> Bool {
    let (step, isLost) = state.withLock { state -> (Step, Bool) in
      let isLost = state.availability.isLost(after: outcome)
      if state.failure != nil { return (.nothing, true) }
      state.waiting.append((place, outcome))
      return (nextStep(&state), isLost)
    }
    take(step)
    if isLost { stop() }
    return !state.withLock { $0.isStopped }
  }

  private func stop() {
    state.withLock { state in
      state.isStopped = true
      return state.asking
    }?.cancel()
  }

  /// A server that dies near the end fails too few requests to be given up on the way.
  private func throwIfLost() async throws {
    let (availability, isStopped) = state.withLock { ($0.availability, $0.isStopped) }
    guard var failure = availability.loss ?? availability.openFailure else { return }
    func logged() -> Logger.Metadata { respondent.logged.merging(["kind": "\(failure.kind.rawValue)"]) { $1 } }
    if !failure.isFinal {
      Logger.models.warning("\(respondent.kind) may be lost", metadata: logged())
      if let stillFails = try await failureOfProbes(respondent.probe) {
        failure = stillFails
      } else if !isStopped {
        return  // a few requests failed, and the server lives
      }
    }
    Logger.models.error("\(respondent.kind) lost", metadata: logged())
    throw respondent.isLost(failure)
  }

  // MARK: - Committing

  private enum Step {
    case nothing, commit, wait
  }

  /// - Parameter hasPaused: whether the pause was for what waits now.
  private func nextStep(_ state: inout State, hasPaused: Bool = false) -> Step {
    if state.isCommitting || state.waiting.isEmpty { return .nothing }
    let isSoon = state.ended.map { ContinuousClock.now - $0 < pause } ?? false
    if state.waiting.count < enough, isSoon || respondent.answersInBatches && !hasPaused {
      if state.isDue { return .nothing }
      state.isDue = true
      return .wait
    }
    state.isCommitting = true
    return .commit
  }

  private func take(_ step: Step) {
    switch step {
    case .nothing: break
    case .commit: drain(all: false)
    case .wait:
      DispatchQueue.global().asyncAfter(deadline: .now() + pause.inSeconds) { [self] in
        take(
          state.withLock { state in
            state.isDue = false
            return nextStep(&state, hasPaused: true)
          })
      }
    }
  }

  /// - Parameter all: whether to go on until nothing waits; else until few do.
  private func drain(all: Bool) {
    let last = writing.withLock { _ in
      while true {
        let group = state.withLock { state in
          defer { state.waiting = [] }
          return state.failure == nil ? state.waiting : []
        }
        if !group.isEmpty {
          do {
            let rows = try commit(group)
            Logger.ledger.debug(
              "\(respondent.replies) committed",
              metadata: respondent.logged.merging(["count": group.count.logged]) { $1 })
            add(zip(group, rows).map { Item(place: $0.place, row: $1, outcome: $0.outcome, isStored: false) })
          } catch {
            state.withLock { $0.failure = error }
          }
        }
        let step = state.withLock { state -> Step? in
          if all && !state.waiting.isEmpty { return nil }
          state.isCommitting = false
          if !group.isEmpty { state.ended = .now }
          let step = nextStep(&state)
          if case .commit = step { return nil }
          return step
        }
        if let step { return step }
      }
    }
    if state.withLock({ $0.failure != nil }) { stop() }
    take(last)
  }

  // MARK: - Handing on

  /// What is committed, in order and in groups, each once, for one reader; it ends where the reader's task is cancelled.
  var groups: some AsyncSequence<[Item], Never> & Sendable { stream.prefix { [self] group in isWanted(group) } }

  /// Makes room for others.
  private func isWanted(_ group: [Item]) -> Bool {
    let isAbandoned = state.withLock { state in
      for item in group { state.bytes -= size(of: item.outcome) }
      return state.isAbandoned
    }
    return !isAbandoned && !Task.isCancelled
  }

  /// Hands on what is committed.
  func add(_ items: [Item]) {
    state.withLock { state in
      for item in items {
        let size = self.size(of: item.outcome)
        let fits = size == 0 || state.bytes + size <= Self.mostBytes
        state.open.append(
          fits ? item : Item(place: item.place, row: item.row, outcome: nil, isStored: item.isStored))
        if fits {
          state.openBytes += size
          state.bytes += size
        }
        if state.open.count >= Self.groupSize || state.openBytes >= Self.groupBytes {
          close(&state)
        }
      }
    }
  }

  private func close(_ state: inout State) {
    if !state.open.isEmpty { ready.yield(state.open) }
    (state.open, state.openBytes) = ([], 0)
  }

  /// No more will come: what waits is the rest.
  func end() {
    state.withLock { close(&$0) }
    ready.finish()
  }

  /// Nobody wants to know any more: what waits is left to another run.
  func abandon() {
    state.withLock { $0.isAbandoned = true }
    ready.finish()
  }

  private func size(of outcome: Outcome?) -> Int {
    if case .success(let reply) = outcome { weight(reply) } else { 0 }
  }
}
