import ChatTemplates
import Core
import Evidence
import Foundation
import Policies

/// What a caller asks of a merge.
public struct MergeOptions: Sendable {
  /// Paths of the shards' ledgers.
  public var shards: [String]
  /// Path of the ledger that they become.
  public var into: String
  /// Path of the policy; nil for the one that the shards were given.
  public var policy: String?
  /// `KEY=VALUE` beside those that the shards' ledgers kept: values that hold secrets, and `budget.wall_clock`.
  public var overrides: [String]
  /// The command itself, which goes on where it stopped.
  public var command: String
  /// How long to wait for a ledger that another run holds; nil doesn't wait.
  public var ledgerWait: Duration?
  /// As in `RunOptions`.
  public var leave: (@Sendable (SluiceError) -> Void)?

  public init(
    shards: [String], into: String, policy: String? = nil, overrides: [String] = [], command: String,
    ledgerWait: Duration? = nil, leave: (@Sendable (SluiceError) -> Void)? = nil
  ) {
    self.shards = shards
    self.into = into
    self.policy = policy
    self.overrides = overrides
    self.command = command
    self.ledgerWait = ledgerWait
    self.leave = leave
  }
}

extension Pipeline {
  /// Puts the shards of a run together in one ledger, as if one process had asked it all, and decides by the same code.
  ///
  /// Only what depends on all shards is asked here: second looks whose number the policy doesn't state, transfer, safety tuning.
  /// The same call goes on where one was broken off, and gives the same verdict again once there is one.
  /// - Throws: `PolicyErrors` and `SluiceError`; unavailable (69) where the shards are not one whole run.
  public static func merge(
    _ options: MergeOptions, now: @escaping @Sendable () -> Date = { Date() }, progress: @escaping ProgressSink
  ) async throws -> RunReport {
    let progress = StageLog.listening(progress)
    let set: ShardSet
    do {
      set = try ShardSet(options.shards)
    } catch {
      removeReports(options)
      throw error
    }
    let runOptions = try options.run(set)
    let policy = try StaleReports.removed(
      whereBroken: runOptions.policy, overrides: runOptions.overrides, stages: runOptions.stages
    ) {
      var policy = try Policy.known(
        path: runOptions.policy, overrides: runOptions.overrides, seed: runOptions.seed
      ).reporting(runOptions.stages)
      policy.ledger = options.into
      try OutputPlan.check(policy, keeping: options.shards.map { ("the ledger of a shard", $0) })
      return policy
    }
    var writer = ReportWriter(wanted: policy.report)
    try writer.prepare()
    var assembly = Assembly(policy, progress: progress)
    let identity = try assembly.identity()
    guard identity.digest == set.manifest.digest else {
      throw SluiceError(
        .unavailable, "the policy or a file that it names is not what the shards ran",
        at: SourceLocation(file: policy.path),
        remedy: "Merge where policy, suite, judges and models are the shards' own; --policy names the file, and --set "
          + "repeats values that hold secrets.")
    }
    guard set.members[0].ledger.isSealed == (policy.sealing != nil) else {
      throw ShardSet.refusal(["they are \(policy.sealing == nil ? "" : "not ")sealed, unlike what the policy says"])
    }
    // The first that began: what templates tell of the time is then what it told its models.
    let began = Date(timeIntervalSince1970: set.members.map(\.run.began).min() ?? 0)
    assembly.time = TemplateTime(began, in: .current)
    var plan = try assembly.plan(stages: runOptions.stages)
    plan.stopsEarly = false
    try refuseOpenTraining(plan, set.members[0].ledger)
    let merged = try set.verified(ShardDeal(plan), planted: plan.planted.map(\.items.count), progress: progress)
    let ledger = try await ledger(
      at: policy.ledger, key: policy.sealing, wait: options.ledgerWait, progress: progress)
    let run = try ledger.run(
      of: MergeRecord(digest: set.manifest.digest, heads: set.members.map(\.head)),
      RunIdentity(policy, digest: identity.digest, runOptions), began: began, now: now())
    if let summary = try ledger.summary(of: run.id) {
      progress(.notice("the shards were merged before, as run \(run.id)"))
      return try rendered(summary, date: Date(timeIntervalSince1970: run.ended ?? 0), writer)
    }
    let session = RunSession(
      policy: policy, plan: plan, ledger: ledger, options: runOptions, resumed: run, merged: merged, began: began,
      now: now, progress: progress)
    let keys = SearchKeys(plan)
    let known = Set(plan.suite.lazy.filter { plan.awaited[$0.id] == nil }.map(\.id)).union(
      plan.benign.map { AttackID(prompt: $0.prompt) })
    let asksRewriters = !plan.awaited.isEmpty
    return try await verdict(of: session, writer: writer) {
      for member in set.members {
        progress(.notice("copying shard \(member.shard)"))
        try ledger.copy(
          ShardCopying(
            shard: member.shard, source: member.run.id, run: run.id, head: member.head,
            searches: try keys.renamed(from: member.run.id, to: run.id),
            // Rewriters of two shards may have found the same words; their own answers are to attacks of one shard each.
            mayCoincide: { target, prompt in
              asksRewriters && !target.hasSuffix(RewriterTarget.mark) && !known.contains(AttackID(prompt: prompt))
            }),
          from: member.ledger, now: now().timeIntervalSince1970)
        // What was verified is what was copied.
        guard try member.ledger.headHash() == member.head else {
          throw ShardSet.refusal(["shard \(member.shard) was written to meanwhile (\(member.ledger.path))"])
        }
      }
    }
  }

  /// A merge that can't begin must not leave an old pass behind.
  private static func removeReports(_ options: MergeOptions) {
    if let policy = options.policy { StaleReports.remove(ofPolicy: policy, overrides: options.overrides) }
    for path in options.shards {
      StaleReports.remove(ofShard: path, policy: options.policy, overrides: options.overrides)
    }
  }
}

extension MergeOptions {
  /// The options that the shards were run with.
  fileprivate func run(_ set: ShardSet) throws -> RunOptions {
    let manifest = set.manifest
    let kept = Policy.repeatable(set.run.overrides)
    return RunOptions(
      policy: policy ?? manifest.policy, overrides: kept + overrides.filter { !kept.contains($0) },
      stages: try manifest.stages.map { try Stage.list($0.joined(separator: ",")) },
      seed: manifest.isSeedGiven ? manifest.seed : nil, resume: true, resumeCommand: command, ledgerWait: ledgerWait,
      leave: leave)
  }
}

extension Ledger {
  /// The run that shards are merged into: begun, or gone on with.
  /// - Throws: `SluiceError` (usage) for a ledger that holds anything else.
  fileprivate func run(of merge: MergeRecord, _ identity: RunIdentity, began: Date, now: Date) throws -> RunRecord {
    let known = try mergeRecord()
    let all = try runs(limit: 2)
    if let known, known != merge {
      throw SluiceError(
        .usage, "other shards are merged in this ledger, or these were changed since", at: SourceLocation(file: path),
        remedy: "Name a new ledger: --into.")
    }
    guard known != nil || all.isEmpty, all.count < 2 else {
      throw SluiceError(
        .usage, "this ledger holds other runs", at: SourceLocation(file: path), remedy: "Name a new ledger: --into.")
    }
    if known == nil { try begin(merge, now: now.timeIntervalSince1970) }
    let id = try all.first?.id ?? beginRun(identity, now: began.timeIntervalSince1970)
    guard let run = try self.run(id) else { throw InternalError("a run that began is not there") }
    return run
  }
}

/// Keys of searches, which name models by the run alone where nothing else identifies them.
private struct SearchKeys: Sendable {
  let plan: RunPlan

  init(_ plan: RunPlan) { self.plan = plan }

  /// What the keys of one run are in another; those that are the same in both are left out.
  func renamed(from source: String, to run: String) throws -> [String: String] {
    guard let search = plan.search, let reward = plan.rewardJudge, plan.stages.contains(.regenerate) else { return [:] }
    let unknown = plan.searched.filter { !$0.target.identifiesBytes }
    let confirmation =
      plan.stages.contains(.confirm) ? try ClaimConfirmer.identity(plan.confirmJudge, plan.confirmation) : nil
    var names: [String: String] = [:]
    for participant in unknown {
      for restart in 0..<search.restarts {
        func key(_ scope: String) throws -> String {
          var known = participant
          known.scope = scope
          return try LedgerSearches.text(
            plan.job(search, known, restart: restart, start: nil, known: RunExecution.seeds(plan.written)).key(
              judge: reward, confirmation: confirmation))
        }
        names[try key(source)] = try key(run)
      }
    }
    return names
  }
}
