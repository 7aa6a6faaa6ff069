import Foundation

/// Runs long work on a thread of its own: the cooperative pool has one thread a core and must stay free.
/// - Parameter name: what debuggers call the thread.
/// - Throws: what `work` throws.
public func offPool<Value: Sendable, Failure: Error>(
  named name: String = "sluice-work", _ work: @escaping @Sendable () throws(Failure) -> Value
) async throws(Failure) -> Value {
  let result = await withCheckedContinuation { continuation in
    let thread = Thread {
      let result: Result<Value, Failure>
      do throws(Failure) { result = .success(try work()) } catch { result = .failure(error) }
      continuation.resume(returning: result)
    }
    thread.name = name
    // The default of 512 KB is little for a deep call into BLAS.
    thread.stackSize = 8 << 20
    thread.start()
  }
  return try result.get()
}
