import Core
import Foundation
import LanguageModels

/// One restart of the GFlowNet attacker on one target.
struct GFlowNetSearch: Sendable {
  let settings: AttackerSettings
  let prefix: [Int32]
  let progress: @Sendable (Int, String) -> Void
  private let reward: Reward
  private let started: AttackerState?
  private var policy: AttackerModel
  /// The reference model, never trained.
  private let explorer: AttackerModel
  private var buffer: ReplayBuffer
  private var generator: SeededGenerator
  private var logZ: Double
  private var step: Int
  private var log: SearchLog
  private var losses: [Double] = []
  /// Everything seen to work, for smoothing: by prompt, in order of discovery.
  private var worked: [Experience] = []

  /// Share of the budget that known attacks, and the old buffer, may take before the search begins.
  private static let seedingShare = 0.1
  private static let rescoringShare = 0.2
  /// Batches in a row without one new prompt after which the sampler counts as collapsed.
  private static let patience = 25
  /// Rewards below this count as this in the objective.
  private static let leastLogReward = -150.0

  init(
    reference: CausalLanguageModel, prefix: [Int32], settings: AttackerSettings, oracle: any AttackOracle, budget: Int,
    seed: UInt64, start: AttackerState?, progress: @escaping @Sendable (Int, String) -> Void
  ) throws {
    self.settings = settings
    self.prefix = prefix
    self.progress = progress
    started = start
    policy = try AttackerModel(
      reference: reference, prefix: prefix, settings: settings, learningRate: settings.learningRate, seed: seed)
    explorer = policy
    log = SearchLog(
      oracle: oracle, budget: budget, samples: settings.responsesPerAttack, claimThreshold: settings.claimThreshold)
    if let start {
      try policy.restore(
        parameters: start.parameters, step: start.header.optimizerStep, first: start.first, second: start.second)
      buffer = start.header.buffer
      // The stored stream goes on, told apart by this run's seed.
      var stored = start.header.generator
      generator = SeededGenerator(seed: stored.next() ^ seed, stream: "search")
      logZ = start.header.logZ
      step = start.header.step
      reward = Reward(settings: settings, threshold: start.header.minKThreshold)
    } else {
      buffer = ReplayBuffer(capacity: settings.buffer)
      generator = SeededGenerator(seed: seed, stream: "search")
      logZ = 0
      step = 0
      reward = Reward(settings: settings, threshold: Self.threshold(policy, settings))
    }
  }

  mutating func run(seedPrompts: [String]) async throws -> SearchResult {
    try await rescoreBuffer()
    try await seedBuffer(seedPrompts)
    let smooths = settings.smoothing && settings.training
    let trainingBudget = smooths ? Int(Double(log.budget) * (1 - settings.smoothingShare)) : log.budget
    var idle = 0
    while log.spent + settings.responsesPerAttack <= trainingBudget && idle < Self.patience {
      try Task.checkCancellation()
      let before = log.spent
      try await trainOnce(until: trainingBudget)
      idle = log.spent == before ? idle + 1 : 0
    }
    if smooths { try await smooth() }
    return SearchResult(claimed: log.claimed, responses: log.spent, losses: losses, state: try state())
  }

  // MARK: - Before training

  /// Old rewards are stale at a new target: a stratified part of the buffer is asked again, the rest is forgotten
  /// unless its neighbours still work.
  private mutating func rescoreBuffer() async throws {
    guard started != nil, !buffer.items.isEmpty else { return }
    let count = min(buffer.items.count, Int(Double(log.budget) * Self.rescoringShare))
    // Strata by old reward: every quantile is asked, so that what used to fail may work now.
    let order = buffer.items.indices.sorted { buffer.items[$0].logUnsafe > buffer.items[$1].logUnsafe }
    let chosen = (0..<count).map { order[$0 * order.count / max(count, 1)] }
    let items = chosen.map { buffer.items[$0] }
    buffer = ReplayBuffer(capacity: settings.buffer)
    try await log.observe(items.map(\.prompt))
    // What still works is learnt from, but it is no find of this search: a memory doesn't prove that the search is awake.
    for item in items {
      record(item, method: "gflownet", isNew: false)
      if let c = log.known[item.prompt] { rememberIfItWorks(item, logUnsafe: c) }
    }
    progress(log.spent, "re-scored \(items.count) remembered attacks")
  }

  private mutating func seedBuffer(_ prompts: [String]) async throws {
    let count = Int(Double(log.budget) * Self.seedingShare)
    guard count > 0, !prompts.isEmpty, settings.fixedPrompt == nil else { return }
    let chosen = prompts.shuffled(using: &generator).prefix(count)
    let experiences = experiences(chosen.map { ($0, encode($0)) })
    try await log.observe(experiences.map(\.prompt))
    for experience in experiences { record(experience, method: "seed", isNew: false) }
  }

  // MARK: - Training

  private mutating func trainOnce(until limit: Int) async throws {
    let replayed = settings.training ? Int(Double(settings.batch) * settings.replayFraction) : 0
    let proposals = propose(settings.batch - replayed, from: policy, tempered: settings.training)
    let fresh = proposals.map { log.known[$0.prompt] == nil }
    // What no user would write is not worth a response: it is learnt from as a failure, unasked.
    let fluent = proposals.map { !settings.training || reward.isFluent($0.reference, tokens: length($0.tokens)) }
    try await log.observe(zip(proposals, fluent).filter(\.1).map(\.0.prompt))
    var batch: [Experience] = []
    var noted: Set<String> = []
    for ((proposal, isFresh), isFluent) in zip(zip(proposals, fresh), fluent) {
      guard let c = log.known[proposal.prompt] else {
        if !isFluent { batch.append(proposal) }
        continue
      }
      var experience = proposal
      experience.logUnsafe = c
      record(experience, method: "gflownet", isNew: isFresh && noted.insert(proposal.prompt).inserted)
      batch.append(experience)
    }
    step += 1
    guard settings.training else {
      progress(log.spent, "sampling")
      return
    }
    for update in 0..<settings.updatesPerBatch {
      let past = buffer.sample(settings.batch - (update == 0 ? batch.count : 0), using: &generator)
      let trajectories = update == 0 ? batch + past : past
      guard trajectories.count > 1 else { continue }
      losses.append(train(trajectories))
    }
    progress(log.spent, "\(log.claimed.count) attacks claimed")
  }

  private mutating func train(_ trajectories: [Experience]) -> Double {
    let tau = temperature
    // Few, far outliers (too short, unfluent) must not drown what separates the rest.
    let logReward = trajectories.map {
      max(
        Self.leastLogReward,
        reward.logReward(
          logUnsafe: $0.logUnsafe, reference: $0.reference, tokens: length($0.tokens), tau: tau))
    }
    let (objective, logZ) = (settings.objective, logZ)
    var logZSlope = 0.0
    let loss = policy.step(trajectories.map(\.tokens)) { logProbabilities in
      let logPolicy = logProbabilities.map { $0.reduce(0.0) { $0 + Double($1) } }
      let value =
        objective == .varianceTB
        ? ObjectiveLoss.varianceTB(logPolicy: logPolicy, logReward: logReward)
        : ObjectiveLoss.trajectoryBalance(logPolicy: logPolicy, logReward: logReward, logZ: logZ)
      logZSlope = value.logZSlope
      return (
        value.loss,
        zip(logProbabilities, value.slopes).map { [Float](repeating: Float($1), count: $0.count) }
      )
    }
    self.logZ -= settings.logZLearningRate * logZSlope
    return loss
  }

  /// τ falls from its start to its end over the first half of the training budget.
  private var temperature: Double {
    let share = min(1, 2 * Double(log.spent) / Double(max(log.budget, 1)))
    return settings.tauStart + (settings.tauEnd - settings.tauStart) * share
  }

  // MARK: - Smoothing

  /// Restarts from the reference model, fits everything that worked, and samples from the result.
  private mutating func smooth() async throws {
    guard worked.count >= 4 else {
      // Too little to fit: the rest of the budget goes on as before.
      var idle = 0
      while log.left >= settings.responsesPerAttack && idle < Self.patience {
        try Task.checkCancellation()
        let before = log.spent
        try await trainOnce(until: log.budget)
        idle = log.spent == before ? idle + 1 : 0
      }
      return
    }
    var smoothed = try fitted()
    var idle = 0
    var sinceFit = 0
    while log.left >= settings.responsesPerAttack && idle < Self.patience {
      try Task.checkCancellation()
      let proposals = propose(settings.batch, from: smoothed, tempered: false)
      let fresh = proposals.map { log.known[$0.prompt] == nil }
      let before = log.spent
      try await log.observe(proposals.map(\.prompt))
      var noted: Set<String> = []
      for (proposal, isFresh) in zip(proposals, fresh) where isFresh && noted.insert(proposal.prompt).inserted {
        guard let c = log.known[proposal.prompt] else { continue }
        var experience = proposal
        experience.logUnsafe = c
        record(experience, method: "mle", isNew: true)
      }
      idle = log.spent == before ? idle + 1 : 0
      sinceFit += log.spent - before
      if sinceFit >= max(settings.batch, log.budget / 8), log.left > log.budget / 16 {
        // What smoothing found teaches it too.
        smoothed = try fitted()
        sinceFit = 0
      }
      progress(log.spent, "\(log.claimed.count) attacks claimed, smoothing")
    }
  }

  private mutating func fitted() throws -> AttackerModel {
    var model = try AttackerModel(
      reference: policy.reference, prefix: prefix, settings: settings, learningRate: settings.smoothingLearningRate,
      seed: generator.next())
    for _ in 0..<settings.smoothingSteps {
      let sequences = (0..<settings.batch).map { _ in worked[Int.random(in: 0..<worked.count, using: &generator)].tokens
      }
      let total = Float(sequences.reduce(0) { $0 + $1.count })
      _ = model.step(sequences) { logProbabilities in
        let loss = -logProbabilities.reduce(0.0) { $0 + $1.reduce(0.0) { $0 + Double($1) } } / Double(total)
        return (loss, logProbabilities.map { [Float](repeating: -1 / total, count: $0.count) })
      }
    }
    return model
  }

  // MARK: - Proposals

  private mutating func propose(_ count: Int, from model: AttackerModel, tempered: Bool) -> [Experience] {
    if let fixed = settings.fixedPrompt {
      return experiences((0..<count).map { _ in (fixed, encode(fixed)) })
    }
    // A part comes from the reference model, so that the search can't blind itself to what it once gave up.
    let explored =
      settings.training ? (0..<count).filter { _ in generator.uniform() < Float(settings.explorationShare) }.count : 0
    var generations: [Generation] = []
    for (source, share) in [(model, count - explored), (explorer, explored)] where share > 0 {
      var temperatures: [Float] = []
      var seeds: [UInt64] = []
      for _ in 0..<share {
        // Half of the rollouts at temperature 1, half at U(0.5, 2) (Lee et al.).
        let isTempered = generator.uniform() < 0.5
        let drawn = 0.5 + 1.5 * generator.uniform()
        temperatures.append(tempered && isTempered && source.isTrained ? drawn : 1)
        seeds.append(generator.next())
      }
      generations += source.sample(share, temperatures: temperatures, seeds: seeds)
    }
    return experiences(
      generations.filter { !$0.tokens.isEmpty }.map { generation in
        let end = generation.finished ? policy.reference.endTokens.prefix(1) : []
        return (policy.reference.tokenizer.decode(generation.tokens), (generation.tokens + end).map { Int32($0) })
      })
  }

  private func experiences(_ pairs: [(prompt: String, tokens: [Int32])]) -> [Experience] {
    let usable = pairs.filter { !$0.tokens.isEmpty && !$0.prompt.isEmpty }
    let reference = policy.referenceLogProbabilities(usable.map(\.tokens))
    return zip(usable, reference).map {
      Experience(tokens: $0.tokens, prompt: $0.prompt, logUnsafe: Reward.floor, reference: $1)
    }
  }

  /// Takes in what the target showed, where it showed anything.
  private mutating func record(_ item: Experience, method: String, isNew: Bool) {
    guard let c = log.known[item.prompt] else { return }
    var experience = item
    experience.logUnsafe = c
    buffer.add(experience)
    log.claim(experience, method: method, step: step, isNew: isNew)
    if isNew { rememberIfItWorks(experience, logUnsafe: c) }
  }

  /// Logs what smoothing fits, as published: p(unsafe) above the threshold and log p_ref above −100.
  private mutating func rememberIfItWorks(_ item: Experience, logUnsafe: Double) {
    if logUnsafe > Foundation.log(settings.claimThreshold), item.reference.reduce(0, +) > -100 { worked.append(item) }
  }

  private func encode(_ prompt: String) -> [Int32] {
    let tokens = policy.reference.tokenizer.encode(prompt, addingSpecialTokens: false).prefix(settings.maxTokens)
    return (Array(tokens) + policy.reference.endTokens.prefix(1)).map { Int32($0) }
  }

  /// Tokens without the end token.
  private func length(_ tokens: [Int32]) -> Int {
    guard let last = tokens.last else { return 0 }
    return policy.reference.endTokens.contains(Int(last)) ? tokens.count - 1 : tokens.count
  }

  private static func threshold(_ policy: AttackerModel, _ settings: AttackerSettings) -> Double {
    if let threshold = settings.minKThreshold { return threshold }
    let samples = policy.sample(
      256, temperatures: [Float](repeating: 1, count: 256), seeds: (0..<256).map { UInt64($0) + 77_000 })
    let sequences = samples.filter { !$0.tokens.isEmpty }.map { $0.tokens.map { Int32($0) } }
    return Reward.calibratedThreshold(policy.referenceLogProbabilities(sequences), k: settings.minK)
  }

  private func state() throws -> [UInt8] {
    let (optimizerStep, first, second) = policy.optimizerState
    let parameters = policy.parameters
    return try AttackerState(
      header: AttackerState.Header(
        step: step, optimizerStep: optimizerStep, logZ: logZ, generator: generator, buffer: buffer,
        minKThreshold: reward.threshold, parameters: parameters.count), parameters: parameters, first: first,
      second: second
    ).encoded()
  }
}
