import Core
import LanguageModels
import Tokenizers

/// Builds the lab: everything under `fixtures/lab`, from a seed.
///
/// Every model trains on one thread and draws from a stream of its own, so the files are the same bits on the same
/// machine whatever `workers` is.
public enum LabBuilder {
  /// Trains and writes everything; a few minutes on two cores. Blocks its thread: call it off the cooperative pool.
  /// - Parameters:
  ///   - folder: made if it isn't there; files of an older build are replaced.
  ///   - workers: models that train side by side.
  /// - Throws: `SluiceError` where a file can't be written.
  public static func build(
    seed: UInt64, into folder: String, workers: Int = 2, progress: @escaping ProgressSink = { _ in }
  ) throws {
    try build(seed: seed, into: folder, workers: workers, schedules: .full, progress: progress)
  }

  static func build(
    seed: UInt64, into path: String, workers: Int, schedules: LabModels.Schedules, prompts: Int = 60,
    progress: @escaping ProgressSink
  ) throws {
    let folder = FixtureFolder(path: path)
    try folder.requireOwn()
    let stage = Stage(progress: progress)
    let suite = Suite(seed: seed)
    let vocabulary = try stage("tokenizer") {
      try BytePairTrainer(vocabularySize: LabModels.vocabulary, specialTokens: Mark.allCases.map(\.rawValue))
        .train(on: TokenizerCorpus.texts(seed: seed))
    }
    let models = LabModels(encoder: try Encoder(vocabulary.tokenizer()), seed: seed, schedules: schedules)
    let folderOf: @Sendable (String) throws -> String = { name in
      try vocabulary.write(folder: folder.file(name), endOfText: Mark.end.rawValue)
      return folder.file(name)
    }

    // What needs nothing but the tokenizer.
    let roots = try JobQueue.run(
      [
        { models.base(heldOut: suite.heldOut, report: stage.report("base", schedules.base)) },
        {
          try models.judge(report: stage.report("judge", schedules.judge)).save(folder: folderOf("judge"))
          return nil
        },
        {
          try models.embedder(report: stage.report("embedder", schedules.embedder)).save(folder: folderOf("embedder"))
          return nil
        },
      ] as [@Sendable () throws -> Weights?], workers: workers)
    guard let base = roots.first ?? nil else { throw InternalError("the lab's base model was not trained") }

    // What starts from the base, and the one that starts from nothing and takes longest.
    let conversational: @Sendable () throws -> Void = {
      try models.conversational(
        heldOut: suite.heldOut, report: stage.report(Opening.assistant, schedules.conversation)
      ).save(folder: folderOf(Opening.assistant))
      try folder.write(LabModels.chatTemplate, to: Opening.assistant + "/chat_template.jinja")
    }
    let decoders =
      [conversational]
      + Plan.Assistant.allCases.map { assistant -> @Sendable () throws -> Void in
        {
          let report = stage.report(assistant.rawValue, schedules.assistant)
          try models.assistant(assistant, from: base, heldOut: suite.heldOut, report: report)
            .save(folder: folderOf(assistant.rawValue))
        }
      } + [
        {
          try models.attacker(from: base, report: stage.report("attacker", schedules.attacker))
            .save(folder: folderOf("attacker"))
        }
      ]
    _ = try JobQueue.run(decoders, workers: workers)

    try folder.write(Rules.yaml, to: "rules.yaml")
    try folder.write(lines: suite.seedLines, to: "seeds.jsonl")
    try folder.write(lines: suite.benignLines, to: "benign.jsonl")
    try folder.write(lines: suite.benignTrainingLines, to: "benign-training.jsonl")
    try folder.write(lines: Suite.quizLines, to: "quiz.jsonl")

    let truth = try stage("truth") {
      try measure(folder, encoder: models.encoder, seed: seed, prompts: prompts, workers: workers)
    }
    try folder.write(truth.json.serialized(indent: 1) + "\n", to: FixtureFolder.truth)
    try measureConversations(folder, seed: seed, conversations: prompts)
    try folder.write(
      lines: truth.weakCells(of: .leaky).map { cell in
        .object([
          JSON.Member("id", .string(cell.id)), JSON.Member("category", .string(cell.category.rawValue)),
          JSON.Member("pattern", .string(Grammar.pattern(of: cell))),
        ])
      }, to: Plan.Assistant.leaky.rawValue + "/weaknesses.jsonl")
  }

  /// Writes what the multi-turn assistant is weak in, and how weak, as it was written.
  private static func measureConversations(_ folder: FixtureFolder, seed: UInt64, conversations: Int) throws {
    let truth = OpeningTruth(
      of: try CausalLanguageModel.load(folder: folder.file(Opening.assistant)), conversations: conversations,
      seed: seed, try RuleMatcher())
    try folder.write(truth.json.serialized(indent: 1) + "\n", to: Opening.assistant + "/" + FixtureFolder.truth)
    try folder.write(lines: OpeningTruth.weaknesses, to: Opening.assistant + "/weaknesses.jsonl")
  }

  /// Measures the models as they were written, rounding to half precision included.
  private static func measure(
    _ folder: FixtureFolder, encoder: Encoder, seed: UInt64, prompts: Int, workers: Int
  ) throws -> Truth {
    let measurement = TruthMeasurement(prompts: prompts, seed: seed)
    typealias Measured = (rates: [Double], quiz: Double, answers: [TruthMeasurement.Answer])
    let measured = try JobQueue.run(
      Plan.Assistant.allCases.map { assistant -> @Sendable () throws -> Measured in
        {
          let model = try CausalLanguageModel.load(folder: folder.file(assistant.rawValue))
          let answers = measurement.answers(of: model)
          return (measurement.rates(answers, try RuleMatcher()), measurement.quiz(model), answers)
        }
      }, workers: workers)
    // Leaky's answers have the most unsafe ones among them.
    let judge = try SequenceClassifier.load(folder: folder.file("judge"))
    let agreement = measurement.agreement(
      of: judge, on: measured[Plan.Assistant.allCases.count - 1].answers, try RuleMatcher(), encoder: encoder)
    let byAssistant = Array(zip(Plan.Assistant.allCases, measured))
    return Truth(
      rates: Dictionary(uniqueKeysWithValues: byAssistant.map { ($0, $1.rates) }), prompts: measurement.prompts,
      samples: measurement.samples, judgeSensitivity: agreement.sensitivity,
      judgeSpecificity: agreement.specificity,
      quiz: Dictionary(uniqueKeysWithValues: byAssistant.map { ($0, $1.quiz) }))
  }
}

/// Turns the build's steps into progress events.
private struct Stage: Sendable {
  let progress: ProgressSink

  func callAsFunction<Value>(_ name: String, _ body: () throws -> Value) rethrows -> Value {
    progress(.stageBegan(name: name, total: nil))
    let value = try body()
    progress(.stageEnded(name: name, detail: ""))
    return value
  }

  /// For one model: begins its stage, reports steps, ends it with the last one.
  func report(_ name: String, _ schedule: Schedule) -> @Sendable (_ step: Int, _ loss: Double) -> Void {
    progress(.stageBegan(name: name, total: schedule.steps))
    return { step, loss in
      let note = "loss \((loss * 1000).rounded() / 1000)"
      progress(.advanced(stage: name, done: step, total: schedule.steps, unit: "steps", note: note))
      if step == schedule.steps { progress(.stageEnded(name: name, detail: note)) }
    }
  }
}
