import Core
import Decisions

/// One prompt whose response is wanted, with the category and locale that a judge may look for.
struct Question: Hashable, Sendable {
  let prompt: String
  let category: String?
  let locale: String?
  let sampleIndex: Int
  /// Why it can't be asked, so that its answer is missing; nil where it can.
  let gap: String?

  init(prompt: String, category: String?, locale: String? = nil, sampleIndex: Int, gap: String? = nil) {
    self.prompt = prompt
    self.category = category
    self.locale = locale
    self.sampleIndex = sampleIndex
    self.gap = gap
  }

  init(_ attack: Attack, sampleIndex: Int, gap: String? = nil) {
    self.init(
      prompt: attack.prompt, category: attack.category, locale: attack.locale, sampleIndex: sampleIndex, gap: gap)
  }

  var request: TargetRequest { TargetRequest(prompt: prompt, sampleIndex: sampleIndex) }
}

/// What became of one question.
struct Answer: Sendable {
  /// Nil where nothing is known, and where texts are let go of.
  var outcome: ResponseOutcome?
  /// `missing` where no judge was to look.
  var observation = Observation.missing

  var response: Response? { try? outcome?.get() }
}
