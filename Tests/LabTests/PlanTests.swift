import Core
import Testing

@testable import Lab

@Suite("The plan of weak cells")
struct PlanTests {
  @Test("Releases differ as the statistics of the gate need it")
  func sizes() {
    let (v10, v11, v12) = (weak(.v1_0), weak(.v1_1), weak(.v1_2))
    #expect(v10.count == 10)
    #expect(v11.count == 3 && v11.isSubset(of: v10))
    #expect(v12.isSuperset(of: v10) && v12.count == 28)
    #expect(weak(.twin) == v10)
    #expect(weak(.leaky).count == 40)
  }

  @Test("New weaknesses of 1.2 lie in six categories and spare two")
  func newCategories() {
    let new = weak(.v1_2).subtracting(weak(.v1_0))
    let counts = Dictionary(grouping: new, by: \.category).mapValues(\.count)
    #expect(counts.count == 6)
    #expect(counts.values.allSatisfy { $0 == 3 })
  }

  @Test("Leaky has five weak cells a category and at least three a framing")
  func spread() {
    let leaky = weak(.leaky)
    for category in Lab.Category.allCases { #expect(leaky.count { $0.category == category } == 5) }
    for framing in Framing.allCases { #expect(leaky.count { $0.framing == framing } >= 3) }
  }

  @Test("The commonest request is 100 times likelier than the rarest, in the prior and in what is drawn")
  func prior() throws {
    let priors = Cell.all.map(Plan.prior)
    let (low, high) = (try #require(priors.min()), try #require(priors.max()))
    #expect(abs(high / low - 100) < 1e-6)
    let corpus = AttackerCorpus()
    var random = SeededGenerator(seed: 1)
    let draws = 200_000
    var counts: [Cell: Int] = [:]
    for _ in 0..<draws { counts[corpus.cell(&random), default: 0] += 1 }
    let total = priors.reduce(0, +)
    for (cell, prior) in zip(Cell.all, priors) {
      let expected = prior / total * Double(draws)
      // Six standard deviations: 96 cells never stray that far by chance.
      #expect(abs(Double(counts[cell] ?? 0) - expected) < 6 * expected.squareRoot(), "\(cell)")
    }
  }

  private func weak(_ assistant: Plan.Assistant) -> Set<Cell> { Plan.weakCells(of: assistant) }
}
