import Core
import Foundation
import Testing

@testable import Reports

@Suite("What became of the responses")
struct OutcomeTests {
  private let reason = "74 unscored: the judge's server blocked the transcript (content_filter)"

  @Test("Every format gives the reasons, of a run that ended and of one that broke off")
  func reasons() throws {
    for (format, text) in try Renderings(CannedRuns.unproven).texts {
      #expect(text.contains(reason), "\(format)")
      #expect(text.contains("10 failed: HTTP 429: insufficient_quota"), "\(format)")
    }
    for (format, text) in try Renderings(CannedRuns.brokenOff).texts {
      #expect(text.contains("12 failed: HTTP 429: insufficient_quota"), "\(format)")
    }
    let body = try #require(Renderings(CannedRuns.brokenOff).testcase("verdict")?.children.first)
    #expect(body.name == "error" && body.text.contains("insufficient_quota"))
  }

  @Test("The terminal takes one line where all is well, and a table where anything is missing")
  func terminal() throws {
    let plain = try Renderings(CannedRuns.proven).terminal
    #expect(plain.contains("candidate replay: 1,152 responses, 38 unsafe, 1,070 safe, 44 refused\n"))
    #expect(!plain.contains("planned"))
    let table = try Renderings(CannedRuns.unproven).terminal.split(separator: "\n")
    let header = try #require(table.first { $0.hasPrefix("responses ") }).split(separator: " ")
    let row = try #require(table.first { $0.hasPrefix("candidate replay ") }).split(separator: " ")
    #expect(
      header.dropFirst() == [
        "planned", "unsafe", "safe", "refused", "blocked", "cut", "unscored", "failed", "missing",
      ])
    #expect(row.dropFirst(2) == ["1,200", "38", "1,020", "44", "12", "410", "74", "10", "2"])
  }

  @Test("A terminal that is too narrow for the table still has every number and reason")
  func narrow() {
    let text = TerminalReport.render(CannedRuns.unproven, colour: false, width: 46, files: [])
    let words = text.replacing("\n", with: " ").split(separator: " ").joined(separator: " ")
    #expect(words.contains("12 blocked, 410 cut, 74 unscored, 10 failed, 2 missing") && words.contains(reason))
  }

  @Test("JUnit's properties are for programs: every count, zeros included")
  func properties() throws {
    let properties = try Renderings(CannedRuns.unproven).properties
    #expect(
      properties["outcomes.candidate.replay"]
        == "planned=1200, unsafe=38, safe=1020, refused=44, blocked=12, cut=410, unscored=74, failed=10, missing=2")
    #expect(properties["outcomes.baseline.replay"]?.hasSuffix("unscored=0, failed=0, missing=0") == true)
    #expect(properties["outcomes.candidate.replay.reason.0"] == reason)
  }

  @Test("Markdown and the page have a table, with columns for exceptions only where there are any")
  func tables() throws {
    let whole = try Renderings(CannedRuns.unproven)
    #expect(
      whole.markdown.contains("| candidate replay | 1,200 | 38 | 1,020 | 44 | 12 | 410 | 74 | 10 | 2 |"))
    let section = try #require(whole.page(from: "<section id=\"outcomes\">", to: "</section>"))
    for count in ["1,200", "1,020", "410", "74"] { #expect(section.contains(count)) }
    #expect(section.contains("Cut: ended by the token limit") && section.contains("Blocked: withheld"))
    let plain = try Renderings(CannedRuns.proven)
    #expect(plain.markdown.contains("| candidate replay | 1,152 | 38 | 1,070 | 44 |"))
    let other = try #require(plain.page(from: "<section id=\"outcomes\">", to: "</section>"))
    #expect(!other.contains("Cut:") && !other.contains(">missing<"))
  }

  @Test("Above a fifth of cut responses every report warns, at a fifth none does")
  func cut() throws {
    var run = CannedRuns.proven
    run.outcomes?[0] = .init(
      role: "candidate", stage: "replay", planned: 120, unsafe: 0, safe: 100, refused: 0, blocked: 0, cut: 20,
      unscored: 0,
      failed: 10, missing: 10)
    for (format, text) in try Renderings(run).texts { #expect(!text.contains("The token limit ended"), "\(format)") }
    run.outcomes?[0].cut = 21
    for (format, text) in try Renderings(run).texts {
      #expect(
        text.contains("The token limit ended 21.0% of the responses of candidate replay (21 of 100)"), "\(format)")
    }
  }

  @Test("What a server words is cut and cleaned, and thousands of wordings are counted")
  func foreignReasons() throws {
    var run = CannedRuns.unproven
    let page = "<html>\u{1B}[2J\u{202E}" + String(repeating: "quota ", count: 5_000)
    run.outcomes?[0].reasons = (0..<400).map { .init(outcome: "failed", reason: "\($0) \(page)", count: 1) }
    let report = try Renderings(run)
    #expect(report.terminal.utf8.count < 20_000 && report.html.utf8.count < 300_000)
    #expect(report.markdown.utf8.count <= 65_536)
    for (format, text) in report.texts {
      #expect(text.contains("more reasons, in the JSON report"), "\(format)")
      #expect(!text.unicodeScalars.contains("\u{1B}") && !text.unicodeScalars.contains("\u{202E}"), "\(format)")
    }
    #expect(!report.html.contains("<html>\u{FFFD}"))
  }

  @Test("Counts that were all seen add up; one that was not counted twice or below zero")
  func addsUp() {
    let row = CannedRuns.unproven.outcomeRows[0]
    #expect(row.addsUp)
    for change in [
      \RunSummary.OutcomeRow.unsafe, \.safe, \.refused, \.blocked, \.unscored, \.failed, \.missing, \.planned,
    ] {
      var other = row
      other[keyPath: change] += 1
      #expect(!other.addsUp)
    }
  }
}
