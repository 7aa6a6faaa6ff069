import FakeServer
import Foundation
import Testing

@Suite("A run whose verdict services are told of")
struct DeliveryTests {
  private static let secret = ["HOOK": "a secret of the webhook"]

  /// - Parameter url: where services are told; nil for none.
  private func workspace(_ url: String?, candidate: String = "assistant-1.1") throws -> Workspace {
    var policy = TinyPolicy()
    policy.candidate = TinyPolicy.lab(candidate)
    policy.baseline = nil
    policy.checks = ["{metric: replay.asr, at_most: 0.1}", "{metric: run.coverage, at_least: 0.9}"]
    policy.extra = "decide_on: estimate"
    let workspace = try Workspace.tiny(policy)
    guard let url else { return workspace }
    let hooks = "webhook: {url: '\(url)/hook', secret_env: HOOK, timeout: 2s}, otlp: {url: '\(url)', timeout: 2s}"
    let text = policy.text.replacing("markdown: out/summary.md}", with: "markdown: out/summary.md, \(hooks)}")
    try workspace.write(text, to: "policy.yaml")
    return workspace
  }

  @Test("sends it signed, again after an error, without any attack's text")
  func told() async throws {
    let answers: @Sendable (FakeRequest, Int) -> FakeReply = { _, index in index == 0 ? .error(503) : .json("{}") }
    try await FakeServer.run(answering: answers) { server in
      let workspace = try workspace(server.url)
      let outcome = try await workspace.run("run", "policy.yaml", environment: Self.secret)
      #expect(outcome.code == 0 && !outcome.errors.contains("was not told"), "\(outcome.errors)")
      let hook = try #require(server.requests.last { $0.path == "/hook" })
      #expect(hook.header("webhook-id")?.hasPrefix("sluice-") == true)
      #expect(hook.header("webhook-signature")?.hasPrefix("v1,") == true)
      let time = try #require(hook.header("webhook-timestamp").flatMap(Double.init))
      #expect(abs(time - Date().timeIntervalSince1970) < 300)
      let message = try JSONSerialization.jsonObject(with: Data(hook.body)) as? [String: Any]
      let data = try #require(message?["data"] as? [String: Any])
      #expect(data["run"] as? String == (try workspace.report())["run"] as? String)
      #expect(data["verdict"] as? String == "pass")
      let paths = Set(server.requests.map(\.path))
      #expect(paths == ["/hook", "/v1/metrics", "/v1/logs"])
      #expect(server.requests.count == 4)
      let seeds = String(decoding: try workspace.read("seeds.jsonl"), as: UTF8.self)
      let prompts = seeds.split(separator: "\n").compactMap { line in
        (try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])?["prompt"] as? String
      }
      #expect(prompts.count == 48)
      for request in server.requests {
        for prompt in prompts { #expect(!request.bodyText.contains(prompt)) }
        #expect(!request.bodyText.contains("a secret of the webhook"))
      }
    }
  }

  @Test(
    "keeps verdict, exit code and reports where nobody is there to be told",
    arguments: ["assistant-1.1", "assistant-1.2"])
  func dead(candidate: String) async throws {
    let code = try await workspace(nil, candidate: candidate).run("run", "policy.yaml").code
    #expect(code == (candidate == "assistant-1.1" ? 0 : 1))
    let workspace = try workspace("http://127.0.0.1:\(try FakeServer.deadPort())", candidate: candidate)
    let outcome = try await workspace.run("run", "policy.yaml", environment: Self.secret)
    #expect(outcome.code == code, "\(outcome.errors)")
    let lines = outcome.errors.split(separator: "\n").filter {
      $0.contains("was not told of the verdict, which stands")
    }
    #expect(lines.count == 2, "\(outcome.errors)")
    #expect(workspace.exists("out/report.json") && workspace.exists("out/junit.xml"))
    #expect(!outcome.errors.contains("a secret of the webhook") && !outcome.errors.contains("/hook"))
    let verified = try await workspace.run("ledger", "verify", "evidence/ledger.sqlite", "--report", "out/junit.xml")
    #expect(verified.code == 0)
  }

  @Test("is refused by a site that doesn't let policies ask that server")
  func site() async throws {
    try await FakeServer.run(answering: { _, _ in .json("{}") }) { server in
      let workspace = try workspace(server.url)
      try workspace.write("allow: {hosts: [api.example.com], env: [HOOK]}\n", to: "site.yaml")
      let limited = Self.secret.merging(["SLUICE_SITE": "site.yaml"]) { $1 }
      let outcome = try await workspace.run("run", "policy.yaml", environment: limited)
      #expect(outcome.code == 64 && outcome.errors.contains("the site does not let policies ask"), "\(outcome.errors)")
      #expect(server.requests.isEmpty)
    }
  }

  @Test("is told of decisions on outcomes from elsewhere as well")
  func decide() async throws {
    try await FakeServer.run(answering: { _, _ in .json("{}") }) { server in
      let workspace = try workspace(server.url)
      try FileManager.default.removeItem(at: workspace.folder.appendingPathComponent("seeds.jsonl"))
      let lines = (0..<40).map { #"{"role":"candidate","attack":"a\#($0)","category":"c","sample":0,"score":0.1}"# }
      try workspace.write(lines.joined(separator: "\n") + "\n", to: "outcomes.jsonl")
      let outcome = try await workspace.run(
        "decide", "policy.yaml", "--outcomes", "outcomes.jsonl", environment: Self.secret)
      #expect(outcome.code < 64, "\(outcome.errors)")
      #expect(Set(server.requests.map(\.path)) == ["/hook", "/v1/metrics", "/v1/logs"])
    }
  }
}
