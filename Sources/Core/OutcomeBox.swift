import Synchronization

/// Collects outcomes that arrive in any order from any thread.
final class OutcomeBox: Sendable {
  private let outcomes: Mutex<[ResponseOutcome?]>

  init(count: Int) { outcomes = Mutex(Array(repeating: nil, count: count)) }

  func set(_ index: Int, _ outcome: ResponseOutcome) { outcomes.withLock { $0[index] = outcome } }

  /// - Throws: `InternalError` when a target broke its promise to report every index.
  func finished() throws -> [ResponseOutcome] {
    try outcomes.withLock { all in
      try all.map { outcome in
        guard let outcome else { throw InternalError("a target left a request without an outcome") }
        return outcome
      }
    }
  }
}
