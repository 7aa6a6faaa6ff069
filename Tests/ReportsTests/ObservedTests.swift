import Core
import Foundation
import Testing

@testable import Reports

@Suite("A run that only observed")
struct ObservedTests {
  /// Every canned run that came to its end.
  private static let ended = CannedRuns.all.filter { $0.summary.exitCode <= 2 }

  @Test("ends with 0, keeps what it would have ended with, and says so in every format", arguments: ended.map(\.name))
  func everyFormat(name: String) throws {
    let gate = try CannedRuns.named(name)
    let run = gate.observing(true)
    #expect(run.exitCode == 0 && run.gateExitCode == gate.exitCode && run.verdict == gate.verdict)
    #expect(run.contradiction == nil && gate.observing(false) == gate && run.observing(true) == run)
    let report = try Renderings(run)
    for (format, text) in report.texts {
      #expect(text.contains("Observed only"), "\(format)")
      for claim in ["may ship", "must not ship", "lets it ship"] { #expect(!text.contains(claim), "\(format)") }
    }
    let phrase = gate.verdict == .inconclusive ? "WOULD BE INCONCLUSIVE" : "WOULD \(gate.verdict.rawValue.uppercased())"
    #expect(report.terminal.contains(" \(phrase): Observed only"))
    #expect(report.markdown.hasPrefix("## 👁️ \(phrase): Observed only"))
    #expect(report.html.contains("<title>\(phrase.prefix(1) + phrase.dropFirst().lowercased()): "))
    #expect(TerminalReport.line(run).hasPrefix("\(phrase): Observed only"))
    #expect(report.terminal.contains("exit code 0 (as a gate: \(gate.exitCode))"))
    let csv = String(decoding: try CSVReport.render(run), as: UTF8.self).split(separator: "\r\n")[1]
    #expect(csv.hasPrefix("verdict,") && csv.contains(",\(phrase.lowercased()),") && csv.contains(",0,"), "\(csv)")
  }

  @Test("fails no testcase, and shows what would have failed as skipped with the reason")
  func junit() throws {
    for (name, gate) in Self.ended {
      let before = try Renderings(gate).junit
      let junit = try Renderings(gate.observing(true)).junit
      #expect(junit.count("failure") == 0 && junit.count("error") == 0, "\(name)")
      // The verdict itself is never green: nobody is to take it for a pass.
      let isGreen = gate.verdict == .pass ? 1 : 0
      #expect(
        junit.count("skipped") == before.count("failure") + before.count("error") + before.count("skipped") + isGreen,
        "\(name)")
      #expect(junit.count("testcase") == before.count("testcase"), "\(name)")
    }
    let report = try Renderings(CannedRuns.fail.observing(true))
    for test in ["verdict", "replay.asr"] {
      let skipped = try #require(report.testcase(test)?.elements("skipped").first)
      #expect(skipped.attributes["message"]?.contains("Observed only") == true, "\(test)")
    }
    #expect(report.properties["mode"] == "observe" && report.properties["gateExitCode"] == "1")
    #expect(try Renderings(CannedRuns.fail).properties["mode"] == nil)
  }

  @Test("has notes alone for code scanning, the first of which is what a gate would have done")
  func sarif() throws {
    for (name, gate) in Self.ended {
      let bytes = try SARIFReport.render(
        gate.observing(true), date: CannedRuns.date, version: CannedRuns.version)
      let log = try #require(JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
      let run = try #require((log["runs"] as? [[String: Any]])?.first)
      let results = try #require(run["results"] as? [[String: Any]])
      #expect(Set(results.compactMap { $0["level"] as? String }) == ["note"], "\(name)")
      #expect(results[0]["ruleId"] as? String == "observed", "\(name)")
      #expect((run["properties"] as? [String: String])?["sluice/mode"] == "observe", "\(name)")
    }
  }

  @Test("is told apart from gates in a history")
  func history() throws {
    let runs = [CannedRuns.pass, CannedRuns.fail].map { run in
      RunHistory.Entry(date: CannedRuns.date, summary: run.observing(run.verdict == .pass))
    }
    let history = RunHistory(entries: runs)
    let text = history.text(width: 200)
    #expect(text.contains("✓ would pass") && text.contains("✗ fail") && !text.contains("would fail"))
    let json = try JSON(parsing: try history.json())
    #expect(json["runs"]?.array?.map { $0["observed"] != nil } == [true, false])
    #expect(String(decoding: history.html(version: "1"), as: UTF8.self).contains(">Would pass<"))
  }

  @Test("contradicts itself where it ends with another code, or never came to its end")
  func contradictions() {
    var run = CannedRuns.fail.observing(true)
    run.exitCode = 1
    #expect(run.contradiction != nil)
    #expect(CannedRuns.unfinished.observing(true).contradiction != nil)
    var wrong = CannedRuns.fail.observing(true)
    wrong.observed?.exitCode = 0
    #expect(wrong.contradiction != nil)
  }
}
