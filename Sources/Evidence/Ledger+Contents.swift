import Core
import Foundation
import GRDB

/// What a ledger holds, in numbers.
public struct LedgerContents: Hashable, Codable, Sendable {
  public let path: String
  public let bytes: Int
  /// Rows by table.
  public let counts: [String: Int]
  /// Stored responses by target fingerprint.
  public let responsesByTarget: [String: Int]
  public let headHash: String
  public let runs: [RunRecord]
}

extension Ledger {
  /// - Parameter limit: newest runs to list.
  public func contents(limit: Int = 20) throws -> LedgerContents {
    let (counts, targets) = try read { db in
      var counts: [String: Int] = [:]
      for table in ["runs", "prompts", "responses", "failures", "judgments", "suite", "searches", "audit"] {
        counts[table] = try Int.fetchOne(db, sql: "SELECT COUNT(*) FROM \(table)") ?? 0
      }
      let rows = try Row.fetchAll(db, sql: "SELECT target, COUNT(*) AS n FROM responses GROUP BY target")
      let pairs: [(String, Int)] = rows.map { ($0["target"], $0["n"]) }
      return (counts, Dictionary(uniqueKeysWithValues: pairs))
    }
    let size = (try? FileManager.default.attributesOfItem(atPath: path))?[.size] as? Int
    return LedgerContents(
      path: path, bytes: size ?? 0, counts: counts, responsesByTarget: targets, headHash: try headHash(),
      runs: try runs(limit: limit))
  }
}
