import Core
import Decisions
import Evidence
import Policies

/// A shard that has done its work. It has no verdict: that comes with the merge.
public struct ShardReport: Hashable, Codable, Sendable {
  /// `2/7`.
  public let shard: String
  /// The policy's name.
  public let policy: String
  /// Path of the shard's ledger, which the merge wants.
  public let ledger: String
  /// Units that are done: clusters of the suite, harmless questions, searches.
  public let units: Int
  /// Responses that this shard asked for, over all its lives.
  public let responses: Int
  /// Whether it was done before, so that this time nothing was asked.
  public let wasDone: Bool

  /// For a person, two lines.
  public var text: String {
    let work =
      "\(units) \(units == 1 ? "unit" : "units") of work, \(responses) \(responses == 1 ? "response" : "responses")"
    return
      "shard \(shard) of \(policy) \(wasDone ? "was done before" : "is done"): \(work) in \(ledger)\n"
      + "no verdict yet: sluice merge with the ledgers of all shards gives it\n"
  }
}

extension RunSession {
  /// Does a shard's work, or what is left of it.
  /// - Throws: `SluiceError`.
  func run(_ shard: Shard, _ deal: ShardDeal) async throws -> ShardReport {
    let units = deal.units(of: shard)
    if let resumed, let record = try ledger.shardRecord(), record.end != nil {
      return try report(shard, units.count, run: resumed.id, wasDone: true)
    }
    return try await served { [self] in try await work(shard, deal, units.count) }
  }

  private func work(_ shard: Shard, _ deal: ShardDeal, _ units: Int) async throws -> ShardReport {
    try await preflight()
    let execution = try await prepare()
    var manifest = ShardManifest(
      run: execution.run, shard: shard, policy: options.policy, digest: plan.identity.digest ?? "",
      seed: policy.seed, isSeedGiven: options.seed != nil, stages: options.stages?.map(\.rawValue).sorted(),
      deal: deal.digest, units: units)
    if let known = try ledger.shardRecord()?.manifest {
      // One file has many paths.
      manifest.policy = known.policy
      guard known == manifest else {
        throw SluiceError(
          .usage, "shard \(shard) was begun otherwise: by another version of Sluice, or of other units",
          at: SourceLocation(file: ledger.path), remedy: "Move its ledger away, and begin anew.")
      }
    } else {
      try ledger.begin(manifest, now: now().timeIntervalSince1970)
    }
    let proofs = try await execution.execute(ShardWork(deal, of: shard, plan: plan))
    let end = ShardEnd(
      run: execution.run, units: units, proofs: proofs.map { ProofText.text($0.items.map(\.judgedUnsafe)) })
    try ledger.finish(
      end, notices: identityNotices.map { policy.redactor.redacted($0) },
      now: now().timeIntervalSince1970)
    return try report(shard, units, run: execution.run, wasDone: false)
  }

  private func report(_ shard: Shard, _ units: Int, run: String, wasDone: Bool) throws -> ShardReport {
    ShardReport(
      shard: shard.description, policy: policy.name, ledger: ledger.path, units: units,
      responses: try ledger.costs(
        of: run, converses: plan.converses
      ).reduce(0) { $0 + $1.responses }, wasDone: wasDone)
  }
}
