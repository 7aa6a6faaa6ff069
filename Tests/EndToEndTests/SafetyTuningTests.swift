import Foundation
import Testing

@Suite("Safety tuning, from a policy to the matrix")
struct SafetyTuningTests {
  /// Two methods on a tenth of the usual budget.
  private func policy(_ tuner: String, checks: [String], more: String = "") -> TinyPolicy {
    var policy = TinyPolicy()
    policy.candidate = TinyPolicy.lab("assistant-1.0")
    policy.baseline = nil
    policy.attacker = TinyPolicy.search
    policy.suite = "{seeds: seeds.jsonl, responses: 2, benign: lab/benign.jsonl}"
    policy.checks = checks
    policy.extra = """
      tuning:
        methods: [sft, reinforce]
        combined: off
        tuner: \(tuner)
        refusals: own
        responses: 150
        restarts: 2
        proposals: 20
        quiz: lab/quiz.jsonl
        benign: lab/benign-training.jsonl
      \(more.isEmpty ? "" : "  \(more)")
      """
    return policy
  }

  private static let local = "{kind: local, rank: 8, alpha: 8, learning_rate: 0.002, epochs: 3}"

  private func tuning(_ workspace: Workspace) throws -> [String: Any] {
    let report = try #require(
      try JSONSerialization.jsonObject(with: try workspace.read("out/report.json")) as? [String: Any])
    let summary = report["summary"] as? [String: Any] ?? report
    return try #require(summary["tuning"] as? [String: Any])
  }

  @Test("Variants are made, attacked by every method, and compared; a second run pays for no search twice")
  func matrix() async throws {
    let workspace = try Workspace.tiny(
      policy(
        Self.local, checks: ["{metric: tuning.over_refusal, variant: sft, at_most: 0.3}"],
        more: "\ngovernance: {owner: red team, purpose: tuning, licence: internal use}"))
    let first = try await workspace.run("run", "policy.yaml", "--stages", "tune,decide", atMost: 300)
    #expect(first.code == 0, "\(first.errors) \(first.output)")
    let rows = try #require(try tuning(workspace)["rows"] as? [[String: Any]])
    #expect(rows.map { $0["variant"] as? String } == ["untuned", "sft", "reinforce"])
    for row in rows { #expect((row["cells"] as? [[String: Any]])?.count == 2) }
    let page = String(decoding: try workspace.read("out/report.html"), as: UTF8.self)
    #expect(page.contains("Safety tuning compared") && page.contains("Robustness against over-refusal"))
    #expect(try workspace.hasValidJUnit())

    // The data set is in the common chat format, and nobody else reads it.
    let folder = workspace.folder.appendingPathComponent("evidence/variants")
    let variants = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasPrefix("sft-") }
    let data = folder.appendingPathComponent(try #require(variants.first) + "/training.jsonl")
    let mode = try FileManager.default.attributesOfItem(atPath: data.path)[.posixPermissions] as? Int
    #expect(mode == 0o600)
    let papers = data.deletingLastPathComponent().appendingPathComponent("training.governance.json")
    #expect(
      try String(contentsOf: papers, encoding: .utf8)
        == #"{"governance":{"owner":"red team","purpose":"tuning","licence":"internal use"}}"# + "\n")
    let line = try #require(String(contentsOf: data, encoding: .utf8).split(separator: "\n").first)
    let example = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
    #expect((example?["messages"] as? [[String: String]])?.compactMap { $0["role"] } == ["user", "assistant"])
  }

  /// A program for the command tuner.
  private func script(_ text: String, in workspace: Workspace) throws -> String {
    let path = try workspace.write("#!/bin/sh\n" + text + "\n", to: "trainer.sh")
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    return "{kind: command, command: ['\(path)', '{data}'], time_limit: 2s}"
  }

  @Test(
    "A trainer that crashes, hangs, names nothing or leaves a broken model is reported: 2, or 1 where the policy says so",
    arguments: [
      ("echo broken >&2; exit 3", "code 3"), ("sleep 60", "took too long"), ("true", "no usable model"),
      ("echo gpt-x", "served model"),
      ("echo /nowhere", "no usable model"),
      // The attacker's checkpoint continues requests: it answers no question, and says so.
      ("echo $PWD/lab/attacker", "of the harmless questions"),
    ])
  func badTrainers(_ text: String, reason: String) async throws {
    let workspace = try Workspace.tiny(policy("{kind: local}", checks: []))
    let tuner = try script(text, in: workspace)
    let checks = ["{metric: tuning.asr, variant: sft, at_most: 0.99}"]
    try workspace.write(policy(tuner, checks: checks).text, to: "policy.yaml")
    let open = try await workspace.run("run", "policy.yaml", "--stages", "tune,decide", atMost: 300)
    #expect(open.code == 2, "\(open.errors) \(open.output)")
    // The terminal breaks lines.
    let said = open.output.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    #expect(said.contains(reason), "\(open.output)")
    let stored = try await workspace.responses()
    #expect(stored > 300)

    try workspace.write(policy(tuner, checks: checks, more: "unusable: fail").text, to: "policy.yaml")
    let failed = try await workspace.run("run", "policy.yaml", "--stages", "tune,decide", atMost: 300)
    #expect(failed.code == 1, "\(failed.errors) \(failed.output)")
    // Searches on the untuned model came from the ledger; only confirmation is asked anew in a new run.
    #expect(try await workspace.responses() - stored < 200)
  }
}
