import Core
import Foundation
import Testing

@testable import Reports

@Suite("Summaries of version 0.1")
struct OldSummariesTests {
  /// FNV-1a of what version 0.1 made of the canned runs, by run and format. Recorded by this test, run at commit 5588296
  /// with `SLUICE_RECORD=1`; a run that records fails.
  private static let recorded: [String: String] = [
    "fail json": "aef38b9d699f9fb1",
    "fail junit": "3f5b4b3d8209c499",
    "fail markdown": "3dc9a003bdcb6731",
    "fail narrow": "49b72c9894b66c67",
    "fail terminal": "1fa36de352a1e2b5",
    "inconclusive json": "00c84882d88eb5a5",
    "inconclusive junit": "d1fbb41ae956c83d",
    "inconclusive markdown": "b295dbd0284e2a04",
    "inconclusive narrow": "347a2033d7f249fd",
    "inconclusive terminal": "dc5dc484e595142a",
    "pass json": "28a70b371edebf7f",
    "pass junit": "6eda4a65e9d28eef",
    "pass markdown": "b24efedc90d5b111",
    "pass narrow": "5f4b6f576d3b610d",
    "pass terminal": "dc46139de32d9df8",
    "tuned json": "231e63d205d6a74c",
    "tuned junit": "6eda4a65e9d28eef",
    "tuned markdown": "964ed8eaf0afef2b",
    "tuned narrow": "5f4b6f576d3b610d",
    "tuned terminal": "dc46139de32d9df8",
    "unfinished json": "fc718391701df97e",
    "unfinished junit": "d4e955874afcb631",
    "unfinished markdown": "cf191f70428d50d6",
    "unfinished narrow": "bb676ff91f9747a6",
    "unfinished terminal": "b8dc6cd97ba4f909",
  ]

  private func renderings(_ run: RunSummary) throws -> [(format: String, bytes: [UInt8])] {
    let (date, version) = (CannedRuns.date, CannedRuns.version)
    return [
      ("terminal", Array(TerminalReport.render(run, colour: true, width: 110, files: ["a.html"]).utf8)),
      ("narrow", Array(TerminalReport.render(run, colour: false, width: 50, files: []).utf8)),
      ("junit", try JUnitReport.render(run, date: date, version: version)),
      ("markdown", MarkdownReport.render(run, date: date, version: version)),
      ("json", try JSONReport.render(run, date: date, version: version)),
    ]
  }

  /// The same without the ledger's whole head, which version 0.1 left out of the terminal and cut to 12 digits in Markdown.
  private static func withoutHead(_ bytes: [UInt8], of run: RunSummary, _ format: String) throws -> [UInt8] {
    let text = String(decoding: bytes, as: UTF8.self)
    let head = run.evidence.headHash
    let (now, before): (String, String)
    switch format {
    case "terminal", "narrow":
      let width = format == "narrow" ? 50 : 110
      (now, before) = (TerminalText.wrapped("ledger head \(head)", to: width).joined(separator: "\n") + "\n", "")
    case "markdown": (now, before) = (String(head.prefix(64)), String(head.prefix(12)))
    default: return bytes
    }
    let place = try #require(text.firstRange(of: now), "\(format)")
    return Array(text.replacingCharacters(in: place, with: before).utf8)
  }

  @Test(
    "They render to the bytes that version 0.1 gave, but for the page and the ledger's head",
    arguments: CannedRuns.old.map(\.name))
  func bytesAreKept(name: String) throws {
    let isRecording = ProcessInfo.processInfo.environment["SLUICE_RECORD"] != nil
    let run = try CannedRuns.named(name)
    for (format, all) in try renderings(run) {
      let bytes = try Self.withoutHead(all, of: run, format)
      let hash = String(hexadecimal: StableHash.fnv1a(bytes))
      if isRecording {
        Issue.record("\"\(name) \(format)\": \"\(hash)\",")
      } else {
        #expect(Self.recorded["\(name) \(format)"] == hash, "\(name) \(format)")
      }
    }
  }
}
