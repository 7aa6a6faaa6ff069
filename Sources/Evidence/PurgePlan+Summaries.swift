import Core
import Foundation
import GRDB

/// Takes prompts out of what searches left, in the formats of those who wrote it.
public struct SearchEraser: Sendable {
  /// What became of bytes that prompts were taken out of.
  public enum Edit: Hashable, Sendable {
    /// Nothing of it is in there.
    case same
    /// The bytes without them.
    case edited([UInt8])
    /// It is in no format of this version: nobody could use it, and it may hold anything, so it goes as a whole.
    case unreadable
  }

  /// Takes prompts, and words of servers and judges, out of a search's record.
  public var record: @Sendable (_ bytes: [UInt8], _ prompts: Set<String>, _ words: Set<String>) throws -> Edit
  /// Takes prompts out of an attacker's state.
  public var state: @Sendable (_ bytes: [UInt8], _ prompts: Set<String>) throws -> Edit

  public init(
    record: @escaping @Sendable ([UInt8], Set<String>, Set<String>) throws -> Edit,
    state: @escaping @Sendable ([UInt8], Set<String>) throws -> Edit
  ) {
    self.record = record
    self.state = state
  }
}

extension PurgePlan {
  private static let summaryEvent = "summary purged"

  /// A run's summary as it will be.
  struct SummaryChange {
    let run: String
    let verdict: String
    let exitCode: Int32
    let summary: RunSummary
  }

  /// Summaries have texts where the policy revealed them, and words of servers and judges.
  func purgeSummaries(now: Double, _ db: Database) throws {
    for change in try changedSummaries(db) {
      let text = try jsonText(change.summary)
      try Ledger.withoutTrigger("verdictStays", db) {
        try db.execute(
          sql:
            "UPDATE main.runs SET summary = \(SealedRows.seal(ExactText.bound, .runs, "summary", identity: ["id"])) WHERE id = ?",
          arguments: [exact(text), change.run])
      }
      let detail = RunEvent.ended(
        id: change.run, verdict: change.verdict, exitCode: change.exitCode, summary: text)
      _ = try AuditRecord.append(db, kind: Self.summaryEvent, detail: "\(change.run) \(detail)", now: now)
    }
  }

  /// The summaries that have something to take, as they will be: those of the runs in scope without any text, all others without
  /// the prompts in scope and the words that only these brought.
  func changedSummaries(_ db: Database) throws -> [SummaryChange] {
    let words = prompts.isEmpty ? [] : Set(try goingWords(db).map(OutcomeWords.shown))
    let texts = try promptTexts(db)
    let ids = Set(texts.map { AttackID(prompt: $0) })
    let condition = prompts.isEmpty ? "id IN (SELECT id FROM purgedRuns)" : "1"
    let rows = try Row.fetchCursor(
      db,
      sql: """
        SELECT id, verdict, exitCode, \(ExactText.read("summary")) FROM runs
        WHERE summary IS NOT NULL AND \(condition) ORDER BY beganAs
        """)
    var changed: [SummaryChange] = []
    while let row = try rows.next() {
      guard let summary = try? RunSummary(jsonText: Array(try row.exactText("summary").utf8)) else { continue }
      let bare =
        prompts.isEmpty
        ? summary.withoutTexts
        : summary.withoutTexts(of: ids.contains) { reason in
          words.contains(reason) || texts.contains { reason.contains($0) }
        }
      guard bare != summary else { continue }
      changed.append(
        SummaryChange(
          run: try row.get("id"), verdict: try row.get("verdict"), exitCode: try row.get("exitCode"), summary: bare))
    }
    return changed
  }

  /// What a run's row says of its end since its summary lost its texts; nil where it has them.
  static func end(of run: String, _ db: Database) throws -> String? {
    try Row.fetchOne(
      db,
      sql:
        "SELECT \(ExactText.read("detail")) FROM audit WHERE kind = ? AND detail LIKE ? ORDER BY sequence DESC LIMIT 1",
      arguments: [summaryEvent, "\(run) %"]
    ).map { String(try $0.exactText("detail").dropFirst(run.count + 1)) }
  }
}

extension RunSummary {
  /// The same without the texts of attacks and responses, and without the words of servers and judges, which may quote them.
  public var withoutTexts: RunSummary { withoutTexts(of: { _ in true }, words: { _ in true }) }

  /// The same without the texts of attacks and responses; reasons stay.
  public var withoutAttacks: RunSummary { withoutTexts(of: { _ in true }, words: { _ in false }) }

  /// The same without the texts of some attacks, and without some of the reasons that servers and judges gave.
  func withoutTexts(of attack: (AttackID) -> Bool, words: (String) -> Bool) -> RunSummary {
    var bare = self
    for index in bare.newlyBroken.indices where attack(newlyBroken[index].id) { bare.newlyBroken[index].prompt = nil }
    bare.revealed = revealed.flatMap { list in
      let left = list.filter { !attack($0.id) }
      return left.isEmpty ? nil : left
    }
    bare.tuning = tuning?.withoutTexts(of: attack)
    bare.outcomes = outcomes.map { $0.map { $0.withoutReasons(words) } }
    return bare
  }
}

extension RunSummary.OutcomeRow {
  fileprivate func withoutReasons(_ isGone: (String) -> Bool) -> Self {
    var row = self
    row.reasons = []
    for var reason in reasons {
      if isGone(reason.reason) { reason.reason = OutcomeWords.purged }
      if let twin = row.reasons.firstIndex(where: { ($0.outcome, $0.reason) == (reason.outcome, reason.reason) }) {
        row.reasons[twin].count += reason.count
      } else {
        row.reasons.append(reason)
      }
    }
    return row
  }
}
