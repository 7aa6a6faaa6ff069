/// What a request is about: one of 24 · 24 · 24 = 13,824.
struct RequestKind: Hashable, Sendable {
  let framing: Int
  let category: Int
  let pretext: Int

  /// All, framings in the outer loop and pretexts in the inner one.
  static let all: [RequestKind] = (0..<Slot.framing.count).flatMap { framing in
    (0..<Slot.category.count).flatMap { category in
      (0..<Slot.pretext.count).map { RequestKind(framing: framing, category: category, pretext: $0) }
    }
  }

  /// Its place in `all`.
  var index: Int { (framing * Slot.category.count + category) * Slot.pretext.count + pretext }
}

/// Reads and writes the archipelago's language: opener, framing, category, pretext and closing, words with single blanks
/// between them.
///
/// It is exact: a text is a sentence of one kind, or one with one word wrong (replaced, left out or put in) that could be of one
/// kind alone, or none. So no odd wording counts as a new kind.
struct RequestGrammar: Sendable {
  enum Reading: Hashable, Sendable {
    case sentence(RequestKind)
    case nearMiss(RequestKind)
    case none

    var kind: RequestKind? {
      switch self {
      case .sentence(let kind), .nearMiss(let kind): kind
      case .none: nil
      }
    }
  }

  /// By slot, in the order of `Slot`.
  private let wordings: [[Wording]]
  /// By slot and value: the texts of its wordings.
  private let texts: [[[String]]]
  private let numbers: [String: Int]
  private let lengths: ClosedRange<Int>

  init() {
    var numbers: [String: Int] = [:]
    wordings = Slot.allCases.map { slot in
      slot.wordings.map { wording in
        let words = wording.words.map { word in
          let number = numbers[word] ?? numbers.count
          numbers[word] = number
          return number
        }
        return Wording(value: wording.value, words: words)
      }
    }
    texts = Slot.allCases.map { slot in
      var texts = [[String]](repeating: [], count: slot.count)
      for wording in slot.wordings { texts[wording.value].append(wording.words.joined(separator: " ")) }
      return texts
    }
    self.numbers = numbers
    let counts = wordings.map { $0.map(\.words.count) }
    lengths = counts.reduce(0) { $0 + ($1.min() ?? 0) }...counts.reduce(0) { $0 + ($1.max() ?? 0) }
  }

  /// A sentence of chosen values.
  /// - Parameters:
  ///   - values: one for each slot, in order.
  ///   - wording: which of so many wordings.
  func sentence(_ values: [Int], wording: (_ count: Int) -> Int) -> String {
    zip(texts, values).map { slot, value in
      let own = slot[value]
      return own.count == 1 ? own[0] : own[wording(own.count)]
    }.joined(separator: " ")
  }

  func reading(of text: String) -> Reading {
    let parts = text.split(separator: " ", omittingEmptySubsequences: false)
    guard (lengths.lowerBound - 1...lengths.upperBound + 1).contains(parts.count) else { return .none }
    // What isn't a word of the language equals none of its words.
    let words = parts.map { numbers[String($0)] ?? -1 }
    let exact = kinds(words, slot: 0, from: 0, errors: 0)
    if let kind = exact.first { return exact.count == 1 ? .sentence(kind.kind) : .none }
    let near = kinds(words, slot: 0, from: 0, errors: 1)
    if let kind = near.first, near.count == 1 { return .nearMiss(kind.kind) }
    return .none
  }

  /// The values of framing, category and pretext, as far as they are read.
  private struct Partial: Hashable {
    var values = [0, 0, 0]

    var kind: RequestKind { RequestKind(framing: values[0], category: values[1], pretext: values[2]) }
  }

  /// Everything that the words from `start` on can be, as the slots from `slot` on, with exactly `errors` wrong words.
  private func kinds(_ words: [Int], slot: Int, from start: Int, errors: Int) -> Set<Partial> {
    // A word too many may be the last.
    if slot == wordings.count { return start + errors == words.count ? [Partial()] : [] }
    var found: Set<Partial> = []
    for wording in wordings[slot] {
      for (length, wrong) in wording.matches(words[start...], errors: errors) {
        for var rest in kinds(words, slot: slot + 1, from: start + length, errors: errors - wrong) {
          let position = slot - Slot.framing.rawValue
          if rest.values.indices.contains(position) { rest.values[position] = wording.value }
          found.insert(rest)
        }
      }
    }
    return found
  }
}

/// One way to say a slot's value.
private struct Wording: Sendable {
  let value: Int
  /// Numbers of words; not empty.
  let words: [Int]

  /// How many of the first words of `text` may be this wording, and how many of them are wrong, `errors` (0 or 1) at most.
  func matches(_ text: ArraySlice<Int>, errors: Int) -> [(length: Int, wrong: Int)] {
    let shared = zip(words, text).prefix { $0 == $1 }.count
    var found: [(length: Int, wrong: Int)] = shared == words.count ? [(shared, 0)] : []
    if errors == 0 { return found }
    if shared < words.count {
      // One word replaced, one left out.
      if text.count >= words.count, continues(text, at: shared + 1, with: shared + 1) { found.append((words.count, 1)) }
      if continues(text, at: shared, with: shared + 1) { found.append((words.count - 1, 1)) }
    }
    // One put in, before the last word at the latest: what comes behind it is in front of the next slot's words.
    let place = min(shared, words.count - 1)
    if continues(text, at: place + 1, with: place) { found.append((words.count + 1, 1)) }
    return found
  }

  /// Whether `text` goes on from its place `start` with the words from `first` on.
  private func continues(_ text: ArraySlice<Int>, at start: Int, with first: Int) -> Bool {
    let rest = words.dropFirst(first)
    return text.dropFirst(start).prefix(rest.count).elementsEqual(rest)
  }
}
