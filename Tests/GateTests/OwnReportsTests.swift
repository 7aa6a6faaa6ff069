import Core
import Foundation
import Policies
import Reports
import Testing

@testable import Gate

@Suite("Own reports")
struct OwnReportsTests {
  private static func summary(_ verdict: Verdict) -> RunSummary {
    RunSummary(
      run: "r", policy: .init(name: "p", path: "p.yaml", hash: "h", seed: 7, confidence: 0.95), verdict: verdict,
      exitCode: [.pass: 0, .fail: 1, .inconclusive: 2][verdict] ?? 2, reasons: [], checks: [],
      evidence: .init(ledger: "l", sealed: false, headHash: ""))
  }

  @Test(
    "are known by how they begin, in every format and of every verdict",
    arguments: [.pass, .fail, .inconclusive] as [Verdict])
  func own(verdict: Verdict) throws {
    let (summary, date) = (Self.summary(verdict), Date(timeIntervalSince1970: 1))
    for bytes in [
      MarkdownReport.render(summary, date: date, version: "1"), HTMLReport.render(summary, date: date, version: "1"),
      RunHistory(entries: []).html(version: "1"),
    ] {
      try holds(bytes) { #expect(OwnReports.contains($0), "\(String(decoding: bytes.prefix(300), as: UTF8.self))") }
    }
  }

  @Test(
    "are not what only resembles them",
    arguments: [
      "", "PASS: all tests\n", "# Log\n\n## ✅ PASS: 20 tests\n", "<!DOCTYPE html>\n<html><body>PASS: </body></html>",
      #"{"name": "sluice", "version": "1.0.0"}"#,
      #"<?xml version="1.0"?><testsuites><testsuite name="jest"/></testsuites>"#,
      "version: 1\nname: sluice\nreport: {junit: junit.xml}\n",
    ])
  func foreign(text: String) throws {
    try holds(Array(text.utf8)) { #expect(!OwnReports.contains($0)) }
    #expect(!OwnReports.contains("/dev/zero") && !OwnReports.contains("/tmp") && !OwnReports.contains("/no/such"))
  }

  @Test("of a part of a run go when a whole run begins; files that only have such a name stay")
  func partial() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "sluice-own-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    func path(_ name: String) -> String { folder.appending(path: name).path }
    let page = HTMLReport.render(Self.summary(.inconclusive), date: Date(timeIntervalSince1970: 1), version: "1")
    try Data(page).write(to: URL(fileURLWithPath: path("report.partial.html")))
    try Data("somebody's".utf8).write(to: URL(fileURLWithPath: path("summary.partial.md")))
    var writer = ReportWriter(
      wanted: ReportPolicy(
        [
          .init(.html, path: path("report.html"), key: "report.html"),
          .init(.markdown, path: path("summary.md"), key: "report.markdown"),
        ], reveal: false))
    try writer.prepare()
    #expect(!FileManager.default.fileExists(atPath: path("report.partial.html")))
    #expect(FileManager.default.fileExists(atPath: path("summary.partial.md")))
  }

  private func holds(_ bytes: [UInt8], _ body: (String) -> Void) throws {
    let path = FileManager.default.temporaryDirectory.appending(path: "sluice-own-\(UUID().uuidString)").path
    defer { unlink(path) }
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    body(path)
  }
}
