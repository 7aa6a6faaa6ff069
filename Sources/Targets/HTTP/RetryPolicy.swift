import Core

/// Receives what a request waits for, one line for a person; called from any thread.
public typealias WaitSink = @Sendable (String) -> Void

/// How often and how patiently a failed request is tried again.
public struct RetryPolicy: Hashable, Sendable {
  /// Tries after the first.
  public var retries: Int
  /// Tries after the first where the answer came but made no sense, or none came in time; such tries rarely get better.
  public var malformedRetries: Int
  /// The ceiling of the first pause; it doubles with every try.
  public var base: Duration
  /// The largest pause that back-off comes to by itself.
  public var longestPause: Duration
  /// The largest pause that a server can ask for with `Retry-After`.
  public var longestRequestedPause: Duration
  /// The sum of the pauses that one server gets by asking; from then on a request that it puts off has failed.
  public var longestRequestedSum: Duration

  /// Corrections of one request. More than there are members to leave out: a bound for servers that refuse everything.
  static let mostCorrections = 12

  public init(
    retries: Int = 5, malformedRetries: Int = 2, base: Duration = .milliseconds(500),
    longestPause: Duration = .seconds(30), longestRequestedPause: Duration = .seconds(60),
    longestRequestedSum: Duration = .seconds(3600)
  ) {
    self.retries = max(0, retries)
    self.malformedRetries = max(0, min(malformedRetries, retries))
    self.base = base
    self.longestPause = longestPause
    self.longestRequestedPause = longestRequestedPause
    self.longestRequestedSum = longestRequestedSum
  }

  /// The pause before try `attempt` + 1: "full jitter" (uniform between nothing and the ceiling) keeps many clients from
  /// coming back at the same moment, and never less than the server asked for.
  /// - Parameter attempt: the tries made so far, from 1.
  public func pause(afterAttempt attempt: Int, retryAfter: Duration?, using random: inout SeededGenerator) -> Duration {
    let doublings = min(max(0, attempt - 1), 20)
    let ceiling = min(longestPause, base * (1 << doublings))
    let jittered = ceiling * random.uniformDouble()
    return max(jittered, min(retryAfter ?? .zero, longestRequestedPause))
  }
}

/// A try of a request that failed, and whether another one may help.
struct FailedAttempt: Error {
  enum Remedy {
    /// The server or the way to it is in trouble.
    case retry
    /// The answer made no sense, or took all the time there was.
    case retrySparingly
    /// The server doesn't take a member of the request, and the next request is without it: no try of the same, so it
    /// counts as none.
    case askDifferently
    /// Asking the same again gives the same.
    case giveUp
  }
  let failure: ResponseFailure
  let remedy: Remedy
  var retryAfter: Duration?
  /// The answer's; nil where none came.
  var status: Int?

  init(_ kind: ResponseFailure.Kind, _ message: String, _ remedy: Remedy, retryAfter: Duration? = nil) {
    failure = ResponseFailure(kind: kind, message: message)
    self.remedy = remedy
    self.retryAfter = retryAfter
  }

  init(_ failure: TransportFailure) {
    switch failure.cause {
    case .noConnection: self.init(.unreachable, failure.message, .retry)
    // Each such try costs the whole time limit: five more of them would make an outage of seconds one of many minutes.
    case .timedOut: self.init(.unreachable, failure.message, .retrySparingly)
    case .stalled: self.init(.malformed, "the response was cut short (\(failure.message))", .retrySparingly)
    case .cutShort: self.init(.malformed, "the response was cut short (\(failure.message))", .retry)
    case .tooLarge: self.init(.malformed, failure.message, .giveUp)
    case .permanent: self.init(.unreachable, failure.message, .giveUp)
    }
  }
}
