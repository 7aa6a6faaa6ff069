import Core
import Foundation
import Testing

@testable import Attackers

/// All sequences of three tokens out of six, with a tabular policy: small enough to enumerate, so that what an objective
/// learns can be held against the reward itself.
private struct ToyTree {
  static let letters = 6
  static let depth = 3

  /// Logits of each inner node, by its path.
  var logits = [[Int]: [Double]]()
  var logZ = 0.0

  static let leaves: [[Int]] = (0..<216).map { [$0 / 36, $0 / 6 % 6, $0 % 6] }

  /// Peaked and uneven: a factor of e⁵ between best and worst.
  static func logReward(_ leaf: [Int]) -> Double {
    let mixed: Int = leaf[0] * 7 + leaf[1] * 3 + leaf[2] * 5 + leaf[0] * leaf[2]
    return Double(mixed % 11) / 2 - 1
  }

  func probabilities(_ node: [Int]) -> [Double] {
    let own = logits[node] ?? [Double](repeating: 0, count: Self.letters)
    let weights = own.map { exp($0 - (own.max() ?? 0)) }
    let total = weights.reduce(0, +)
    return weights.map { $0 / total }
  }

  func logPolicy(_ leaf: [Int]) -> Double {
    (0..<Self.depth).reduce(0) { $0 + log(probabilities(Array(leaf.prefix($1)))[leaf[$1]]) }
  }

  func sample(using generator: inout SeededGenerator) -> [Int] {
    var leaf: [Int] = []
    while leaf.count < Self.depth {
      var draw = generator.uniformDouble()
      let p = probabilities(leaf)
      var choice = 0
      while choice < Self.letters - 1, draw >= p[choice] {
        draw -= p[choice]
        choice += 1
      }
      leaf.append(choice)
    }
    return leaf
  }

  mutating func step(
    _ batch: [[Int]], rate: Double, objective: ([Double], [Double], Double) -> ObjectiveLoss.Value
  ) {
    let value = objective(batch.map(logPolicy), batch.map(Self.logReward), logZ)
    for (leaf, slope) in zip(batch, value.slopes) {
      for position in 0..<Self.depth {
        let node = Array(leaf.prefix(position))
        let p = probabilities(node)
        var own = logits[node] ?? [Double](repeating: 0, count: Self.letters)
        for letter in 0..<Self.letters {
          own[letter] -= rate * slope * ((letter == leaf[position] ? 1 : 0) - p[letter])
        }
        logits[node] = own
      }
    }
    logZ -= rate * value.logZSlope
  }

  /// Half the sum of |π − R/ΣR|.
  var totalVariation: Double {
    let total = Self.leaves.reduce(0) { $0 + exp(Self.logReward($1)) }
    return Self.leaves.reduce(0) { $0 + abs(exp(logPolicy($1)) - exp(Self.logReward($1)) / total) } / 2
  }
}

@Suite("log Z")
struct LogPartitionTests {
  @Test("as a scalar it follows plain gradient steps")
  func scalar() {
    var logZ = LogPartition(width: 0)
    logZ.update(slope: -4, state: [], learningRate: 0.5)
    logZ.update(slope: 1, state: [], learningRate: 0.5)
    #expect(logZ.value([]) == 1.5)
  }

  @Test("as a linear head it learns what the log Z of each prompt is")
  func linear() {
    // Three prompts whose log Z no scalar can give.
    let states: [[Float]] = [[1, 0.2], [-0.5, 1], [0.3, -1.2]]
    let wanted = [-7.0, 3, 11]
    var logZ = LogPartition(width: 2)
    for step in 0..<6_000 {
      let prompt = step % 3
      logZ.update(
        slope: 2 * (logZ.value(states[prompt]) - wanted[prompt]), state: states[prompt], learningRate: 0.01)
    }
    for (state, value) in zip(states, wanted) { #expect(abs(logZ.value(state) - value) < 0.1) }
  }

  @Test("stored half-way it goes on as if it had never stopped")
  func stored() throws {
    var whole = LogPartition(width: 3)
    for step in 0..<20 { whole.update(slope: Double(step) - 7, state: [1, -0.5, 0.25], learningRate: 0.01) }
    var half = LogPartition(width: 3)
    for step in 0..<9 { half.update(slope: Double(step) - 7, state: [1, -0.5, 0.25], learningRate: 0.01) }
    half = try JSONDecoder().decode(LogPartition.self, from: JSONEncoder().encode(half))
    for step in 9..<20 { half.update(slope: Double(step) - 7, state: [1, -0.5, 0.25], learningRate: 0.01) }
    #expect(half.value([1, 2, 3]) == whole.value([1, 2, 3]))
  }
}

@Suite("Objectives learn the reward's distribution on an enumerable space")
struct ToyTreeTests {
  static let objectives: [(name: String, loss: @Sendable ([Double], [Double], Double) -> ObjectiveLoss.Value)] = [
    ("tb", { ObjectiveLoss.trajectoryBalance(logPolicy: $0, logReward: $1, logZ: $2) }),
    ("variance-tb", { policy, reward, _ in ObjectiveLoss.varianceTB(logPolicy: policy, logReward: reward) }),
    (
      "contrastive-tb",
      { policy, reward, _ in ObjectiveLoss.contrastive(logPolicy: policy, logReward: reward, sigma: 0.25) }
    ),
  ]

  @Test("on-policy", arguments: [0, 1, 2])
  func onPolicy(objective: Int) {
    var tree = ToyTree()
    #expect(tree.totalVariation > 0.3)
    var generator = SeededGenerator(seed: 3, stream: "toy")
    for step in 0..<4_000 {
      let batch = (0..<32).map { _ in tree.sample(using: &generator) }
      tree.step(batch, rate: step < 3_000 ? 0.5 : 0.1, objective: Self.objectives[objective].loss)
    }
    #expect(tree.totalVariation < 0.05, "\(Self.objectives[objective].name): \(tree.totalVariation)")
  }

  @Test("from a replay buffer alone, filled once by a uniform policy", arguments: [0, 1, 2])
  func fromTheBuffer(objective: Int) {
    var tree = ToyTree()
    var generator = SeededGenerator(seed: 4, stream: "toy")
    let buffer = (0..<2_000).map { _ in tree.sample(using: &generator) }
    for step in 0..<4_000 {
      let batch = (0..<32).map { _ in buffer[Int.random(in: 0..<buffer.count, using: &generator)] }
      tree.step(batch, rate: step < 3_000 ? 0.5 : 0.1, objective: Self.objectives[objective].loss)
    }
    #expect(tree.totalVariation < 0.05, "\(Self.objectives[objective].name): \(tree.totalVariation)")
  }
}
