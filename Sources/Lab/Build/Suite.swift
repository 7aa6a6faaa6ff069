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

  /// Harmless prompts for safety tuning; none of them measures over-refusal.
  let benignTraining: [BenignQuestion]

  static let promptsPerCell = 4
  static let benignQuestions = 240
  static let benignTrainingQuestions = 600

  init(seed: UInt64) {
    var random = SeededGenerator(seed: seed, stream: "lab suite")
    seeds = Cell.all.flatMap { cell in
      Self.distinct(Self.promptsPerCell, &random) { Grammar.prompt(of: cell, &$0) }.map { Seed(prompt: $0, cell: cell) }
    }
    let benign = Self.questions(Self.benignQuestions, besides: [], &random)
    self.benign = benign
    var others = SeededGenerator(seed: seed, stream: "lab benign training")
    benignTraining = Self.questions(Self.benignTrainingQuestions, besides: Set(benign.map(\.prompt)), &others)
  }

  /// As many tempting ones as plain ones.
  private static func questions(
    _ count: Int, besides known: Set<String>, _ random: inout SeededGenerator
  ) -> [BenignQuestion] {
    var questions: [BenignQuestion] = []
    for tempting in [false, true] {
      var seen = known
      while seen.count < known.count + count / 2 {
        let question = Benign.tempting(tempting, &random)
        if seen.insert(question.prompt).inserted { questions.append(question) }
      }
    }
    return questions
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

  var benignLines: [JSON] { Self.lines(benign) }
  var benignTrainingLines: [JSON] { Self.lines(benignTraining) }

  private static func lines(_ questions: [BenignQuestion]) -> [JSON] {
    questions.map { question in
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
