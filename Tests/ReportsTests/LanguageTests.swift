import Core
import Decisions
import Foundation
import Testing

@testable import Reports

@Suite("Reports in another language")
struct LanguageTests {
  private func isJapanese(_ text: String) -> Bool {
    text.unicodeScalars.contains { (0x3041...0x30FF).contains($0.value) || (0x4E00...0x9FFF).contains($0.value) }
  }

  private func renderings(_ run: RunSummary, _ language: Language) throws -> [(format: String, text: String)] {
    let (date, version) = (CannedRuns.date, CannedRuns.version)
    func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
    return [
      ("terminal", TerminalReport.render(run, colour: false, width: 120, files: [], verbose: true, language: language)),
      ("line", TerminalReport.line(run, language: language)),
      ("html", text(HTMLReport.render(run, date: date, version: version, language: language))),
      ("markdown", text(MarkdownReport.render(run, date: date, version: version, language: language))),
      ("junit", text(try JUnitReport.render(run, date: date, version: version, language: language))),
    ]
  }

  /// What a person reads: without code, style, identifiers of testcases and properties.
  private func read(_ text: String) throws -> String {
    var text = text
    for hidden in [
      "<style>[\\s\\S]*?</style>", "<code[\\s\\S]*?</code>", "`[^`]*`", "<property [^>]*>",
      " (?:class)?name=\"[^\"]*\"",
      "sluice [a-z]+ [a-z]+", "--[a-z-]+", "<[a-z]+ class=\"[^\"]*\"", " (?:type|id|role|stroke[a-z-]*)=\"[^\"]*\"",
    ] {
      text = text.replacing(try Regex(hidden), with: " ")
    }
    return text.replacing("&#39;", with: "'").replacing("&quot;", with: "\"").replacing("\\", with: "")
      .split(whereSeparator: \.isWhitespace).joined(separator: " ")
  }

  /// What a run wrote in words of its own, which no report translates.
  private func kept(_ run: RunSummary) -> [String] {
    let sentences =
      run.reasons + run.notices + (run.weakenings ?? []) + (run.remedies ?? []) + (run.since ?? [])
      + (run.validity ?? []).flatMap { [$0.finding, $0.remedy ?? ""] } + run.stages.map(\.detail)
      + run.checks.flatMap {
        [$0.reason, $0.remedy ?? "", $0.explanation, $0.estimate?.method ?? "", $0.waiver?.reason ?? ""]
      }
      + (run.tuning.map { $0.advice + $0.rows.compactMap(\.problem) } ?? [])
      + (run.outcomes ?? []).flatMap { $0.reasons.map(\.reason) } + run.models.flatMap { $0.signs?.server ?? [] }
      + [run.policy.governance?.line ?? ""] + (run.policy.governance?.facts.map(\.value) ?? [])
      + run.models.compactMap { $0.signs?.settings }
      + (run.revealed ?? []).flatMap { [$0.prompt] + $0.responses.map(\.text) }
    // Also what stands behind a colon in a sentence that is known: a server's words, a command.
    let all =
      sentences
      + sentences.flatMap { text in
        text.ranges(of: ": ").flatMap { [String(text[$0.upperBound...]), String(text[$0.upperBound...].dropLast())] }
      }
    return Language.japanese.speaking { all.filter { !$0.isEmpty && Recorded.text($0) == $0 } }
      .sorted { $0.count > $1.count }
  }

  @Test(
    "leave nothing in English but names, commands and what the run wrote in words of its own",
    arguments: CannedRuns.all.map(\.name))
  func nothingIsMissing(name: String) throws {
    let run = try CannedRuns.named(name)
    for (format, text) in try renderings(run, .japanese) {
      var read = try read(text)
      for words in kept(run) { read = read.replacing(words, with: " ") }
      let left = read.matches(of: try Regex("[A-Za-z]*[a-z]+ [a-z]+ [a-z]+")).map { String(read[$0.range]) }
      #expect(left.isEmpty, "\(format): \(left.prefix(5))")
      #expect(isJapanese(text), "\(format)")
    }
  }

  @Test("say in English what they always said, in whichever order languages are asked for")
  func englishStays() throws {
    for (_, run) in CannedRuns.all {
      let before = try renderings(run, .english)
      _ = try renderings(run, .japanese)
      #expect(try renderings(run, .english).map(\.text) == before.map(\.text))
      #expect(!isJapanese(before[0].text))
    }
  }

  @Test("don't mix where several are rendered at once")
  func atOnce() async throws {
    let run = CannedRuns.fail
    let alone = try Language.allCases.map { try renderings(run, $0).map(\.text) }
    try await withThrowingTaskGroup(of: (Int, [String]).self) { group in
      for index in 0..<16 {
        group.addTask { (index % 2, try renderings(run, Language.allCases[index % 2]).map(\.text)) }
      }
      for try await (language, texts) in group { #expect(texts == alone[language]) }
    }
  }

  @Test("are the run's own, and another's where somebody asks for it")
  func ofTheRun() throws {
    var run = CannedRuns.proven
    run.evidence.language = Language.japanese.recorded
    let own = TerminalReport.render(run, colour: false, files: [])
    #expect(own.contains("合格：assistant-1.1はリリース可能です"))
    #expect(own == TerminalReport.render(CannedRuns.proven, colour: false, files: [], language: .japanese))
    #expect(
      TerminalReport.render(run, colour: false, files: [], language: .english).contains("PASS: assistant-1.1 may ship"))
    // A language of a later version is no reason to show nothing.
    run.evidence.language = "xx"
    #expect(TerminalReport.line(run).hasPrefix("PASS: "))
    #expect(Language.english.recorded == nil)
  }

  // MARK: - What programs read

  @Test("are the same for programs", arguments: [Reporter.json, .sarif, .csv])
  func forPrograms(reporter: Reporter) throws {
    for (_, run) in CannedRuns.all {
      func bytes(_ language: Language) throws -> [UInt8] {
        try reporter.report(
          run, ReportContext(date: CannedRuns.date, version: "1", host: "host", language: language))
      }
      #expect(try bytes(.english) == bytes(.japanese))
    }
  }

  @Test("keep the names of testcases, classes, types and properties")
  func testcases() throws {
    func names(_ run: RunSummary, _ language: Language) throws -> [[String]] {
      let file = try ParsedXML(
        try JUnitReport.render(run, date: CannedRuns.date, version: "1", language: language))
      return file.elements("testcase").map { test in
        let name = test.attributes["name"] ?? ""
        return [name.hasPrefix("weakened: ") || name.hasPrefix("注意：") ? "" : name, test.attributes["classname"] ?? ""]
          + test.children.map { "\($0.name) \($0.attributes["type"] ?? "")" }
      } + file.elements("property").map { [$0.attributes["name"] ?? "", $0.attributes["value"] ?? ""] }
    }
    for (name, run) in CannedRuns.all { #expect(try names(run, .english) == names(run, .japanese), "\(name)") }
  }

  @Test("name run, ledger head and verdict where `ledger verify` finds them", arguments: Language.allCases)
  func traces(language: Language) throws {
    for (name, original) in CannedRuns.all {
      for isObserved in [false, true] where original.exitCode < 64 {
        var run = original.observing(isObserved)
        run.run = "20260301-115812-abcd"
        for (format, text) in try renderings(run, language) where !["terminal", "line"].contains(format) {
          let traces = try #require(ReportTraces(in: text), "\(name) \(format)")
          #expect(
            traces.head == run.evidence.headHash && traces.run == run.run && traces.verdict == run.verdict,
            "\(name) \(format)")
        }
      }
    }
  }

  @Test("are known for reports, so that the next run may replace them", arguments: Language.allCases)
  func marks(language: Language) throws {
    for reporter in [Reporter.junit, .html, .markdown] {
      for (name, run) in CannedRuns.all {
        let bytes = try reporter.report(
          run, ReportContext(date: CannedRuns.date, version: "1", host: "h", language: language))
        let head = String(decoding: bytes.prefix(4096), as: UTF8.self)
        #expect(reporter.marks.contains { $0.isIn(head) }, "\(reporter.name) \(name)")
      }
    }
  }

  // MARK: - Numbers and lines

  @Test("write numbers, limits, times and dates as the language does")
  func numbers() {
    func both(_ text: () -> String) -> [String] { Language.allCases.map { $0.speaking(text) } }
    #expect(both { Numbers.text(-0.0668, .difference) } == ["−6.68\u{A0}pp", "−6.68ポイント"])
    #expect(
      both { Numbers.interval(-0.143, -0.0052, .difference) } == ["[−14.3, −0.52]\u{A0}pp", "[−14.3, −0.52]ポイント"])
    #expect(both { Numbers.limit(Limit(atMost: 0.1), .share) } == ["at most 10%", "10%以下"])
    #expect(both { Numbers.limit(Limit(atLeast: 0.8), .share) } == ["at least 80%", "80%以上"])
    #expect(both { Numbers.duration(200) } == ["3 min 20 s", "3分20秒"])
    #expect(both { Timestamp(CannedRuns.date).spoken } == ["1 March 2026, 12:00 UTC", "2026年3月1日 12:00 UTC"])
    #expect(both { Words.responses(1) } == ["1 response", "応答1件"])
    #expect(both { Words.responses(1268) } == ["1,268 responses", "応答1,268件"])
  }

  @Test(
    "keep tables straight and lines short where characters are two columns wide", arguments: [24, 40, 60, 100, 200])
  func columns(width: Int) throws {
    for (name, run) in CannedRuns.all {
      let text = TerminalReport.render(run, colour: false, width: width, files: [], verbose: true, language: .japanese)
      for line in text.split(separator: "\n") {
        #expect(TerminalText.width(String(line)) <= width, "\(name): \(line)")
        #expect(!"、。」）".contains(line.first { $0 != " " } ?? " "), "\(name): \(line)")
      }
    }
    let lines = TerminalReport.render(CannedRuns.proven, colour: false, width: 200, files: [], language: .japanese)
      .split(separator: "\n").map(String.init)
    let start = try #require(lines.firstIndex { $0.hasPrefix("チェック ") })
    let table = lines[start...].prefix(1 + CannedRuns.proven.checks.count)
    let verdicts = table.dropFirst().map { line in
      TerminalText.width(String(line.prefix(upTo: line.firstIndex { "✓✗?".contains($0) } ?? line.endIndex)))
    }
    let header = try #require(table.first)
    let own = TerminalText.width(String(header.prefix(upTo: header.range(of: "判定")?.lowerBound ?? header.endIndex)))
    #expect(Set(verdicts) == [own])
  }

  @Test("has no markup that became text", arguments: Language.allCases)
  func markup(language: Language) {
    for (name, run) in CannedRuns.all {
      let page = String(
        decoding: HTMLReport.render(run, date: CannedRuns.date, version: "1", language: language), as: UTF8.self)
      #expect(page.firstRange(of: #/&lt;[a-z\/]/#) == nil, "\(name)")
    }
  }

  @Test("mark the page's language and give it fonts that have its characters")
  func page() {
    func page(_ language: Language) -> String {
      String(
        decoding: HTMLReport.render(CannedRuns.proven, date: CannedRuns.date, version: "1", language: language),
        as: UTF8.self)
    }
    #expect(page(.japanese).contains(#"<html lang="ja">"#) && page(.japanese).contains("word-break: auto-phrase"))
    #expect(page(.english).contains(#"<html lang="en">"#) && !page(.english).contains("CJK"))
  }

  @Test("tell a comparison and a history as well")
  func several() throws {
    let run = CannedRuns.fail
    let history = RunHistory(entries: [
      .init(date: CannedRuns.date, summary: CannedRuns.pass), .init(date: CannedRuns.date, summary: run),
    ])
    #expect(history.text(width: 200, language: .japanese).contains("合格しなかったチェック"))
    #expect(
      String(decoding: history.html(version: "1", language: .japanese), as: UTF8.self).contains("<h2>チェックの推移</h2>"))
    let side = RunComparison.Side(run: "a", policy: "gate", candidate: "m", ended: 0, verdict: .pass)
    let comparison = RunComparison(
      first: side, second: side, obstacles: ["A run does not say which suite it replayed."], confidence: 0.95)
    let report = ComparisonReport(comparison, language: .japanese)
    #expect(report.text().hasPrefix("比較できません\n  リプレイしたスイートの記録がない実行があります。\n"))
    #expect(report.markdown.hasPrefix("## 比較できません\n"))
  }
}
