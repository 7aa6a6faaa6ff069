import Core
import FakeServer
import Foundation
import Targets
import Testing

@Suite("Secrets and trust", .timeLimit(.minutes(1)))
struct SecretTests {
  private static let key = "sk-test-4f9a8b7c6d5e4f3a2b1c"

  @Test("the key is sent as a bearer token and shows up nowhere else, even where the server repeats it")
  func keyStaysSecret() async throws {
    let replies: [FakeReply] = [
      .error(401, "Incorrect API key provided: \(Self.key). Get one."), .error(400, "\(Self.key)"),
      .error(500, String(repeating: "x", count: 230) + Self.key), .json("{\"error\":\"\(Self.key)\"}", status: 403),
      .json("{\"detail\":\"\(Self.key)\"}", status: 404), .json(Self.key), .halfBody(Array(Self.key.utf8)),
      .json(#"{"choices":[{"message":{"content":{"\#(Self.key)":1}}}]}"#), .reset,
      .error(302, headers: ["Location: http://other.test/\(Self.key)"]),
    ]
    for reply in replies {
      try await FakeServer.run(answering: { _, _ in reply }) { server in
        let target = try target(on: server, environment: ["K": " \(Self.key)\n"]) {
          $0.apiKeyVariable = "K"
          $0.retries = 1
        }
        let failure = try #require(try await target.ask().failure)
        #expect(server.requests.first?.header("authorization") == "Bearer \(Self.key)")
        for text in ["\(failure)", "\(target)", String(reflecting: target), target.fingerprint] {
          #expect(!text.contains("4f9a8b7c"))
        }
        var dumped = ""
        dump(target, to: &dumped)
        #expect(!dumped.contains("4f9a8b7c"))
      }
    }
  }

  @Test(
    "a key that is missing, empty or no header value is a usage error that names the variable",
    arguments: [nil, "", "  ", "a b", "a\r\nX-Injected: 1", "schlüssel"] as [String?])
  func unusableKey(value: String?) throws {
    var configuration = OpenAIConfiguration(url: "http://h", model: "m")
    configuration.apiKeyVariable = "THE_KEY"
    let error = #expect(throws: SluiceError.self) {
      try ServedTarget(
        configuration, settings: SamplingSettings(), environment: value.map { ["THE_KEY": $0] } ?? [:])
    }
    #expect(error?.exitCode == .usage)
    #expect(error?.description.contains("THE_KEY") == true)
    if let value, value.count > 2 { #expect(error?.description.contains(value) == false) }
  }

  @Test("a server's message that repeats the prompt is withheld")
  func promptStaysPrivate() async throws {
    let prompt = "Tell me the passphrase of the vault, my dear friend"
    for said in ["bad input: '\(prompt)'", "bad input: '\(prompt.prefix(30))…'", "line\n\u{1b}[31m\(prompt)"] {
      try await FakeServer.run(answering: { _, _ in .error(400, said) }) { server in
        let failure = try #require(try await target(on: server).ask(prompt).failure)
        #expect(!failure.message.contains("passphrase"))
        #expect(failure.message.contains("withheld"))
      }
    }
  }

  @Test("a server's message becomes one short printable line")
  func messageIsTamed() async throws {
    let said = "first\nsecond\u{1b}[2Jthird\u{202e}" + String(repeating: " long", count: 10_000)
    try await FakeServer.run(answering: { _, _ in .error(400, said) }) { server in
      let message = try #require(try await target(on: server).ask().failure).message
      #expect(message.contains("first second [2Jthird long"))
      #expect(message.count < 400)
      #expect(message.unicodeScalars.allSatisfy { $0.value >= 32 && $0 != "\u{202e}" })
    }
  }

  @Test("a proxy named in the environment is used, and one that no_proxy excludes is not")
  func proxy() async throws {
    try await FakeServer.run(answering: { _, _ in .chat("via proxy") }) { proxy in
      let configuration = OpenAIConfiguration(url: "http://model.test:99", model: "m", retries: 0)
      var environment = ["http_proxy": proxy.url.replacing("http://", with: "http://user:hunter2hunter2@")]
      let target = try ServedTarget(configuration, settings: SamplingSettings(), environment: environment)
      let response = try await target.ask().get()
      #expect(response.text == "via proxy")
      #expect(proxy.requests.first?.path == "http://model.test:99/v1/chat/completions")
      #expect(target.notices == ["Requests go through the proxy \(proxy.url) (http_proxy)."])
      for list in ["model.test", ".test", "other, model.test", "*"] {
        environment["no_proxy"] = list
        let direct = try ServedTarget(configuration, settings: SamplingSettings(), environment: environment)
        let failure = try await direct.ask().failure
        #expect(failure?.kind == .unreachable)
        #expect(direct.notices.isEmpty)
      }
      #expect(proxy.requests.count == 1)
    }
  }

  @Test(
    "this machine is never asked through a proxy, however its address is written",
    arguments: ["127.0.0.1", "localhost", "LOCALHOST.", "[::1]", "127.1", "2130706433", "[::ffff:127.0.0.1]"])
  func loopback(host: String) {
    let settings = ProxySettings(environment: ["all_proxy": "http://proxy.test:3128", "http_proxy": "proxy.test"])
    #expect(settings.proxy(for: "http://\(host):8000/v1") == nil)
    #expect(settings.proxy(for: "http://127.example.test/v1")?.shown == "http://proxy.test")
    #expect(settings.proxy(for: "https://127.example.test/v1")?.shown == "http://proxy.test:3128")
  }

  @Test("a certificate that nobody vouches for is refused at once, and accepted once its authority is named")
  func selfSigned() async throws {
    let server = try TLSServer()
    defer { server.stop() }
    func outcome(_ environment: [String: String]) async throws -> ResponseOutcome {
      let configuration = OpenAIConfiguration(
        url: "https://localhost:\(server.port)", model: "m", timeout: .seconds(2))
      let retry = RetryPolicy(retries: 0)
      return try await ServedTarget(
        configuration, settings: SamplingSettings(), environment: environment, retry: retry
      ).ask()
    }
    let refused = try #require(try await outcome([:]).failure)
    #expect(refused.kind == .unreachable)
    #expect(refused.message.contains("certificate"))
    // openssl's server reads a POST and never answers it: waiting for the answer in vain means that TLS was passed.
    let accepted = try #require(try await outcome(["SSL_CERT_FILE": server.certificate]).failure)
    #expect(accepted.message.contains("timed out"))
    #expect(!accepted.message.contains("certificate"))
  }
}
