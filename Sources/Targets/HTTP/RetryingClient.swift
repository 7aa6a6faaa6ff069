import Core
import Foundation
import Logging

/// Sends requests until they succeed, make no more sense to repeat, or the server is given up: concurrency limit,
/// pacing, back-off and circuit breaker around a transport.
final class RetryingClient: Sendable {
  private let transport: any HTTPTransport
  private let policy: RetryPolicy
  private let permits: Permits
  private let pacer: Pacer
  private let breaker: CircuitBreaker
  private let clock: RetryClock
  private let waits: WaitSink
  private let log: Logger
  /// Requests that it works on at a time. Where the transport sees to it that no more than `concurrency` are under way, that is
  /// twice as many: the others are ready to leave when an answer comes.
  let width: Int

  /// - Parameter log: names the server.
  init(
    transport: any HTTPTransport, policy: RetryPolicy, concurrency: Int, requestsPerMinute: Double?,
    failuresBeforeGivingUp: Int, clock: RetryClock, waits: @escaping WaitSink, log: Logger = .requests
  ) {
    self.transport = transport
    self.policy = policy
    self.clock = clock
    self.waits = waits
    self.log = log
    // Requests a minute are spaced before they wait in the transport, which would let them leave together.
    let waitsInTransport = transport.mostAtOnce == concurrency && requestsPerMinute == nil
    width = waitsInTransport ? 2 * concurrency : concurrency
    permits = Permits(width)
    pacer = Pacer(requestsPerMinute: requestsPerMinute, clock: clock)
    breaker = CircuitBreaker(limit: failuresBeforeGivingUp, clock: clock, log: log)
  }

  /// One try: what to send, and how to understand a complete answer to it.
  struct Attempt<Value: Sendable>: Sendable {
    let request: HTTPRequest
    let read: @Sendable (HTTPResponse) -> Result<Value, FailedAttempt>
  }

  /// - Parameters:
  ///   - seed: of the jitter, so that equal runs pause equally whatever the order of their requests.
  ///   - retries: instead of the policy's; a probe has less patience.
  ///   - isAside: whether its fate says nothing of the server's health, so that the circuit breaker leaves it alone.
  ///   - attempt: called for each try.
  /// - Throws: `CancellationError` alone.
  func send<Value: Sendable>(
    seed: UInt64, retries: Int? = nil, isAside: Bool = false, attempt: @Sendable () -> Attempt<Value>
  ) async throws -> Result<Value, ResponseFailure> {
    try await permits.withPermit {
      // While failures are counted, an answer is read before another request takes its place: it may be one failure too many.
      let place = RequestPlace { [breaker] in breaker.isCounting }
      defer { transport.leave(place) }
      let breaker = isAside ? nil : breaker
      switch try await tries(seed: seed, retries: retries ?? policy.retries, breaker, from: place, attempt) {
      case .notSent(let failure): return .failure(failure)
      case .ended(let outcome):
        breaker?.note(outcome.failure)
        return outcome
      }
    }
  }

  private enum Ending<Value: Sendable>: Sendable {
    case ended(Result<Value, ResponseFailure>)
    /// The circuit breaker refused it, or another try of it: no news about the server.
    case notSent(ResponseFailure)
  }

  private func tries<Value: Sendable>(
    seed: UInt64, retries: Int, _ breaker: CircuitBreaker?, from place: RequestPlace,
    _ attempt: @Sendable () -> Attempt<Value>
  ) async throws -> Ending<Value> {
    var random = SeededGenerator(seed: seed, stream: "retry")
    var standing = CircuitBreaker.Standing.new
    var made = 0
    var corrections = 0
    while true {
      let pass: CircuitBreaker.Pass
      switch breaker?.admit(standing) ?? .pass(.usual) {
      case .refusal(let failure): return .notSent(failure)
      case .pass(let given): pass = given
      }
      try await pacer.waitForTurn()
      let failed: FailedAttempt
      switch try await answer(attempt(), from: place, if: { [pacer] in pacer.isFree && breaker?.lets(pass) ?? true }) {
      case .success(let value)?: return .ended(.success(value))
      case .failure(let failure)?: failed = failure
      case nil:
        // Others have met what keeps all of them back while this one waited for its turn.
        standing = made > 0 ? .failed : .waiting(pass)
        continue
      }
      if failed.remedy == .askDifferently, corrections < RetryPolicy.mostCorrections {
        corrections += 1
        log.info("request asked differently", metadata: failed.logged)
        standing = .waiting(pass)
        continue
      }
      made += 1
      guard made <= allowance(failed.remedy, retries: retries) else {
        log.warning("request given up", metadata: failed.logged(attempt: made))
        return .ended(.failure(failed.failure.afterTries(made)))
      }
      let pause = policy.pause(afterAttempt: made, retryAfter: failed.retryAfter, using: &random)
      if let asked = failed.retryAfter {
        guard let longer = pacer.hold(for: pause, limit: policy.longestRequestedSum) else {
          log.warning(
            "request given up, since the server asked for too long a pause", metadata: failed.logged(attempt: made))
          return .ended(.failure(failed.failure.afterWaiting(policy.longestRequestedSum).afterTries(made)))
        }
        // One line for a pause, however many requests run into it.
        if longer >= Self.worthTelling { tell(failed.failure, pause: pause, asked: asked) }
      }
      // A trial is one try: what it met is news.
      if pass == .trial { return .ended(.failure(failed.failure)) }
      log.info(
        "request retried", metadata: failed.logged(attempt: made).merging(["wait_seconds": pause.logged]) { $1 })
      try await clock.sleep(pause)
      standing = .failed
    }
  }

  private static let worthTelling = Duration.seconds(2)

  private func tell(_ failure: ResponseFailure, pause: Duration, asked: Duration) {
    let end = Date(timeIntervalSinceNow: pause.inSeconds).formatted(.iso8601.time(includingFractionalSeconds: false))
    let more = asked > pause ? ", which asks for \(asked.components.seconds) s" : ", as it asks"
    waits("\(failure.message): waiting \(Int(pause.inSeconds.rounded(.up))) s for this server\(more), until \(end) UTC")
  }

  private func allowance(_ remedy: FailedAttempt.Remedy, retries: Int) -> Int {
    switch remedy {
    case .retry: retries
    case .retrySparingly: min(retries, policy.malformedRetries)
    case .giveUp, .askDifferently: 0
    }
  }

  /// - Parameter mayLeave: asked when the request's turn has come.
  /// - Returns: nil where the request was kept back, since something has happened while it waited.
  private func answer<Value: Sendable>(
    _ attempt: Attempt<Value>, from place: RequestPlace, if mayLeave: @escaping @Sendable () -> Bool
  ) async throws -> Result<Value, FailedAttempt>? {
    do {
      let response = try await transport.send(attempt.request, from: place, if: mayLeave)
      log.trace(
        "request answered",
        metadata: [
          "status": .stringConvertible(response.status), "bytes": .stringConvertible(response.body.count),
          "seconds": response.elapsed.logged,
        ])
      return attempt.read(response).mapError { failed in
        var failed = failed
        failed.status = response.status
        return failed
      }
    } catch is RequestKeptBack {
      return nil
    } catch let failure as TransportFailure {
      return .failure(FailedAttempt(failure))
    } catch is CancellationError {
      throw CancellationError()
    } catch {
      return .failure(FailedAttempt(.unreachable, "the HTTP transport failed: \(error)", .giveUp))
    }
  }
}

extension FailedAttempt {
  /// What a log may say of it: no message, which may quote what the server said.
  fileprivate var logged: Logger.Metadata {
    var metadata: Logger.Metadata = ["kind": "\(failure.kind.rawValue)"]
    if let status { metadata["status"] = .stringConvertible(status) }
    if let retryAfter { metadata["asked_seconds"] = retryAfter.logged }
    return metadata
  }

  /// - Parameter attempt: how many were made, this one included.
  fileprivate func logged(attempt: Int) -> Logger.Metadata {
    logged.merging(["attempt": .stringConvertible(attempt)]) { $1 }
  }
}

extension Result {
  fileprivate var failure: Failure? {
    if case .failure(let failure) = self { failure } else { nil }
  }
}

extension ResponseFailure {
  /// The same failure of a server that was waited for long enough.
  fileprivate func afterWaiting(_ sum: Duration) -> ResponseFailure {
    ResponseFailure(
      kind: kind,
      message: "\(message) (this server has had \(sum.components.seconds) s of pauses by asking, and gets no more; "
        + "requests_per_minute keeps within its limit)")
  }

  /// The same failure, with the number of tries where there was more than one.
  fileprivate func afterTries(_ count: Int) -> ResponseFailure {
    count == 1 ? self : ResponseFailure(kind: kind, message: "\(message) (\(count) tries)")
  }
}
