import Core
import Testing

@testable import Reports

@Suite("Claims that the budget left unasked")
struct UnaskedTests {
  private func run(unasked: [Int?]) throws -> RunSummary {
    var run = CannedRuns.pass
    for (index, count) in unasked.enumerated() { run.fresh[2].restarts[index].unasked = count }
    return run
  }

  @Test("are told beside those that were confirmed, over all restarts")
  func told() throws {
    let run = try run(unasked: [3, nil, 1])
    let shown = try Renderings(run)
    #expect(shown.terminal.contains(" (4 more claimed, not asked again), unique "), "\(shown.terminal)")
    #expect(shown.markdown.contains(" (4 more claimed, not asked again)"))
    #expect(shown.html.contains("4 not asked again"))
    #expect(shown.json.contains("\"unasked\""))
    #expect(String(decoding: try CSVReport.render(run), as: UTF8.self).contains("; 4 more claimed, not asked again"))
  }

  @Test("aren't told of where there are none, or an older version didn't count them", arguments: [0, nil])
  func none(count: Int?) throws {
    let shown = try Renderings(run(unasked: [count, count, count]))
    for (format, text) in shown.texts { #expect(!text.contains("not asked again"), "\(format)") }
  }
}
