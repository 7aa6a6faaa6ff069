import Core
import Foundation
import Testing

@testable import Reports

@Suite("Markdown")
struct MarkdownTests {
  private func render(_ run: RunSummary) -> String {
    String(decoding: MarkdownReport.render(run, date: CannedRuns.date, version: CannedRuns.version), as: UTF8.self)
  }

  @Test("The verdict heads the summary, the checks follow worst first")
  func verdictFirst() {
    let lines = render(CannedRuns.fail).split(separator: "\n")
    #expect(lines.first == "## ❌ FAIL: assistant-1.2 must not ship")
    let verdicts = lines.filter { $0.hasPrefix("| ") && $0.contains("<br>") }.map { $0.split(separator: " ")[2] }
    #expect(verdicts == ["fail", "fail", "fail", "inconclusive", "pass", "pass", "pass"])
  }

  @Test(
    "Names become text, never markup",
    arguments: [
      ("**bold** _it_", #"\*\*bold\*\* \_it\_"#), ("<b>&", "&lt;b&gt;&amp;"),
      ("![x](https://e.org/x.png)", #"!\[x\](https\://e.org/x.png)"#),
      ("@team #12", ##"\@<!-- -->team \#<!-- -->12"##), ("www.e.org", #"www\.e.org"#), ("a | b\nc", #"a \| b c"#),
      ("1. item", #"1\. item"#), ("- item", #"\- item"#), ("2) item", #"2\) item"#), ("18.2% (+1 pp)", "18.2% (+1 pp)"),
      ("replay.asr 0.5", "replay.asr 0.5"),
      ("$x$", "<span>$</span>x<span>$</span>"),
    ])
  func escapes(_ text: String, _ expected: String) {
    #expect(MarkdownText.escape(text) == expected)
  }

  @Test("A code span holds any text without ending early")
  func codeSpans() {
    #expect(MarkdownText.code("a`b``c") == "``` a`b``c ```")
    #expect(MarkdownText.code("a|b") == #"`a\|b`"#)
    #expect(MarkdownText.code("  ") == "–")
    #expect(MarkdownText.code("a\nb") == "`a b`")
  }

  @Test("Tables keep their columns whatever is in the cells")
  func tablesKeepColumns() {
    for seed in 0..<100 as Range<UInt64> {
      let lines = render(RandomRun(seed: seed).summary()).split(separator: "\n")
      var columns: Int?
      for line in lines {
        guard line.hasPrefix("| ") else {
          columns = nil
          continue
        }
        let bars = line.replacing("\\\\", with: "").replacing("\\|", with: "").count { $0 == "|" }
        #expect(columns == nil || columns == bars, "seed \(seed): \(line)")
        columns = bars
      }
    }
  }

  @Test("It always fits a pull request's comment")
  func fitsAComment() {
    var run = CannedRuns.fail
    let long = String(repeating: "_é", count: 500_000)
    run.checks = (0..<1_000).map { index in
      var check = run.checks[index % 7]
      check.name = long
      check.explanation = long
      check.reason = long
      check.metric = long
      return check
    }
    run.notices = Array(repeating: long, count: 500)
    run.categories = (0..<500).map { _ in run.categories[0] }
    let text = render(run)
    #expect(text.utf8.count <= 65_536)
    #expect(text.contains("Exit code 1"))
  }
}
