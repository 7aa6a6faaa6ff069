import Core

extension RunSummary.FreshSummary {
  var responses: Int { restarts.reduce(0) { $0 + $1.responses } }
  var claimed: Int { restarts.reduce(0) { $0 + $1.claimed } }
  var confirmed: Int { restarts.reduce(0) { $0 + $1.confirmed } }

  /// Unique attacks by the similarity from which two are the same, for example `9 at 0.6, 12 at 0.7`.
  var uniqueText: String {
    uniqueAttacks.sorted { $0.key < $1.key }.map { "\(Numbers.count($0.value)) at \($0.key)" }.joined(separator: ", ")
  }
}
