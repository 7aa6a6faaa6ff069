import Core
import Evidence
import Foundation

/// Writes what a run's models answered, for other tools. The audit chain says who took it.
public struct ResponseExport {
  /// Formats that other tools read.
  public enum Format: String, Sendable, CaseIterable {
    /// A table, or a JSON object a line, which has the responses of searches as well.
    case csv, jsonl
    /// A conversation a line, as chat models are trained on.
    case chat
    /// One document with the responses of one model.
    case inspect
  }

  private let ledger: Ledger

  /// - Throws: `SluiceError` where the ledger isn't there, or can't be written: an export is noted in it.
  public init(ledger path: String) throws { ledger = try Ledger(existing: path) }

  /// What is exported, and how many responses it has.
  public struct Result: Sendable {
    /// The file's contents.
    public let bytes: [UInt8]
    /// Responses in it.
    public let responses: Int
    /// The run that they are of.
    public let run: String
  }

  /// One line for each response to an attack, with every judge's score; in CSV one for each response and judge.
  ///
  /// Those that searches asked are in JSON Lines alone: only the judge that rewards looked at most of them.
  /// - Parameters:
  ///   - run: a run's identifier, or `last`.
  ///   - role: the model whose responses an Inspect log holds.
  ///   - revealed: whether prompts and responses are in it.
  ///   - path: a new file, for its owner alone (0600); nil to return the bytes only.
  /// - Throws: `SluiceError` (usage) for a run without a verdict and a file that is there already.
  public func export(
    run: String, format: Format, role: String = "candidate", revealed: Bool, reason: String?, to path: String?,
    who: LedgerActor = .current(),
    now: Date = Date()
  ) throws -> Result {
    if let path {
      try OutputPlan(ledger: ledger.path).check(
        new: OutputPlan.Output(key: "--out", path: path), remedy: "Name another with --out.")
    }
    let (record, summary) = try ledger.finished(run)
    var lines = Self.papers(summary.policy.governance, format) + (format == .csv ? [Self.header(revealed)] : [])
    var count = 0
    let own = AnswersOfRun(record.id, summary)
    var log = format == .inspect ? try InspectLog(record, summary, role: role, judges: own.confirming) : nil
    let searches: (StoredAnswer) -> Bool = { format == .jsonl && SampleIndices.origin(of: $0.sample) == .search }
    for attack in try ledger.attacks(of: own, also: searches) {
      for answer in attack.answers {
        count += 1
        let line = Line(
          run: record.id, attack: attack, role: answer.role, answer: answer.answer, revealed: revealed)
        switch format {
        case .csv: lines += line.csv
        case .jsonl: lines.append(line.json)
        case .chat: lines.append(line.chat)
        case .inspect: if answer.role == role { log?.add(answer.answer, to: attack) }
        }
      }
    }
    if let log { (lines, count) = ([log.text()], log.count) }
    let bytes = Array((lines.joined(separator: "\n") + (lines.isEmpty ? "" : "\n")).utf8)
    if let path { try OutputFile.prepare(path, what: "--out") }
    try ledger.note(
      Ledger.exported,
      LedgerAct(
        who: who, reason: reason,
        subject: "run \(record.id) as \(format.rawValue)" + (revealed ? " with texts" : "")
          + (path.map { " to \($0)" } ?? ""), count: count), now: now.timeIntervalSince1970)
    if let path { try OutputFile.write(bytes, to: path, what: "the export", access: .owner, replaces: false) }
    return Result(bytes: bytes, responses: count, run: record.id)
  }

  /// The first line where the policy says whose attacks these are: an object of its own, or a comment in CSV. Inspect's document
  /// has it in its metadata.
  private static func papers(_ governance: Governance?, _ format: Format) -> [String] {
    guard let governance else { return [] }
    switch format {
    case .csv: return ["# " + VisibleText.line(governance.line)]
    case .jsonl, .chat: return [governance.headerLine]
    case .inspect: return []
    }
  }

  private static func header(_ revealed: Bool) -> String {
    (["run", "attack", "category", "role", "target", "sample", "finish_reason", "judge", "score", "unscored"]
      + (revealed ? ["prompt", "response"] : [])).joined(separator: ",")
  }

  private struct Line {
    let run: String
    let attack: AskedAttack
    let role: String
    let answer: StoredAnswer
    let revealed: Bool

    private var exchange: Exchange { Exchange(prompt: attack.prompt, response: answer.text) }

    var csv: [String] {
      let common = [
        run, attack.id.text, attack.category ?? "", role, answer.target, "\(answer.sample)", answer.finishReason,
      ]
      let texts = revealed ? [exchange.shownPrompt, exchange.shownResponse] : []
      let judged = answer.judgments.map { [$0.judge, $0.score.map { "\($0)" } ?? "", $0.reason ?? ""] }
      return (judged.isEmpty ? [["", "", ""]] : judged).map { judgment in
        (common + judgment + texts).map(Self.field).joined(separator: ",")
      }
    }

    /// As RFC 4180 quotes it. A spreadsheet would take some texts for formulas; an apostrophe before them keeps it from that.
    private static func field(_ text: String) -> String {
      let isFormula = text.unicodeScalars.first.map { "=+-@\t\r".unicodeScalars.contains($0) } ?? false
      let text = isFormula && Double(text) == nil ? "'" + text : text
      let needsQuotes = text.unicodeScalars.contains { ",\"\n\r".unicodeScalars.contains($0) }
      return needsQuotes ? "\"" + text.replacing("\"", with: "\"\"") + "\"" : text
    }

    private var members: [JSON.Member] {
      func optional(_ value: String?) -> JSON { value.map { .string($0) } ?? .null }
      let judgments = answer.judgments.map { judgment in
        JSON.object([
          JSON.Member("judge", .string(judgment.judge)),
          JSON.Member("score", judgment.score.map { .number($0) } ?? .null),
          JSON.Member("unscored", optional(judgment.reason)),
        ])
      }
      return [
        JSON.Member("run", .string(run)), JSON.Member("attack", .string(attack.id.text)),
        JSON.Member("category", optional(attack.category)), JSON.Member("role", .string(role)),
        JSON.Member("target", .string(answer.target)), JSON.Member("sample", .integer(answer.sample)),
        JSON.Member("origin", .string(SampleIndices.origin(of: answer.sample).rawValue)),
        JSON.Member("finish_reason", .string(answer.finishReason)), JSON.Member("judgments", .array(judgments)),
      ]
    }

    var json: String {
      var texts: [JSON.Member] = []
      if revealed {
        texts = [.init("prompt", .string(exchange.shownPrompt)), .init("response", .string(exchange.shownResponse))]
        if exchange.conversation != nil { texts.append(.init("messages", .array(exchange.openAIMessages))) }
      }
      return JSON.object(members + texts).serialized()
    }

    var chat: String {
      JSON.object([JSON.Member("messages", .array(exchange.openAIMessages))] + members).serialized()
    }
  }
}
