import Core
import Decisions
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
      for report in Policy.reportPaths(path: path, overrides: overrides) {
        remove(isPart ? ReportPolicy.partial(report) : report)
      }
      throw error
    }
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
