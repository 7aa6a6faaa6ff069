import Core

/// One call to a target or judge whose outcomes arrive one by one: each is committed as it comes, and asking stops at once
/// where the server is lost or the ledger can't be written.
final class Arrivals<Request: Sendable, Answer: Sendable>: Sendable {
  typealias Outcome = Result<Answer, ResponseFailure>

  let watch: ArrivalWatch<Answer>
  private let requests: [Request]
  private let buffer: CommittingBuffer<(request: Request, outcome: Outcome)>

  /// - Parameters:
  ///   - concurrency: requests in flight; so many may fail from one short outage.
  ///   - commit: when it returns, the outcomes survive a crash.
  init(
    _ requests: [Request], concurrency: Int,
    commit: @escaping @Sendable ([(request: Request, outcome: Outcome)]) throws -> Void
  ) {
    self.requests = requests
    watch = ArrivalWatch(count: requests.count, concurrency: concurrency)
    buffer = CommittingBuffer(commit: commit)
  }

  func arrived(_ index: Int, _ outcome: Outcome) {
    let stored = buffer.add((requests[index], outcome))
    let lost = watch.arrived(index, outcome)
    if !stored || lost { watch.stop() }
  }

  /// Runs `ask`, which calls `arrived` for every request, and commits the rest.
  /// - Returns: how the asking ended: it throws where it was stopped.
  /// - Throws: what the commit threw.
  func collect(
    _ ask: @escaping @Sendable (Arrivals<Request, Answer>) async throws -> Void
  ) async throws -> Result<Void, any Error> {
    // A task of its own, so that it can be stopped at once; it waits until it can.
    let (mayStart, start) = AsyncStream<Void>.makeStream()
    let asking = Task {
      for await _ in mayStart { break }
      try await ask(self)
    }
    watch.onStop { asking.cancel() }
    start.yield()
    start.finish()
    let ended = await withTaskCancellationHandler {
      await asking.result
    } onCancel: {
      asking.cancel()
    }
    try buffer.finish()
    return ended
  }
}
