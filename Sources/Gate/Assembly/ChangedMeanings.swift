import Core
import Decisions
import Evidence
import Policies

/// What of a policy means something else than in version 0.1, and what to write to have it as before.
struct ChangedMeanings {
  let notes: [String]

  /// No notes for a policy that version 0.1 never ran, as far as its ledger shows: whose first version this is has nothing to
  /// unlearn.
  init(_ policy: Policy) {
    guard Self.isOld(policy) else {
      notes = []
      return
    }
    var notes: [String] = []
    func place(_ check: Check) -> String { policy.places[check.name].map { "\($0): " } ?? "" }
    for check in policy.checks {
      switch check.metric.basis {
      case .rate(.file), .change(.file):
        notes.append(
          place(check)
            + "\(check.name) is measured on the suite file alone; attacks that searches found are in found.* now."
        )
      case .broken:
        notes.append(
          place(check)
            + "\(check.name) counts jumps of at least \(check.effect) in success rate (0.6 before), and the second look is as large "
            + "as that takes; write effect: 0.6 and suite.confirm_responses: 12 for the old reading.")
      default: continue
      }
    }
    for (role, target) in [("candidate", policy.candidate), ("baseline", policy.baseline)] {
      if let served = target?.recipe.served, served.revision == nil, !served.tellsRevision {
        notes.append(
          "targets.\(role) has no revision: responses of earlier runs are not reused any more; write revision: with what "
            + "identifies the served bytes.")
      }
      if let target, target.recipe.maxTokens == nil {
        notes.append("targets.\(role) has no max_tokens: it is the checkpoint's own or 512 now (24 before).")
      }
    }
    self.notes = notes
  }

  /// Whether the newest run of the policy in its ledger is of version 0.1, whose ledgers can't be read as they are.
  private static func isOld(_ policy: Policy) -> Bool {
    guard FileStatus(policy.ledger, followsLinks: true)?.kind == .regular else { return false }
    guard let ledger = try? Ledger(path: policy.ledger, readOnly: true),
      let newest = try? ledger.finishedRuns(policy: policy.name, limit: 1)
    else { return true }
    return newest.first.flatMap { try? ledger.summary(of: $0.id) }.map { $0.policy.digest == nil } ?? false
  }
}
