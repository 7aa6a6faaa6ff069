import Core
import Foundation
import GRDB

/// One run as the ledger lists it.
public struct RunRecord: Hashable, Codable, Sendable {
  public let id: String
  public let policyName: String
  public let policyHash: String
  public let seed: UInt64
  public let overrides: [String]
  public let version: String
  /// Seconds since 1970.
  public let began: Double
  public let ended: Double?
  public let verdict: Verdict?
  public let exitCode: Int32?
}

/// What identifies a run for `--resume`: the same policy text, overrides, seed and stages.
public struct RunIdentity: Hashable, Codable, Sendable {
  public var policyName: String
  public var policyText: String
  public var seed: UInt64
  public var overrides: [String]
  public var stages: [String]

  public init(policyName: String, policyText: String, seed: UInt64, overrides: [String], stages: [String]) {
    self.policyName = policyName
    self.policyText = policyText
    self.seed = seed
    self.overrides = overrides
    self.stages = stages
  }

  public var policyHash: String { SHA256.hex(policyText) }

  /// One hash of all of it.
  public var hash: String {
    SHA256.hex(([policyText, "\(seed)"] + overrides + ["stages"] + stages).map { "\($0.utf8.count):\($0)" }.joined())
  }
}

extension Ledger {
  /// Notes that a run begins, in the audit chain too.
  /// - Parameter now: seconds since 1970.
  /// - Returns: the run's identifier: date, time and a few random letters.
  public func beginRun(_ identity: RunIdentity, now: Double) throws -> String {
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.timeZone = TimeZone(identifier: "UTC")
    formatter.dateFormat = "yyyyMMdd-HHmmss"
    let suffix = String((0..<4).compactMap { _ in "abcdefghjkmnpqrstuvwxyz".randomElement() })
    let id = formatter.string(from: Date(timeIntervalSince1970: now)) + "-" + suffix
    try write { db in
      try db.execute(
        sql: """
          INSERT INTO runs (id, policyName, policyHash, policyText, identity, seed, overrides, version, began)
          VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
          """,
        arguments: [
          id, identity.policyName, identity.policyHash, identity.policyText, identity.hash, "\(identity.seed)",
          try jsonText(identity.overrides), sluiceVersion, now,
        ])
      try Self.append(db, kind: "run began", detail: "\(id) \(identity.hash)", now: now)
    }
    return id
  }

  /// The newest run that didn't end, if it is the newest of all with this identity.
  public func unfinishedRun(_ identity: RunIdentity) throws -> RunRecord? {
    try read { db in
      try Row.fetchOne(
        db, sql: "SELECT * FROM runs WHERE identity = ? AND ended IS NULL ORDER BY began DESC, id DESC LIMIT 1",
        arguments: [identity.hash]
      ).map(Self.record)
    }
  }

  /// The newest unfinished run of any policy: to say why `--resume` found none of its own.
  public func lastUnfinishedRun() throws -> RunRecord? {
    try read { db in
      try Row.fetchOne(db, sql: "SELECT * FROM runs WHERE ended IS NULL ORDER BY began DESC, id DESC LIMIT 1")
        .map(Self.record)
    }
  }

  /// Stores the verdict, its checks and the whole summary, and ends the run in the audit chain.
  public func finishRun(_ id: String, summary: RunSummary, now: Double) throws {
    try write { db in
      try db.execute(
        sql: "UPDATE runs SET ended = ?, verdict = ?, exitCode = ?, summary = ? WHERE id = ?",
        arguments: [now, summary.verdict.rawValue, summary.exitCode, try jsonText(summary), id])
      for check in summary.checks {
        let estimate = check.estimate
        try db.execute(
          sql: """
            INSERT OR REPLACE INTO checks
            (run, name, metric, verdict, value, lower, upper, confidence, n, unscored, method)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
          arguments: [
            id, check.name, check.metric, check.verdict.rawValue, estimate?.value, estimate?.lower, estimate?.upper,
            estimate?.confidence, estimate?.n, estimate?.unscored, estimate?.method,
          ])
      }
      try Self.append(
        db, kind: "run ended", detail: "\(id) \(summary.verdict.rawValue) \(summary.exitCode)", now: now)
    }
  }

  /// All runs, newest first.
  public func runs(limit: Int = 1000) throws -> [RunRecord] {
    try read { db in
      try Row.fetchAll(db, sql: "SELECT * FROM runs ORDER BY began DESC, id DESC LIMIT ?", arguments: [limit])
        .map(Self.record)
    }
  }

  /// The summary of a finished run; nil where there is no such run or it didn't end.
  public func summary(of run: String) throws -> RunSummary? {
    let text = try read { try String.fetchOne($0, sql: "SELECT summary FROM runs WHERE id = ?", arguments: [run]) }
    return try text.map { try summaryDecoder.decode(RunSummary.self, from: Data($0.utf8)) }
  }

  private static func record(_ row: Row) throws -> RunRecord {
    RunRecord(
      id: row["id"], policyName: row["policyName"], policyHash: row["policyHash"],
      seed: UInt64(row["seed"] as String) ?? 0,
      overrides: (try? JSONDecoder().decode([String].self, from: Data((row["overrides"] as String).utf8))) ?? [],
      version: row["version"], began: row["began"], ended: row["ended"],
      verdict: (row["verdict"] as String?).flatMap(Verdict.init), exitCode: row["exitCode"])
  }
}

/// Intervals may be infinite; JSON has no such number.
private let infinities = ("inf", "-inf", "nan")

private var summaryDecoder: JSONDecoder {
  let decoder = JSONDecoder()
  decoder.nonConformingFloatDecodingStrategy = .convertFromString(
    positiveInfinity: infinities.0, negativeInfinity: infinities.1, nan: infinities.2)
  return decoder
}

func jsonText(_ value: some Encodable) throws -> String {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
  encoder.nonConformingFloatEncodingStrategy = .convertToString(
    positiveInfinity: infinities.0, negativeInfinity: infinities.1, nan: infinities.2)
  return String(decoding: try encoder.encode(value), as: UTF8.self)
}
