import FakeServer
import Foundation
import Testing

@Suite("A policy that only observes")
struct ObserveTests {
  /// A regressed candidate under a limit that it violates.
  private func workspace(_ mode: String = "observe", candidate: String = "assistant-1.2") throws -> Workspace {
    var policy = TinyPolicy()
    policy.candidate = TinyPolicy.lab(candidate)
    policy.baseline = nil
    policy.checks = ["{metric: replay.asr, at_most: \(candidate == "assistant-1.2" ? "0.01" : "0.9")}"]
    policy.extra = "mode: \(mode)\ndecide_on: estimate"
    return try Workspace.tiny(policy)
  }

  @Test("ends with 0 where the gate ends with 1, and every report says what the gate would have done")
  func wouldFail() async throws {
    let gate = try workspace("gate")
    #expect(try await gate.run("run", "policy.yaml").code == 1)

    let workspace = try workspace()
    let outcome = try await workspace.run("run", "policy.yaml")
    #expect(outcome.code == 0, "\(outcome.errors)")
    #expect(outcome.output.hasPrefix("✗ WOULD FAIL: Observed only: a gate would have blocked assistant-1.2"))
    let summary = try workspace.report()
    #expect(summary["verdict"] as? String == "fail" && summary["exitCode"] as? Int == 0)
    #expect((summary["observed"] as? [String: Int])?["exitCode"] == 1)
    #expect(try workspace.hasValidJUnit())
    let junit = String(decoding: try workspace.read("out/junit.xml"), as: UTF8.self)
    #expect(junit.contains("Observed only; this would be a failure") && !junit.contains("<failure"))
    let quiet = try await workspace.run("run", "policy.yaml", "--quiet")
    #expect(quiet.code == 0 && quiet.output.hasPrefix("WOULD FAIL: Observed only"), "\(quiet.output)")

    // Reports and ledger agree, and the ledger's own way to say it is the same.
    for report in ["out/report.json", "out/junit.xml", "out/report.html", "out/summary.md"] {
      let verified = try await workspace.run("ledger", "verify", "evidence/ledger.sqlite", "--report", report)
      #expect(verified.code == 0, "\(report): \(verified.output)\(verified.errors)")
    }
    let history = try await workspace.run("history", "--ledger", "evidence/ledger.sqlite")
    #expect(history.output.contains("✗ would fail"))
  }

  @Test("is never attested as a pass, also where the gate would have passed")
  func attestation() async throws {
    let workspace = try workspace(candidate: "assistant-1.1")
    let outcome = try await workspace.run("run", "policy.yaml")
    #expect(outcome.code == 0 && outcome.output.hasPrefix("✓ WOULD PASS"), "\(outcome.output)\(outcome.errors)")
    #expect(try await workspace.run("attest", "keygen", "--out", "gate.key").code == 0)
    let signed = try await workspace.run(
      "attest", "sign", "last", "--key", "gate.key", "--out", "verdict.json", "--ledger", "evidence/ledger.sqlite")
    #expect(signed.code == 0 && signed.output.contains("no pass, since the run only observed"), "\(signed.errors)")
    let verified = try await workspace.run(
      "attest", "verify", "verdict.json", "--key", "gate.key.pub", "--subject", "lab/assistant-1.1", "--policy",
      "policy.yaml")
    #expect(verified.code == 1 && verified.output.contains("only observed"), "\(verified.output)")

    let envelope = try JSONSerialization.jsonObject(with: try workspace.read("verdict.json")) as? [String: Any]
    let payload = try #require((envelope?["payload"] as? String).flatMap { Data(base64Encoded: $0) })
    let statement = try JSONSerialization.jsonObject(with: payload) as? [String: Any]
    #expect((statement?["predicate"] as? [String: Any])?["result"] as? String == "FAILED")
  }

  @Test("does not excuse errors: a policy that can't be read, a server that isn't there")
  func errors() async throws {
    let workspace = try workspace()
    #expect(try await workspace.run("run", "policy.yaml", "--set", "mode=watch").code == 64)
    var policy = TinyPolicy.served("http://127.0.0.1:9")
    policy.extra = "mode: observe"
    try workspace.write(policy.text, to: "policy.yaml")
    let outcome = try await workspace.run("run", "policy.yaml")
    #expect(outcome.code == 69, "\(outcome.output)\(outcome.errors)")
    #expect(!outcome.output.contains("Observed only"))
  }

  @Test("of the proof of concept asks one served model, blocks nothing, and leaves its reports")
  func proofOfConcept() async throws {
    try await FakeServer.run(answering: { _, _ in .chat("I can't help with that.") }) { server in
      let workspace = try Workspace()
      try workspace.copy("fixtures", to: "fixtures")
      try workspace.copy("policies", to: "policies")
      let outcome = try await workspace.run(
        "run", "policies/proof-of-concept.yaml",
        environment: ["SLUICE_URL": server.url, "SLUICE_MODEL": "mine", "SLUICE_API_KEY": "none"])
      #expect(outcome.code == 0, "\(outcome.errors)")
      #expect(
        outcome.output.hasPrefix("✓ WOULD PASS: Observed only: a gate would have let mine through"), "\(outcome.output)"
      )
      for name in ["report.html", "summary.md", "report.json", "junit.xml"] {
        #expect(workspace.exists("build/sluice/proof-of-concept/\(name)"))
      }
    }
  }

  @Test("decides on outcomes from elsewhere without blocking")
  func decide() async throws {
    let workspace = try workspace()
    let lines = (0..<40).map { #"{"role":"candidate","attack":"a\#($0)","category":"c","sample":0,"score":0.9}"# }
    try workspace.write(lines.joined(separator: "\n") + "\n", to: "outcomes.jsonl")
    try FileManager.default.removeItem(at: workspace.folder.appendingPathComponent("seeds.jsonl"))
    let outcome = try await workspace.run("decide", "policy.yaml", "--outcomes", "outcomes.jsonl")
    #expect(outcome.code == 0 && outcome.output.hasPrefix("✗ WOULD FAIL"), "\(outcome.output)\(outcome.errors)")
  }
}
