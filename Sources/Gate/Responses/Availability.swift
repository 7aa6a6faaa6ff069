import Core

/// Watches the outcomes of one target or judge and tells a lost server from a lost request.
///
/// One request may fail for reasons of its own and counts as an error. A target that refuses the key, or answers none
/// of many requests in a row, is gone: going on would only spend hours on retries.
struct Availability: Sendable {
  /// Failures in a row after which the target is probed once more and then given up.
  let patience: Int
  private var failuresInARow = 0
  private var rejectionsInARow = 0
  private var answersSince = 0
  private(set) var loss: ResponseFailure?
  /// A failure among the last outcomes, which leaves open whether the server is still there.
  private(set) var openFailure: ResponseFailure?

  /// - Parameter concurrency: requests in flight; they may all fail from one short outage.
  init(concurrency: Int) { patience = max(8, 2 * min(concurrency, 16)) }

  /// Whether it now has to be taken for lost.
  mutating func isLost<Answer>(after outcome: Result<Answer, ResponseFailure>) -> Bool {
    switch outcome {
    case .success:
      failuresInARow = 0
      rejectionsInARow = 0
      // Answers to what was asked before the server died may arrive after the first failures.
      answersSince += 1
      if answersSince >= patience { openFailure = nil }
    case .failure(let failure) where failure.isFinal:
      loss = failure
    case .failure(let failure) where failure.meansUnavailable:
      failuresInARow += 1
      openFailure = failure
      answersSince = 0
      if failuresInARow >= patience { loss = failure }
    case .failure(let failure):
      // The target answered, and refused this one request; where it refuses one after the other, something else is wrong.
      failuresInARow = 0
      rejectionsInARow += 1
      if rejectionsInARow >= patience { openFailure = failure }
    }
    return loss != nil
  }
}

/// Returns why probes fail, or nil as soon as one of three is answered: a server that loses one request in four is there,
/// though any single probe may be the one that it loses.
///
/// - Throws: what isn't a ``ResponseFailure``, such as a cancellation.
func failureOfProbes(_ probe: () async throws -> Void) async throws -> ResponseFailure? {
  var last: ResponseFailure?
  for _ in 0..<3 {
    do {
      try await probe()
      return nil
    } catch let failure as ResponseFailure {
      last = failure
      if failure.isFinal { break }
    }
  }
  return last
}
