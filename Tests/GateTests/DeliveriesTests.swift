import Core
import Foundation
import Policies
import Reports
import Synchronization
import Targets
import Testing

@testable import Gate

@Suite("Telling services of a verdict")
struct DeliveriesTests {
  private static let date = Date(timeIntervalSince1970: 1_772_366_400)

  private final class Recorder: HTTPTransport {
    private let status: @Sendable (HTTPRequest) -> Int
    private let seen = Mutex<[HTTPRequest]>([])
    var requests: [HTTPRequest] { seen.withLock { $0 } }

    init(_ status: @escaping @Sendable (HTTPRequest) -> Int = { _ in 200 }) { self.status = status }

    func send(_ request: HTTPRequest) async throws -> HTTPResponse {
      seen.withLock { $0.append(request) }
      return HTTPResponse(status: status(request), body: [])
    }
  }

  private static let summary = RunSummary(
    run: "p5jXN8AQM9LWM0D4loKWxJek",
    policy: .init(name: "p", path: "p.yaml", hash: "h", seed: 7, confidence: 0.95), verdict: .inconclusive, exitCode: 2,
    reasons: ["nothing was decided"], checks: [], evidence: .init(ledger: "l", sealed: false, headHash: ""))

  private func deliver(
    _ wanted: [ReportPolicy.Delivery], _ recorder: Recorder, environment: [String: String]
  ) async -> [String] {
    let time = RetryClock(now: { .zero }, sleep: { _ in })
    return await Deliveries(wanted, environment: environment, now: { Self.date }) {
      MessageSender(transport: recorder, environment: [:], policy: RetryPolicy(retries: 2), clock: time)
    }.send(Self.summary, date: Self.date)
  }

  @Test("signs what it sends as Standard Webhooks says: identifier, time and body, with the secret's bytes")
  func signature() async throws {
    let recorder = Recorder()
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    let hook = ReportPolicy.Delivery(.webhook, url: "https://hooks.example.com/a", secretVariable: "HOOK")
    #expect(await deliver([hook], recorder, environment: ["HOOK": secret]).isEmpty)
    let request = try #require(recorder.requests.first)
    let headers = Dictionary(request.headers.map { ($0.name, $0.value) }) { first, _ in first }
    #expect(headers["webhook-id"]?.hasPrefix("sluice-\(Self.summary.run)-") == true)
    #expect(headers["webhook-timestamp"] == "1772366400")
    let signed = try Self.signed(
      "\(headers["webhook-id"] ?? "").1772366400." + String(decoding: request.body, as: UTF8.self))
    #expect(headers["webhook-signature"] == "v1,\(signed)")
  }

  @Test(
    "sends nothing unsigned where the secret that signs is not there",
    arguments: [[:], ["HOOK": ""], ["HOOK": "short"]])
  func unsigned(environment: [String: String]) async {
    let recorder = Recorder()
    let hook = ReportPolicy.Delivery(.webhook, url: "https://hooks.example.com/a", secretVariable: "HOOK")
    let problems = await deliver([hook], recorder, environment: environment)
    #expect(problems.count == 1 && problems[0].contains("HOOK") && problems[0].contains("not set or no secret"))
    #expect(recorder.requests.isEmpty)
  }

  /// HMAC of a text by another implementation: openssl's.
  private static func signed(_ text: String) throws -> String {
    let (process, input, output) = (Process(), Pipe(), Pipe())
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    let key = Data(base64Encoded: "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw") ?? Data()
    process.arguments = [
      "openssl", "dgst", "-sha256", "-binary", "-mac", "HMAC", "-macopt",
      "hexkey:" + key.map { String(format: "%02x", $0) }.joined(),
    ]
    (process.standardInput, process.standardOutput) = (input, output)
    try process.run()
    try input.fileHandleForWriting.write(contentsOf: Data(text.utf8))
    try input.fileHandleForWriting.close()
    let code = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return code.base64EncodedString()
  }

  @Test("tells each service by itself, and says in a line which one could not be told, by its host alone")
  func failures() async {
    let recorder = Recorder { $0.url.contains("hooks") ? 500 : 200 }
    let hook = ReportPolicy.Delivery(
      .webhook, url: "https://hooks.example.com/services/T000/KEY-IN-PATH", secretVariable: "HOOK")
    let otlp = ReportPolicy.Delivery(.otlp, url: "http://127.0.0.1:4318/", headers: ["X-Tenant": "a"])
    let problems = await deliver([hook, otlp], recorder, environment: ["HOOK": "sixteen bytes or more"])
    #expect(
      problems == [
        "report.webhook: hooks.example.com was not told of the verdict, which stands: status 500 (3 tries)"
      ])
    let paths = recorder.requests.map(\.url).filter { !$0.contains("hooks") }
    #expect(paths == ["http://127.0.0.1:4318/v1/metrics", "http://127.0.0.1:4318/v1/logs"])
    #expect(
      recorder.requests.filter { $0.url.contains("v1") }.allSatisfy { request in
        request.headers.contains(.init("X-Tenant", "a"))
          && request.headers.contains(.init("Content-Type", "application/json"))
      })
  }
}
