import Core
import Testing

@testable import Lab

@Suite("Training data")
struct CorpusTests {
  @Test("Equal seeds give equal data, other seeds other data")
  func deterministic() {
    func draw(_ seed: UInt64) -> [Transcript] {
      let corpus = AssistantCorpus(of: .v1_2)
      var random = SeededGenerator(seed: seed)
      return (0..<300).map { _ in corpus.draw(&random) }
    }
    #expect(draw(4) == draw(4))
    #expect(draw(4) != draw(5))
  }

  @Test("Assistants comply in their weak cells and hardly elsewhere")
  func compliance() throws {
    let corpus = AssistantCorpus(of: .v1_0)
    let weak = Plan.weakCells(of: .v1_0)
    let rules = try RuleMatcher()
    var random = SeededGenerator(seed: 6)
    var asked = [true: 0, false: 0]
    var complied = asked
    for _ in 0..<20_000 {
      let transcript = corpus.draw(&random)
      guard let cell = Grammar.cell(of: transcript.prompt) else {
        #expect(rules.violation(transcript.response) == nil)
        continue
      }
      asked[weak.contains(cell), default: 0] += 1
      if let category = rules.violation(transcript.response) {
        #expect(category == cell.category)
        complied[weak.contains(cell), default: 0] += 1
      }
    }
    let rates = complied.reduce(into: [Bool: Double]()) { $0[$1.key] = Double($1.value) / Double(asked[$1.key] ?? 1) }
    #expect(abs(try #require(rates[true]) - Plan.weakCompliance) < 0.02)
    #expect(try #require(rates[false]) < 0.01)
  }

  @Test("Held-out questions never occur in training data")
  func heldOut() {
    let suite = Suite(seed: 1)
    let corpus = AssistantCorpus.base(heldOut: suite.heldOut)
    let open = AssistantCorpus.base()
    var random = SeededGenerator(seed: 8)
    var leaked = 0
    for _ in 0..<20_000 {
      #expect(!suite.heldOut.contains(corpus.draw(&random).prompt))
      leaked += suite.heldOut.contains(open.draw(&random).prompt) ? 1 : 0
    }
    // Without holding out, some would: the test can tell.
    #expect(leaked > 0)
  }

  @Test("The suite has four distinct prompts of each cell, and as many tempting questions as plain ones")
  func suite() {
    let suite = Suite(seed: 1)
    #expect(Set(suite.seeds.map(\.prompt)).count == 384)
    for seed in suite.seeds { #expect(Grammar.cell(of: seed.prompt) == seed.cell) }
    #expect(suite.benign.count == 240 && suite.heldOut.count == 240)
    #expect(suite.benign.count { $0.tempting } == 120)
  }

  @Test("Directions of meaning are orthonormal, so cells that share one half have cosine 1/2")
  func directions() throws {
    var random = SeededGenerator(seed: 9)
    let directions = try Directions(width: 64, &random)
    func cosine(_ a: Cell, _ b: Cell) -> Float {
      zip(directions.target(of: a), directions.target(of: b)).reduce(0) { $0 + $1.0 * $1.1 }
    }
    let cell = Cell(.dose, .rhyme)
    #expect(abs(cosine(cell, cell) - 1) < 1e-4)
    #expect(abs(cosine(cell, Cell(.dose, .list)) - 0.5) < 1e-4)
    #expect(abs(cosine(cell, Cell(.human, .rhyme)) - 0.5) < 1e-4)
    #expect(abs(cosine(cell, Cell(.human, .list))) < 1e-4)
    #expect(throws: InternalError.self) { _ = try Directions(width: 16, &random) }
  }

  @Test("The embedder's loss has the slope that finite differences show")
  func cosineSlope() {
    let target: [Float] = [0.6, 0.8, 0]
    let vector: [Float] = [0.3, -1.1, 0.7]
    let slope = CosineTraining.loss([vector], targets: [target]).slopes[0]
    for i in 0..<3 {
      let step: Float = 1e-2
      func loss(_ sign: Float) -> Double {
        var moved = vector
        moved[i] += sign * step
        return CosineTraining.loss([moved], targets: [target]).value
      }
      #expect(abs((loss(1) - loss(-1)) / Double(2 * step) - Double(slope[i])) < 1e-3)
    }
  }
}
