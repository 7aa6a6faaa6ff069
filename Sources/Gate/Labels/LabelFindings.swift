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
    let texts = labelled.map { response in
      JudgedText(
        row: response.response,
        input: JudgeInput(
          Exchange(prompt: response.prompt, response: response.text), category: response.category,
          locale: response.locale), whyGone: response.isPurged ? "its text was purged" : nil)
    }
    let scores = try await Judging(archive: ledger, scopes: scopes).scores(texts, by: judge)
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
