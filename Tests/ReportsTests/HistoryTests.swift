import Core
import Foundation
import Testing

@testable import Reports

@Suite("History")
struct HistoryTests {
  /// Runs in order: each on a suite of this digest, or of version 0.1 where it is nil.
  private func history(_ suites: [String?]) -> RunHistory {
    RunHistory(
      entries: suites.enumerated().map { index, suite in
        var run = suite == nil ? CannedRuns.pass : CannedRuns.proven
        run.run = "run-\(index)"
        run.policy.inputs = suite.map { [.init(use: "suite.seeds", path: "s.jsonl", hash: $0)] }
        return .init(date: CannedRuns.date.addingTimeInterval(86_400 * Double(index)), summary: run)
      })
  }

  @Test("Runs are one trend only on one suite and one metric; old ones are a trend of their own")
  func trends() {
    let trends = history([nil, "a", "b", "a", nil]).trends(of: "replay.asr")
    #expect(trends.map(\.places) == [[0, 4], [1, 3], [2]])
    #expect(trends.map(\.suite) == [.unrecorded, .digest("a"), .digest("b")])
    let plain = history(["a", "a"])
    #expect(plain.trends(of: "replay.asr").map(\.places) == [[0, 1]])
    var other = plain.entries[1].summary
    other.checks[0].metric = "found.asr"
    let mixed = RunHistory(entries: [plain.entries[0], .init(date: CannedRuns.date, summary: other)])
    #expect(mixed.trends(of: "replay.asr").map(\.places) == [[0], [1]])
  }

  @Test("Two files that make a suite are one identity in any order, and a policy without one has none")
  func identities() {
    var entry = history(["a"]).entries[0]
    var run = entry.summary
    run.policy.inputs = ["b", "a"].map { .init(use: "suite.seeds", path: $0, hash: $0) }
    entry = .init(date: CannedRuns.date, summary: run)
    #expect(entry.suite == .digest("a+b"))
    run.policy.inputs = [.init(use: "attacker", path: "a", hash: "a")]
    #expect(RunHistory.Entry(date: CannedRuns.date, summary: run).suite == .absent)
  }

  @Test("The text says where the suite changes, and nothing where it doesn't or nobody knows")
  func text() {
    let lines = history([nil, "a", "a", "b"]).text().split(separator: "\n").map(String.init)
    let marks = lines.enumerated().filter { $0.element.hasPrefix("-- ") }
    #expect(marks.map(\.offset) == [2, 5])
    #expect(marks[0].element == "-- from here on suite a: its numbers and those above are not one trend")
    #expect(!history(["a", "a"]).text().contains("--") && !history([nil, nil]).text().contains("--"))
  }

  @Test("JSON has each run's suite")
  func json() throws {
    let object = try JSONSerialization.jsonObject(with: Data(try history([nil, "a"]).json()))
    let runs = try #require((object as? [String: Any])?["runs"] as? [[String: Any]])
    #expect(runs.map { $0["suite"] as? String } == [nil, "a"])
  }

  /// Lines of the first chart, by class.
  private func lines(_ history: RunHistory) throws -> [String: Int] {
    let page = try ParsedXML(html: history.html(version: "1"))
    let chart = try #require(page.elements("svg").first { $0.attributes["class"] == "plot" })
    return chart.elements("line").compactMap { $0.attributes["class"] }.filter { $0.hasPrefix("trend") }
      .reduce(into: [:]) { $0[$1, default: 0] += 1 }
  }

  @Test("The page joins runs on one suite and no others, and names the suites below")
  func page() throws {
    let mixed = history([nil, nil, "a", "b", "a", "b", "b"])
    #expect(try lines(mixed) == ["trend t1": 1, "trend t2": 2])
    let page = String(decoding: mixed.html(version: "1"), as: UTF8.self)
    #expect(page.contains("B: suite a, 2 runs") && page.contains("C: suite b, 3 runs"))
    #expect(page.contains("A: a suite that was not recorded, 2 runs"))
    #expect(page.contains("On suite a, oldest first: 4.12%, 4.12%."))
    #expect(page.contains("A line joins runs on one suite"))
    let old = String(decoding: history([nil, nil]).html(version: "1"), as: UTF8.self)
    #expect(!old.contains("A line joins") && !old.contains("not recorded"))
    let single = history(["a", "a", "a"])
    #expect(try lines(single) == ["trend t0": 2])
    #expect(!String(decoding: single.html(version: "1"), as: UTF8.self).contains("class=\"legend\""))
    #expect(try lines(history([nil, nil])).isEmpty)
  }

  @Test("Whatever a digest holds, the page's markup stays its own")
  func hostileDigests() throws {
    let pages = try ["<b>\"&", "plain"].map {
      try ParsedXML(html: history([$0, "z"]).html(version: "1")).root.skeleton
    }
    #expect(pages[0] == pages[1])
  }
}
