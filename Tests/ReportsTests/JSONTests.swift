import Core
import Foundation
import Reports
import Testing

@Suite("JSON")
struct JSONTests {
  private func render(_ run: RunSummary) throws -> [UInt8] {
    try JSONReport.render(run, date: CannedRuns.date, version: CannedRuns.version)
  }

  @Test("Everything survives reading back, infinities included")
  func roundTrip() throws {
    for seed in 0..<200 as Range<UInt64> {
      let run = RandomRun(seed: seed).summary()
      #expect(try JSONReport.summary(in: render(run), file: "report.json") == run, "seed \(seed)")
    }
  }

  @Test("Equal summaries give equal bytes, with sorted keys and a schema version")
  func stableBytes() throws {
    let bytes = try render(CannedRuns.fail)
    #expect(try render(CannedRuns.fail) == bytes)
    let text = String(decoding: bytes, as: UTF8.self)
    let keys = text.split(separator: "\n").filter { $0.hasPrefix("  \"") }.map { $0.split(separator: "\"")[1] }
    #expect(keys == ["date", "schema", "sluice", "summary"])
    #expect(text.contains("\"date\" : \"2026-03-01T12:00:00Z\""))
    #expect(text.contains("\"schema\" : \(RunSummary.schemaVersion)"))
  }

  @Test("Bounds without evidence are words that JSON can hold")
  func infinities() throws {
    var run = CannedRuns.pass
    run.checks[0].estimate = Estimate(
      value: .nan, lower: -.infinity, upper: .infinity, confidence: 0.95, n: 1, effectiveN: 1, method: "none")
    let text = String(decoding: try render(run), as: UTF8.self)
    #expect(
      text.contains("\"lower\" : \"-inf\"") && text.contains("\"upper\" : \"inf\"")
        && text.contains("\"value\" : \"nan\""))
  }

  @Test(
    "What isn't a report is refused with its file and a remedy",
    arguments: [
      "", "{}", "[1]", "{\"schema\": 99}", "{\"schema\": 1, \"sluice\": \"\", \"date\": \"\", \"summary\": {}}",
    ])
  func refuses(_ text: String) {
    let error = #expect(throws: SluiceError.self) {
      try JSONReport.summary(in: Array(text.utf8), file: "old/report.json")
    }
    #expect(error?.exitCode == .usage)
    #expect(error?.location?.file == "old/report.json")
    #expect(error?.remedy != nil)
  }
}
