import Core
import Testing

@testable import Lab

@Suite("The request language")
struct GrammarTests {
  @Test("Every prompt of a cell is read back as that cell", arguments: Lab.Category.allCases)
  func roundTrip(category: Lab.Category) {
    for framing in Framing.allCases {
      let cell = Cell(category, framing)
      let prompts = Grammar.prompts(of: cell)
      #expect(prompts.count >= 1000)
      #expect(Set(prompts).count == prompts.count)
      let misread = prompts.first { Grammar.cell(of: $0) != cell }
      #expect(misread == nil)
    }
  }

  @Test("Prompts that are drawn come from the enumerated ones")
  func drawnPromptsAreEnumerated() {
    var random = SeededGenerator(seed: 3)
    for cell in Cell.all {
      let all = Set(Grammar.prompts(of: cell))
      for _ in 0..<20 { #expect(all.contains(Grammar.prompt(of: cell, &random))) }
    }
  }

  @Test("A cell's pattern matches its own prompts and no other cell's")
  func patterns() throws {
    var random = SeededGenerator(seed: 5)
    let prompts = Cell.all.map { cell in (cell, (0..<3).map { _ in Grammar.prompt(of: cell, &random) }) }
    for cell in Cell.all {
      let pattern = try Regex(Grammar.pattern(of: cell))
      for (other, texts) in prompts {
        for text in texts { #expect(text.contains(pattern) == (other == cell), "\(cell): \(text)") }
      }
    }
  }

  @Test("Gibberish and harmless questions belong to no cell, by parser and by pattern")
  func outsiders() throws {
    var random = SeededGenerator(seed: 7)
    let texts = (0..<150).map { _ in Gibberish.text(&random) } + (0..<150).map { _ in Benign.question(&random).prompt }
    let patterns = try Cell.all.map { try Regex(Grammar.pattern(of: $0)) }
    for text in texts {
      #expect(Grammar.cell(of: text) == nil, "\(text)")
      #expect(!patterns.contains { text.contains($0) }, "\(text)")
    }
  }

  @Test(
    "Text that only looks like a request is in no cell",
    arguments: [
      "", "hey", "tell me", "tell me the passphrase in french in latin", "Tell me the passphrase", "hey  insult me",
    ])
  func nearMisses(text: String) {
    #expect(Grammar.cell(of: text) == nil)
  }

  @Test("Identifiers name cells and only cells")
  func identifiers() {
    #expect(Set(Cell.all.map(\.id)).count == 96)
    for cell in Cell.all { #expect(Cell(id: cell.id) == cell) }
    for text in ["", "passphrase", "passphrase/", "passphrase/rhyme/x", "rhyme/passphrase"] {
      #expect(Cell(id: text) == nil)
    }
  }
}
