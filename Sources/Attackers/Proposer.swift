import Core

/// Turns samples and texts into experiences: prompt, tokens and log p_ref under the frozen reference model.
package struct Proposer: Sendable {
  let settings: AttackerSettings
  /// The reference model, never trained.
  let reference: AttackerModel
  private let engine: any AttackerEngine
  private let endTokens: [Int32]

  init(_ loaded: LoadedEngine, settings: AttackerSettings) {
    self.settings = settings
    engine = loaded.engine
    endTokens = loaded.description.endTokens
    reference = AttackerModel(referenceOf: loaded, settings: settings)
  }

  /// The proposer of a search by a baseline.
  package init(_ search: BaselineAttacker.Search) { self.init(search.loaded, settings: search.settings) }

  /// What could be asked, before the reference model has scored it: neither prompt nor tokens are empty.
  package struct Draft: Sendable {
    package let prompt: String
    package let tokens: [Int32]
    /// log p_ref of the tokens as they were sampled, without the end token; nil where another model drew them.
    let sampled: [Float]?

    package init(prompt: String, tokens: [Int32], sampled: [Float]? = nil) {
      self.prompt = prompt
      self.tokens = tokens
      self.sampled = sampled
    }
  }

  func drafts(_ samples: [EngineSample]) async throws -> [Draft] {
    let samples = samples.filter { !$0.tokens.isEmpty }
    if samples.isEmpty { return [] }
    return zip(try await engine.decode(samples.map(\.tokens)), samples).map { text, sample in
      Draft(
        prompt: text, tokens: sample.tokens + (sample.finished ? endTokens.prefix(1) : []),
        sampled: sample.logProbabilities)
    }.filter { !$0.prompt.isEmpty }
  }

  func drafts(prompts: [String]) async throws -> [Draft] {
    zip(prompts, try await encode(prompts)).map { Draft(prompt: $0, tokens: $1) }
      .filter { !$0.prompt.isEmpty && !$0.tokens.isEmpty }
  }

  /// One sample of the reference model for each seed, all of which begin with the tokens `kept`.
  package func continuations(of kept: [Int32], seeds: [UInt64]) async throws -> [Draft] {
    let samples = try await reference.sample(seeds: seeds, context: reference.prefix + kept)
    return try await drafts(
      samples.map { sample in
        var whole = sample
        whole.tokens = kept + sample.tokens
        whole.logProbabilities = nil
        return whole
      }
    ).filter { length($0.tokens) <= settings.maxTokens }
  }

  func experiences(_ samples: [EngineSample]) async throws -> [Experience] {
    try await experiences(try await drafts(samples))
  }

  func experiences(prompts: [String]) async throws -> [Experience] {
    try await experiences(try await drafts(prompts: prompts))
  }

  /// One for each draft.
  package func experiences(_ drafts: [Draft]) async throws -> [Experience] {
    zip(drafts, try await reference.logProbabilities(drafts.map(\.tokens))).map {
      Experience(tokens: $0.tokens, prompt: $0.prompt, logUnsafe: Reward.floor, reference: $1)
    }
  }

  /// The tokens of each prompt, cut to the longest attack, with the end token.
  package func encode(_ prompts: [String]) async throws -> [[Int32]] {
    if prompts.isEmpty { return [] }
    return try await engine.encode(prompts, addingSpecialTokens: false).map {
      Array($0.prefix(settings.maxTokens)) + endTokens.prefix(1)
    }
  }

  /// How many of the prompts `encode` cuts.
  func cut(_ prompts: [String]) async throws -> Int {
    if prompts.isEmpty { return 0 }
    return try await engine.encode(prompts, addingSpecialTokens: false).count { $0.count > settings.maxTokens }
  }

  /// Tokens without the end token.
  package func length(_ tokens: [Int32]) -> Int {
    guard let last = tokens.last else { return 0 }
    return endTokens.contains(last) ? tokens.count - 1 : tokens.count
  }

  /// The policy's Min-K threshold, else one calibrated on the reference model's own samples.
  func minKThreshold() async throws -> Double {
    if let threshold = settings.minKThreshold { return threshold }
    let samples = try await reference.sample(seeds: (0..<256).map { UInt64($0) + 77_000 })
    let sequences = samples.map(\.tokens).filter { !$0.isEmpty }
    return Reward.calibratedThreshold(try await reference.logProbabilities(sequences), k: settings.minK)
  }
}
