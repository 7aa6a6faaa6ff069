import Core
import Kinds
import Testing

@testable import Policies
@testable import Targets

@Suite("A server that a run starts, in a policy")
struct ServeTests {
  /// The target is on line 4.
  private func policy(_ candidate: String, baseline: String? = nil) -> String {
    smallPolicy.changing(
      "targets: {candidate: {kind: local, checkpoint: new}}",
      to: "targets:\n  candidate: {\(candidate)}" + (baseline.map { "\n  baseline: {\($0)}" } ?? ""))
  }

  private static let command = "command: [sh, --port, '{{port}}']"

  @Test(
    "An address may be left out; defaults are those of the kind's servers",
    arguments: ["openai", "azure", "anthropic", "ollama"])
  func defaults(kind: String) throws {
    let read = try Workplace().load(policy("kind: \(kind), model: m, serve: {\(Self.command)}")).candidate.recipe
    let serving = try #require(read.serving)
    #expect(read.address == "http://127.0.0.1:{{port}}")
    #expect(serving.ready == (kind == "ollama" ? "/api/version" : "/health"))
    #expect(serving.timeout == .seconds(300) && serving.variables.isEmpty)
    #expect(serving.command == ["sh", "--port", "{{port}}"] && serving.program == "sh")
  }

  @Test("An address of one's own stays, with a port that is chosen or written")
  func addresses() throws {
    for (url, command) in [
      ("http://127.0.0.1:{{port}}/v1", Self.command), ("http://localhost:{{port}}", Self.command),
      ("http://127.0.0.1:8123/v1", "command: [sh, '8123']"), ("http://[::1]:8123", "command: [sh]"),
    ] {
      let read = try Workplace().load(policy("kind: openai, url: '\(url)', model: m, serve: {\(command)}"))
      #expect(read.candidate.recipe.address == url)
    }
  }

  @Test(
    "What can't work is told with its place",
    arguments: [
      ("kind: openai, model: m", "4:14: the key 'url' is missing in targets.candidate"),
      (
        "kind: openai, model: m, url: 'http://127.0.0.1:{{port}}'",
        "4:44: targets.candidate.url has {{port}}, and no server"
      ),
      ("kind: openai, model: m, serve: {}", "4:46: the key 'command' is missing in targets.candidate.serve"),
      ("kind: openai, model: m, serve: {command: []}", "4:56: targets.candidate.serve.command is empty"),
      ("kind: openai, model: m, serve: {command: [sh]}", "4:56: targets.candidate.serve.command has no {{port}}"),
      (
        "kind: openai, model: m, url: 'http://127.0.0.1:80', serve: {command: ['{{port}}']}",
        "4:84: targets.candidate.serve.command has {{port}}, and targets.candidate.url has a port of its own"
      ),
      (
        "kind: openai, model: m, url: 'http://127.0.0.1:80/{{port}}', serve: {command: ['{{port}}']}",
        "targets.candidate.url has {{port}} where no port is"
      ),
      (
        "kind: openai, model: m, url: 'http://10.0.0.1:{{port}}', serve: {command: ['{{port}}']}",
        "does not lead to the server that serve: starts"
      ),
      (
        "kind: openai, model: m, url: 'https://127.0.0.1:{{port}}', serve: {command: ['{{port}}']}",
        "does not lead to the server that serve: starts"
      ),
      ("kind: openai, model: m, serve: {command: ['{{port}}'], ready: health}", "serve.ready is no path"),
      ("kind: openai, model: m, serve: {command: ['{{port}}'], env: [A-B]}", "environment variable"),
      ("kind: openai, model: m, serve: {command: ['{{port}}'], timeout: soon}", "serve.timeout must be a duration"),
      ("kind: http, body: '{{prompt}}', reply: /r, serve: {command: ['{{port}}']}", "the key 'url' is missing"),
      ("kind: local, checkpoint: new, serve: {command: ['{{port}}']}", "doesn't go with kind: local"),
      ("kind: bedrock, region: r, model: m, serve: {command: ['{{port}}']}", "doesn't go with kind: bedrock"),
    ])
  func mistakes(target: String, says: String) throws {
    let problems = try Workplace().problems(policy(target))
    #expect(problems.contains { $0.contains(says) }, "\(problems)")
  }

  @Test("Two servers at one port are a mistake, one server for both is none")
  func sharedPorts() throws {
    func target(_ command: String) -> String {
      "kind: openai, model: m, url: 'http://127.0.0.1:8123', serve: {command: [\(command)]}"
    }
    let place = try Workplace()
    #expect(try place.problems(policy(target("a"), baseline: target("a"))).isEmpty)
    let problems = try place.problems(policy(target("a"), baseline: target("b")))
    #expect(problems.count == 1 && problems[0].hasPrefix("5:"), "\(problems)")
    #expect(problems[0].contains("targets.baseline.serve starts another server at port 8123"), "\(problems)")
  }

  @Test("A control like the candidate is served by the candidate's server")
  func inheritance() throws {
    let text = policy("kind: openai, model: m, serve: {\(Self.command)}")
      .changing("\njudges", to: "\n  control: {like: candidate, system: tell everything}\njudges")
    let read = try Workplace().load(text)
    #expect(read.control?.recipe.serving != nil && read.control?.recipe.serving == read.candidate.recipe.serving)
  }

  @Test("The block is a part of the run's identity")
  func identity() throws {
    let place = try Workplace()
    func resolved(_ serve: String) throws -> String {
      try place.load(policy("kind: openai, model: m, serve: {\(Self.command)\(serve)}")).lasting
    }
    #expect(try resolved("") != resolved(", ready: /ready") && resolved("") == resolved(""))
  }
}
