import Core

/// One call to a target or judge whose outcomes arrive one by one: each is committed as it comes, and asking stops at once
/// where the server is lost or the ledger can't be written.
///
/// Nothing is kept here: what was committed is the committer's to hand on.
final class Arrivals<Answer: Sendable>: Sendable {
  typealias Outcome = Result<Answer, ResponseFailure>
  typealias Arrival = (index: Int, outcome: Outcome)

  let watch: ArrivalWatch
  private let buffer: CommittingBuffer<Arrival>

  /// - Parameters:
  ///   - concurrency: requests that may fail from one short outage.
  ///   - inFlight: requests that are on their way at once.
  ///   - inBatches: whether many outcomes come at the same moment.
  ///   - commit: when it returns, the outcomes survive a crash.
  init(
    concurrency: Int, inFlight: Int, inBatches: Bool = false, commit: @escaping @Sendable ([Arrival]) throws -> Void
  ) {
    watch = ArrivalWatch(concurrency: concurrency)
    // A crash then takes no more answers that came than requests that were on their way.
    buffer = CommittingBuffer(enough: inFlight, inBatches: inBatches, commit: commit)
  }

  func arrived(_ index: Int, _ outcome: Outcome) {
    let stored = buffer.add((index, outcome))
    let lost = watch.arrived(outcome)
    if !stored || lost { watch.stop() }
  }

  /// Runs `ask`, which calls `arrived` for every request, and commits the rest.
  /// - Returns: how the asking ended: it throws where it was stopped.
  /// - Throws: what the commit threw.
  func collect(
    _ ask: @escaping @Sendable (Arrivals<Answer>) async throws -> Void
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
