import Core
import Foundation
import GRDB

/// What a target was when a life of a run began.
public struct TargetRecord: Hashable, Codable, Sendable {
  /// The target's part in the run, as `Role` writes it.
  public let role: String
  /// Its identity, which stored responses go by.
  public let fingerprint: String
  /// What the policy names, or the server; nil where neither does.
  public let revision: String?
  /// What the server itself tells of its model, by the name of the sign; nil where it wasn't asked.
  public let signs: ServerSigns?
  /// Seconds since 1970.
  public let at: Double
}

/// Requests of a run that got no response, all of one kind.
public struct FailureGroup: Hashable, Codable, Sendable {
  /// The target's fingerprint.
  public let target: String
  /// `ResponseFailure.Kind` as stored.
  public let kind: String
  /// What went wrong, in the same words for all of them.
  public let message: String
  /// How often it happened, over all lives of the run.
  public let count: Int
  /// How many of those requests have no response to this day.
  public let unanswered: Int
}

extension Ledger {
  /// Notes what a target is in this life of the run. Notes are never changed: a resumed run adds its own.
  /// - Parameters:
  ///   - settings: what it is sampled with; nil for a judge.
  ///   - scope: where its responses or scores hold, as `ResponseKey` has it.
  ///   - now: seconds since 1970.
  public func noteTarget(
    run: String, role: String, fingerprint: String, revision: String?, signs: ServerSigns?,
    settings: SamplingSettings? = nil, scope: String = "", now: Double
  ) throws {
    let text = try signs.map { try jsonText($0) }
    var hashes = SettingsHashes()
    let hash = try settings.map { try hashes.hash($0) } ?? ""
    try write { db in
      try db.execute(
        sql: """
          INSERT INTO main.parts (role, fingerprint, scope, run, settings)
          VALUES (\(ExactText.bound(3)), ?, \(SealedRows.seal("?", .parts, "settings"))) ON CONFLICT DO NOTHING
          """, arguments: [exact(role), exact(fingerprint), exact(scope), run, hash])
      try db.execute(
        sql: """
          INSERT INTO targets (role, fingerprint, revision, signs, run, at) VALUES (\(ExactText.bound(4)), ?, ?)
          """, arguments: [exact(role), exact(fingerprint), exact(revision), exact(text), run, now])
    }
  }

  /// What was noted of a run's targets, the first life first.
  public func targets(of run: String) throws -> [TargetRecord] {
    let decoder = JSONDecoder()
    return try read { db in
      try Row.fetchAll(
        db,
        sql: """
          SELECT \(ExactText.read("role", "fingerprint", "revision", "signs")), at FROM targets WHERE run = ? ORDER BY id
          """, arguments: [run]
      ).map { row in
        TargetRecord(
          role: try row.exactText("role"), fingerprint: try row.exactText("fingerprint"),
          revision: try row.exactTextIfAny("revision"),
          signs: try row.getIfAny("signs", as: Data.self).map { try decoder.decode(ServerSigns.self, from: $0) },
          at: try row.get("at"))
      }
    }
  }

  /// A run's failures by target, kind and message, the most frequent first.
  public func failures(of run: String) throws -> [FailureGroup] {
    try read { db in
      try Row.fetchAll(
        db,
        sql: """
          SELECT \(ExactText.read("target", "message")), kind, COUNT(*) AS count, COUNT(DISTINCT missing) AS unanswered
          FROM (
            SELECT f.target, f.kind, f.message,
              CASE WHEN NOT EXISTS (
                SELECT 1 FROM responses r WHERE r.target = f.target AND r.prompt = f.prompt
                AND r.settings = f.settings AND r.sample = f.sample
                AND (r.scope IN ('', f.run) OR r.scope LIKE 'signs %')
              ) THEN f.prompt || ' ' || f.sample || ' ' || f.settings END AS missing
            FROM failures f WHERE f.run = ?
          ) GROUP BY target, kind, message ORDER BY count DESC, target, kind, message
          """, arguments: [run]
      ).map { row in
        FailureGroup(
          target: try row.exactText("target"), kind: try row.get("kind"), message: try row.exactText("message"),
          count: try row.get("count"), unanswered: try row.get("unanswered"))
      }
    }
  }
}
