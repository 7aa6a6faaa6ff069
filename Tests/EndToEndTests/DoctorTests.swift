import FakeServer
import Foundation
import Testing

/// `sluice doctor`: what a run would stumble over, before it does.
@Suite("The doctor", .timeLimit(.minutes(2)))
struct DoctorTests {
  private struct Finding: Decodable {
    let subject: String
    let isFine: Bool
    let finding: String
    let remedy: String?
  }

  private func findings(_ outcome: Binary.Outcome) throws -> [Finding] {
    try JSONDecoder().decode([Finding].self, from: Data(outcome.output.utf8))
  }

  @Test("finds the machine fit, and a policy with all that it names, and writes nothing")
  func fit() async throws {
    let machine = try await Workspace().run("doctor")
    #expect(machine.code == 0 && machine.output.contains("✓ processor"))
    try await FakeServer.run(answering: { _, _ in .chat("No.") }) { server in
      let workspace = try Workspace.tiny(TinyPolicy.served(server.url))
      let before = workspace.files().count
      let outcome = try await workspace.run("doctor", "policy.yaml", "--json")
      #expect(outcome.code == 0)
      let findings = try findings(outcome)
      #expect(findings.allSatisfy { $0.isFine })
      #expect(findings.contains { $0.subject == "candidate" && $0.finding.contains("answers") })
      #expect(workspace.files().count == before && !workspace.exists("evidence"))
    }
  }

  @Test("asks nobody when told so")
  func offline() async throws {
    try await FakeServer.run(answering: { _, _ in .chat("No.") }) { server in
      let workspace = try Workspace.tiny(TinyPolicy.served(server.url))
      #expect(try await workspace.run("doctor", "policy.yaml", "--offline").code == 0)
      #expect(server.requests.isEmpty)
    }
  }

  @Test("names what is wrong with its remedy and a run's exit code: the policy, a key, a mode, a server")
  func unfit() async throws {
    var policy = TinyPolicy.served("http://127.0.0.1:9/v1")
    let workspace = try Workspace.tiny(policy)
    let unreachable = try await workspace.run("doctor", "policy.yaml", "--json")
    #expect(unreachable.code == 69)
    let dead = try #require(try findings(unreachable).first { !$0.isFine })
    #expect(dead.subject == "candidate" && dead.remedy?.contains("server runs") == true)

    policy.candidate = TinyPolicy.server("http://127.0.0.1:9/v1", more: ", api_key_env: NO_SUCH_KEY")
    try workspace.write(policy.text, to: "policy.yaml")
    let keyless = try await workspace.run("doctor", "policy.yaml", "--offline")
    #expect(keyless.code == 64 && keyless.output.contains("NO_SUCH_KEY"))

    try workspace.write(TinyPolicy.served("http://127.0.0.1:9/v1").text, to: "policy.yaml")
    try workspace.write("", to: "evidence/ledger.sqlite")
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o644], ofItemAtPath: workspace.folder.appendingPathComponent("evidence/ledger.sqlite").path)
    let open = try await workspace.run("doctor", "policy.yaml", "--offline")
    #expect(open.code == 77 && open.output.contains("✗ ledger") && open.output.contains("chmod 600"))

    try workspace.write("version: 1\nnme: x\n", to: "policy.yaml")
    let broken = try await workspace.run("doctor", "policy.yaml")
    #expect(broken.code == 64 && broken.output.contains("✗ policy: policy.yaml:2:1"))
  }
}
