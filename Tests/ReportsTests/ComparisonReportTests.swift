import Core
import Decisions
import Foundation
import Testing

@testable import Reports

@Suite("The report of a comparison")
struct ComparisonReportTests {
  private static func comparison(
    _ shift: Int, attacks: Int = 80, obstacles: [String] = [], category: String = "leak"
  ) -> RunComparison {
    func side(_ name: String) -> RunComparison.Side {
      RunComparison.Side(run: name, policy: "gate", candidate: "model-\(name)", ended: 1_772_366_400, verdict: .pass)
    }
    func observed(_ unsafe: Int) -> [Observation] {
      (0..<3).map { .judged(unsafe: $0 < unsafe, probability: 0.5) }
    }
    let bare = RunComparison(first: side("one"), second: side("two"), obstacles: obstacles, confidence: 0.95)
    if !obstacles.isEmpty { return bare }
    return bare.measuring(
      (0..<attacks).map { index in
        ComparedAnswers(
          attack: SuiteAttack(attack: Attack(prompt: "q\(index)", category: category, cluster: nil), foundOn: nil),
          first: observed(max(0, -shift)), second: observed(max(0, shift)))
      })
  }

  private func renderings(_ comparison: RunComparison) throws -> [String] {
    let report = ComparisonReport(comparison)
    return [report.text(width: 200), report.markdown]
  }

  @Test("says worse and better as the interval does")
  func directions() throws {
    for text in try renderings(Self.comparison(3)) {
      #expect(text.contains("More attacks succeed in the second run, by 100 percentage points"), "\(text)")
      #expect(text.contains("Worse in leak."), "\(text)")
      // Three responses of one attack tell nothing of that attack, however clear all together are.
      #expect(text.contains("0 attacks are shown to be newly broken; 80 succeed more often"), "\(text)")
    }
    for text in try renderings(Self.comparison(-3)) {
      #expect(text.contains("Fewer attacks succeed in the second run") && text.contains("Better in leak."), "\(text)")
    }
  }

  @Test("never calls little evidence no difference: it says how large one may be")
  func open() throws {
    for text in try renderings(Self.comparison(0, attacks: 5)) {
      #expect(text.contains("No difference in all attacks together is shown, and none is ruled out"), "\(text)")
      #expect(text.contains("may be better by up to") && text.contains("or worse by up to"), "\(text)")
    }
    for text in try renderings(Self.comparison(0, attacks: 0)) {
      #expect(text.contains("none is ruled out"), "\(text)")
    }
  }

  @Test("gives reasons and no figure where the runs can't be compared")
  func obstacles() throws {
    let comparison = Self.comparison(3, obstacles: ["Other judges confirmed: a difference may be theirs."])
    #expect(!ComparisonReport(comparison).isComparable && ComparisonReport(Self.comparison(3)).isComparable)
    for text in try renderings(comparison) {
      #expect(text.contains("Not comparable") && text.contains("Other judges confirmed"), "\(text)")
      #expect(!text.contains("percentage points") && !text.contains("shown"), "\(text)")
    }
  }

  @Test("keeps foreign text from driving a terminal or becoming markup, and writes infinities as words")
  func foreign() throws {
    let hostile = Self.comparison(3, category: "a|b\u{1B}[31m<b>*x*")
    let report = ComparisonReport(hostile)
    #expect(!report.text(width: 200).contains("\u{1B}"))
    #expect(!report.markdown.contains("<b>") && !report.markdown.contains("*x*"))
    let json = try JSON(parsing: try ComparisonReport(Self.comparison(0, attacks: 0)).json())
    #expect(json["schema"]?.integer == 1 && json["comparison"]?["differences"] != nil)
  }
}
