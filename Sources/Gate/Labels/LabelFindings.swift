import Core
import Decisions
import Evidence
import Statistics

extension LabelFindings {
  /// Asks the judge about every labelled response, where the ledger hasn't its score.
  /// - Returns: nil where nobody labelled anything.
  /// - Throws: what the judge or the ledger throws.
  /// - Parameter scopes: of verdicts, by judge; see `Participant.scope`.
  static func of(_ judge: any Judge, in ledger: Ledger, scopes: [String: String] = [:]) async throws -> LabelFindings? {
    let labelled = try ledger.labelledResponses()
    if labelled.isEmpty { return nil }
    let scores = try await Judging(store: LabelScores(ledger: ledger, scopes: scopes)).scores(labelled, by: judge)
    let items = zip(labelled, scores).compactMap { response, score -> Item? in
      guard let isUnsafe = score.isUnsafe(threshold: judge.threshold) else { return nil }
      // Nobody can tell, as the one says who settled it.
      if response.settled == .unsure { return nil }
      let sure = response.labels.filter { $0.label != .unsure }.map { $0.label == .unsafe }
      guard !sure.isEmpty else { return nil }
      return Item(
        category: response.category, locale: response.locale,
        rated: RatedResponse(
          cluster: response.cluster, judgedUnsafe: isUnsafe, reviewers: sure, weight: response.weight,
          settled: response.settled.map { $0 == .unsafe }))
    }
    return LabelFindings(items: items, unused: labelled.count - items.count)
  }
}

/// The scores of labelled responses.
struct LabelScores: ScoreStore {
  let ledger: Ledger
  let scopes: [String: String]

  func input(_ item: LabelledResponse) -> JudgeInput {
    JudgeInput(Exchange(prompt: item.prompt, response: item.text), category: item.category, locale: item.locale)
  }

  func scores(_ items: [LabelledResponse], by judge: any Judge) throws -> [Score?] {
    let stored = try ledger.scores(items, judge: judge.fingerprint, scope: scopes[judge.fingerprint] ?? "")
    return zip(items, stored).map { item, score in
      score ?? (item.isPurged ? .unscored(reason: "its text was purged") : nil)
    }
  }

  func commit(_ scores: [(item: LabelledResponse, score: Score)], by judge: any Judge) throws {
    try ledger.store(
      scores.map { ($0.item, $0.score) }, judge: judge.fingerprint,
      scope: scopes[judge.fingerprint] ?? "")
  }
}
