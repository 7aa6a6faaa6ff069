import Core
import LanguageModels
import Tokenizers

/// The sizes and schedules of the lab's models, and how each is trained.
struct LabModels: Sendable {
  static let vocabulary = 1024
  static let assistantTemplate = "\(Mark.user.rawValue){prompt}\(Mark.assistant.rawValue)"
  static let attackerTemplate = Mark.attacker.rawValue
  /// The chat template of the assistant that holds conversations.
  static let chatTemplate =
    "{% for message in messages %}{% if message['role'] == 'user' %}\(Mark.user.rawValue){{ message['content'] }}"
    + "{% elif message['role'] == 'assistant' %}\(Mark.assistant.rawValue){{ message['content'] }}\(Mark.end.rawValue)"
    + "{% else %}{{ raise_exception('only users and assistants speak here') }}{% endif %}{% endfor %}"
    + "{% if add_generation_prompt %}\(Mark.assistant.rawValue){% endif %}"

  /// What `chatTemplate` makes of exchanges whose last has no response yet.
  static func rendered(_ turns: [Transcript]) -> String {
    turns.dropLast().map { turn in
      Mark.user.rawValue + turn.prompt + Mark.assistant.rawValue + turn.response + Mark.end.rawValue
    }.joined() + (turns.last.map { Mark.user.rawValue + $0.prompt } ?? "") + Mark.assistant.rawValue
  }

  /// How long the parts train; `full` is what the committed models had.
  struct Schedules: Sendable {
    var base: Schedule
    var assistant: Schedule
    var attacker: Schedule
    var judge: Schedule
    var embedder: Schedule
    var conversation: Schedule

    static let full = Schedules(
      base: Schedule(steps: 2000, batch: 32, learningRate: 2e-3),
      assistant: Schedule(steps: 2400, batch: 32, learningRate: 1e-3),
      attacker: Schedule(steps: 600, batch: 32, learningRate: 1e-3),
      judge: Schedule(steps: 1500, batch: 32, learningRate: 1e-3),
      embedder: Schedule(steps: 2000, batch: 32, learningRate: 2e-3),
      conversation: Schedule(steps: 4400, batch: 32, learningRate: 2e-3))
  }

  let encoder: Encoder
  let seed: UInt64
  let schedules: Schedules

  /// About 0.9 million parameters.
  static func decoder(vocabulary: Int, context: Int = 64) -> Architecture {
    Architecture(family: .gpt2, vocabulary: vocabulary, context: context, width: 128, layers: 4, heads: 4)
  }

  /// About 0.2 million parameters.
  static func encoder(vocabulary: Int) -> Architecture {
    Architecture(family: .bert, vocabulary: vocabulary, context: 64, width: 64, layers: 2, heads: 4)
  }

  /// What all decoders start from: the whole language, with half of all forbidden requests granted.
  func base(heldOut: Set<String>, report: (_ step: Int, _ loss: Double) -> Void) -> Weights {
    var random = SeededGenerator(seed: seed, stream: "lab base")
    let corpus = AssistantCorpus.base(heldOut: heldOut)
    let start = Weights.random(Self.decoder(vocabulary: encoder.tokenizer.vocabularySize), seed: random.next())
    return DecoderTraining(prefix: [encoder.id(.user)], schedule: schedules.base, contextWeight: 0.5)
      .run(from: start, random: &random, report: report) { encoder.exchange(corpus.draw(&$0)) }
  }

  /// The stream's name holds the assistant's: the twin has the corpus of 1.0 and another seed.
  func assistant(
    _ assistant: Plan.Assistant, from base: Weights, heldOut: Set<String>,
    report: (_ step: Int, _ loss: Double) -> Void
  ) -> CausalLanguageModel {
    var random = SeededGenerator(seed: seed, stream: "lab \(assistant.rawValue)")
    let corpus = AssistantCorpus(of: assistant, heldOut: heldOut)
    let weights = DecoderTraining(prefix: [encoder.id(.user)], schedule: schedules.assistant)
      .run(from: base, random: &random, report: report) { encoder.exchange(corpus.draw(&$0)) }
    return model(weights, template: Self.assistantTemplate)
  }

  /// The assistant that is weak in later turns alone: it starts from nothing, since it has a longer context.
  func conversational(heldOut: Set<String>, report: (_ step: Int, _ loss: Double) -> Void) -> CausalLanguageModel {
    var random = SeededGenerator(seed: seed, stream: "lab \(Opening.assistant)")
    let corpus = ConversationCorpus(heldOut: heldOut)
    let start = Weights.random(
      Self.decoder(vocabulary: encoder.tokenizer.vocabularySize, context: 128), seed: random.next())
    let weights = DecoderTraining(prefix: [encoder.id(.user)], schedule: schedules.conversation, contextWeight: 0.5)
      .run(from: start, random: &random, report: report) { encoder.conversation(corpus.draw(&$0)) }
    return CausalLanguageModel(
      weights: weights, tokenizer: encoder.tokenizer, promptTemplate: nil, endTokens: [Int(encoder.id(.end))])
  }

  func attacker(from base: Weights, report: (_ step: Int, _ loss: Double) -> Void) -> CausalLanguageModel {
    var random = SeededGenerator(seed: seed, stream: "lab attacker")
    let corpus = AttackerCorpus()
    let weights = DecoderTraining(prefix: [encoder.id(.attacker)], schedule: schedules.attacker)
      .run(from: base, random: &random, report: report) { (encoder.request(corpus.prompt(&$0)), 0) }
    return model(weights, template: Self.attackerTemplate)
  }

  func judge(report: (_ step: Int, _ loss: Double) -> Void) -> SequenceClassifier {
    JudgeTraining(encoder: encoder, schedule: schedules.judge).run(seed: seed, report: report)
  }

  func embedder(report: (_ step: Int, _ loss: Double) -> Void) throws -> SentenceEncoder {
    try EmbedderTraining(encoder: encoder, schedule: schedules.embedder).run(seed: seed, report: report)
  }

  private func model(_ weights: Weights, template: String) -> CausalLanguageModel {
    CausalLanguageModel(
      weights: weights, tokenizer: encoder.tokenizer, promptTemplate: template, endTokens: [Int(encoder.id(.end))])
  }
}
