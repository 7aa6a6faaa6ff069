import Synchronization

/// Hands out 0, 1, … to workers, each once.
final class IndexQueue: Sendable {
  private let count: Int
  private let taken = Atomic(0)

  init(count: Int) { self.count = count }

  func next() -> Int? {
    let index = taken.add(1, ordering: .relaxed).oldValue
    return index < count ? index : nil
  }
}

/// Runs `work` for 0 to `count` − 1, at most `width` of them at a time.
/// - Throws: `CancellationError` between two pieces of work; what `work` throws.
public func inParallel(
  _ count: Int, width: Int, _ work: @escaping @Sendable (_ index: Int) async throws -> Void
) async throws {
  let queue = IndexQueue(count: count)
  try await withThrowingTaskGroup(of: Void.self) { group in
    for _ in 0..<min(max(1, width), count) {
      group.addTask {
        while let index = queue.next() {
          try Task.checkCancellation()
          try await work(index)
        }
      }
    }
    try await group.waitForAll()
  }
}
