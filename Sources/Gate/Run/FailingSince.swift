import Core
import Evidence
import Foundation

/// Since when the failing checks of a run fail, by the runs of the same policy on the same suite that a ledger keeps.
struct FailingSince {
  let ledger: Ledger
  /// Runs that are looked at, the newest.
  private static let most = 30

  /// A sentence for each failing check of which an earlier run says anything.
  func sentences(_ summary: RunSummary) throws -> [String] {
    var open = Dictionary(
      summary.checks.filter { $0.verdict == .fail }.map { ($0.name, Past()) }, uniquingKeysWith: { first, _ in first })
    if open.isEmpty { return [] }
    for record in try ledger.finishedRuns(policy: summary.policy.name, limit: Self.most) {
      // A summary that was damaged says nothing here; sluice ledger verify names it.
      guard record.id != summary.run, open.values.contains(where: { $0.passed == nil }),
        let earlier = try? ledger.summary(of: record.id), Self.suite(earlier) == Self.suite(summary)
      else { continue }
      for check in earlier.checks where open[check.name]?.passed == nil {
        switch check.verdict {
        case .fail: open[check.name]?.failing = record
        case .pass: open[check.name]?.passed = record
        case .inconclusive: break
        }
      }
    }
    return summary.checks.compactMap { check in check.verdict == .fail ? open[check.name]?.sentence(check.name) : nil }
  }

  private static func suite(_ summary: RunSummary) -> [String] {
    (summary.policy.inputs ?? []).filter { $0.use == "suite.seeds" }.map(\.hash).sorted()
  }

  /// What earlier runs say of a check that fails now.
  private struct Past {
    /// The oldest run that it failed in without a pass since.
    var failing: RunRecord?
    /// The newest run that it passed in.
    var passed: RunRecord?

    func sentence(_ name: String) -> String? {
      switch (failing, passed) {
      case (nil, nil): nil
      case (nil, let passed?): "\(name) fails for the first time since it passed in \(Self.named(passed))."
      case (let failing?, nil):
        "\(name) has failed since \(Self.named(failing)), and passed in no run that is looked at."
      case (let failing?, let passed?):
        "\(name) has failed since \(Self.named(failing)); it passed last in \(Self.named(passed))."
      }
    }

    private static func named(_ record: RunRecord) -> String {
      let day = Date(timeIntervalSince1970: record.ended ?? record.began).formatted(.iso8601.year().month().day())
      return "run \(record.id) of \(day)"
    }
  }
}
