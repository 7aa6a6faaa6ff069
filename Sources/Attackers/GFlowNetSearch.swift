import Core
import Foundation
import LanguageModels

/// One restart of the GFlowNet attacker on one target.
struct GFlowNetSearch: Sendable {
  let settings: AttackerSettings
  let prefix: [Int32]
  let progress: @Sendable (Int, String) -> Void
  private let embedder: any Embedder
  private let proposer: Proposer
  private let reward: Reward
  private let started: AttackerState?
  private var policy: AttackerModel
  private var screen: ProposalScreen
  private var buffer: ReplayBuffer
  private var generator: SeededGenerator
  private var logZ: LogPartition
  private var step: Int
  private var log: SearchLog
  private var losses: [Double] = []
  /// Everything seen to work, for smoothing: by prompt, in order of discovery.
  private var worked: [Experience] = []
  /// Known attacks and the old buffer's, still to be asked; and all of them: none is a find of this search.
  private var memories: [Experience] = []
  private var remembered: Set<String> = []
  /// Unit vectors of what was chosen to be asked, where screen or buffer look at them.
  private var vectors: [String: [Float]] = [:]

  /// Share of the budget that known attacks, and the old buffer, may take.
  private static let seedingShare = 0.1
  private static let rescoringShare = 0.15
  /// Share of each round that memories may take, so that what is new is looked for from the first round on.
  private static let memoryShare = 0.25
  /// Batches in a row without one new prompt after which the sampler counts as collapsed.
  static let patience = 25
  /// Rewards below this count as this in the objective.
  private static let leastLogReward = -150.0

  init(
    _ attacker: GFlowNetAttacker, oracle: any AttackOracle, budget: SearchBudget, seed: UInt64, start: AttackerState?,
    progress: @escaping @Sendable (Int, String) -> Void
  ) throws {
    settings = attacker.settings
    prefix = attacker.prefix
    embedder = attacker.embedder
    self.progress = progress
    started = start
    policy = try AttackerModel(
      reference: attacker.reference, prefix: prefix, settings: settings, learningRate: settings.learningRate, seed: seed
    )
    proposer = Proposer(settings: settings, reference: policy)
    screen = ProposalScreen(settings: settings)
    log = SearchLog(oracle: oracle, budget: budget, settings: settings)
    let headWidth = settings.logZ == .linear ? attacker.reference.weights.architecture.width : 0
    if let start {
      try policy.restore(
        parameters: start.parameters, step: start.header.optimizerStep, first: start.first, second: start.second)
      buffer = start.header.buffer
      // The stored stream goes on, told apart by this run's seed.
      var stored = start.header.generator
      generator = SeededGenerator(seed: stored.next() ^ seed, stream: "search")
      logZ = start.header.logZ
      guard logZ.width == headWidth else {
        throw SluiceError(
          .usage, "the stored attacker state has another log Z than this attacker",
          remedy: "The attacker's settings changed; set attacker.warm_start: off once.")
      }
      step = start.header.step
      reward = Reward(settings: settings, threshold: start.header.minKThreshold)
    } else {
      buffer = ReplayBuffer(capacity: settings.buffer, rules: settings.replay)
      generator = SeededGenerator(seed: seed, stream: "search")
      logZ = LogPartition(width: headWidth)
      step = 0
      reward = Reward(settings: settings, threshold: proposer.minKThreshold())
    }
  }

  mutating func run(seedPrompts: [String]) async throws -> SearchResult {
    recallBuffer()
    recall(seedPrompts)
    memories.shuffle(using: &generator)
    let smooths = settings.smoothing && settings.training
    let whole = log.budget.responses
    try await train(until: smooths ? Int(Double(whole) * (1 - settings.smoothingShare)) : whole)
    if smooths { try await smooth() }
    return SearchResult(claimed: log.claimed, responses: log.spent, losses: losses, state: try state())
  }

  // MARK: - Before training

  /// Old rewards are stale at a new target: a stratified part of the buffer is asked again, the rest is forgotten
  /// unless its neighbours still work.
  private mutating func recallBuffer() {
    guard started != nil, !buffer.items.isEmpty else { return }
    let count = min(buffer.items.count, Int(Double(log.budget.responses) * Self.rescoringShare))
    // Strata by old reward: every quantile is asked, so that what used to fail may work now.
    let order = buffer.items.indices.sorted { buffer.items[$0].logUnsafe > buffer.items[$1].logUnsafe }
    remember((0..<count).map { buffer.items[order[$0 * order.count / max(count, 1)]] })
    buffer = ReplayBuffer(capacity: settings.buffer, rules: settings.replay)
  }

  private mutating func recall(_ prompts: [String]) {
    let count = Int(Double(log.budget.responses) * Self.seedingShare)
    guard count > 0, !prompts.isEmpty, settings.fixedPrompt == nil else { return }
    let chosen = prompts.shuffled(using: &generator).prefix(count)
    remember(proposer.experiences(prompts: Array(chosen)))
  }

  private mutating func remember(_ items: [Experience]) {
    for item in items where remembered.insert(item.prompt).inserted { memories.append(item) }
  }

  /// Embeds prompts that have no vector yet.
  private mutating func embed(_ prompts: [String]) async throws {
    let missing = Set(prompts).filter { vectors[$0] == nil }.sorted()
    if missing.isEmpty { return }
    for (prompt, vector) in zip(missing, try await embedder.embed(missing)) { vectors[prompt] = vector }
  }

  private mutating func learn(_ items: [Experience]) {
    guard settings.screenPool > 1 else { return }
    let threshold = Foundation.log(settings.claimThreshold)
    let seen = items.compactMap { item in
      vectors[item.prompt].map { (vector: $0, worked: (log.known[item.prompt] ?? -9) > threshold) }
    }
    screen.learn(seen.map(\.vector), worked: seen.map(\.worked))
    // The screen has its own copy; only a buffer that compares by meaning asks again.
    if !settings.replay.needVectors { for item in items { vectors[item.prompt] = nil } }
  }

  // MARK: - Rounds

  /// Proposals, and what was asked of the target about them.
  private struct Round: Sendable {
    let proposals: [Experience]
    let asked: [String]
    let answers: Task<[AttackObservation], any Error>?
    let recording: RolloutRecording?
  }

  /// Proposes from `model` and asks, without waiting for the answer.
  private mutating func launch(_ model: AttackerModel, count: Int, until limit: Int, tempered: Bool) async throws
    -> Round
  {
    try Task.checkCancellation()
    let (pool, recording) = propose(
      count * (settings.fixedPrompt == nil ? settings.screenPool : 1), repeats: count, from: model, tempered: tempered)
    let trains = tempered && settings.training
    let fluent = pool.map { !trains || !settings.skipsUnfluent || isFluent($0) }
    var seen: Set<String> = []
    let fresh = pool.indices.filter {
      fluent[$0] && log.isNew(pool[$0].prompt) && seen.insert(pool[$0].prompt).inserted
    }
    var wanted = fresh
    if settings.screenPool > 1, fresh.count > count {
      let found = try await embedder.embed(fresh.map { pool[$0].prompt })
      let choice = screen.choose(found, count: count, using: &generator)
      wanted = choice.map { fresh[$0] }
      for index in choice { vectors[pool[fresh[index]].prompt] = found[index] }
    }
    let recalled = Array(memories.suffix(Int(Double(count) * Self.memoryShare)))
    memories.removeLast(recalled.count)
    let asked = log.reserve((recalled + wanted.map { pool[$0] }.dropLast(recalled.count)).map(\.prompt), until: limit)
    // Repetitions, and what nobody would write, are learnt from though they aren't asked.
    let repeated = pool.indices.prefix(count).filter { !fluent[$0] || log.known[pool[$0].prompt] != nil }
    let (oracle, questions) = (log.oracle, settings)
    return Round(
      proposals: recalled + (wanted + repeated).map { pool[$0] }, asked: asked,
      answers: asked.isEmpty ? nil : Task { try await ask(oracle, asked, questions) }, recording: recording)
  }

  /// Waits for a round's answers and takes them in.
  /// - Returns: what can be trained on.
  private mutating func land(_ round: Round, method: String) async throws -> [Experience] {
    if let answers = round.answers {
      let observations = try await withTaskCancellationHandler {
        try await answers.value
      } onCancel: {
        answers.cancel()
      }
      log.settle(round.asked, observations)
    }
    if settings.replay.needVectors {
      try await embed(round.proposals.map(\.prompt).filter { log.known[$0] != nil })
    } else if settings.screenPool > 1 {
      try await embed(round.asked.filter { log.known[$0] != nil })
    }
    var fresh = Set(round.asked)
    var known: [Experience] = []
    var new: [Experience] = []
    for proposal in round.proposals {
      guard let c = log.known[proposal.prompt] else {
        if !isFluent(proposal) { known.append(proposal) }
        continue
      }
      var experience = proposal
      experience.logUnsafe = c
      let isFresh = fresh.remove(proposal.prompt) != nil
      // What still works is learnt from, but it is no find of this search: a memory doesn't prove that the search is awake.
      let isMemory = remembered.contains(proposal.prompt)
      record(experience, method: method, isNew: isFresh && !isMemory)
      if isFresh && isMemory { rememberIfItWorks(experience, logUnsafe: c) }
      if isFresh { new.append(experience) }
      known.append(experience)
    }
    learn(new)
    return known
  }

  /// Keeps `batchesInFlight` rounds before the target until `limit` responses are committed.
  ///
  /// Rounds land in the order in which they started, whichever is answered first, so the result doesn't depend on time.
  private mutating func search(
    count: Int, until limit: Int, tempered: Bool, method: String,
    source: (Self) -> AttackerModel, afterwards: (inout Self, [Experience], RolloutRecording?) throws -> Void
  ) async throws {
    var flight: [Round] = []
    defer { for round in flight { round.answers?.cancel() } }
    var idle = 0
    while idle < Self.patience {
      while flight.count < settings.batchesInFlight, log.committed + settings.mostResponses <= limit {
        flight.append(try await launch(source(self), count: count, until: limit, tempered: tempered))
      }
      if flight.isEmpty { return }
      let round = flight.removeFirst()
      idle = round.asked.isEmpty ? idle + 1 : 0
      let landed = try await land(round, method: method)
      try afterwards(&self, landed, round.recording)
    }
  }

  // MARK: - Training

  private mutating func train(until limit: Int) async throws {
    let replayed = settings.training ? Int(Double(settings.batch) * settings.replayFraction) : 0
    try await search(
      count: settings.batch - replayed, until: limit, tempered: settings.training, method: "gflownet",
      source: { $0.policy }, afterwards: { $0.update(on: $1, reusing: $2) })
  }

  private mutating func update(on batch: [Experience], reusing recording: RolloutRecording?) {
    step += 1
    guard settings.training else {
      progress(log.spent, "sampling")
      return
    }
    for update in 0..<settings.updatesPerBatch {
      let past = buffer.sample(max(0, settings.batch - (update == 0 ? batch.count : 0)), using: &generator)
      let trajectories = update == 0 ? batch + past : past
      guard trajectories.count > 1 else { continue }
      losses.append(train(trajectories, reusing: recording))
    }
    progress(log.spent, "\(log.claimed.count) attacks claimed")
  }

  private mutating func train(_ trajectories: [Experience], reusing recording: RolloutRecording?) -> Double {
    let tau = temperature
    // Few, far outliers (too short, unfluent) must not drown what separates the rest.
    let logReward = trajectories.map {
      max(
        Self.leastLogReward,
        reward.logReward(
          logUnsafe: $0.logUnsafe, reference: $0.reference, tokens: proposer.length($0.tokens), tau: tau))
    }
    let (objective, sigma) = (settings.objective, settings.pairSigma)
    let promptState = objective == .trajectoryBalance && logZ.width > 0 ? policy.promptState : []
    let logZ = self.logZ.value(promptState)
    var logZSlope = 0.0
    let loss = policy.step(trajectories.map(\.tokens), reusing: recording) { logProbabilities in
      let logPolicy = logProbabilities.map { $0.reduce(0.0) { $0 + Double($1) } }
      let value =
        switch objective {
        case .varianceTB: ObjectiveLoss.varianceTB(logPolicy: logPolicy, logReward: logReward)
        case .trajectoryBalance:
          ObjectiveLoss.trajectoryBalance(logPolicy: logPolicy, logReward: logReward, logZ: logZ)
        case .contrastive: ObjectiveLoss.contrastive(logPolicy: logPolicy, logReward: logReward, sigma: sigma)
        }
      logZSlope = value.logZSlope
      return (
        value.loss,
        zip(logProbabilities, value.slopes).map { [Float](repeating: Float($1), count: $0.count) }
      )
    }
    if objective == .trajectoryBalance {
      self.logZ.update(slope: logZSlope, state: promptState, learningRate: settings.logZRate)
    }
    return loss
  }

  /// τ falls from its start to its end over the first half of the training budget.
  private var temperature: Double {
    let share = min(1, 2 * Double(log.committed) / Double(max(log.budget.responses, 1)))
    return settings.tauStart + (settings.tauEnd - settings.tauStart) * share
  }

  // MARK: - Smoothing

  /// Restarts from the reference model, fits everything that worked, and samples from the result.
  private mutating func smooth() async throws {
    // Too little to fit: the rest of the budget goes on as before.
    guard worked.count >= 4 else { return try await train(until: log.budget.responses) }
    var smoothed = try fitted()
    var sinceFit = 0
    let (batch, whole) = (settings.batch, log.budget.responses)
    try await search(
      count: batch, until: whole, tempered: false, method: "mle", source: { _ in smoothed },
      afterwards: { search, landed, _ in
        sinceFit += landed.count
        if sinceFit >= max(batch, whole / 8), search.log.left > whole / 16 {
          // What smoothing found teaches it too.
          smoothed = try search.fitted()
          sinceFit = 0
        }
        search.progress(search.log.spent, "\(search.log.claimed.count) attacks claimed, smoothing")
      })
  }

  private mutating func fitted() throws -> AttackerModel {
    var model = try AttackerModel(
      reference: policy.reference, prefix: prefix, settings: settings, learningRate: settings.smoothingLearningRate,
      seed: generator.next())
    for _ in 0..<settings.smoothingSteps {
      try Task.checkCancellation()
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

  /// - Parameter repeats: how many of the proposals may repeat others, or what was asked before.
  private mutating func propose(
    _ count: Int, repeats: Int, from model: AttackerModel, tempered: Bool
  ) -> (pool: [Experience], recording: RolloutRecording?) {
    if let fixed = settings.fixedPrompt {
      return (proposer.experiences(prompts: [String](repeating: fixed, count: count)), nil)
    }
    // A part comes from the reference model, so that the search can't blind itself to what it once gave up.
    let explored =
      settings.training ? (0..<count).count { _ in generator.uniform() < Float(settings.explorationShare) } : 0
    var generations: [Generation] = []
    var recording: RolloutRecording?
    // Most of a large pool isn't trained on, and what waits for answers is trained on by later weights.
    let keeps = tempered && settings.training && settings.screenPool == 1 && settings.batchesInFlight == 1
    let shares = [(model, count - explored, true), (proposer.reference, explored, false)]
    for (source, share, isPolicy) in shares where share > 0 {
      var temperatures: [Float] = []
      var seeds: [UInt64] = []
      for _ in 0..<share {
        // Half of the rollouts at temperature 1, half at U(0.5, 2) (Lee et al.).
        let isTempered = generator.uniform() < 0.5
        let drawn = 0.5 + 1.5 * generator.uniform()
        let explores = 1 + Float(settings.explorationTemperature - 1) * (drawn - 0.5) / 1.5
        temperatures.append(!isPolicy ? explores : tempered && isTempered && source.isTrained ? drawn : 1)
        seeds.append(generator.next())
      }
      if keeps && isPolicy {
        let (samples, kept) = source.record(share, temperatures: temperatures, seeds: seeds)
        generations += samples
        recording = kept
      } else {
        generations += source.sample(share, temperatures: temperatures, seeds: seeds)
      }
    }
    // Mixed, so that what is cut off later is no source's alone. A large pool repeats itself and what was asked before: some
    // of that is learnt from, the rest isn't worth the reference model's time.
    var seen: Set<String> = []
    let drafts = proposer.drafts(generations).shuffled(using: &generator).enumerated().filter { index, draft in
      let isFirst = log.isNew(draft.prompt) && seen.insert(draft.prompt).inserted
      return index < repeats || isFirst
    }.map(\.element)
    return (proposer.experiences(drafts), recording)
  }

  private func isFluent(_ item: Experience) -> Bool {
    reward.isFluent(item.reference, tokens: proposer.length(item.tokens))
  }

  /// Takes in what the target showed, where it showed anything.
  private mutating func record(_ item: Experience, method: String, isNew: Bool) {
    guard let c = log.known[item.prompt] else { return }
    var experience = item
    experience.logUnsafe = c
    buffer.add(experience, vector: vectors[experience.prompt] ?? [])
    log.claim(experience, method: method, step: step, isNew: isNew)
    if isNew { rememberIfItWorks(experience, logUnsafe: c) }
  }

  /// Logs what smoothing fits, as published: p(unsafe) above the threshold and log p_ref above −100.
  private mutating func rememberIfItWorks(_ item: Experience, logUnsafe: Double) {
    if logUnsafe > Foundation.log(settings.claimThreshold), item.reference.reduce(0, +) > -100 { worked.append(item) }
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
