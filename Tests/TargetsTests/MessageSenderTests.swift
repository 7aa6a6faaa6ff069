import Core
import Synchronization
import Targets
import Testing

@Suite("Messages that a server only has to take")
struct MessageSenderTests {
  private static func status(_ status: Int, retryAfter: Duration? = nil) -> Result<HTTPResponse, TransportFailure> {
    .success(HTTPResponse(status: status, body: [], retryAfter: retryAfter))
  }

  private func send(
    _ script: ScriptedTransport, _ time: PausedTime, patience: Duration = .seconds(60), retries: Int = 3
  ) async -> String? {
    await MessageSender(
      transport: script, environment: [:],
      policy: RetryPolicy(retries: retries, longestPause: .seconds(10), longestRequestedPause: .seconds(20)),
      patience: patience, clock: time.clock
    ).send(seed: 1) { HTTPRequest(url: "https://hooks.example.com/secret-path", body: Array("{}".utf8)) }
  }

  @Test("are sent again while the server is in trouble, and once where it took or refused them")
  func tries() async {
    let time = PausedTime()
    let passing = ScriptedTransport([
      Self.status(503), .failure(TransportFailure(.noConnection, "no")), Self.status(204),
    ])
    #expect(await send(passing, time) == nil)
    #expect(passing.requests.count == 3 && time.now > .zero)
    for status in [400, 401, 404, 301] {
      let refusing = ScriptedTransport([Self.status(status)])
      #expect(await send(refusing, PausedTime()) == "status \(status)")
      #expect(refusing.requests.count == 1)
    }
    let broken = ScriptedTransport([.failure(TransportFailure(.permanent, "the certificate is not trusted"))])
    #expect(await send(broken, PausedTime()) == "the certificate is not trusted")
    #expect(broken.requests.count == 1)
  }

  @Test("are given up after a bounded number of tries, and within a bounded time whatever the server asks for")
  func bounds() async {
    let (time, down) = (PausedTime(), ScriptedTransport([Self.status(500)]))
    #expect(await send(down, time) == "status 500 (4 tries)")
    #expect(down.requests.count == 4 && time.now < .seconds(60))
    let (patient, slow) = (PausedTime(), ScriptedTransport([Self.status(429, retryAfter: .seconds(3600))]))
    #expect(await send(slow, patient, patience: .seconds(30), retries: 100) == "status 429 (2 tries)")
    #expect(patient.now == .seconds(20))
    #expect(slow.requests.map(\.bounds.total) == [.seconds(30), .seconds(10)])
  }
}
