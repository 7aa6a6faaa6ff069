import Core
import Decisions
import Evidence
import Foundation
import Policies
import Reports

/// Removes the reports of an earlier run where this one can't even begin: a broken policy must not leave an old pass behind.
enum StaleReports {
  /// Reads a policy; where that fails, the reports that it names are removed before the error goes on.
  /// - Parameter stages: those that were asked for; where that is a part, the reports of a whole run are not this one's.
  static func removed(
    whereBroken path: String, overrides: [String], stages: Set<Stage>? = nil, _ load: () throws -> Policy
  ) throws -> Policy {
    do {
      return try load()
    } catch {
      let isPart = stages.map { !$0.isSuperset(of: Stage.allCases) } ?? false
      remove(ofPolicy: path, overrides: overrides, isPart: isPart)
      throw error
    }
  }

  /// Removes the reports that a policy names, as far as it can be read.
  static func remove(ofPolicy path: String, overrides: [String], isPart: Bool = false) {
    for report in Policy.reportPaths(path: path, overrides: overrides) {
      remove(isPart ? ReportPolicy.partial(report) : report)
    }
  }

  /// Removes the reports that a shard's policy names.
  /// - Parameters:
  ///   - ledger: the shard's; anything else is passed over.
  ///   - policy: where the policy is by now; nil for where the shard had it.
  static func remove(ofShard ledger: String, policy: String? = nil, overrides: [String]) {
    guard let ledger = try? Ledger(path: ledger, readOnly: true), let manifest = try? ledger.shardRecord()?.manifest,
      let run = try? ledger.run(manifest.run)
    else { return }
    remove(ofPolicy: policy ?? manifest.policy, overrides: Policy.repeatable(run.overrides) + overrides)
  }

  /// Removes a file that is a report of ours; anything else stays, since a path in a policy may name anything.
  /// - Parameter more: formats beside those of this version.
  /// - Returns: what the file was; nil where nothing was removed.
  @discardableResult
  static func remove(_ path: String, of more: [Reporter] = []) -> FileStatus? {
    guard OwnReports.contains(path, of: more), let status = FileStatus(path, followsLinks: false), unlink(path) == 0
    else {
      return nil
    }
    return status
  }
}
