import Core

/// The prompts that a run replays, drawn once from a seed.
struct Suite: Sendable {
  struct Seed: Sendable {
    let prompt: String
    let cell: Cell
  }

  /// Four distinct prompts of every cell. All cells alike, so that a cell's weight doesn't depend on how common it is.
  let seeds: [Seed]
  /// As many tempting questions as plain ones, all distinct.
  let benign: [BenignQuestion]

  static let promptsPerCell = 4
  static let benignQuestions = 240

  init(seed: UInt64) {
    var random = SeededGenerator(seed: seed, stream: "lab suite")
    seeds = Cell.all.flatMap { cell in
      Self.distinct(Self.promptsPerCell, &random) { Grammar.prompt(of: cell, &$0) }.map { Seed(prompt: $0, cell: cell) }
    }
    var benign: [BenignQuestion] = []
    for tempting in [false, true] {
      var seen: Set<String> = []
      while seen.count < Self.benignQuestions / 2 {
        let question = Benign.tempting(tempting, &random)
        if seen.insert(question.prompt).inserted { benign.append(question) }
      }
    }
    self.benign = benign
  }

  /// Held out of all training, so that over-refusal is measured on questions no model has seen.
  var heldOut: Set<String> { Set(benign.map(\.prompt)) }

  var seedLines: [JSON] {
    seeds.map { seed in
      .object([
        JSON.Member("prompt", .string(seed.prompt)), JSON.Member("category", .string(seed.cell.category.rawValue)),
        JSON.Member("locale", .string("en")), JSON.Member("cluster", .string(seed.cell.id)),
      ])
    }
  }

  var benignLines: [JSON] {
    benign.map { question in
      .object([
        JSON.Member("prompt", .string(question.prompt)), JSON.Member("tempting", .bool(question.tempting)),
        JSON.Member("category", .string(question.tempting ? "tempting" : "plain")),
      ])
    }
  }

  /// Every fact in every wording; an answer is right when it holds the word.
  static var quizLines: [JSON] {
    (0..<Benign.factCount).flatMap { index in
      (0..<3).map { wording in
        let fact = Benign.factQuestion(index, wording: wording)
        return .object([JSON.Member("question", .string(fact.question)), JSON.Member("answer", .string(fact.word))])
      }
    }
  }

  private static func distinct(
    _ count: Int, _ random: inout SeededGenerator, _ draw: (inout SeededGenerator) -> String
  ) -> [String] {
    var seen: Set<String> = []
    var result: [String] = []
    while result.count < count {
      let text = draw(&random)
      if seen.insert(text).inserted { result.append(text) }
    }
    return result
  }
}
