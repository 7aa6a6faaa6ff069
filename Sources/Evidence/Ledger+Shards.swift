import Core
import Foundation
import GRDB

/// What a shard was to do: a record of its ledger's audit chain, so that it can't be changed unnoticed.
public struct ShardManifest: Hashable, Codable, Sendable {
  /// The shard's run in its own ledger.
  public var run: String
  /// From 1, of `count`.
  public var index: Int
  /// How many shards share the run.
  public var count: Int
  /// Path of the policy file, as the shard was given it.
  public var policy: String
  /// SHA-256 over the resolved policy and every input.
  public var digest: String
  /// As the policy has it, or the command line.
  public var seed: UInt64
  /// Whether the command line gave it.
  public var isSeedGiven: Bool
  /// Names of the stages that the command line asked for, sorted; nil for all.
  public var stages: [String]?
  /// The version of Sluice that began the shard.
  public var version: String
  /// SHA-256 over the units of all shards.
  public var deal: String
  /// Units that this shard was given.
  public var units: Int

  public init(
    run: String, shard: Shard, policy: String, digest: String, seed: UInt64, isSeedGiven: Bool, stages: [String]?,
    deal: String, units: Int
  ) {
    self.run = run
    (index, count) = (shard.index, shard.count)
    self.policy = policy
    self.digest = digest
    self.seed = seed
    self.isSeedGiven = isSeedGiven
    self.stages = stages
    version = sluiceVersion
    self.deal = deal
    self.units = units
  }

  /// Nil where the manifest names none.
  public var shard: Shard? { Shard(index: index, count: count) }
}

/// What a shard left when all of its units were done.
public struct ShardEnd: Hashable, Codable, Sendable {
  /// The shard's run in its own ledger.
  public var run: String
  /// Units that are done.
  public var units: Int
  /// For each judge that was shown transcripts with a known answer, what it said of each: `u` unsafe, `s` safe, `-` nothing.
  public var proofs: [String]
  /// Hash of the artifact that holds what a reader has to know of models and judges; nil where that is nothing.
  public var notices: String?

  public init(run: String, units: Int, proofs: [String]) {
    self.run = run
    self.units = units
    self.proofs = proofs
  }
}

/// What a ledger says of the shard that it belongs to.
public struct ShardRecord: Hashable, Sendable {
  /// What it was to do.
  public var manifest: ShardManifest
  /// Nil while units are left to do.
  public var end: ShardEnd?
  /// What a reader has to know of models and judges, one sentence each.
  public var notices: [String]
}

extension Ledger {
  private static let shardBegan = "shard began"
  private static let shardDone = "shard done"

  /// Notes what a shard is to do.
  /// - Parameter now: seconds since 1970.
  public func begin(_ manifest: ShardManifest, now: Double) throws {
    try record(kind: Self.shardBegan, detail: try jsonText(manifest), now: now)
  }

  /// Notes that a shard has done all of its units. Once it returns, that is on the disk.
  /// - Parameters:
  ///   - notices: what a reader has to know of models and judges, one sentence each.
  ///   - now: seconds since 1970.
  public func finish(_ end: ShardEnd, notices: [String], now: Double) throws {
    try writeDurably { db in
      var end = end
      if !notices.isEmpty { end.notices = try Self.storeArtifact(db, Array(try jsonText(notices).utf8)) }
      _ = try AuditRecord.append(db, kind: Self.shardDone, detail: try jsonText(end), now: now)
    }
    consolidate()
  }

  /// The shard that this is the ledger of; nil for an ordinary ledger.
  /// - Throws: `SluiceError` (usage) where its records can't be read.
  public func shardRecord() throws -> ShardRecord? {
    try read { db in
      func last(_ kind: String) throws -> Data? {
        try Row.fetchOne(
          db, sql: "SELECT \(ExactText.read("detail")) FROM audit WHERE kind = ? ORDER BY sequence DESC LIMIT 1",
          arguments: [kind]
        ).map { try $0.get("detail") }
      }
      let decoder = JSONDecoder()
      guard let manifest = try last(Self.shardBegan).map({ try decoder.decode(ShardManifest.self, from: $0) }) else {
        return nil
      }
      let end = try last(Self.shardDone).map { try decoder.decode(ShardEnd.self, from: $0) }
      let notices = try end?.notices.flatMap { hash in
        try Row.fetchOne(
          db, sql: "SELECT \(Self.artifactColumns("a", "notices")) FROM artifacts a WHERE a.hash = ?", arguments: [hash]
        )?.artifact("notices", db)
      }
      return ShardRecord(
        manifest: manifest, end: end?.run == manifest.run ? end : nil,
        notices: try notices.map { try decoder.decode([String].self, from: Data($0)) } ?? [])
    }
  }
}
