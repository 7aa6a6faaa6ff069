import Core
import Foundation
import Lab
import LanguageModels
import Tokenizers

/// The archipelago's reference attacker and its embedder, trained from a seed and kept under `.build-bench`.
struct ArchipelagoModels: Sendable {
  let attacker: CausalLanguageModel
  let embedder: SentenceEncoder

  /// How long the two train.
  struct Schedules: Sendable {
    var attacker = Schedule(steps: 1_500, batch: 32, learningRate: 2e-3)
    var embedder = Schedule(steps: 1_500, batch: 32, learningRate: 2e-3)
  }

  /// Most tokens; as many come out as make every word one.
  private static let vocabulary = 1_280
  private static let (end, begin) = ("<|end|>", "<|attacker|>")

  /// Loads the models of `seed` from their folder, or trains them into it: a few minutes on two cores.
  /// - Parameter parent: where the folder is.
  /// - Throws: `SluiceError` where files can't be written or read.
  static func load(
    seed: UInt64, parent: URL, schedules: Schedules = Schedules(), report: @escaping @Sendable (String) -> Void
  ) throws -> ArchipelagoModels {
    // Another language or schedule makes other models.
    let identity = StableHash.fnv1a("\(Slot.allCases.map(\.wordings)) \(schedules) \(vocabulary)".utf8)
    let folder = parent.appendingPathComponent("models-\(seed)-\(String(hexadecimal: identity))")
    if !FileManager.default.fileExists(atPath: folder.path) {
      // Half of them is never found: the folder gets its name when it is whole.
      let unfinished = parent.appendingPathComponent("unfinished-\(ProcessInfo.processInfo.processIdentifier)")
      try train(seed: seed, schedules, into: unfinished.path, report: report)
      try FileManager.default.moveItem(at: unfinished, to: folder)
    }
    return ArchipelagoModels(
      attacker: try CausalLanguageModel.load(folder: "\(folder.path)/attacker"),
      embedder: try SentenceEncoder.load(folder: "\(folder.path)/embedder"))
  }

  private static func train(
    seed: UInt64, _ schedules: Schedules, into folder: String, report: @escaping @Sendable (String) -> Void
  ) throws {
    let grammar = RequestGrammar()
    let vocabulary = try vocabulary(of: grammar, seed: seed)
    for name in ["attacker", "embedder"] { try vocabulary.write(folder: "\(folder)/\(name)", endOfText: end) }
    let tokenizer = try vocabulary.tokenizer()
    let jobs: [@Sendable () throws -> Void] = [
      {
        try attacker(grammar, tokenizer, seed: seed, schedules.attacker, report: report)
          .save(folder: "\(folder)/attacker")
      },
      {
        try embedder(grammar, tokenizer, seed: seed, schedules.embedder, report: report)
          .save(folder: "\(folder)/embedder")
      },
    ]
    _ = try JobQueue.run(jobs, workers: jobs.count)
  }

  /// Learnt from sentences with every value equally often, so that rare words aren't spelt in pieces.
  static func vocabulary(of grammar: RequestGrammar, seed: UInt64) throws -> BytePairVocabulary {
    var generator = SeededGenerator(seed: seed, stream: "archipelago tokenizer")
    let texts = (0..<10_000).map { _ in sentence(anyValues(&generator), grammar, &generator) }
    return try BytePairTrainer(vocabularySize: vocabulary, specialTokens: [end, begin]).train(on: texts)
  }

  private static func anyValues(_ generator: inout SeededGenerator) -> [Int] {
    Slot.allCases.map { Int.random(in: 0..<$0.count, using: &generator) }
  }

  private static func sentence(
    _ values: [Int], _ grammar: RequestGrammar, _ generator: inout SeededGenerator
  ) -> String {
    grammar.sentence(values) { Int.random(in: 0..<$0, using: &generator) }
  }

  /// The lab's architecture, by maximum likelihood on requests as `RequestMass` has them.
  private static func attacker(
    _ grammar: RequestGrammar, _ tokenizer: Tokenizer, seed: UInt64, _ schedule: Schedule, report: (String) -> Void
  ) throws -> CausalLanguageModel {
    guard let first = tokenizer.id(of: begin), let last = tokenizer.id(of: end) else {
      throw InternalError("the archipelago's tokenizer lacks its marks")
    }
    let architecture = Architecture(
      family: .gpt2, vocabulary: tokenizer.vocabularySize, context: 64, width: 128, layers: 4, heads: 4)
    var generator = SeededGenerator(seed: seed, stream: "archipelago attacker")
    let mass = RequestMass(seed: seed)
    let weights = DecoderTraining(prefix: [Int32(first)], schedule: schedule).run(
      from: Weights.random(architecture, seed: generator.next()), random: &generator,
      report: { report("attacker: step \($0), loss \(String(format: "%.3f", $1))") }
    ) { generator in
      let text = sentence(mass.draw(&generator), grammar, &generator)
      return ((tokenizer.encode(text) + [last]).map { Int32($0) }, 0)
    }
    return CausalLanguageModel(weights: weights, tokenizer: tokenizer, promptTemplate: begin, endTokens: [last])
  }

  /// Framing, category and pretext have a direction each, all at right angles; a kind's vector is their sum at unit length. Kinds
  /// that share two of the three have cosine 2/3: at the threshold of 0.7 they are different attacks.
  private static func embedder(
    _ grammar: RequestGrammar, _ tokenizer: Tokenizer, seed: UInt64, _ schedule: Schedule, report: (String) -> Void
  ) throws -> SentenceEncoder {
    let architecture = Architecture(
      family: .bert, vocabulary: tokenizer.vocabularySize, context: 64, width: 96, layers: 2, heads: 4)
    var generator = SeededGenerator(seed: seed, stream: "archipelago embedder")
    let slots = [Slot.framing, .category, .pretext]
    let directions = try CosineTraining.directions(
      slots.reduce(0) { $0 + $1.count }, width: architecture.width, &generator)
    let weights = CosineTraining(schedule: schedule).run(
      from: Weights.random(architecture, seed: generator.next()), random: &generator,
      report: { report("embedder: step \($0), loss \(String(format: "%.3f", $1))") }
    ) { generator in
      let values = anyValues(&generator)
      var target = [Float](repeating: 0, count: architecture.width)
      var first = 0
      for slot in slots {
        for (place, part) in directions[first + values[slot.rawValue]].enumerated() { target[place] += part }
        first += slot.count
      }
      return (tokenizer.encode(sentence(values, grammar, &generator)).map { Int32($0) }, normalised(target))
    }
    return SentenceEncoder(weights: weights, tokenizer: tokenizer)
  }
}
