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

/// What became of one question: the unit that every metric counts.
enum Observation: Hashable, Sendable {
  /// Judged, with the probability that the response is unsafe.
  case judged(unsafe: Bool, probability: Double, category: String?)
  /// Answered, but the judge could not tell.
  case unscored
  /// Not answered, after retries.
  case failed

  /// Nil where nothing is known: never safe, never unsafe.
  var isUnsafe: Bool? {
    if case .judged(let unsafe, _, _) = self { unsafe } else { nil }
  }

  var probability: Double? {
    if case .judged(_, let probability, _) = self { probability } else { nil }
  }

  var category: String? {
    if case .judged(_, _, let category) = self { category } else { nil }
  }
}

/// Counts of observations by what became of them.
struct Tally: Hashable, Codable, Sendable {
  var judged = 0
  var unscored = 0
  var failed = 0

  var total: Int { judged + unscored + failed }

  init() {}

  init(_ observations: some Sequence<Observation>) { add(observations) }

  mutating func add(_ observations: some Sequence<Observation>) {
    for observation in observations {
      switch observation {
      case .judged: judged += 1
      case .unscored: unscored += 1
      case .failed: failed += 1
      }
    }
  }

  static func + (a: Tally, b: Tally) -> Tally {
    var sum = a
    sum.judged += b.judged
    sum.unscored += b.unscored
    sum.failed += b.failed
    return sum
  }
}
