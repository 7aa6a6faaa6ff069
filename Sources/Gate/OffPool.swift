import Foundation

/// Runs long computations on a thread of its own: the cooperative pool has one thread a core and must stay free.
public func offPool<Result: Sendable>(_ work: @escaping @Sendable () -> Result) async -> Result {
  await withCheckedContinuation { continuation in
    let thread = Thread { continuation.resume(returning: work()) }
    thread.name = "sluice-gate"
    // The default of 512 KB is little for a deep call into BLAS.
    thread.stackSize = 8 << 20
    thread.start()
  }
}
