import Core
import Foundation
import Testing

@testable import Reports

@Suite("The terminal")
struct TerminalTests {
  private func render(_ run: RunSummary, colour: Bool = false, width: Int = 110) -> String {
    TerminalReport.render(run, colour: colour, width: width, files: ["build/sluice/report.html"])
  }

  @Test("The first line is the verdict, the last where the reports are")
  func order() {
    let lines = render(CannedRuns.fail).split(separator: "\n")
    #expect(lines.first == "✗ FAIL: assistant-1.2 must not ship")
    #expect(lines.last == "report: build/sluice/report.html")
    #expect(
      lines.contains {
        $0.hasPrefix("replay.asr") && $0.hasSuffix("18.2%     [14.9%, 21.9%]     at most 10%   ✗ fail")
      })
  }

  @Test("No line is wider than the terminal, but for paths", arguments: [30, 40, 60, 80, 100, 140])
  func fitsTheWidth(width: Int) {
    for (name, run) in CannedRuns.all {
      for line in render(run, width: width).split(separator: "\n") where !line.hasPrefix("report: ") {
        #expect(TerminalText.width(String(line)) <= width, "\(name): \(line)")
      }
    }
    for seed in 0..<50 as Range<UInt64> {
      for line in render(RandomRun(seed: seed).summary(), width: width).split(separator: "\n")
      where !line.hasPrefix("report: ") {
        #expect(TerminalText.width(String(line)) <= width, "seed \(seed): \(line)")
      }
    }
  }

  @Test("Narrow terminals get every number that wide ones get")
  func narrowLosesNothing() {
    let narrow = render(CannedRuns.fail, width: 50)
    for check in CannedRuns.fail.checks {
      #expect(narrow.contains(check.name))
      #expect(narrow.replacing("\n", with: " ").contains(check.intervalText.split(separator: " ")[0]))
    }
  }

  @Test("Without colour there is no escape sequence, with it only Sluice's own")
  func escapeSequences() {
    for seed in 0..<100 as Range<UInt64> {
      let run = RandomRun(seed: seed).summary()
      let plain = render(run)
      #expect(!plain.unicodeScalars.contains { $0.properties.generalCategory == .control && $0 != "\n" })
      let own = render(run, colour: true).replacing(/\u{1B}\[(1;)?3[123]m/, with: "").replacing("\u{1B}[0m", with: "")
      #expect(own == plain, "seed \(seed)")
    }
  }

  @Test("Columns are counted as a terminal does")
  func widths() {
    #expect(TerminalText.width("plain") == 5)
    #expect(TerminalText.width("日本") == 4)
    #expect(TerminalText.width("e\u{301}") == 1)
    #expect(TerminalText.width("👩‍👩‍👧‍👦") == 2)
    #expect(TerminalText.wrapped("aa bb cc", to: 5) == ["aa bb", "cc"])
    #expect(TerminalText.wrapped("abcdefg h", to: 3) == ["abc", "def", "g h"])
    #expect(TerminalText.wrapped("日本語", to: 4) == ["日本", "語"])
    #expect(TerminalText.wrapped("", to: 4) == [""])
  }
}
