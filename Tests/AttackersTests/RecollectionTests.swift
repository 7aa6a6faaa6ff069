import Core
import Testing

@testable import Attackers

@Suite("What is remembered of a former target")
struct RecollectionTests {
  private func attack(_ name: String, _ c: Double = 0) -> Experience {
    Experience(tokens: [1], prompt: name, logUnsafe: c, reference: [-1])
  }

  /// Two attacks of one kind, one of another, and failures.
  private func recollection(limit: Int = 30, relatives: Int = 2) -> Recollection {
    var generator = SeededGenerator(seed: 3)
    let first = (0..<relatives).map { (attack: attack("a\($0)"), vector: [Float(1), 0]) }
    return Recollection(
      worked: first + [(attack("b0"), [0, 1])], failed: (0..<9).map { attack("f\($0)", -Double($0)) },
      similarity: 0.7, limit: limit, using: &generator)
  }

  @Test("one of a kind is asked first; its relatives return once it works")
  func works() {
    var memory = recollection()
    let first = memory.next(2) { _ in true }
    #expect(Set(first.map(\.prompt)) == ["a0", "b0"])
    #expect(memory.settle("a0", works: true).map(\.prompt) == ["a1"])
    #expect(memory.settle("b0", works: true).isEmpty)
    // Settled kinds are asked no more.
    #expect(memory.next(30) { _ in true }.map { $0.prompt.prefix(1) } == Array(repeating: "f", count: 9))
  }

  @Test("a kind that fails three times is forgotten; an answer that nobody could judge is no try and no success")
  func fails() {
    var memory = recollection(relatives: 5)
    for name in ["a0", "a1", "a2", "a3"] {
      let asked = memory.next(2) { _ in true }.map(\.prompt)
      #expect(asked.contains(name))
      #expect(memory.settle(name, works: name == "a1" ? nil : false).isEmpty)
      if asked.contains("b0") { #expect(memory.settle("b0", works: false).isEmpty) }
    }
    let rest = memory.next(30) { _ in true }.map(\.prompt)
    #expect(!rest.isEmpty && rest.allSatisfy { $0.hasPrefix("f") })
  }

  @Test("trust is the share of what used to work that still does")
  func trust() {
    var memory = recollection(relatives: 3)
    #expect(memory.trust == 1)
    _ = memory.next(2) { _ in true }
    _ = memory.settle("a0", works: false)
    #expect(memory.trust == 0.5)
    _ = memory.settle("b0", works: nil)
    #expect(memory.trust == 0.5, "nothing was shown")
    _ = memory.next(2) { _ in true }
    _ = memory.settle("a1", works: true)
    #expect(memory.trust == 2.0 / 3)
    // Old failures say nothing of it.
    _ = memory.next(9) { _ in true }
    _ = memory.settle("f0", works: false)
    #expect(memory.trust == 2.0 / 3)
  }

  @Test("what was asked already is passed over, without a question")
  func asked() {
    var memory = recollection(limit: 2)
    #expect(Set(memory.next(5) { $0 != "a0" }.map(\.prompt)) == ["a1", "b0"])
    var known = recollection()
    #expect(known.next(5) { _ in false }.isEmpty)
    #expect(known.next(5) { _ in true }.isEmpty)
  }

  @Test("nothing more is asked of a kind while an answer is awaited")
  func waiting() {
    var memory = recollection(relatives: 5)
    #expect(memory.next(2) { _ in true }.count == 2)
    #expect(memory.next(1) { _ in true }.map { $0.prompt.prefix(1) } == ["f"])
    _ = memory.settle("a0", works: false)
    #expect(memory.next(1) { _ in true }.map(\.prompt) == ["a1"])
  }

  @Test("questions keep to their limit, and old failures of every quantile to a third of it")
  func limit() {
    var memory = recollection(limit: 9)
    let asked = memory.next(100) { _ in true }.map(\.prompt)
    #expect(Set(asked) == ["a0", "b0", "f0", "f3", "f6"])
    _ = memory.settle("a0", works: false)
    #expect(memory.next(100) { _ in true }.map(\.prompt) == ["a1"])
    var small = recollection(limit: 1)
    #expect(small.next(100) { _ in true }.count == 1)
    _ = small.settle("a0", works: false)
    #expect(small.next(100) { _ in true }.isEmpty)
  }
}
