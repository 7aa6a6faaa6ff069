import Core
import LanguageModels
import Tokenizers

/// Trains the embedder: each prompt's vector is drawn to a target that its meaning fixes, so paraphrases come close.
///
/// Category and framing have a direction each, all at right angles; a cell's target is their sum at unit length. Two cells then
/// have cosine 1/2 when they share a category or a framing, else 0: at a threshold of 0.7 they are different attacks, and paraphrases of one
/// cell (cosine near 1) are the same. Harmless errands have directions of their own, under the same framings.
struct EmbedderTraining: Sendable {
  let encoder: Encoder
  let schedule: Schedule

  func run(seed: UInt64, report: (_ step: Int, _ loss: Double) -> Void) throws -> SentenceEncoder {
    let architecture = LabModels.encoder(vocabulary: encoder.tokenizer.vocabularySize)
    var random = SeededGenerator(seed: seed, stream: "lab embedder")
    let directions = try Directions(width: architecture.width, &random)
    var weights = Weights.random(architecture, seed: random.next())
    var optimizer = AdamW(count: weights.values.count, learningRate: schedule.learningRate)
    var losses = LossWindow()
    let encoding = Encoding(pooling: .mean)
    for step in 0..<schedule.steps {
      let examples = (0..<schedule.batch).map { _ in Self.example(&random, directions) }
      var (loss, gradient) = encoding.gradient(examples.map { encoder.tokens($0.prompt) }, weights) { pooled in
        Self.cosineLoss(pooled, targets: examples.map(\.target))
      }
      clipNorm(&gradient, limit: 1)
      var values = weights.values
      optimizer.update(&values, gradient: gradient, rate: schedule.rate(step))
      weights = Weights(layout: weights.layout, values: values)
      losses.add(loss, step: step, of: schedule.steps, report: report)
    }
    return SentenceEncoder(weights: weights, tokenizer: encoder.tokenizer)
  }

  /// Mean of 1 − cos(v, target), and its gradient on each v: −(t − cos·v/|v|)/|v|. Targets have unit length.
  static func cosineLoss(_ pooled: [[Float]], targets: [[Float]]) -> (value: Double, slopes: [[Float]]) {
    var total = 0.0
    let count = Float(pooled.count)
    let slopes = zip(pooled, targets).map { vector, target -> [Float] in
      let length = max(1e-6, vector.reduce(Float(0)) { $0 + $1 * $1 }.squareRoot())
      let cosine = zip(vector, target).reduce(Float(0)) { $0 + $1.0 * $1.1 } / length
      total += Double(1 - cosine)
      return zip(vector, target).map { -($1 - cosine * $0 / length) / (length * count) }
    }
    return (total / Double(pooled.count), slopes)
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

  /// Random ones, made orthogonal by Gram and Schmidt.
  /// - Throws: `InternalError` where `width` has no room for that many.
  init(width: Int, _ random: inout SeededGenerator) throws {
    let count = Category.allCases.count + Framing.allCases.count + Benign.errands.count
    guard count <= width else { throw InternalError("\(count) directions need more than \(width) dimensions") }
    var vectors: [[Float]] = []
    while vectors.count < count {
      var vector = (0..<width).map { _ in Float(random.normal()) }
      for other in vectors {
        let share = zip(vector, other).reduce(Float(0)) { $0 + $1.0 * $1.1 }
        for i in 0..<width { vector[i] -= share * other[i] }
      }
      vectors.append(normalised(vector))
    }
    self.vectors = vectors
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
