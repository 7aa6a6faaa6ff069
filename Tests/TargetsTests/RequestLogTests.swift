import Core
import InMemoryLogging
import Logging
import Synchronization
import Testing

@testable import Targets

@Suite("What a log says of requests")
struct RequestLogTests {
  private func client(_ answers: [Result<HTTPResponse, TransportFailure>], _ log: Logger, limit: Int = 20)
    -> RetryingClient
  {
    RetryingClient(
      transport: ScriptedTransport(answers), policy: RetryPolicy(retries: 2), concurrency: 1, requestsPerMinute: nil,
      failuresBeforeGivingUp: limit, clock: PausedTime().clock, waits: { _ in }, log: log)
  }

  private static let request = HTTPRequest(
    url: "http://127.0.0.1:9/v1",
    bounds: .init(connect: .seconds(1), total: .seconds(1), stall: .seconds(1), bodyBytes: 9))

  private static func send(_ client: RetryingClient) async throws -> Result<Int, ResponseFailure> {
    try await client.send(seed: 1) {
      RetryingClient.Attempt(request: request) { response in
        switch response.status {
        case 200: .success(1)
        case 429: .failure(FailedAttempt(.rateLimited, "the secret text", .retry, retryAfter: response.retryAfter))
        default: .failure(FailedAttempt(.serverError, "the secret text", .retry))
        }
      }
    }
  }

  private func logger() -> (Logger, InMemoryLogHandler) {
    let handler = InMemoryLogHandler()
    var logger = Logger(label: "test") { _ in handler }
    logger.logLevel = .info
    return (logger, handler)
  }

  @Test("A retry tells status, kind, attempt and both pauses, never the message")
  func retried() async throws {
    let (log, handler) = logger()
    let client = client(
      [
        .success(HTTPResponse(status: 429, body: [], retryAfter: .seconds(3))),
        .success(HTTPResponse(status: 500, body: [])),
        .success(HTTPResponse(status: 200, body: [])),
      ], log)
    #expect(try await Self.send(client) == .success(1))
    let entries = handler.entries
    #expect(entries.map(\.message.description) == ["request retried", "request retried"])
    #expect(entries.map { $0.metadata["status"]?.description } == ["429", "500"])
    #expect(entries.map { $0.metadata["kind"]?.description } == ["rateLimited", "serverError"])
    #expect(entries.map { $0.metadata["attempt"]?.description } == ["1", "2"])
    #expect(entries[0].metadata["asked_seconds"]?.description == "3.0")
    // The server's pause is longer than any of the client's own.
    #expect(entries[0].metadata["wait_seconds"]?.description == "3.0")
    #expect(!entries.contains { "\($0)".contains("secret") })
  }

  @Test("A circuit that opens is told once, and once that it closed; what is given up says after how many tries")
  func circuit() async throws {
    let (log, handler) = logger()
    let away = Result<HTTPResponse, TransportFailure>.failure(TransportFailure(.noConnection, "x"))
    let client = client(
      [away, away, away, away, away, away, .success(HTTPResponse(status: 200, body: []))], log, limit: 2)
    for _ in 0..<2 {
      guard case .failure = try await Self.send(client) else {
        Issue.record("it was answered")
        return
      }
    }
    let before = handler.entries.map(\.message.description)
    #expect(before.filter { $0 == "request given up" }.count == 2 && before.last == "circuit opened")
    #expect(before.filter { $0 == "circuit opened" }.count == 1)
    #expect(handler.entries.first { $0.message == "request given up" }?.metadata["attempt"]?.description == "3")
    // Refused without being sent: no news.
    _ = try await Self.send(client)
    #expect(handler.entries.count == before.count)
  }

  @Test("A breaker tells of every change of its state, and of nothing else")
  func breaker() {
    let (log, handler) = logger()
    let breaker = CircuitBreaker(limit: 2, clock: PausedTime().clock, log: log)
    let failure = ResponseFailure(kind: .unreachable, message: "x")
    for outcome in [failure, nil, failure, failure, failure, nil, nil, failure, failure] { breaker.note(outcome) }
    #expect(handler.entries.map(\.message.description) == ["circuit opened", "circuit closed", "circuit opened"])
    #expect(handler.entries.map(\.level) == [.warning, .notice, .warning])
  }
}
