import Core
import Foundation
import GRDB

/// What a ledger holds, in numbers.
public struct LedgerContents: Hashable, Codable, Sendable {
  /// The ledger's file.
  public let path: String
  /// Size on disk, the write-ahead log included.
  public let bytes: Int
  /// Rows by table.
  public let counts: [String: Int]
  /// Stored responses by target fingerprint.
  public let responsesByTarget: [String: Int]
  /// Hash of the newest audit record.
  public let headHash: String
  /// Newest first.
  public let runs: [RunRecord]
}

/// What one run asked one target for; what it found in the ledger cost it nothing and isn't counted.
public struct TargetCost: Hashable, Codable, Sendable {
  /// The target's fingerprint.
  public let target: String
  /// Responses that came.
  public let responses: Int
  /// Requests that got none, after retries.
  public let failures: Int
  /// Tokens of the prompts that were answered.
  public let promptTokens: Int
  /// Tokens of the responses.
  public let completionTokens: Int
}

extension Ledger {
  /// Counts, runs and size, all at one instant.
  /// - Parameter limit: newest runs to list.
  public func contents(limit: Int = 20) throws -> LedgerContents {
    let size = [path, path + "-wal"].reduce(0) { sum, file in
      sum + ((try? FileManager.default.attributesOfItem(atPath: file))?[.size] as? Int ?? 0)
    }
    return try read { db in
      var counts: [String: Int] = [:]
      for table in [
        "runs", "texts", "failures", "searches", "attackerStates", "artifacts", "checks", "samples", "labels",
        "targets", "audit",
      ] {
        counts[table] = try Int.fetchOne(db, sql: "SELECT COUNT(*) FROM \(table)") ?? 0
      }
      counts["responses"] = try Int.fetchOne(db, sql: "SELECT COUNT(*) FROM storedResponses") ?? 0
      counts["judgments"] = try Int.fetchOne(db, sql: "SELECT COUNT(*) FROM storedJudgments") ?? 0
      counts["suite"] = try Int.fetchOne(db, sql: "SELECT COUNT(DISTINCT attack) FROM suite") ?? 0
      let rows = try Row.fetchAll(
        db,
        sql: """
          SELECT \(ExactText.read("s.target", as: "target")), r.n
          FROM (SELECT source, COUNT(*) AS n FROM storedResponses GROUP BY source) r JOIN sources s ON s.id = r.source
          """)
      let targets: [(String, Int)] = try rows.map { (try $0.exactText("target"), try $0.get("n")) }
      return LedgerContents(
        path: path, bytes: size, counts: counts, responsesByTarget: Dictionary(targets, uniquingKeysWith: +),
        headHash: try Self.headHash(db), runs: try Self.runs(db, limit: limit))
    }
  }

  /// What a run paid for, over all its lives, by target fingerprint.
  /// - Parameters:
  ///   - settings: only what was asked under these; nil for any.
  ///   - converses: whether conversations may be among it, of which every answer is a response that was paid for. Looking takes time.
  public func costs(
    of run: String, under settings: SamplingSettings? = nil, converses: Bool = false
  ) throws -> [TargetCost] {
    let hash = try settings.map { SHA256.hex(try jsonText($0)) }
    return try read { db in
      let more = converses ? try Self.laterAnswers(of: run, under: hash, db) : [:]
      return try Row.fetchAll(
        db,
        sql: """
          SELECT \(ExactText.read("target")), SUM(responses) AS responses, SUM(failures) AS failures, SUM(promptTokens) AS promptTokens,
            SUM(completionTokens) AS completionTokens
          FROM (
            SELECT s.target, r.responses, 0 AS failures, r.promptTokens, r.completionTokens
            FROM (
              SELECT source, COUNT(*) AS responses, SUM(promptTokens) AS promptTokens,
                SUM(completionTokens) AS completionTokens
              FROM storedResponses WHERE run = (SELECT id FROM main.names WHERE text = ?) GROUP BY source
            ) r JOIN sources s ON s.id = r.source WHERE ? IS NULL OR s.settings = ?
            UNION ALL
            SELECT target, 0, 1, 0, 0 FROM failures WHERE run = ? AND (? IS NULL OR settings = ?)
          ) t GROUP BY t.target ORDER BY t.target
          """, arguments: [run, hash, hash, run, hash, hash]
      ).map { row in
        let (target, responses): (String, Int) = (try row.exactText("target"), try row.get("responses"))
        return TargetCost(
          target: target, responses: responses + (more[target] ?? 0), failures: try row.get("failures"),
          promptTokens: try row.get("promptTokens"), completionTokens: try row.get("completionTokens"))
      }
    }
  }

  /// Answers in conversations after the first of each, by target.
  /// - Parameter settings: their hash; nil for any.
  private static func laterAnswers(of run: String, under settings: String?, _ db: Database) throws -> [String: Int] {
    let rows = try Row.fetchCursor(
      db,
      sql: """
        SELECT \(ExactText.read("r.target", as: "target")), \(ExactText.read("p.text", as: "prompt")),
          \(ExactText.read("r.text", as: "text"))
        FROM responses r JOIN prompts p ON p.id = r.prompt WHERE r.run = ? AND (? IS NULL OR r.settings = ?)
        """, arguments: [run, settings, settings])
    var counts: [String: Int] = [:]
    while let row = try rows.next() {
      let prompt = try row.exactText("prompt")
      guard Conversation.isMarked(prompt) else { continue }
      let exchange = Exchange(prompt: prompt, response: try row.exactText("text"))
      counts[try row.exactText("target"), default: 0] += exchange.requests - 1
    }
    return counts
  }
}
