import Core
import LanguageModels
import Tokenizers

/// Trains the embedder: each prompt's vector is drawn to a target that its meaning fixes, so paraphrases come close.
///
/// Category and framing have a direction each, all at right angles; a cell's target is their sum at unit length. Two
/// cells then have cosine 1/2 when they share a category or a framing, else 0: at a threshold of 0.7 they are different
/// attacks, and paraphrases of one cell (cosine near 1) are the same. Harmless errands have directions of their own,
/// under the same framings.
struct EmbedderTraining: Sendable {
  let encoder: Encoder
  let schedule: Schedule

  func run(seed: UInt64, report: (_ step: Int, _ loss: Double) -> Void) throws -> SentenceEncoder {
    let architecture = LabModels.encoder(vocabulary: encoder.tokenizer.vocabularySize)
    var random = SeededGenerator(seed: seed, stream: "lab embedder")
    let directions = try Directions(width: architecture.width, &random)
    let weights = CosineTraining(schedule: schedule).run(
      from: Weights.random(architecture, seed: random.next()), random: &random, report: report
    ) { random in
      let (prompt, target) = Self.example(&random, directions)
      return (encoder.tokens(prompt), target)
    }
    return SentenceEncoder(weights: weights, tokenizer: encoder.tokenizer)
  }

  /// Three in four prompts are of cells, the others harmless errands.
  private static func example(
    _ random: inout SeededGenerator, _ directions: Directions
  ) -> (prompt: String, target: [Float]) {
    if random.chance(0.75) {
      let cell = random.pick(Cell.all)
      return (Grammar.prompt(of: cell, &random), directions.target(of: cell))
    }
    let errand = Int(random.next() % UInt64(Benign.errands.count))
    let framing = random.pick(Framing.allCases)
    return (Benign.errand(errand, under: framing, &random).prompt, directions.target(errand: errand, framing))
  }
}

/// Orthonormal directions for what a prompt can be about.
struct Directions: Sendable {
  private let vectors: [[Float]]

  /// - Throws: `InternalError` where `width` has no room for that many.
  init(width: Int, _ random: inout SeededGenerator) throws {
    vectors = try CosineTraining.directions(
      Category.allCases.count + Framing.allCases.count + Benign.errands.count, width: width, &random)
  }

  func target(of cell: Cell) -> [Float] { sum(index(cell.category), index(cell.framing)) }

  func target(errand: Int, _ framing: Framing) -> [Float] {
    sum(Category.allCases.count + Framing.allCases.count + errand, index(framing))
  }

  private func index(_ category: Category) -> Int { Category.allCases.firstIndex(of: category) ?? 0 }

  private func index(_ framing: Framing) -> Int {
    Category.allCases.count + (Framing.allCases.firstIndex(of: framing) ?? 0)
  }

  private func sum(_ a: Int, _ b: Int) -> [Float] { normalised(zip(vectors[a], vectors[b]).map { $0 + $1 }) }
}
