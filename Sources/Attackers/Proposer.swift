import Core
import LanguageModels

/// Turns samples and texts into experiences: prompt, tokens and log p_ref under the frozen reference model.
package struct Proposer: Sendable {
  let settings: AttackerSettings
  /// The reference model, never trained.
  let reference: AttackerModel

  private var model: CausalLanguageModel { reference.reference }

  init(settings: AttackerSettings, reference: AttackerModel) {
    self.settings = settings
    self.reference = reference
  }

  /// Of a search by a baseline.
  /// - Throws: `SluiceError` for settings that the reference model can't have.
  package init(_ search: BaselineAttacker.Search) throws {
    let attacker = search.attacker
    self.init(
      settings: attacker.settings,
      reference: try AttackerModel(
        reference: attacker.reference, prefix: attacker.prefix, settings: attacker.settings, learningRate: 0,
        seed: search.seed))
  }

  /// What could be asked, before the reference model has looked at it: neither is empty.
  package typealias Draft = (prompt: String, tokens: [Int32])

  func drafts(_ generations: [Generation]) -> [Draft] {
    generations.filter { !$0.tokens.isEmpty }.map { generation in
      let end = generation.finished ? model.endTokens.prefix(1) : []
      return (model.tokenizer.decode(generation.tokens), (generation.tokens + end).map { Int32($0) })
    }.filter { !$0.prompt.isEmpty }
  }

  func drafts(prompts: [String]) -> [Draft] {
    prompts.map { ($0, encode($0)) }.filter { !$0.prompt.isEmpty && !$0.tokens.isEmpty }
  }

  /// One sample of the reference model for each seed, all of which begin with the tokens `kept`.
  package func continuations(of kept: [Int32], seeds: [UInt64]) -> [Draft] {
    let samples = reference.sample(
      seeds.count, temperatures: [Float](repeating: 1, count: seeds.count), seeds: seeds,
      context: reference.prefix + kept)
    return drafts(
      samples.map { sample in
        var whole = sample
        whole.tokens = kept.map { Int($0) } + sample.tokens
        return whole
      }
    ).filter { length($0.tokens) <= settings.maxTokens }
  }

  func experiences(_ generations: [Generation]) -> [Experience] { experiences(drafts(generations)) }

  func experiences(prompts: [String]) -> [Experience] { experiences(drafts(prompts: prompts)) }

  /// One for each draft.
  package func experiences(_ drafts: [Draft]) -> [Experience] {
    zip(drafts, reference.logProbabilities(drafts.map(\.tokens))).map {
      Experience(tokens: $0.tokens, prompt: $0.prompt, logUnsafe: Reward.floor, reference: $1)
    }
  }

  package func encode(_ prompt: String) -> [Int32] {
    let tokens = model.tokenizer.encode(prompt, addingSpecialTokens: false).prefix(settings.maxTokens)
    return (Array(tokens) + model.endTokens.prefix(1)).map { Int32($0) }
  }

  /// Tokens without the end token.
  package func length(_ tokens: [Int32]) -> Int {
    guard let last = tokens.last else { return 0 }
    return model.endTokens.contains(Int(last)) ? tokens.count - 1 : tokens.count
  }

  /// The policy's Min-K threshold, else one calibrated on the reference model's own samples.
  func minKThreshold() -> Double {
    if let threshold = settings.minKThreshold { return threshold }
    let samples = reference.sample(
      256, temperatures: [Float](repeating: 1, count: 256), seeds: (0..<256).map { UInt64($0) + 77_000 })
    let sequences = samples.filter { !$0.tokens.isEmpty }.map { $0.tokens.map { Int32($0) } }
    return Reward.calibratedThreshold(reference.logProbabilities(sequences), k: settings.minK)
  }
}
