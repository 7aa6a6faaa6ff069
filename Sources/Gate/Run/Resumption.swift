import Core
import Evidence
import Policies

extension RunIdentity {
  /// - Parameter digest: of the resolved policy and its inputs.
  init(_ policy: Policy, digest: String?, _ options: RunOptions) {
    self.init(
      policyName: policy.name, policyText: policy.text, digest: digest, seed: policy.seed,
      // A run that its wall clock ended may get a longer one.
      overrides: policy.overrides.filter { !$0.hasPrefix("budget.wall_clock=") },
      stages: (options.stages.map { $0.map(\.rawValue).sorted() } ?? [])
        + (options.shard.map { ["shard \($0)"] } ?? []))
  }
}

extension Ledger {
  /// The unfinished run that `--resume` goes on with.
  /// - Throws: `SluiceError` (usage) where there is none.
  func resumableRun(_ identity: RunIdentity) throws -> RunRecord {
    if let unfinished = try unfinishedRun(identity) { return unfinished }
    // Its verdict stands, but it says nothing of what is served today: it is for `report`, never for an exit code.
    if let ended = try finishedRun(identity) {
      throw SluiceError(
        .usage, "there is nothing to resume: run \(ended.id) of this policy has ended",
        at: SourceLocation(file: path),
        remedy:
          "sluice report \(ended.id) shows its verdict and writes its reports again; for a new run leave --resume out."
      )
    }
    let other = try lastUnfinishedRun()
    throw SluiceError(
      .usage,
      other.map { "there is no unfinished run of this policy; run \($0.id) was begun with other settings" }
        ?? "there is no unfinished run to resume", at: SourceLocation(file: path),
      remedy: other == nil
        ? "Run again without --resume."
        : "Resume with the same policy, inputs, --set, --seed and --stages, or run again without --resume.")
  }
}
