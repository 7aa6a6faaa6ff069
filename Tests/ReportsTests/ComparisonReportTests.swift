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

  @Test("has a page with the same figures: every difference drawn, and the attacks that moved")
  func page() throws {
    let comparison = Self.comparison(3)
    let page = try ParsedXML(html: ComparisonReport(comparison).html(version: "1"))
    #expect(page.elements("h1").flatMap { $0.elements("span") }.map(\.text) == ["Worse"])
    #expect(page.elements("header").first?.attributes["class"] == "verdict fail")
    let charts = page.elements("svg").filter { $0.attributes["class"] == "pair" }
    #expect(charts.count == comparison.differences.count && charts.count == 2)
    let text = try #require(page.elements("body").first?.wholeText)
    let report = ComparisonReport(comparison)
    for sentence in [report.headline] + report.explanations { #expect(text.contains(sentence), "\(sentence)") }
    let difference = try #require(comparison.differences[0].difference)
    #expect(text.contains(Numbers.text(difference.value, .difference)))
    #expect(text.contains(Numbers.interval(difference, .difference)))
    #expect(text.contains("80 attacks, 0 of them shown") && text.contains(comparison.worsened[0].id.text))
    #expect(text.contains("No attack succeeds less often"))
    let headings = page.elements("th").filter { $0.attributes["scope"] == nil }
    #expect(headings.isEmpty)
  }

  @Test("has a page that looks like a pass only where fewer attacks are shown to succeed")
  func looks() throws {
    func look(_ comparison: RunComparison) throws -> [String?] {
      let page = try ParsedXML(html: ComparisonReport(comparison).html(version: "1"))
      let word = page.elements("h1").first?.elements("span").first?.text
      return [word, page.elements("header").first?.attributes["class"]]
    }
    #expect(try look(Self.comparison(-3)) == ["Better", "verdict pass"])
    #expect(try look(Self.comparison(0, attacks: 5)) == ["Not shown", "verdict open"])
    #expect(try look(Self.comparison(0, attacks: 0)) == ["Not shown", "verdict open"])
    #expect(try look(Self.comparison(-3, obstacles: ["Other judges."])) == ["Not comparable", "verdict open"])
  }

  @Test("folds all but the clearest attack of a cluster")
  func clusters() throws {
    func observed(_ unsafe: Int) -> [Observation] { (0..<30).map { .judged(unsafe: $0 < unsafe, probability: 0.5) } }
    let comparison = Self.comparison(0, attacks: 0).measuring(
      (0..<9).map { index in
        ComparedAnswers(
          attack: SuiteAttack(
            attack: Attack(prompt: "q\(index)", category: "leak", cluster: "c\(index / 3)"), foundOn: nil),
          first: observed(0), second: observed(20 + index % 3))
      })
    let page = try ParsedXML(html: ComparisonReport(comparison).html(version: "1"))
    let moved = try #require(page.elements("section").first { $0.attributes["id"] == "moved" })
    #expect(moved.elements("tbody").map { $0.count("tr") } == [3])
    #expect(moved.elements("summary").map(\.text) == Array(repeating: "2 more of its cluster", count: 3))
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
    #expect(!String(decoding: report.html(version: "1"), as: UTF8.self).contains("<b>*x*"))
    #expect(json["schema"]?.integer == 1 && json["comparison"]?["differences"] != nil)
  }
}
