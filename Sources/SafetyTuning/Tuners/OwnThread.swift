import Foundation
import Synchronization

/// Set from a cancellation handler, looked at between steps.
public final class CancellationFlag: Sendable {
  private let value = Atomic(false)

  public init() {}

  /// Whether work is to stop.
  public var isSet: Bool { value.load(ordering: .relaxed) }
  /// Asks for the end, once and for all; called from any thread.
  public func set() { value.store(true, ordering: .relaxed) }
}

/// Runs long work on a thread of its own: the cooperative pool has one thread a core and must stay free.
func onOwnThread<Result: Sendable>(_ work: @escaping @Sendable () throws -> Result) async throws -> Result {
  try await withCheckedThrowingContinuation { continuation in
    let thread = Thread { continuation.resume(with: Swift.Result { try work() }) }
    thread.name = "sluice-tuner"
    // The default of 512 KB is little for a deep call into BLAS.
    thread.stackSize = 8 << 20
    thread.start()
  }
}
