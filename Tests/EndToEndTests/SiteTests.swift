import FakeServer
import Foundation
import Testing

@Suite("What a site lets policies do")
struct SiteTests {
  private func refused(
    _ site: String, url: String = "http://127.0.0.1:9", more: String = "", overrides: [String] = [],
    environment: [String: String] = [:]
  ) async throws -> Binary.Outcome {
    let workspace = try Workspace.tiny(.served(url, more: more))
    try workspace.write(site, to: "site.yaml")
    let outcome = try await Binary.run(
      ["check", "policy.yaml"] + overrides.flatMap { ["--set", $0] }, in: workspace.folder,
      environment: ["SLUICE_SITE": "site.yaml"].merging(environment) { $1 })
    #expect(outcome.code == 64 && outcome.output.isEmpty, "\(site): \(outcome.output)")
    return outcome
  }

  @Test("A host that isn't allowed is never asked, and the message names the site's file")
  func hosts() async throws {
    try await FakeServer.run(answering: { request, _ in
      request.method == "POST" ? .chat("i can not help with that.") : .error(404)
    }) { server in
      let workspace = try Workspace.tiny(.served(server.url))
      try workspace.write("allow: {hosts: [api.example.com, '127.0.0.1:1']}\n", to: "site.yaml")
      let site = ["SLUICE_SITE": "site.yaml"]
      let outcome = try await workspace.run("run", "policy.yaml", environment: site)
      #expect(outcome.code == 64, "\(outcome.errors)")
      #expect(outcome.errors.contains("does not let policies ask") && outcome.errors.contains("site.yaml"))
      #expect(server.requests.isEmpty)
      for allowed in ["127.0.0.1", "127.0.0.1:\(server.port)"] {
        try workspace.write("allow:\n  hosts: ['\(allowed)']\n  env: []\n", to: "site.yaml")
        let outcome = try await workspace.run("run", "policy.yaml", environment: site)
        #expect(outcome.code == 0, "\(allowed): \(outcome.errors)")
      }
    }
  }

  @Test("A variable that isn't allowed can't be read: not as a key, in a value, or for a trainer")
  func variables() async throws {
    let site = "allow: {env: [GATE_KEY]}\n"
    let environment = ["GATE_KEY": "sk-4f9a8b7c", "CLOUD_SECRET": "hunter2hunter2"]
    for (more, overrides) in [
      (", api_key_env: CLOUD_SECRET", []), ("", ["targets.candidate.name=x-${CLOUD_SECRET}"]),
      ("", ["report.html=${CLOUD_SECRET}.html"]), ("", ["ledger.path=out/${CLOUD_SECRET}"]),
    ] {
      let outcome = try await refused(site, more: more, overrides: overrides, environment: environment)
      #expect(outcome.errors.contains("does not let policies read the environment variable 'CLOUD_SECRET'"))
      #expect(!outcome.errors.contains("hunter2"), "\(outcome.errors)")
    }
    let workspace = try Workspace.tiny(.served("http://127.0.0.1:9", more: ", api_key_env: GATE_KEY"))
    try workspace.write(site, to: "site.yaml")
    let allowed = try await workspace.run(
      "check", "policy.yaml", environment: environment.merging(["SLUICE_SITE": "site.yaml"]) { $1 })
    #expect(allowed.code == 0 && allowed.output.contains("site: site.yaml limits"), "\(allowed.errors)")
  }

  @Test(
    "A site file that can't be read or understood stops everything",
    arguments: [
      "", "allow\n", "allow: everything\n", "allow: {}\n", "allow: {hosts: all}\n", "allow: {hosts: ['http://h/']}\n",
      "allow: {host: [h]}\n", "alow: {hosts: [h]}\n", "allow: {env: ['A-B']}\n", "allow: {hosts: [h]\n", "\u{0}",
    ])
  func broken(site: String) async throws {
    let outcome = try await refused(site)
    #expect(outcome.errors.contains("site.yaml"), "\(outcome.errors)")
  }

  @Test("A site file that is named and isn't there stops everything; a policy can't name or overwrite it")
  func missing() async throws {
    let missing = try await refused("allow: {hosts: [h]}\n", environment: ["SLUICE_SITE": "none.yaml"])
    #expect(missing.errors.contains("none.yaml"), "\(missing.errors)")
    let own = try await refused("allow: {env: []}\n", overrides: ["site=other.yaml"])
    #expect(own.errors.contains("unknown key 'site'"), "\(own.errors)")
    for path in ["site.yaml", "./site.yaml", "out/../site.yaml"] {
      let outcome = try await refused("allow: {env: []}\n", overrides: ["report.html=\(path)"])
      #expect(outcome.errors.contains("the site's own file"), "\(outcome.errors)")
    }
  }
}
