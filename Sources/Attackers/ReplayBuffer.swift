import Core
import Foundation
import Tensors

/// One attack that the target has answered.
package struct Experience: Sendable, Codable, Hashable {
  /// With the end token, where it was sampled.
  package let tokens: [Int32]
  package let prompt: String
  /// c(x).
  package var logUnsafe: Double
  /// log p_ref of each token: stored, so that replay never computes it again.
  let reference: [Float]
}

/// What a replay buffer keeps and what it gives.
public struct ReplayRules: Sendable, Codable, Hashable {
  /// Which attacks count as the same; the better one stays.
  public enum Duplicates: String, Sendable, Codable, Hashable, CaseIterable {
    /// Token edit distance below a quarter of the joint length (Lee et al.).
    case edit
    /// Cosine of the embeddings from `tolerance` on.
    case embedding
  }

  /// How likely an attack is to be drawn.
  public enum Sampling: String, Sendable, Codable, Hashable, CaseIterable {
    /// Softmax of c.
    case reward
    /// Half softmax of c, half by how lately it was added.
    case mixture
  }

  /// What a full buffer forgets.
  public enum Refresh: String, Sendable, Codable, Hashable, CaseIterable {
    /// The attack with the lowest c.
    case worst
    /// All but a subset that works well and lies close to everything else that works.
    case submodular
  }

  /// Which attacks count as the same.
  public var duplicates = Duplicates.edit
  /// How likely an attack is to be drawn.
  public var sampling = Sampling.reward
  /// What a full buffer forgets.
  public var refresh = Refresh.worst
  /// Cosine from which two embeddings count as the same.
  public var tolerance = 0.9

  public init() {}

  var needVectors: Bool { duplicates == .embedding || refresh == .submodular }
}

/// Remembers attacks, one for each group of near-duplicates, and prefers those that work.
struct ReplayBuffer: Sendable, Codable {
  let capacity: Int
  let rules: ReplayRules
  private(set) var items: [Experience] = []
  /// Unit vectors of the items, and when each was added. Neither is stored: what is taken up again is asked again first.
  private var vectors: [[Float]] = []
  private var added: [Int] = []
  private var clock = 0

  /// Insertions after which an attack is half as recent.
  private static let halfLife = 100.0
  /// What covering an attack that doesn't work at all is worth, beside p(unsafe).
  private static let leastWorth: Float = 0.01

  private enum CodingKeys: String, CodingKey { case capacity, rules, items }

  init(capacity: Int, rules: ReplayRules = ReplayRules()) {
    self.capacity = capacity
    self.rules = rules
  }

  /// The buffer of a search that goes on.
  init(capacity: Int, rules: ReplayRules, items: [Experience], upkeep: Upkeep) {
    self.init(capacity: capacity, rules: rules)
    self.items = items
    (vectors, added, clock) = (upkeep.vectors, upkeep.added, upkeep.clock)
  }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    capacity = try container.decode(Int.self, forKey: .capacity)
    rules = try container.decode(ReplayRules.self, forKey: .rules)
    items = try container.decode([Experience].self, forKey: .items)
    vectors = items.map { _ in [] }
    added = items.map { _ in 0 }
  }

  /// What its coding leaves out, for a search that goes on.
  struct Upkeep: Sendable, Codable {
    var vectors: [[Float]]
    var added: [Int]
    var clock: Int
  }

  var upkeep: Upkeep { Upkeep(vectors: vectors, added: added, clock: clock) }

  /// - Parameter vector: the attack's unit vector, where the rules need it.
  mutating func add(_ new: Experience, vector: [Float] = []) {
    if let twin = items.indices.first(where: { isDuplicate($0, new, vector) }) {
      // What was measured of this very attack replaces what was assumed of it.
      let corrects = items[twin].prompt == new.prompt && items[twin].logUnsafe != new.logUnsafe
      if corrects || new.logUnsafe > items[twin].logUnsafe {
        clock += 1
        items[twin] = new
        vectors[twin] = vector
        added[twin] = clock
      }
      return
    }
    clock += 1
    items.append(new)
    vectors.append(vector)
    added.append(clock)
    switch rules.refresh {
    case .worst:
      if items.count > capacity, let worst = items.indices.min(by: { items[$0].logUnsafe < items[$1].logUnsafe }) {
        keep(items.indices.filter { $0 != worst })
      }
    case .submodular:
      // Choosing costs the square of the size, so it is done once for every eighth of the capacity.
      if items.count > capacity + capacity / 8 { keep(covering()) }
    }
  }

  /// Replaces what was measured of an attack, where it is kept.
  mutating func correct(_ prompt: String, logUnsafe: Double) {
    for index in items.indices where items[index].prompt == prompt { items[index].logUnsafe = logUnsafe }
  }

  mutating func forget(_ prompts: Set<String>) { keep(items.indices.filter { !prompts.contains(items[$0].prompt) }) }

  private mutating func keep(_ indices: [Int]) {
    items = indices.map { items[$0] }
    vectors = indices.map { vectors[$0] }
    added = indices.map { added[$0] }
  }

  private func isDuplicate(_ index: Int, _ new: Experience, _ vector: [Float]) -> Bool {
    switch rules.duplicates {
    case .edit: Self.nearDuplicates(items[index].tokens, new.tokens)
    case .embedding:
      items[index].prompt == new.prompt || Double(cosine(vectors[index], vector)) >= rules.tolerance
    }
  }

  /// Up to `count` items without replacement: the largest log probability + Gumbel noise.
  func sample(_ count: Int, using generator: inout SeededGenerator) -> [Experience] {
    let weights = logWeights
    let keyed = items.indices.map { index in
      (index, weights[index] - log(-log(max(generator.uniformDouble(), 1e-300))))
    }
    return keyed.sorted { $0.1 > $1.1 }.prefix(count).map { items[$0.0] }
  }

  /// Logarithms of what items are drawn in proportion to.
  private var logWeights: [Double] {
    switch rules.sampling {
    case .reward: return items.map(\.logUnsafe)
    case .mixture:
      let worth = items.map { exp($0.logUnsafe) }
      let recency = added.map { exp2(Double($0 - clock) / Self.halfLife) }
      let (worths, recencies) = (worth.reduce(0, +), recency.reduce(0, +))
      return zip(worth, recency).map { log($0 / worths + $1 / recencies) }
    }
  }

  /// The `capacity` items S, in their order, that the greedy algorithm finds for the monotone submodular
  /// f(S) = Σ_{s∈S} r(s) + Σ_v (r(v) + ε) max_{s∈S} cos⁺(v, s), r = p(unsafe): within 1 − 1/e of the best (Nemhauser et
  /// al., 1978), evaluated lazily (Minoux, 1978).
  private func covering() -> [Int] {
    let worth = items.map { Float(exp($0.logUnsafe)) }
    var similarity = [[Float]](repeating: [Float](repeating: 0, count: items.count), count: items.count)
    for one in items.indices {
      for other in 0...one {
        similarity[one][other] = max(0, cosine(vectors[one], vectors[other]))
        similarity[other][one] = similarity[one][other]
      }
    }
    var covered = [Float](repeating: 0, count: items.count)
    func gain(_ index: Int) -> Float {
      var sum = worth[index]
      for other in items.indices {
        sum += (worth[other] + Self.leastWorth) * max(0, similarity[index][other] - covered[other])
      }
      return sum
    }
    // Gains only fall, so an old one bounds the new one.
    var bounds = items.indices.map(gain)
    var chosen: Set<Int> = []
    while chosen.count < capacity {
      guard var best = bounds.indices.max(by: { bounds[$0] < bounds[$1] }) else { break }
      while true {
        bounds[best] = gain(best)
        guard let next = bounds.indices.max(by: { bounds[$0] < bounds[$1] }), bounds[next] > bounds[best] else { break }
        best = next
      }
      chosen.insert(best)
      bounds[best] = -.infinity
      for other in items.indices { covered[other] = max(covered[other], similarity[best][other]) }
    }
    return chosen.sorted()
  }

  private func cosine(_ a: [Float], _ b: [Float]) -> Float { dot(min(a.count, b.count), a, b) }

  static func nearDuplicates(_ a: [Int32], _ b: [Int32]) -> Bool {
    let limit = 0.25 * Double(a.count + b.count)
    if Double(abs(a.count - b.count)) >= limit { return false }
    return Double(editDistance(a, b)) < limit
  }
}
