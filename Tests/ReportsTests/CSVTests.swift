import Core
import Foundation
import Testing

@testable import Reports

@Suite("CSV")
struct CSVTests {
  /// A reader of RFC 4180, so that the writer isn't its own judge.
  private func table(_ summary: RunSummary) throws -> [[String: String]] {
    let text = String(decoding: try CSVReport.render(summary), as: UTF8.self)
    #expect(text.hasSuffix("\r\n"))
    var rows: [[String]] = [[]]
    var (cell, isQuoted) = ("", false)
    for character in text.replacing("\r\n", with: "\n") {
      switch character {
      case "\"": isQuoted.toggle()
      case "," where !isQuoted:
        rows[rows.count - 1].append(cell)
        cell = ""
      case "\n" where !isQuoted:
        rows[rows.count - 1].append(cell)
        cell = ""
        rows.append([])
      default: cell.append(character)
      }
    }
    rows.removeLast()
    #expect(rows[0] == CSVReport.columns)
    return try rows.dropFirst().map { row in
      try #require(row.count == CSVReport.columns.count)
      return Dictionary(uniqueKeysWithValues: zip(CSVReport.columns, row))
    }
  }

  @Test("Every check, category and newly broken attack is a line with its figures")
  func figures() throws {
    let summary = CannedRuns.fail
    let rows = try table(summary)
    #expect(rows.first?["section"] == "verdict" && rows.first?["verdict"] == "fail" && rows.first?["value"] == "1")
    for check in summary.checks {
      let row = try #require(rows.first { $0["section"] == "check" && $0["name"] == check.name })
      #expect(row["verdict"] == check.verdict.rawValue)
      guard let estimate = check.measured else { continue }
      #expect(row["value"].flatMap(Double.init) == estimate.value)
      #expect(row["upper"].flatMap(Double.init) == estimate.upper)
      #expect(row["at_most"].flatMap(Double.init) == check.limit.atMost)
    }
    #expect(rows.count { $0["section"] == "newly broken" } == summary.newlyBroken.count)
    #expect(rows.count { $0["section"] == "category" && $0["role"] == "candidate" } == summary.categories.count)
  }

  @Test("Whatever names hold, a line keeps its columns, and no cell is a formula")
  func hostile() throws {
    for seed in 0..<100 as Range<UInt64> {
      let summary = RandomRun(seed: seed).summary()
      if (try? summary.requireAgreement()) == nil { continue }
      _ = try table(summary)
    }
    var summary = CannedRuns.fail
    summary.newlyBroken[0].category = #"=HYPERLINK("https://e.org","a,b")"#
    let row = try #require(try table(summary).first { $0["section"] == "newly broken" })
    #expect(row["category"] == "'=HYPERLINK(https://e.org,a,b)")
  }
}
