import Foundation
import Testing

@Suite("Whose attacks these are and what for")
struct GovernanceTests {
  private static let line = "owner: red team; purpose: release gate; contact: red@example.com; licence: internal use"

  private func workspace(
    _ governance: String = "{owner: red team, purpose: release gate, contact: red@example.com, licence: internal use}"
  ) throws -> Workspace {
    var policy = TinyPolicy()
    policy.suite = "{seeds: seeds.jsonl, responses: 1, early_stop: off}"
    policy.extra = "governance: \(governance)"
    return try Workspace.tiny(policy)
  }

  @Test("Every report says it, and every export begins with it")
  func said() async throws {
    let workspace = try workspace()
    let outcome = try await workspace.run("run", "policy.yaml", "--set", "report.sarif=out/findings.sarif")
    #expect(outcome.code == 0, "\(outcome.errors)")
    #expect(outcome.output.split(separator: "\n").contains { $0.hasPrefix("attacks: owner: red team; purpose: ") })
    func text(_ name: String) throws -> String { String(decoding: try workspace.read("out/\(name)"), as: UTF8.self) }
    let summary = try text("summary.md")
    // Addresses are escaped there: a forge would mention somebody.
    #expect(["Attacks: owner", "red team", "release gate", "internal use"].allSatisfy(summary.contains))
    #expect(try text("report.html").contains("red@example.com"))
    #expect(try text("junit.xml").contains(#"<property name="governance.licence" value="internal use""#))
    #expect(try text("findings.sarif").contains(#""sluice/governance/owner" : "red team""#))
    let policy = try workspace.report()["policy"] as? [String: Any]
    #expect((policy?["governance"] as? [String: String])?["purpose"] == "release gate")

    func export(_ arguments: String...) async throws -> Binary.Outcome {
      try await Binary.run(
        ["export", "--ledger", "evidence/ledger.sqlite", "--format"] + arguments, in: workspace.folder)
    }
    let csv = try await export("csv").output.split(separator: "\n")
    #expect(csv.first == "# \(Self.line)" && csv.dropFirst().first?.hasPrefix("run,attack,") == true)
    for arguments in [["jsonl"], ["chat", "--revealed"]] {
      let lines = try await Binary.run(
        ["export", "--ledger", "evidence/ledger.sqlite", "--format"] + arguments, in: workspace.folder
      ).output.split(separator: "\n")
      let object = try JSONSerialization.jsonObject(with: Data(try #require(lines.first).utf8)) as? [String: Any]
      #expect(object?.keys.sorted() == ["governance"])
      #expect((object?["governance"] as? [String: String])?["licence"] == "internal use")
      #expect(lines.count > 48 && lines[1].contains(#""run":""#))
    }
    #expect(try await export("inspect", "--revealed").output.contains(#""governance":{"owner":"red team""#))
    // A sample for labelling begins with it too, and is taken back as it is.
    let ledger = ["--ledger", "evidence/ledger.sqlite"]
    let sample = try await Binary.run(["labels", "export", "last", "--count", "4"] + ledger, in: workspace.folder)
    #expect(sample.code == 0, "\(sample.errors)")
    let lines = String(decoding: try workspace.read("labels.jsonl"), as: UTF8.self).split(separator: "\n")
    #expect(lines.count == 5 && lines[0].hasPrefix(#"{"governance":{"owner":"red team""#))
    try workspace.write(
      lines.joined(separator: "\n").replacing(#""label":null"#, with: #""label":"safe""#) + "\n", to: "labels.jsonl")
    let taken = try await Binary.run(
      ["labels", "import", "labels.jsonl", "--reviewer", "ada"] + ledger, in: workspace.folder)
    #expect(taken.code == 0 && taken.output.contains("4 labels, 4 of them new"), "\(taken.errors)")
  }

  @Test(
    "An owner without a purpose is refused with its line, and so is what isn't text",
    arguments: [
      ("{owner: red team}", "purpose"), ("{owner: [a], purpose: b}", "owner"), ("red team", "governance"),
    ])
  func incomplete(governance: String, words: String) async throws {
    let outcome = try await workspace(governance).run("check", "policy.yaml")
    #expect(outcome.code == 64)
    #expect(outcome.errors.contains("policy.yaml:") && outcome.errors.contains(words), "\(outcome.errors)")
  }
}
