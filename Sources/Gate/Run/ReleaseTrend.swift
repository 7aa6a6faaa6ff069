import Core
import Evidence

/// How earlier releases did: runs of the same policy on the same suite, by the same confirming judge, that a ledger keeps.
struct ReleaseTrend {
  let ledger: Ledger
  /// Runs that are shown, the newest.
  static let most = 11
  /// Runs that are looked at, the newest.
  private static let mostRead = 30

  /// Oldest first. Runs that left replay out are no releases, and a summary that was damaged says nothing here:
  /// sluice ledger verify names it.
  func releases(before summary: RunSummary) throws -> [RunSummary.Release] {
    var releases: [RunSummary.Release] = []
    for record in try ledger.finishedRuns(policy: summary.policy.name, limit: Self.mostRead)
    where releases.count < Self.most && record.id != summary.run {
      guard let earlier = try? ledger.summary(of: record.id), Self.basis(earlier) == Self.basis(summary),
        earlier.stages.contains(where: { $0.name == Stage.replay.rawValue && $0.ran })
      else { continue }
      let model = earlier.models.first { $0.role == Role.candidate.description }
      releases.append(
        RunSummary.Release(
          run: record.id, ended: record.ended ?? record.began,
          candidate: model.map { $0.isCheckpoint ? $0.name.lastNameOfPath : $0.name } ?? "",
          verdict: earlier.verdict, observed: earlier.isObserved ? true : nil,
          checks: earlier.checks.compactMap { check in
            check.estimate.map { .init(name: check.name, verdict: check.verdict, estimate: $0) }
          }))
    }
    return releases.reversed()
  }

  /// What has to be the same for numbers to be one trend.
  private struct Basis: Hashable {
    let suite: [String]
    let judge: String?
    let rule: VerdictRule?
  }

  private static func basis(_ summary: RunSummary) -> Basis {
    let judge = summary.judges.first { $0.use == "confirm" }
    return Basis(
      suite: (summary.policy.inputs ?? []).filter { $0.use == "suite.seeds" }.map(\.hash).sorted(),
      judge: judge?.fingerprint, rule: judge?.rule)
  }
}
