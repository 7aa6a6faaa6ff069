import Core
import FakeServer
import Synchronization
import Testing

@testable import Targets

@Suite("What tells a served model from others", .timeLimit(.minutes(1)))
struct IdentityTests {
  private func fingerprint(_ url: String, model: String = "m", revision: String? = nil) throws -> String {
    try ServedTarget(
      OpenAIConfiguration(url: url, model: model, revision: revision), settings: SamplingSettings(), environment: [:]
    ).fingerprint
  }

  @Test("is scheme, host, path, query, model name and declared revision")
  func parts() throws {
    let same = try ["http://h", "http://H/v1/", "http://h/v1/chat/completions"].map { try fingerprint($0) }
    #expect(Set(same).count == 1)
    let different = try [
      fingerprint("http://h"), fingerprint("https://h"), fingerprint("http://g"), fingerprint("http://h/x/v1"),
      fingerprint("http://h?deployment=a"), fingerprint("http://h?deployment=b"), fingerprint("http://h", model: "n"),
      fingerprint("http://h", revision: "a"), fingerprint("http://h", revision: "b"),
      fingerprint("http://h", revision: "a|http://h"), fingerprint("http://h", model: "m|a"),
      fingerprint("http://h?api-key=secret-number-1"), fingerprint("http://h?api-key=secret-number-2"),
    ]
    #expect(Set(different).count == different.count)
  }

  @Test(
    "holds a secret of the query only as a hash",
    arguments: [
      "key", "api-key", "apikey", "access_token", "token", "sig", "code", "subscription-key", "X-Amz-Signature",
    ])
  func secrets(name: String) async throws {
    let secret = "s3cr3t-value%2Fx"
    let path = "/v1/chat/completions?\(name)=\(secret)&api-version=2"
    // A server that repeats the address, as written and as meant.
    try await FakeServer.run(answering: { _, _ in .error(404, "no \(path), no s3cr3t-value/x") }) { server in
      let target = try ServedTarget(
        OpenAIConfiguration(url: server.url + path, model: "m"), settings: SamplingSettings(), environment: [:])
      let failure = try #require(try await target.ask().failure)
      #expect(server.requests.first?.path == path)
      #expect(target.fingerprint.contains("api-version=2"))
      for text in ["\(failure)", target.fingerprint, "\(try ServerEndpoint(server.url + path, api: .chat))"] {
        #expect(!text.contains("s3cr3t"))
      }
    }
  }

  @Test("names bytes only with a declared revision; a checkpoint's digest is one")
  func bytes() throws {
    func target(_ revision: String?) throws -> ServedTarget {
      try ServedTarget(
        OpenAIConfiguration(url: "http://h", model: "m", revision: revision), settings: SamplingSettings(),
        environment: [:])
    }
    #expect(try !target(nil).identifiesBytes)
    #expect(try target("3f2a").identifiesBytes && target("3f2a").declaredRevision == "3f2a")
  }
}

@Suite("What a server tells of its model", .timeLimit(.minutes(1)))
struct SignTests {
  /// Asks for the signs; pauses take no time.
  private func signs(
    model: String = "test-model", _ answer: @escaping FakeServer.Answer
  ) async throws -> (signs: ServerSigns, paths: [String]) {
    let time = QuickTime()
    return try await FakeServer.run(answering: answer) { server in
      let target = try target(on: server, clock: time.clock) { $0.model = model }
      return (try await target.signs(), server.requests.map { "\($0.method) \($0.path)" })
    }
  }

  @Test("is its entry among the listed models")
  func listed() async throws {
    let list = #"""
      {"data":[{"id":"other","created":1,"owned_by":"x"},{"id":"test-model","created":1700000000,"owned_by":"vllm",\#
      "root":"org/weights","max_model_len":4096,"permission":[{"id":"modelperm-1"}]}]}
      """#
    let (signs, paths) = try await signs { _, _ in .json(list) }
    #expect(
      signs
        == ServerSigns(
          created: 1_700_000_000, root: "org/weights", ownedBy: "vllm",
          others: ["id": "test-model", "max_model_len": "4096"]))
    #expect(paths == ["GET /v1/models", "GET /v1/models"])
  }

  @Test("is asked for again where the server is in trouble, and not where it has no list")
  func trouble() async throws {
    let (signs, paths) = try await signs { _, index in
      index < 2 ? .error(503) : .json(#"{"data":[{"id":"test-model","owned_by":"vllm"}]}"#)
    }
    #expect(signs == ServerSigns(ownedBy: "vllm", others: ["id": "test-model"]))
    #expect(paths.count == 3)
    let none = try await self.signs { _, _ in .error(404) }
    #expect(none.signs.isEmpty && none.paths == ["GET /v1/models", "GET /v1/models/test-model"])
  }

  @Test("leaves out a time of creation that is the time of the request")
  func requestTime() async throws {
    let (signs, _) = try await signs { _, index in
      .json(#"{"data":[{"id":"test-model","created":\#(1_700_000_000 + index),"owned_by":"vllm","root":"w"}]}"#)
    }
    #expect(signs == ServerSigns(root: "w", ownedBy: "vllm", others: ["id": "test-model"]))
  }

  @Test("is the model's own entry where the list lacks it, the only one where there is one, and Ollama's with its tag")
  func otherEntries() async throws {
    let lacking = try await signs(model: "org/a b") { request, _ in
      request.path == "/v1/models"
        ? .json(#"{"data":[{"id":"x"},{"id":"y"}]}"#) : .json(#"{"id":"org/a b","root":"w"}"#)
    }
    #expect(lacking.signs.root == "w" && lacking.paths.last == "GET /v1/models/org%2Fa%20b")
    let only = try await signs { _, _ in .json(#"{"data":[{"id":"/models/a.gguf","meta":{"size":7,"n_params":3}}]}"#) }
    #expect(only.signs.others == ["id": "/models/a.gguf", "meta.size": "7", "meta.n_params": "3"])
    let tagged = try await signs { _, _ in
      .json(#"{"data":[{"id":"a"},{"id":"test-model:latest","owned_by":"library"}]}"#)
    }
    #expect(tagged.signs.ownedBy == "library")
  }

  @Test(
    "is empty where it tells nothing, and that doesn't count as an outage",
    arguments: [#"{"data":[]}"#, "nonsense", "", #"{"choices":[]}"#, #"{"data":{"id":"test-model"}}"#])
  func silent(body: String) async throws {
    for status in [200, 404, 500] {
      try await FakeServer.run(answering: { request, _ in
        request.method == "GET" ? .json(body, status: status) : .chat("fine", systemFingerprint: "fp_1")
      }) { server in
        let target = try target(on: server) { $0.failuresBeforeGivingUp = 1 }
        #expect(try await target.signs().isEmpty)
        _ = try await target.ask().get()
        #expect(try await target.signs() == ServerSigns(systemFingerprints: ["fp_1"]))
      }
    }
  }

  @Test("differs where a sign has changed, come or gone; of system fingerprints some may be missing")
  func differences() {
    let earlier = ServerSigns(systemFingerprints: ["a", "b"], created: 1, root: "w", others: ["digest": "x"])
    #expect(earlier.differences(from: earlier).isEmpty)
    var now = earlier
    now.systemFingerprints = ["b"]
    #expect(now.differences(from: earlier).isEmpty)
    #expect(earlier.differences(from: now).count == 1)
    now = ServerSigns(systemFingerprints: ["a"], created: 2, ownedBy: "me", others: ["digest": "y"])
    #expect(now.differences(from: earlier).count == 4)
    #expect(ServerSigns().differences(from: earlier).count == 3)
  }
}
