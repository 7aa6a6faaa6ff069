import Core
import Foundation
import Testing

@testable import Attackers

@Suite("Replay buffer")
struct ReplayBufferTests {
  func item(_ tokens: [Int32], _ c: Double) -> Experience {
    Experience(tokens: tokens, prompt: "\(tokens)", logUnsafe: c, reference: [-1])
  }

  @Test("of near-duplicates the better one stays; different attacks both stay")
  func nearDuplicates() {
    var buffer = ReplayBuffer(capacity: 10)
    buffer.add(item([1, 2, 3, 4, 5, 6], -3))
    buffer.add(item([1, 2, 3, 4, 5, 7], -1))
    buffer.add(item([1, 2, 3, 4, 5, 8], -2))
    #expect(buffer.items.map(\.logUnsafe) == [-1])
    buffer.add(item([9, 10, 11, 12, 13, 14], -5))
    #expect(buffer.items.count == 2)
  }

  @Test("a full buffer forgets its worst")
  func capacity() {
    var buffer = ReplayBuffer(capacity: 3)
    for i in 0..<6 { buffer.add(item((0..<6).map { Int32(10 * i + $0) }, -Double(i == 2 ? 9 : i))) }
    #expect(buffer.items.map(\.logUnsafe).sorted() == [-3, -1, 0])
  }

  @Test("sampling follows softmax(c) and never repeats an item")
  func sampling() {
    var buffer = ReplayBuffer(capacity: 10)
    buffer.add(item([1, 1, 1, 1], 0))
    buffer.add(item([2, 2, 2, 2], log(0.25)))
    var generator = SeededGenerator(seed: 5)
    let first = (0..<4000).filter { _ in buffer.sample(1, using: &generator)[0].logUnsafe == 0 }.count
    #expect(abs(Double(first) / 4000 - 0.8) < 0.03)
    #expect(Set(buffer.sample(5, using: &generator).map(\.prompt)).count == 2)
  }

  @Test("edit distance is Levenshtein's")
  func distance() {
    #expect(editDistance([1, 2, 3], [1, 3]) == 1)
    #expect(editDistance([], [1, 3]) == 2)
    #expect(editDistance([5, 6, 7, 8], [6, 7, 8, 9]) == 2)
  }

  private func direction(_ degrees: Double) -> [Float] {
    [Float(cos(degrees * .pi / 180)), Float(sin(degrees * .pi / 180))]
  }

  @Test("by embeddings, what means the same is the same, however it is written")
  func meanings() {
    var rules = ReplayRules()
    rules.duplicates = .embedding
    rules.tolerance = 0.9
    var buffer = ReplayBuffer(capacity: 10, rules: rules)
    buffer.add(item([1, 2, 3, 4], -3), vector: direction(0))
    buffer.add(item([50, 60, 70], -1), vector: direction(20))
    buffer.add(item([50, 60, 71], -2), vector: direction(21))
    #expect(buffer.items.map(\.logUnsafe) == [-1], "cosines of 0.94 and more")
    buffer.add(item([90, 91, 92], -4), vector: direction(40))
    #expect(buffer.items.count == 1, "0.94 to the one that stayed, 0.77 to the one that went")
    buffer.add(item([50, 60, 70], -0.5), vector: [0, 0])
    #expect(buffer.items.map(\.logUnsafe) == [-0.5], "a text without a meaning is itself all the same")
    buffer.add(item([50, 60, 70], -0.4), vector: direction(20))
    buffer.add(item([50, 60, 70, 80], -5), vector: direction(50))
    #expect(buffer.items.count == 2, "cosine 0.87")
  }

  @Test("a mixture draws half by c, half by recency")
  func mixture() {
    var rules = ReplayRules()
    rules.sampling = .mixture
    var buffer = ReplayBuffer(capacity: 1_000, rules: rules)
    func tokens(_ index: Int) -> [Int32] { (0..<6).map { Int32(10 * index + $0) } }
    buffer.add(item(tokens(0), 0))
    for index in 1...400 { buffer.add(item(tokens(index), -9)) }
    var generator = SeededGenerator(seed: 6)
    let drawn = (0..<4_000).map { _ in buffer.sample(1, using: &generator)[0] }
    // c gives nearly all of its half to the first; a half of the others' half goes to the last hundred.
    let works = Double(drawn.count { $0.logUnsafe == 0 }) / 4_000
    let recent = Double(drawn.count { $0.logUnsafe < 0 && $0.tokens[0] > 3_000 }) / 4_000
    #expect(abs(works - (0.5 / (1 + 400 * exp(-9)) + 0.5 * exp2(-4) / 136)) < 0.04)
    #expect(abs(recent - 0.27) < 0.04)
  }

  @Test("a submodular refresh keeps one of each kind that works, where the worst-first rule keeps the best kind alone")
  func refresh() {
    var rules = ReplayRules()
    func kinds(_ refresh: ReplayRules.Refresh) -> Set<Int32> {
      rules.refresh = refresh
      var buffer = ReplayBuffer(capacity: 8, rules: rules)
      for index in 0..<30 {
        // Three kinds at right angles or nearly; the first works best.
        let kind = index % 3
        buffer.add(
          item((0..<6).map { Int32(1_000 * kind + 10 * index + $0) }, kind == 0 ? -0.01 : -0.4),
          vector: direction(Double(85 * kind) + Double(index) / 30))
        #expect(buffer.items.count <= 9)
      }
      return Set(buffer.items.map { $0.tokens[0] / 1_000 })
    }
    #expect(kinds(.worst) == [0])
    #expect(kinds(.submodular) == [0, 1, 2])
  }

  @Test("what it stores is read back, and goes on")
  func stored() throws {
    var rules = ReplayRules()
    rules.sampling = .mixture
    var buffer = ReplayBuffer(capacity: 4, rules: rules)
    for index in 0..<3 { buffer.add(item((0..<6).map { Int32(10 * index + $0) }, -Double(index))) }
    var read = try JSONDecoder().decode(ReplayBuffer.self, from: JSONEncoder().encode(buffer))
    #expect(read.items == buffer.items && read.rules == rules && read.capacity == 4)
    for index in 3..<9 { read.add(item((0..<6).map { Int32(10 * index + $0) }, -Double(index))) }
    #expect(read.items.count == 4)
    var generator = SeededGenerator(seed: 7)
    #expect(read.sample(9, using: &generator).count == 4)
  }
}
