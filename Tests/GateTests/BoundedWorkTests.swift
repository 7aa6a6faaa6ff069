import Core
import Foundation
import Synchronization
import Testing

@testable import Gate

@Suite("Work that has to end", .timeLimit(.minutes(1)))
struct BoundedWorkTests {
  private let spent = SluiceError(.interrupted, "spent")
  private let interrupted = SluiceError(.interrupted, "interrupted")

  private func run<Result: Sendable>(
    _ limit: Duration?, abandon: (@Sendable (SluiceError) -> Void)? = nil,
    _ body: @escaping @Sendable () async throws -> Result
  ) async throws -> Result {
    try await BoundedWork.run(
      within: limit, spent: spent, interrupted: interrupted, grace: 0.1, abandon: abandon, body)
  }

  @Test("what ends in time is left alone, and so are its errors")
  func inTime() async throws {
    #expect(try await run(.seconds(50)) { 7 } == 7)
    #expect(try await run(nil) { 8 } == 8)
    await #expect(throws: SluiceError(.unavailable, "gone")) {
      try await run(.seconds(50)) { throw SluiceError(.unavailable, "gone") }
    }
  }

  @Test("at the limit it is cancelled, and what it throws then is no news, unless something could not be stored")
  func limit() async throws {
    await #expect(throws: spent) { try await run(.milliseconds(20)) { try await Task.sleep(for: .seconds(50)) } }
    await #expect(throws: spent) {
      try await run(.milliseconds(20)) {
        try? await Task.sleep(for: .seconds(50))
        throw InternalError("left without an outcome")
      }
    }
    await #expect(throws: SluiceError(.inputOutput, "disk full")) {
      try await run(.milliseconds(20)) {
        try? await Task.sleep(for: .seconds(50))
        throw SluiceError(.inputOutput, "disk full")
      }
    }
    // A verdict that was committed all the same stands.
    #expect(
      try await run(.milliseconds(20)) {
        try? await Task.sleep(for: .seconds(50))
        return 9
      } == 9)
  }

  @Test("a cancelled task cancels it")
  func cancelled() async throws {
    let task = Task { try await run(nil) { try await Task.sleep(for: .seconds(50)) } }
    task.cancel()
    await #expect(throws: interrupted) { try await task.value }
  }

  @Test("what keeps every thread of the pool busy and doesn't listen is abandoned")
  func deaf() async throws {
    let box = Flag()
    let ended = try await run(
      .milliseconds(20),
      abandon: { error in
        box.reason.withLock { $0 = error }
        box.released.store(true, ordering: .releasing)
      }
    ) {
      await withTaskGroup(of: Void.self) { group in
        for _ in 0..<(2 * ProcessInfo.processInfo.activeProcessorCount) {
          group.addTask { while !box.released.load(ordering: .acquiring) { usleep(1_000) } }
        }
      }
      return 1
    }
    #expect(ended == 1 && box.reason.withLock { $0 } == spent)
  }

  private final class Flag: Sendable {
    let released = Atomic(false)
    let reason = Mutex<SluiceError?>(nil)
  }
}
