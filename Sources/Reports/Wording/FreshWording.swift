import Core
import Decisions

extension RunSummary.FreshSummary {
  var responses: Int { restarts.lazy.map(\.responses).saturatedSum }
  var claimed: Int { restarts.lazy.map(\.claimed).saturatedSum }
  var unasked: Int { restarts.lazy.map { $0.unasked ?? 0 }.saturatedSum }
  var confirmed: Int { restarts.lazy.map(\.confirmed).saturatedSum }

  /// Unique attacks by the similarity from which two are the same, for example `9 at 0.6, 12 at 0.7`.
  var uniqueText: String {
    Words.list(uniqueAttacks.sorted { $0.key < $1.key }.map { Words.unique($0.value, at: $0.key) })
  }
}

extension RunSummary {
  /// What confirmed fresh attacks, where that was not a plain majority.
  var confirmationSentence: String? { fresh.lazy.compactMap { $0.confirmation?.sentence }.first }
}
