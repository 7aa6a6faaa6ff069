import Synchronization

/// Collects outcomes that arrive in any order from any thread.
public final class OutcomeBox<Outcome: Sendable>: Sendable {
  private let outcomes: Mutex<[Outcome?]>

  /// Makes room for `count` outcomes.
  public init(count: Int) { outcomes = Mutex(Array(repeating: nil, count: count)) }

  /// Keeps the outcome of request `index`; a later one replaces it.
  public func set(_ index: Int, _ outcome: Outcome) { outcomes.withLock { $0[index] = outcome } }

  /// - Throws: `InternalError` where an index was never set.
  public func finished() throws -> [Outcome] {
    try outcomes.withLock { all in
      try all.map { outcome in
        guard let outcome else { throw InternalError("a request was left without an outcome") }
        return outcome
      }
    }
  }
}
