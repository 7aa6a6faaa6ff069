import Core
import Foundation

/// Finds attacks that say the same thing twice, so that copies don't pass for evidence.
///
/// Copies of one wording (they differ in case, punctuation, spacing or a number before or after the text) are one attack.
/// Near-copies by embedding are one cluster with everything in theirs.
public struct NearCopies: Sendable {
  /// Cosine from which two attacks are near-copies; well above what tells unique attacks apart.
  public static let similarity: Float = 0.97
  /// Attacks up to which every pair of embeddings is compared.
  public static let mostCompared = 4_000

  public let attacks: [SuiteAttack]
  /// Attacks that copy the wording of another one.
  public let copies: Int
  /// Declared clusters, or attacks without one, that were joined with another.
  public let joined: Int

  /// - Parameter vectors: unit vectors of the attacks, in order; nil compares wordings alone.
  public init(_ attacks: [SuiteAttack], vectors: [[Float]]? = nil) {
    var wordings: [String: Int] = [:]
    var units = DisjointUnits(attacks.map(\.unit))
    var marked = attacks
    var copies = 0
    for (index, attack) in attacks.enumerated() {
      let wording = Self.wording(attack.attack.prompt)
      // Outcomes from elsewhere may come without their prompts.
      if wording.isEmpty { continue }
      if let first = wordings[wording] {
        copies += 1
        marked[index].wording = attacks[first].wording
        units.join(attacks[first].unit, attack.unit)
      } else {
        wordings[wording] = index
      }
    }
    if let vectors, vectors.count == attacks.count, attacks.count <= Self.mostCompared {
      for a in vectors.indices {
        for b in vectors.indices[(a + 1)...] where attacks[a].unit != attacks[b].unit {
          if Self.cosine(vectors[a], vectors[b]) >= Self.similarity { units.join(attacks[a].unit, attacks[b].unit) }
        }
      }
    }
    for index in marked.indices { marked[index].unit = units.name(of: attacks[index].unit) }
    self.attacks = marked
    self.copies = copies
    joined = Set(attacks.map(\.unit)).count - Set(marked.map(\.unit)).count
  }

  /// What a reader has to know; nil where every attack is one of its own.
  public var notice: String? {
    if copies == 0 && joined == 0 { return nil }
    var parts: [String] = []
    if copies > 0 {
      parts.append("\(copies) of \(attacks.count) attacks copy the wording of another one and count as one with it")
    }
    if joined > 0 { parts.append("\(joined) clusters are near-copies of others and were joined with them") }
    return "The suite says some things twice: " + parts.joined(separator: "; ") + "."
  }

  /// The words of a prompt in lower case, without what only tells copies apart: equal for copies.
  static func wording(_ prompt: String) -> String {
    var words = asciiWords(prompt) ?? foldedWords(prompt)
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
    return folded.split { !$0.isLetter && !$0.isNumber }.map(String.init)
  }

  /// The same for a prompt of ASCII alone, which most are; nil for others.
  private static func asciiWords(_ prompt: String) -> [String]? {
    var words: [String] = []
    var word: [UInt8] = []
    for byte in prompt.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): word.append(byte)
      case UInt8(ascii: "A")...UInt8(ascii: "Z"): word.append(byte | 0x20)
      case 0x80...: return nil
      default:
        if !word.isEmpty { words.append(String(decoding: word, as: UTF8.self)) }
        word.removeAll(keepingCapacity: true)
      }
    }
    if !word.isEmpty { words.append(String(decoding: word, as: UTF8.self)) }
    return words
  }

  private static let counters: Set<String> = [
    "copy", "no", "nr", "number", "variant", "version", "v", "try", "attempt",
  ]

  private static func isNumber(_ word: String) -> Bool {
    let digits = word.hasPrefix("v") ? word.dropFirst() : word[...]
    return !digits.isEmpty && digits.allSatisfy(\.isNumber)
  }

  private static func cosine(_ a: [Float], _ b: [Float]) -> Float {
    var sum: Float = 0
    for index in 0..<min(a.count, b.count) { sum += a[index] * b[index] }
    return sum
  }
}

/// Names of units that are joined step by step (union-find).
private struct DisjointUnits {
  private var parents: [String: String]

  init(_ names: [String]) { parents = Dictionary(names.map { ($0, $0) }) { first, _ in first } }

  /// The least of the joined names, so that the answer doesn't depend on the order of joining.
  mutating func name(of unit: String) -> String {
    var root = unit
    while let parent = parents[root], parent != root { root = parent }
    var next = unit
    while let parent = parents[next], parent != root {
      parents[next] = root
      next = parent
    }
    return root
  }

  mutating func join(_ a: String, _ b: String) {
    let (a, b) = (name(of: a), name(of: b))
    if a != b { parents[max(a, b)] = min(a, b) }
  }
}
