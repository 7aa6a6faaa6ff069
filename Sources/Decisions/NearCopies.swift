import Core
import Foundation

/// Finds attacks that say the same thing twice, so that copies don't pass for evidence.
///
/// Copies of one wording (they differ in case, punctuation, spacing or a number before or after the text) are one attack.
/// Near-copies by embedding are one cluster with everything in theirs. What a transform made of an attack copies nothing but is in
/// its cluster: the words of two such texts may be those of the transform.
public struct NearCopies: Sendable {
  /// Cosine from which two attacks are near-copies; well above what tells unique attacks apart.
  public static let similarity: Float = 0.97
  /// Attacks up to which every pair of embeddings is compared.
  public static let mostCompared = 4_000

  /// The attacks with their units joined, in the order in which they were given.
  public let attacks: [SuiteAttack]
  /// Attacks that copy the wording of another one.
  public let copies: Int
  /// Declared clusters, or attacks without one, that were joined with another.
  public let joined: Int

  /// - Parameter vectors: unit vectors of the attacks, in order; nil compares wordings alone.
  public init(_ attacks: [SuiteAttack], vectors: [[Float]]? = nil) {
    var wordings = FirstWordings(attacks)
    var units = DisjointUnits()
    var marked = attacks
    var copies = 0
    for (index, attack) in attacks.enumerated() {
      if attack.attack.transform != nil { continue }
      let wording = Self.wording(attack.attack.wording)
      // Outcomes from elsewhere may come without their prompts.
      if wording.isEmpty { continue }
      guard let first = wordings.first(wording, at: index) else { continue }
      copies += 1
      marked[index].wording = attacks[first].wording
      units.join(attacks[first].unit, attack.unit)
    }
    if let vectors, vectors.count == attacks.count, attacks.count <= Self.mostCompared {
      let asWritten = vectors.indices.filter { attacks[$0].attack.transform == nil }
      for (place, a) in asWritten.enumerated() {
        for b in asWritten[(place + 1)...] where attacks[a].unit != attacks[b].unit {
          if dot(vectors[a], vectors[b]) >= Self.similarity { units.join(attacks[a].unit, attacks[b].unit) }
        }
      }
    }
    if !units.areSingle {
      for index in marked.indices { marked[index].unit = units.name(of: attacks[index].unit) }
    }
    self.attacks = marked
    self.copies = copies
    joined = units.areSingle ? 0 : Set(attacks.map(\.unit)).count - Set(marked.map(\.unit)).count
  }

  /// What a reader has to know; nil where every attack is one of its own.
  public var notice: String? {
    if copies == 0 && joined == 0 { return nil }
    var parts: [String] = []
    if copies > 0 {
      parts.append("\(copies) of \(attacks.count) attacks copy the wording of another one and count as one with it")
    }
    if joined == 1 { parts.append("1 cluster is a near-copy of another and was joined with it") }
    if joined > 1 { parts.append("\(joined) clusters are near-copies of others and were joined with them") }
    return "The suite says some things twice: " + parts.joined(separator: "; ") + "."
  }

  /// The words of a prompt in lower case, without what only tells copies apart: equal for copies.
  static func wording(_ prompt: String) -> String {
    guard let text = asciiText(prompt) else { return trimmed(foldedWords(prompt)) }
    let words = (first: text.prefix { $0 != space }, last: text[(text.lastIndex(of: space).map { $0 + 1 } ?? 0)...])
    let (first, last) = (String(decoding: words.first, as: UTF8.self), String(decoding: words.last, as: UTF8.self))
    let whole = String(decoding: text, as: UTF8.self)
    if isNumber(last) || isNumber(first) || counters.contains(first) {
      return trimmed(whole.split(separator: " ").map(String.init))
    }
    return whole
  }

  private static func trimmed(_ given: [String]) -> String {
    var words = given
    while words.count > 1, let last = words.last, isNumber(last) {
      words.removeLast()
      if words.count > 1, let word = words.last, counters.contains(word) { words.removeLast() }
    }
    while words.count > 1, isNumber(words[0]) || (counters.contains(words[0]) && isNumber(words[1])) {
      words.removeFirst()
    }
    return words.joined(separator: " ")
  }

  private static func foldedWords(_ prompt: String) -> [String] {
    let folded = prompt.precomposedStringWithCompatibilityMapping.lowercased()
    var words: [String] = []
    for word in folded.split(whereSeparator: { !$0.isLetter && !$0.isNumber }).map(String.init) {
      // A blank or a comma between two such characters parts no words: it may be there or not.
      if let last = words.last?.unicodeScalars.last, let first = word.unicodeScalars.first, isUnspaced(last),
        isUnspaced(first)
      {
        words[words.count - 1] += word
      } else {
        words.append(word)
      }
    }
    return words
  }

  /// Whether a character is of a script that puts no blanks between words: Thai, Lao, Burmese, Khmer, kana, Chinese characters.
  private static func isUnspaced(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x0E00...0x0EFF, 0x1000...0x109F, 0x1780...0x17FF, 0x3040...0x30FF, 0x31F0...0x31FF, 0x3400...0x9FFF,
      0xF900...0xFAFF, 0x20000...0x3FFFF:
      true
    default: false
    }
  }

  private static let space = UInt8(ascii: " ")

  /// The words of a prompt of ASCII alone, which most are, with one space between them; nil for others.
  private static func asciiText(_ prompt: String) -> [UInt8]? {
    var text: [UInt8] = []
    text.reserveCapacity(prompt.utf8.count)
    var isInWord = false
    for byte in prompt.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
        UInt8(ascii: "A")...UInt8(ascii: "Z"):
        if !isInWord, !text.isEmpty { text.append(space) }
        isInWord = true
        // Digits have that bit already.
        text.append(byte | 0x20)
      case 0x80...: return nil
      default: isInWord = false
      }
    }
    return text
  }

  private static let counters: Set<String> = [
    "copy", "no", "nr", "number", "variant", "version", "v", "try", "attempt",
  ]

  private static func isNumber(_ word: String) -> Bool {
    let digits = word.hasPrefix("v") ? word.dropFirst() : word[...]
    return !digits.isEmpty && digits.allSatisfy(\.isNumber)
  }
}

/// Where each wording was seen first. It keeps hashes alone, and looks at the prompt again where two are equal: the wordings of a
/// large suite would take as much memory as its prompts.
private struct FirstWordings {
  private let attacks: [SuiteAttack]
  private var places: [UInt64: Int32] = [:]

  init(_ attacks: [SuiteAttack]) { self.attacks = attacks }

  /// - Returns: the place of the first attack of this wording; nil where it is the one at `place`, which is then remembered.
  mutating func first(_ wording: String, at place: Int) -> Int? {
    var key = StableHash.fnv1a(wording.utf8)
    while let known = places[key] {
      if NearCopies.wording(attacks[Int(known)].attack.wording) == wording { return Int(known) }
      // Another wording of the same hash.
      key &+= 1
    }
    places[key] = Int32(place)
    return nil
  }
}

/// Names of units that are joined step by step (union-find).
private struct DisjointUnits {
  /// Parents of those that were joined.
  private var parents: [CompactName: CompactName] = [:]

  /// Whether none was joined with another.
  var areSingle: Bool { parents.isEmpty }

  /// The least of the joined names, so that the answer doesn't depend on the order of joining.
  mutating func name(of unit: CompactName) -> CompactName {
    var root = unit
    while let parent = parents[root], parent != root { root = parent }
    var next = unit
    while let parent = parents[next], parent != root {
      parents[next] = root
      next = parent
    }
    return root
  }

  mutating func join(_ a: CompactName, _ b: CompactName) {
    let (a, b) = (name(of: a), name(of: b))
    if a != b { parents[max(a, b)] = min(a, b) }
  }
}
