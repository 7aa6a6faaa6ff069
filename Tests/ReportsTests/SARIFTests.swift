import Core
import Foundation
import Testing

@testable import Reports

@Suite("SARIF")
struct SARIFTests {
  private func run(_ summary: RunSummary) throws -> [String: Any] {
    let bytes = try SARIFReport.render(summary, date: CannedRuns.date, version: CannedRuns.version)
    let log = try #require(JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
    #expect(log["version"] as? String == "2.1.0")
    return try #require((log["runs"] as? [[String: Any]])?.first)
  }

  private func results(_ run: [String: Any]) -> [[String: Any]] { run["results"] as? [[String: Any]] ?? [] }

  private func texts(_ results: [[String: Any]]) -> [String] {
    results.compactMap { ($0["message"] as? [String: Any])?["text"] as? String }
  }

  private static let summaries = CannedRuns.all.map(\.1) + (0..<200).map { RandomRun(seed: $0).summary() }

  @Test("It has errors exactly where the exit code blocks, so that a reader of levels decides alike")
  func levels() throws {
    var seen: Set<Bool> = []
    for summary in Self.summaries where (try? summary.requireAgreement()) != nil {
      let blocks = results(try run(summary)).contains { $0["level"] as? String == "error" }
      #expect(blocks == (summary.exitCode != 0), "exit code \(summary.exitCode)")
      seen.insert(blocks)
    }
    #expect(seen == [true, false])
  }

  @Test("Every result points to a rule that is there, to the policy, and to the same finding of later runs")
  func wholeness() throws {
    for summary in Self.summaries where (try? summary.requireAgreement()) != nil {
      let run = try run(summary)
      let driver = try #require((run["tool"] as? [String: Any])?["driver"] as? [String: Any])
      let rules = try #require(driver["rules"] as? [[String: Any]])
      #expect(Set(rules.compactMap { $0["id"] as? String }).count == rules.count)
      for rule in rules {
        for key in ["shortDescription", "fullDescription", "help"] {
          #expect(((rule[key] as? [String: Any])?["text"] as? String)?.isEmpty == false, "\(key)")
        }
      }
      for result in results(run) {
        let index = try #require(result["ruleIndex"] as? Int)
        #expect(rules[index]["id"] as? String == result["ruleId"] as? String)
        let place = (result["locations"] as? [[String: Any]])?.first?["physicalLocation"] as? [String: Any]
        let address = try #require((place?["artifactLocation"] as? [String: Any])?["uri"] as? String)
        #expect(URL(string: address) != nil && !address.contains(" "), "\(address)")
        #expect((result["partialFingerprints"] as? [String: String])?["sluice/v1"]?.isEmpty == false)
      }
    }
  }

  @Test("A failing run's violated checks and newly broken attacks are in it, by category and without their texts")
  func failing() throws {
    var summary = CannedRuns.fail
    for index in summary.newlyBroken.indices { summary.newlyBroken[index].prompt = "planted-attack-text" }
    let run = try run(summary)
    let ids = results(run).compactMap { $0["ruleId"] as? String }
    for check in summary.checks where check.verdict == .fail { #expect(ids.contains("check/\(check.metric)")) }
    #expect(ids.count { $0.hasPrefix("newly-broken/") } == summary.newlyBroken.count)
    for attack in summary.newlyBroken { #expect(texts(results(run)).contains { $0.contains(attack.id.text) }) }
    let bytes = try SARIFReport.render(summary, date: CannedRuns.date, version: "1")
    #expect(!String(decoding: bytes, as: UTF8.self).contains("planted-attack-text"))
  }

  @Test("A waived check is a suppressed note that says who answers for it")
  func waived() throws {
    var summary = CannedRuns.fail
    for index in summary.checks.indices where summary.checks[index].verdict == .fail {
      summary.checks[index].waiver = RunSummary.Waiver(
        reason: "known since May", owner: "safety team", until: "2026-12-31")
    }
    (summary.verdict, summary.exitCode) = (.pass, 0)
    for index in summary.checks.indices where summary.checks[index].verdict == .inconclusive {
      summary.checks[index].tier = .advisory
    }
    let results = results(try run(summary))
    let suppressed = results.compactMap { ($0["suppressions"] as? [[String: Any]])?.first?["justification"] as? String }
    #expect(suppressed.contains { $0.contains("known since May") && $0.contains("safety team") })
    #expect(results.allSatisfy { $0["level"] as? String == "note" })
  }

  @Test("What would be a link in a message is none; paths are addresses")
  func hostile() throws {
    var summary = CannedRuns.fail
    summary.policy.path = "/srv/my policies/a:b#c.yaml"
    summary.newlyBroken[0].category = "[click](https://e.org)\u{202E}"
    let run = try run(summary)
    #expect(texts(results(run)).allSatisfy { !$0.contains("](") && !$0.contains("\u{202E}") })
    let bytes = String(decoding: try SARIFReport.render(summary, date: CannedRuns.date, version: "1"), as: UTF8.self)
    #expect(bytes.contains("file:///srv/my%20policies/a%3Ab%23c.yaml"))
  }

  @Test("More attacks than code scanning shows are counted, not dropped in silence")
  func many() throws {
    var summary = CannedRuns.fail
    let one = try #require(summary.newlyBroken.first)
    summary.newlyBroken = (0..<SARIFReport.mostAttacks + 7).map { number in
      var attack = one
      attack.id = AttackID(prompt: "attack \(number)")
      return attack
    }
    let run = try run(summary)
    let notes = (run["invocations"] as? [[String: Any]])?.first?["toolExecutionNotifications"] as? [[String: Any]] ?? []
    #expect(texts(notes).contains { $0.hasPrefix("7 more newly broken attacks") })
  }

  @Test("A file of it is told from other JSON, and is no JSON report")
  func marks() throws {
    let bytes = try SARIFReport.render(CannedRuns.pass, date: CannedRuns.date, version: "1")
    let head = String(decoding: bytes.prefix(2_000), as: UTF8.self)
    #expect(Reporter.sarif.marks.contains { $0.isIn(head) } && !Reporter.json.marks.contains { $0.isIn(head) })
    let another = #"{"$schema" : "https://json.schemastore.org/sarif-2.1.0.json"}"#
    #expect(!Reporter.sarif.marks.contains { $0.isIn(another) })
  }
}
