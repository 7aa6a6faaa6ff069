import Core
import Decisions
import Policies

extension Policy {
  /// The policy with its reports beside the usual ones, where a run leaves out a stage that a check needs: such a run can't pass,
  /// and must not take the place of a release's reports.
  /// - Parameter stages: nil for all.
  func reporting(_ stages: Set<Stage>?) -> Policy {
    guard let stages, !checks.allSatisfy({ check in stages.contains { $0.rawValue == check.metric.stage } }) else {
      return self
    }
    var policy = self
    policy.report = report.partial
    return policy
  }
}
