import Core

/// One prompt whose response is wanted, with the category and locale that a judge may look for.
struct Question: Hashable, Sendable {
  let prompt: String
  let category: String?
  let locale: String?
  let sampleIndex: Int

  init(prompt: String, category: String?, locale: String? = nil, sampleIndex: Int) {
    self.prompt = prompt
    self.category = category
    self.locale = locale
    self.sampleIndex = sampleIndex
  }

  init(_ attack: Attack, sampleIndex: Int) {
    self.init(prompt: attack.prompt, category: attack.category, locale: attack.locale, sampleIndex: sampleIndex)
  }

  var request: TargetRequest { TargetRequest(prompt: prompt, sampleIndex: sampleIndex) }
}
