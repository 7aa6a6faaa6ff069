import ChatTemplates
import Core
import Evidence
import Foundation
import Policies

extension Pipeline {
  /// Does a shard's part of a run, in a ledger of its own beside the policy's.
  ///
  /// With `resume`, a shard goes on where it stopped, begins where it hadn't, and asks nothing where it was done: an engine may
  /// start the same command as often as it likes. A shard has no verdict, so it writes no report, and leaves none of an earlier run.
  /// - Throws: `PolicyErrors` and `SluiceError` with their exit codes.
  public static func run(
    _ shard: Shard, _ options: RunOptions, now: @escaping @Sendable () -> Date = { Date() },
    progress: @escaping ProgressSink
  ) async throws -> ShardReport {
    let progress = StageLog.listening(progress)
    var options = options
    options.shard = shard
    let policy = try StaleReports.removed(whereBroken: options.policy, overrides: options.overrides) {
      [options] () throws -> Policy in
      var policy = try Policy.known(
        path: options.policy, overrides: options.overrides, seed: options.seed, kinds: options.kinds)
      policy.ledger = shard.ledger(beside: policy.ledger)
      try OutputPlan.check(policy)
      return policy
    }
    for output in policy.report.outputs { StaleReports.remove(output.path, of: [output.reporter]) }
    let ledger = try await ledger(
      at: policy.ledger, key: policy.sealing, wait: options.ledgerWait, progress: progress)
    var assembly = Assembly(policy, shards: shard.count, progress: progress)
    let identity = RunIdentity(policy, digest: try assembly.identity().digest, options)
    let resumed = try ledger.run(of: shard, identity, resumes: options.resume)
    let began = resumed.map { Date(timeIntervalSince1970: $0.began) } ?? now()
    assembly.time = TemplateTime(began, in: .current)
    var plan = try assembly.plan(stages: options.stages)
    // What is enough is for all shards together to say.
    plan.stopsEarly = false
    let deal = ShardDeal(plan)
    let session = RunSession(
      policy: policy, plan: plan, ledger: ledger, options: options, resumed: resumed, began: began, now: now,
      progress: progress)
    return try await supervised(session) { try await session.run(shard, deal) }
  }
}

extension Ledger {
  /// The run that a shard goes on with; nil where it begins.
  ///
  /// A shard's ledger has one run alone: responses that another one asked would pass for this one's.
  /// - Throws: `SluiceError` (usage) where there is another run, or this one and it isn't resumed.
  fileprivate func run(of shard: Shard, _ identity: RunIdentity, resumes: Bool) throws -> RunRecord? {
    let all = try runs(limit: 2)
    guard let first = all.first else { return nil }
    guard all.count == 1, let own = try unfinishedRun(identity), own.id == first.id else {
      throw SluiceError(
        .usage, "the ledger of shard \(shard) holds another run: \(first.id)", at: SourceLocation(file: path),
        remedy:
          "The policy, an input, --set, --seed or --stages are not what it was begun with: repeat it with the same, "
          + "or move its ledger away and begin anew.")
    }
    if resumes { return own }
    let isDone = try shardRecord()?.end != nil
    throw SluiceError(
      .usage, "shard \(shard) was begun before and \(isDone ? "is done" : "isn't done yet")",
      at: SourceLocation(file: path),
      remedy: isDone
        ? "Merge it; for a new run move its ledger away."
        : "Go on with it: --resume; for a new run move its ledger away.")
  }
}
