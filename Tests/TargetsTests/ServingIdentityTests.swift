import Core
import FakeServer
import Foundation
import Testing

@testable import Targets

@Suite("What tells the models of a run's own servers apart")
final class ServingIdentityTests {
  private let folder = URL.temporaryDirectory.appending(path: "sluice-serving-\(UUID().uuidString)")

  init() throws { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) }

  deinit { try? FileManager.default.removeItem(at: folder) }

  private func write(_ text: String, to name: String) throws -> String {
    let file = folder.appending(path: name)
    try Data(text.utf8).write(to: file)
    return file.path
  }

  private func servers(_ environment: [String: String] = ["PATH": "/bin"]) -> ModelServers {
    ModelServers(
      environment: environment, redactor: Redactor(),
      fingerprint: { String(StableHash.fnv1a(try Data(contentsOf: URL(filePath: $0))), radix: 16) },
      digest: { String(hexadecimal: StableHash.fnv1a($0.utf8)) })
  }

  private func server(
    _ command: [String], variables: [String] = [], _ environment: [String: String] = ["PATH": "/bin"]
  ) throws -> ModelServer {
    try servers(environment).server(Serving(command: ["sh"] + command, variables: variables), url: Serving.usualURL)
  }

  @Test("is the command with what its files hold, wherever they are, and not the port")
  func files() throws {
    let (first, copy) = (try write("GGUF one", to: "a.gguf"), try write("GGUF one", to: "b.gguf"))
    let plain = try server(["-m", first, "{{port}}"])
    #expect(try server(["-m", first, "{{port}}"]).identity == plain.identity)
    #expect(try server(["-m", copy, "{{port}}"]).identity == plain.identity)
    #expect(plain.revision != nil && !plain.identity.contains("\(plain.port)"))
    let joined = try server(["--model=" + first])
    #expect(joined.revision != nil && joined.serving.inputs.map(\.path) == [first])
    _ = try write("GGUF two", to: "a.gguf")
    #expect(try server(["-m", first, "{{port}}"]).identity != plain.identity)
    #expect(try server(["--model=" + first]).identity != joined.identity)
    #expect(try server(["-m", copy, "{{port}}", "--ctx-size", "512"]).identity != plain.identity)
  }

  @Test("is no revision where no weights are among the files")
  func weights() throws {
    let script = try write("serve", to: "serve.py")
    #expect(try server([script, "--model", "some/name"]).revision == nil)
    #expect(try server([folder.path]).serving.inputs.isEmpty)
    _ = try write("{}", to: "config.json")
    #expect(Serving(command: ["sh", folder.path]).namesWeights)
  }

  @Test("holds the values of named variables, but of those that are secret the names alone")
  func variables() throws {
    func identity(_ value: String, secret: String = "k1") throws -> String {
      try server([], variables: ["MODEL", "HF_TOKEN"], ["PATH": "/bin", "MODEL": value, "HF_TOKEN": secret]).identity
    }
    #expect(try identity("a") != identity("b") && identity("a") == identity("a", secret: "k2"))
  }

  @Test("Targets that say the same share one server; another block or another port is another server")
  func sharing() throws {
    let servers = servers()
    let serving = Serving(command: ["sh", "{{port}}"])
    let first = try servers.server(serving, url: "http://127.0.0.1:{{port}}/v1")
    #expect(try servers.server(serving, url: "http://127.0.0.1:{{port}}") === first)
    var other = serving
    other.ready = "/ready"
    let second = try servers.server(other, url: "http://127.0.0.1:{{port}}/v1")
    #expect(second !== first && second.port != first.port)
    #expect(try servers.server(serving, url: "http://127.0.0.1:9") !== first)
  }

  @Test("A target asks at the port that was chosen, and is known without it")
  func target() async throws {
    try await FakeServer.run(answering: { _, _ in .chat("hello") }) { fake in
      var configuration = ServerConfiguration(url: "http://127.0.0.1:{{port}}/v1", model: "m", retries: 0)
      configuration.serving = Serving(command: ["sh"])
      let fixed = try servers().server(try #require(configuration.serving), url: fake.url)
      let client = try ServedClient(configuration, OpenAIDialogue(api: .chat), server: fixed, environment: [:])
      let target = ServedTarget(client, settings: SamplingSettings())
      #expect(try await target.ask().get().text == "hello")
      #expect(fake.requests.map(\.path) == ["/v1/chat/completions"])
      let address = "http://127.0.0.1:{{port}}/v1/chat/completions"
      #expect(target.fingerprint == "openai|\(address)|m|\(fixed.identity)")
      #expect(!target.identifiesBytes)
    }
  }
}
