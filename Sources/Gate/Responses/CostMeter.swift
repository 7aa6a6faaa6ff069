import Core
import Evidence
import Synchronization

/// Counts what each role cost. Thread-safe: searches run side by side.
final class CostMeter: Sendable {
  private struct Counts {
    var responses = 0
    var reused = 0
    var errors = 0
    var unscored = 0
    var promptTokens = 0
    var completionTokens = 0
    var seconds = 0.0
  }

  private let counts = Mutex<[Role: Counts]>([:])

  func reused(_ number: Int, role: Role) {
    counts.withLock { $0[role, default: Counts()].reused += number }
  }

  /// - Parameter outcomes: with what was asked: a conversation counts with all of its requests.
  func asked(_ outcomes: some Sequence<(request: TargetRequest, outcome: ResponseOutcome)>, role: Role) {
    counts.withLock { all in
      var row = all[role, default: Counts()]
      for (request, outcome) in outcomes {
        switch outcome {
        case .success(let response):
          row.responses += request.requests(of: response)
          row.promptTokens = row.promptTokens.addingSaturated(response.promptTokens)
          row.completionTokens = row.completionTokens.addingSaturated(response.completionTokens)
        case .failure:
          row.errors += 1
        }
      }
      all[role] = row
    }
  }

  func unscored(_ number: Int, role: Role) {
    if number > 0 { counts.withLock { $0[role, default: Counts()].unscored += number } }
  }

  func waited(_ duration: Duration, role: Role) {
    let (seconds, attoseconds) = duration.components
    counts.withLock { $0[role, default: Counts()].seconds += Double(seconds) + Double(attoseconds) * 1e-18 }
  }

  /// What this life cost.
  var rows: [RunSummary.CostRow] { rows(after: [:]) }

  /// One row a role, in the order candidate, baseline, control, transfer targets and variants by name.
  /// - Parameter earlier: what the same run asked in earlier lives. This life found it in the ledger, as it finds what other
  ///   runs asked; but only the latter cost this run nothing.
  func rows(after earlier: [Role: TargetCost]) -> [RunSummary.CostRow] {
    var all = counts.withLock { $0 }
    for (role, cost) in earlier {
      var row = all[role, default: Counts()]
      row.responses += cost.responses
      row.reused = max(0, row.reused - cost.responses)
      row.errors += cost.failures
      row.promptTokens = row.promptTokens.addingSaturated(cost.promptTokens)
      row.completionTokens = row.completionTokens.addingSaturated(cost.completionTokens)
      all[role] = row
    }
    return all.sorted { $0.key.rank < $1.key.rank }.map { role, row in
      RunSummary.CostRow(
        role: role.description, responses: row.responses, reused: row.reused, errors: row.errors,
        unscored: row.unscored, promptTokens: row.promptTokens, completionTokens: row.completionTokens,
        seconds: row.seconds)
    }
  }
}
