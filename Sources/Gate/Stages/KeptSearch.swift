import Core
import Foundation
import Logging
import Synchronization

/// Keeps how a search and its oracle stand, so often that it costs little and little is lost.
final class KeptSearch: SearchCheckpoints {
  private struct State {
    var last: Duration
    /// Between two times; nil where nothing can be kept any more.
    var pause: Duration?
    /// What `latest` gave, which the search may go on from.
    var found: Parts?
  }

  /// What the place holds: the oracle as the header, the search behind it.
  private struct Parts {
    let whole: [UInt8]
    let oracle: ArraySlice<UInt8>
    let search: ArraySlice<UInt8>

    init?(_ whole: [UInt8]) {
      guard let parts = HeadedBytes(whole) else { return nil }
      (self.whole, oracle, search) = (whole, parts.header, parts.body)
    }
  }

  private let place: any StandingPlace
  private let oracle: SearchOracle
  private let onGoingOn: @Sendable () -> Void
  private let now: @Sendable () -> Duration
  private let state: Mutex<State>

  /// Least time between two.
  private static let leastPause = Duration.seconds(1)
  /// Keeping takes at most this share of a search's time.
  private static let mostShare = 0.02

  /// - Parameters:
  ///   - onGoingOn: called once the search stands where it stood.
  ///   - now: time since any fixed moment.
  init(
    _ place: any StandingPlace, oracle: SearchOracle, onGoingOn: @escaping @Sendable () -> Void,
    now: @escaping @Sendable () -> Duration = { .nanoseconds(Int64(clamping: DispatchTime.now().uptimeNanoseconds)) }
  ) {
    self.place = place
    self.oracle = oracle
    self.onGoingOn = onGoingOn
    self.now = now
    state = Mutex(State(last: now(), pause: Self.leastPause))
  }

  /// Nothing where the ledger lacks a response that was counted: then it was kept of another search, or beside a ledger that was
  /// replaced since.
  func latest() -> [UInt8]? {
    guard let parts = place.latest().flatMap(Parts.init), oracle.hasResponses(of: Array(parts.oracle)) else {
      return nil
    }
    state.withLock { $0.found = parts }
    return Array(parts.search)
  }

  func goOn() throws {
    guard let parts = state.withLock(\.found) else { throw InternalError("nothing was kept of a search") }
    try oracle.goOn(Array(parts.oracle))
    try place.noteGoingOn(parts.whole)
    onGoingOn()
  }

  var isDue: Bool {
    let now = now()
    return state.withLock { state in state.pause.map { now - state.last >= $0 } ?? false }
  }

  func keep(_ standing: [UInt8], unanswered: Set<String>) {
    let began = now()
    do {
      let oracle = try oracle.standing(without: unanswered)
      try place.keep(HeadedBytes.joined(oracle, standing))
      let ended = now()
      let pause = max(Self.leastPause, (ended - began) / Self.mostShare)
      Logger.search.debug(
        "standing kept", metadata: ["bytes": standing.count.logged, "seconds": (ended - began).logged])
      state.withLock { $0 = State(last: ended, pause: pause) }
    } catch {
      // A disk that is full or can't be written is told of by what has to be stored.
      Logger.search.warning("standing can't be kept any more", error: error)
      state.withLock { $0.pause = nil }
    }
  }
}
