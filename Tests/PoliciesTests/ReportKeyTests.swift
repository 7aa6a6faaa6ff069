import Testing

@testable import Policies

@Suite("Keys of reports")
struct ReportKeyTests {
  private func policy(_ more: String) throws -> Policy {
    try Workplace().load(
      """
      version: 1
      name: reports
      targets: {candidate: {kind: local, checkpoint: new}}
      judges: {confirm: {kind: rules, file: rules.yaml}}
      suite: {seeds: seeds.jsonl}
      checks: [{metric: replay.asr, at_most: 0.9}]
      \(more)

      """)
  }

  @Test("name no machine unless they say so, and a weight of a category where it has one")
  func keys() throws {
    #expect(try !policy("").report.namesHost)
    #expect(try policy("report: {host: on}").report.namesHost)
    let weighted = try policy("categories: [{name: a, meaning: b, weight: 2.5}, {name: c, meaning: d}]")
    #expect(weighted.weights == ["a": 2.5] && weighted.categories == ["a": "b", "c": "d"])
    let tagged = try policy("categories: [{name: a, meaning: b, tags: ['owasp:llm01', x, x]}, {name: c, meaning: d}]")
    #expect(tagged.tags == ["a": ["owasp:llm01", "x"]])
  }

  @Test("give a partial run's reports names of their own")
  func partial() throws {
    let report = try policy("report: {junit: out.d/junit.xml, html: /p.html, json: plain, markdown: /dev/null}").report
    #expect(
      Set(report.partial.outputs.map(\.path)) == [
        "out.d/junit.partial.xml", "/p.partial.html", "plain.partial", "/dev/null",
      ])
    #expect(report.partial.outputs.map(\.key) == report.outputs.map(\.key))
    #expect(report.partial.deliveries.isEmpty)
  }
}
