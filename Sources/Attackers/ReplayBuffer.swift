import Core
import Foundation

/// One attack that the target has answered.
struct Experience: Sendable, Codable, Hashable {
  /// With the end token, where it was sampled.
  let tokens: [Int32]
  let prompt: String
  /// c(x).
  var logUnsafe: Double
  /// log p_ref of each token: stored, so that replay never computes it again.
  let reference: [Float]
}

/// Remembers attacks, one for each group of near-duplicates, and prefers those that work.
struct ReplayBuffer: Sendable, Codable {
  let capacity: Int
  private(set) var items: [Experience] = []

  init(capacity: Int) { self.capacity = capacity }

  /// Adds an experience. Of near-duplicates (token edit distance below a quarter of the joint length, Lee et al.) the
  /// better stays; a full buffer drops its worst.
  mutating func add(_ new: Experience) {
    if let twin = items.firstIndex(where: { Self.nearDuplicates($0.tokens, new.tokens) }) {
      if new.logUnsafe > items[twin].logUnsafe { items[twin] = new }
      return
    }
    items.append(new)
    if items.count > capacity,
      let worst = items.indices.min(by: { items[$0].logUnsafe < items[$1].logUnsafe })
    {
      items.remove(at: worst)
    }
  }

  mutating func remove(where predicate: (Experience) -> Bool) { items.removeAll(where: predicate) }

  mutating func replace(at index: Int, logUnsafe: Double) { items[index].logUnsafe = logUnsafe }

  /// Up to `count` items without replacement, with probability by softmax of c: the largest c + Gumbel noise.
  func sample(_ count: Int, using generator: inout SeededGenerator) -> [Experience] {
    let keyed = items.indices.map { index in
      (index, items[index].logUnsafe - log(-log(max(generator.uniformDouble(), 1e-300))))
    }
    return keyed.sorted { $0.1 > $1.1 }.prefix(count).map { items[$0.0] }
  }

  static func nearDuplicates(_ a: [Int32], _ b: [Int32]) -> Bool {
    let limit = 0.25 * Double(a.count + b.count)
    if Double(abs(a.count - b.count)) >= limit { return false }
    return Double(editDistance(a, b)) < limit
  }

  /// Levenshtein distance on tokens.
  static func editDistance(_ a: [Int32], _ b: [Int32]) -> Int {
    var row = Array(0...b.count)
    for (i, x) in a.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for (j, y) in b.enumerated() {
        let substituted = diagonal + (x == y ? 0 : 1)
        diagonal = row[j + 1]
        row[j + 1] = min(substituted, min(row[j], diagonal) + 1)
      }
    }
    return row[b.count]
  }
}
