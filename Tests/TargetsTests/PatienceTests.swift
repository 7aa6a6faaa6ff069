import Core
import FakeServer
import Foundation
import Synchronization
import Targets
import Testing

@Suite("Pauses, pace and giving up", .timeLimit(.minutes(1)))
struct PatienceTests {
  /// Keeps a request back the first time that it is to leave after `count` others, as where a server has asked for a pause
  /// just then.
  private struct HoldingTransport: HTTPTransport {
    let script: ScriptedTransport
    let count: Int
    private let hold = Flag()

    func send(_ request: HTTPRequest) async throws -> HTTPResponse { try await script.send(request) }

    func send(
      _ request: HTTPRequest, from place: RequestPlace, if mayLeave: @escaping @Sendable () -> Bool
    ) async throws -> HTTPResponse {
      guard mayLeave(), script.count < count || !hold.raise() else { throw RequestKeptBack() }
      return try await script.send(request)
    }
  }

  private final class Flag: Sendable {
    private let isUp = Mutex(false)

    /// Whether this call raised it.
    func raise() -> Bool {
      isUp.withLock { isUp in
        defer { isUp = true }
        return !isUp
      }
    }
  }

  private static let fine = HTTPResponse(
    status: 200, body: Array(#"{"choices":[{"message":{"content":"fine"},"finish_reason":"stop"}]}"#.utf8))

  private static func busy(_ status: Int, retryAfter: Duration? = nil) -> HTTPResponse {
    HTTPResponse(status: status, body: [], retryAfter: retryAfter)
  }

  private func target(
    _ transport: any HTTPTransport, _ time: QuickTime, retry: RetryPolicy = RetryPolicy(),
    _ adjust: (inout OpenAIConfiguration) -> Void = { _ in }
  ) throws -> ServedTarget {
    var configuration = OpenAIConfiguration(url: "http://server.test", model: "m", concurrency: 1)
    adjust(&configuration)
    return try ServedTarget(
      configuration, settings: SamplingSettings(), environment: [:], transport: transport, retry: retry,
      clock: time.clock)
  }

  @Test("pauses grow twofold under their ceiling, vary between requests and repeat with the seed")
  func backOff() {
    let policy = RetryPolicy(retries: 8, base: .milliseconds(500), longestPause: .seconds(8))
    func pauses(_ seed: UInt64) -> [Duration] {
      var random = SeededGenerator(seed: seed)
      return (1...8).map { policy.pause(afterAttempt: $0, retryAfter: nil, using: &random) }
    }
    #expect(pauses(1) == pauses(1))
    #expect(pauses(1) != pauses(2))
    for attempt in 1...8 {
      let ceiling = min(0.5 * Double(1 << (attempt - 1)), 8)
      let drawn = (0..<400).map { pauses(UInt64($0))[attempt - 1] / .seconds(1) }
      #expect(drawn.allSatisfy { $0 >= 0 && $0 <= ceiling })
      // Full jitter: uniform up to the ceiling, so its mean is half of it.
      #expect(abs(drawn.reduce(0, +) / 400 - ceiling / 2) < ceiling * 0.06)
    }
  }

  @Test("a server that asks for a pause gets it, up to a cap")
  func requestedPause() async throws {
    for (asked, least, most) in [(7, 7.0, 7.6), (100_000, 60.0, 60.0)] {
      let time = QuickTime()
      let transport = ScriptedTransport([.success(Self.busy(429, retryAfter: .seconds(asked))), .success(Self.fine)])
      _ = try await target(transport, time).ask().get()
      let waited = time.pauses.reduce(.zero, +) / .seconds(1)
      #expect(waited >= least && waited <= most)
    }
  }

  @Test("each pause that a server asks for is told; in sum it gets no more than a limit, and then its requests fail")
  func requestedSum() async throws {
    let time = QuickTime()
    let transport = ScriptedTransport([.success(Self.busy(429, retryAfter: .seconds(50)))])
    let told = Mutex<[String]>([])
    let retry = RetryPolicy(retries: 100, longestRequestedSum: .seconds(175))
    let target = try ServedTarget(
      OpenAIConfiguration(url: "http://server.test", model: "m", concurrency: 1), settings: SamplingSettings(),
      environment: [:], transport: transport, retry: retry, clock: time.clock,
      waits: { line in told.withLock { $0.append(line) } })
    let failure = try await target.ask().failure
    #expect(failure?.kind == .rateLimited && failure?.message.contains("has had 175 s of pauses") == true, "\(failure)")
    #expect(transport.count == 4 && time.pauses.reduce(.zero, +) / .seconds(1) <= 175)
    let lines = told.withLock { $0 }
    #expect(
      lines.count == 3 && lines.allSatisfy { $0.contains("http://server.test") && $0.contains("waiting 50 s") },
      "\(lines)")
    // Nothing is left for later requests either.
    _ = try await target.ask()
    #expect(transport.count == 5)
  }

  @Test("the pause that a server asks for is read from seconds and from a date")
  func retryAfterHeader() async throws {
    /// Made when the server answers, so that a busy machine doesn't eat up the pause.
    @Sendable func date() -> String {
      let formatter = DateFormatter()
      formatter.locale = Locale(identifier: "en_US_POSIX")
      formatter.timeZone = TimeZone(identifier: "GMT")
      formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
      return formatter.string(from: Date.now.addingTimeInterval(20))
    }
    for value in [{ "20" }, date] as [@Sendable () -> String] {
      let time = QuickTime()
      try await FakeServer.run(answering: { _, index in
        index == 0 ? .error(429, headers: ["Retry-After: \(value())"]) : .chat("fine")
      }) { server in
        _ = try await TargetsTests.target(on: server, clock: time.clock).ask().get()
        let waited = time.pauses.reduce(.zero, +) / .seconds(1)
        #expect(waited >= 17 && waited <= 21)
      }
    }
  }

  @Test("a pause that the server asks of one request holds all others back too")
  func sharedPause() async throws {
    let time = QuickTime()
    let transport = ScriptedTransport([.success(Self.busy(429, retryAfter: .seconds(30))), .success(Self.fine)])
    let outcomes = try await target(transport, time) { $0.concurrency = 1 }.respond(to: requests(3))
    #expect(outcomes.allSatisfy { $0.failure == nil })
    #expect(time.clock.now() >= .seconds(30))
    #expect(transport.count == 4)
  }

  @Test("requests keep to so many a minute, retries included")
  func pace() async throws {
    let time = QuickTime()
    let transport = ScriptedTransport([.success(Self.busy(500)), .success(Self.fine)])
    let retry = RetryPolicy(retries: 1, base: .nanoseconds(1))
    _ = try await target(transport, time, retry: retry) { $0.requestsPerMinute = 30 }.respond(to: requests(30))
    // 31 requests, one every two seconds, the first at once.
    let waited = time.clock.now() / .seconds(1)
    #expect(waited >= 60 && waited < 61)
  }

  @Test("a dead server is given up: the rest fail at once, as the same kind")
  func dead() async throws {
    let time = QuickTime()
    let transport = ScriptedTransport([.failure(TransportFailure(.noConnection, "refused"))])
    let target = try target(transport, time, retry: RetryPolicy(retries: 2)) { $0.failuresBeforeGivingUp = 4 }
    let outcomes = try await target.respond(to: requests(1000))
    #expect(outcomes.allSatisfy { $0.failure?.kind == .unreachable })
    #expect(transport.count == 4 * 3)
    #expect(outcomes[999].failure?.message.contains("not sent") == true)
    #expect(outcomes[999].failure?.message.contains("refused") == true)
  }

  @Test("a try that takes all its time is repeated less often: each one costs the whole time limit")
  func slow() async throws {
    for cause in [TransportFailure.Cause.timedOut, .stalled] {
      let time = QuickTime()
      let transport = ScriptedTransport([.failure(TransportFailure(cause, "time is up"))])
      let target = try target(transport, time, retry: RetryPolicy(retries: 5, malformedRetries: 2)) {
        $0.failuresBeforeGivingUp = 4
      }
      let outcomes = try await target.respond(to: requests(100))
      #expect(outcomes.allSatisfy { $0.failure?.meansUnavailable == true })
      #expect(transport.count == 4 * 3)
    }
  }

  @Test("a server that was given up and comes back is used again after a while")
  func comesBack() async throws {
    let time = QuickTime()
    let down = Result<HTTPResponse, TransportFailure>.failure(TransportFailure(.noConnection, "refused"))
    let transport = ScriptedTransport([down, down, .success(Self.fine)])
    let target = try target(transport, time, retry: RetryPolicy(retries: 0)) { $0.failuresBeforeGivingUp = 2 }
    let during = try await target.respond(to: requests(5))
    #expect(during.allSatisfy { $0.failure?.kind == .unreachable })
    #expect(transport.count == 2)
    try await time.clock.sleep(.seconds(31))
    let after = try await target.respond(to: requests(5))
    #expect(after.allSatisfy { $0.failure == nil })
  }

  @Test("the request that is to try a server again is not lost where it is kept back; where it fails, it says how")
  func trial() async throws {
    let time = QuickTime()
    let down = Result<HTTPResponse, TransportFailure>.failure(TransportFailure(.noConnection, "refused"))
    let gone = Result<HTTPResponse, TransportFailure>.failure(TransportFailure(.noConnection, "gone again"))
    let script = ScriptedTransport([down, down, down, down, gone, .success(Self.fine)])
    let transport = HoldingTransport(script: script, count: 4)
    let target = try target(transport, time, retry: RetryPolicy(retries: 3)) { $0.failuresBeforeGivingUp = 1 }
    #expect(try await target.ask("a").failure?.message.contains("refused") == true && script.count == 4)
    try await time.clock.sleep(.seconds(31))
    let trial = try await target.ask("b")
    #expect(trial.failure?.message.contains("gone again") == true && script.count == 5, "\(trial)")
    #expect(try await target.ask("c").failure?.message.contains("gone again") == true && script.count == 5)
    try await time.clock.sleep(.seconds(31))
    #expect(try await target.ask("d").failure == nil && script.count == 6)
  }

  @Test("failures of single requests never count as a dead server")
  func singleFailures() async throws {
    let time = QuickTime()
    let transport = ScriptedTransport([.success(Self.busy(400))])
    let target = try target(transport, time) { $0.failuresBeforeGivingUp = 2 }
    _ = try await target.respond(to: requests(50))
    #expect(transport.count == 50)
  }

  @Test("a failure that another try can't help ends at once")
  func permanent() async throws {
    let time = QuickTime()
    let transport = ScriptedTransport([.failure(TransportFailure(.permanent, "certificate"))])
    #expect(try await target(transport, time).ask().failure?.kind == .unreachable)
    #expect(transport.count == 1)
    #expect(time.pauses.isEmpty)
  }
}
