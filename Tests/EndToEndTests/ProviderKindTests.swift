import FakeServer
import Foundation
import Synchronization
import Testing

/// How one provider's server answers, as far as a gate needs.
struct FakeProvider: Sendable, CustomTestStringConvertible {
  let kind: String
  /// Keys of a target beside kind and model.
  let keys: String
  /// What is asked of the server for an answer.
  let asks: @Sendable (FakeRequest) -> Bool
  let says: @Sendable (_ text: String) -> FakeReply
  /// What stops a prompt, as the provider says it.
  let stops: FakeReply
  /// How the report counts that.
  let stopped: String

  var testDescription: String { kind }
  static let key = "sk-live-4f9a8b7c6d5e4f3a2b1c"

  static let all: [FakeProvider] = [
    FakeProvider(
      kind: "anthropic", keys: "url: 'URL', api_key_env: KEY, system: be kind",
      asks: {
        $0.path == "/v1/messages" && $0.header("x-api-key") == key && $0.bodyText.contains(#""system":"be kind""#)
      },
      says: { .json(#"{"content":[{"type":"text","text":"\#($0)"}],"stop_reason":"end_turn","usage":{}}"#) },
      stops: .json(#"{"content":[],"stop_reason":"refusal","usage":{}}"#), stopped: "refused"),
    FakeProvider(
      kind: "azure", keys: "url: 'URL', api_key_env: KEY",
      asks: { $0.path.contains("/openai/deployments/") && $0.header("api-key") == key }, says: { .chat($0) },
      stops: .json(#"{"error":{"code":"content_filter","message":"stopped"}}"#, status: 400), stopped: "blocked"),
    FakeProvider(
      kind: "bedrock", keys: "url: 'URL', region: eu-west-1, access_key_env: KEY_ID, secret_key_env: KEY",
      asks: {
        $0.path.hasSuffix("/converse")
          && $0.header("authorization")?.hasPrefix("AWS4-HMAC-SHA256 Credential=AKIDSLUICE1/") == true
      },
      says: { .json(#"{"output":{"message":{"content":[{"text":"\#($0)"}]}},"stopReason":"end_turn"}"#) },
      stops: .json(
        #"{"output":{"message":{"content":[{"text":"Not here."}]}},"stopReason":"guardrail_intervened"}"#),
      stopped: "blocked"),
    FakeProvider(
      kind: "ollama", keys: "url: 'URL', api_key_env: KEY, context: 4096",
      asks: { $0.path == "/api/chat" && $0.header("authorization") == "Bearer \(key)" },
      says: { .json(#"{"message":{"role":"assistant","content":"\#($0)"},"done":true,"done_reason":"stop"}"#) },
      stops: .json(#"{"message":{"content":"i can not help with that."},"done":true}"#), stopped: "refused"),
  ]

  var gate: KindGate {
    KindGate(
      candidate: "kind: \(kind), model: next, \(keys)", baseline: "kind: \(kind), model: last, \(keys)",
      environment: ["KEY": Self.key, "KEY_ID": "AKIDSLUICE1"])
  }
}

@Suite("A gate on a provider's own protocol")
struct ProviderKindTests {
  @Test(
    "A regression fails, the same server without it passes, filters are counted, and the key stays",
    arguments: FakeProvider.all)
  func verdicts(provider: FakeProvider) async throws {
    for (leaks, code) in [(true, Int32(1)), (false, 0)] {
      try await FakeServer.run(answering: { request, index in
        guard provider.asks(request) else { return .error(404) }
        if request.isProbe { return provider.says("hello.") }
        let isNext = request.path.contains("/next/") || request.bodyText.contains(#""model":"next""#)
        if leaks, isNext { return provider.says(KindGate.leak + " " + FakeProvider.key) }
        return index % 3 == 0 ? provider.stops : provider.says(KindGate.refusal)
      }) { server in
        let (workspace, outcome) = try await provider.gate.run(server.url)
        #expect(outcome.code == code, "\(outcome.errors) \(outcome.output)")
        #expect(try workspace.places(of: FakeProvider.key, outcome).isEmpty)
        let baseline = try workspace.counts("baseline")
        #expect((baseline[provider.stopped] as? Int ?? 0) > 5, "\(baseline)")
        #expect(baseline["unsafe"] as? Int == 0 && baseline["failed"] as? Int == 0, "\(baseline)")
        #expect(baseline["unscored"] as? Int == 0, "\(baseline)")
      }
    }
  }

  @Test("A server that answers nothing that can be read is unavailable: 69", arguments: FakeProvider.all)
  func unreadable(provider: FakeProvider) async throws {
    try await FakeServer.run(answering: { _, _ in .json(#"{"hello":"there"}"#) }) { server in
      let (_, outcome) = try await provider.gate.run(server.url, retries: 0)
      #expect(outcome.code == 69 && outcome.errors.contains("the response has no"), "\(outcome.errors)")
    }
  }

  @Test("An address by default is held against the site's list too")
  func site() async throws {
    let workspace = try Workspace.tiny(TinyPolicy())
    for (target, host) in [
      ("{kind: anthropic, model: claude}", "api.anthropic.com"), ("{kind: ollama, model: m}", "127.0.0.1:11434"),
      (
        "{kind: bedrock, model: m, region: eu-west-1, access_key_env: A, secret_key_env: A}",
        "bedrock-runtime.eu-west-1.amazonaws.com"
      ),
    ] {
      var policy = TinyPolicy()
      policy.candidate = target
      try workspace.write(policy.text, to: "policy.yaml")
      try workspace.write("allow: {hosts: [api.example.com]}\n", to: "site.yaml")
      let refused = try await workspace.run(
        "check", "policy.yaml", environment: ["SLUICE_SITE": "site.yaml", "A": "a-key-12345"])
      #expect(refused.code == 64 && refused.errors.contains(host), "\(refused.errors)")
      #expect(refused.errors.contains("policy.yaml:5:"), "\(refused.errors)")
      try workspace.write("allow: {hosts: ['\(host)']}\n", to: "site.yaml")
      let allowed = try await workspace.run(
        "check", "policy.yaml", environment: ["SLUICE_SITE": "site.yaml", "A": "a-key-12345"])
      #expect(allowed.code == 0, "\(allowed.errors)")
    }
  }

  @Test("Options of Ollama's are JSON, and don't set what a key of the policy sets: 64")
  func options() async throws {
    let workspace = try Workspace.tiny(TinyPolicy())
    for (options, says) in [
      ("top_k", "is no JSON"), ("[1]", "an array, not an object"), (#"{"seed": 1}"#, "the policy's own 'seed'"),
      (#"{"num_ctx": 1, "top_k": 4}"#, "the policy's own 'context'"), (#"{"top_k": 4}"#, ""),
    ] {
      var policy = TinyPolicy()
      policy.candidate = "{kind: ollama, model: m, options: '\(options)'}"
      try workspace.write(policy.text, to: "policy.yaml")
      let outcome = try await workspace.run("check", "policy.yaml")
      #expect(
        outcome.code == (says.isEmpty ? 0 : 64) && (says.isEmpty || outcome.errors.contains(says)), "\(outcome.errors)")
      // The server tells what identifies the bytes.
      #expect(!outcome.output.contains("targets.candidate has no revision"), "\(outcome.output)")
    }
  }

  @Test("Credentials for Bedrock are a pair, or a key of its own: 64 else")
  func credentials() async throws {
    let workspace = try Workspace.tiny(TinyPolicy())
    for (keys, code) in [
      ("", Int32(64)), (", access_key_env: A", 64), (", access_key_env: A, secret_key_env: A, api_key_env: A", 64),
      (", session_token_env: A, api_key_env: A", 64), (", api_key_env: A", 0),
      (", access_key_env: A, secret_key_env: A, session_token_env: A", 0),
    ] {
      var policy = TinyPolicy()
      policy.candidate = "{kind: bedrock, model: m, region: eu-west-1\(keys)}"
      try workspace.write(policy.text, to: "policy.yaml")
      let outcome = try await workspace.run("check", "policy.yaml", environment: ["A": "a-key-12345"])
      #expect(outcome.code == code && outcome.errors.contains("policy.yaml:5:") == (code == 64), "\(outcome.errors)")
    }
  }

  @Test("A model that Ollama names by its digest is asked once, and anew when the digest changes")
  func digest() async throws {
    let digest = Digest("aaaa1111")
    try await FakeServer.run(answering: { request, _ in
      if request.path == "/api/tags" {
        let models = ["next", "last"].map { #"{"name":"\#($0):latest","digest":"\#(digest.value)-\#($0)"}"# }
        return .json(#"{"models":[\#(models.joined(separator: ","))]}"#)
      }
      return request.path == "/api/chat"
        ? .json(#"{"message":{"content":"\#(KindGate.refusal)"},"done":true}"#) : .error(404)
    }) { server in
      func asked() -> Int { server.requests.count { $0.path == "/api/chat" } }
      let gate = FakeProvider.all[3].gate
      let workspace = try gate.workspace(server.url)
      func code() async throws -> Int32 {
        try await workspace.run("run", "policy.yaml", environment: gate.environment).code
      }
      #expect(try await code() == 0)
      let first = asked()
      #expect(try await code() == 0)
      // The two probes alone.
      #expect(asked() == first + 2)
      digest.value = "bbbb2222"
      #expect(try await code() == 0)
      #expect(asked() == 2 * first + 2)
      let report = String(decoding: try workspace.read("out/report.json"), as: UTF8.self)
      #expect(report.contains("bbbb2222-next"))
    }
  }

  private final class Digest: Sendable {
    private let text: Mutex<String>
    init(_ text: String) { self.text = Mutex(text) }
    var value: String {
      get { text.withLock { $0 } }
      set { text.withLock { $0 = newValue } }
    }
  }
}
