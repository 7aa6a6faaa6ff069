import Core
import Foundation

/// One restart of the GFlowNet attacker on one target.
package struct GFlowNetSearch: Sendable {
  let settings: AttackerSettings
  let progress: @Sendable (Int, String) -> Void
  private let embedder: any Embedder
  private let loaded: LoadedEngine
  private let proposer: Proposer
  let checkpoints: (any SearchCheckpoints)?
  var reward: Reward
  private let started: AttackerState?
  var policy: AttackerModel
  var screen: ProposalScreen
  var buffer: ReplayBuffer
  var generator: SeededGenerator
  var logZ: LogPartition
  var step: Int
  var log: SearchLog
  var losses: [Double] = []
  /// What is known to work, for smoothing, in order of discovery; and its prompts.
  var worked: [Experience] = []
  var fitting: Set<String> = []
  /// Known attacks and the old buffer's, still to be asked; and all of them: none is a find of this search, whatever it did on
  /// a former target.
  var recollection: Recollection?
  var remembered: Set<String> = []
  /// Unit vectors of what was chosen to be asked, where screen or buffer look at them.
  var vectors: [String: [Float]] = [:]

  // Where the search stands between two batches.
  var phase = SearchStanding.Phase.beginning
  /// Rounds before the target, in the order in which they started.
  var flight: [Round] = []
  /// Rounds in a row without one new prompt.
  var idle = 0
  /// The reference model fitted to what worked, or being fitted.
  var smoothed: AttackerModel?
  /// Steps of fitting it so far.
  var fitted = 0
  /// Experiences since it was fitted.
  var sinceFit = 0

  /// Share of the budget that asking known attacks and the old buffer again may take.
  private static let recollectionShare = 0.15
  /// Known attacks that are grouped into kinds for each question that may be asked about them.
  private static let knownPerQuestion = 4
  /// Share of each round that it may take, so that what is new is looked for from the first round on.
  private static let memoryShare = 0.25
  /// Batches in a row without one new prompt after which the sampler counts as collapsed.
  package static let patience = 25
  /// Rewards below this count as this in the objective.
  private static let leastLogReward = -150.0

  init(
    _ attacker: GFlowNetAttacker, oracle: any AttackOracle, budget: SearchBudget, seed: UInt64, start: AttackerState?,
    checkpoints: (any SearchCheckpoints)?, progress: @escaping @Sendable (Int, String) -> Void
  ) async throws {
    self.checkpoints = checkpoints
    settings = attacker.settings
    loaded = try await LoadedEngine(attacker.engine, settings: settings)
    embedder = attacker.embedder
    self.progress = progress
    started = start
    policy = try await AttackerModel(loaded, settings: settings, learningRate: settings.learningRate, seed: seed)
    proposer = Proposer(loaded, settings: settings)
    screen = ProposalScreen(settings: settings)
    log = SearchLog(oracle: oracle, budget: budget, settings: settings)
    let standing = checkpoints?.latest().flatMap { SearchStanding($0) }
    let headWidth = settings.logZ == .linear ? loaded.description.stateWidth ?? 0 : 0
    if let start {
      try await policy.restore(start.parameters)
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
      if let standing {
        reward = Reward(settings: settings, threshold: standing.header.threshold)
      } else {
        reward = Reward(settings: settings, threshold: try await proposer.minKThreshold())
      }
    }
    if let standing { try await goOn(standing) }
  }

  mutating func run(seedPrompts: [String]) async throws -> SearchResult {
    let smooths = settings.smoothing && settings.training
    let whole = log.budget.responses
    if phase == .beginning {
      try await recall(seedPrompts)
      phase = .training
    }
    if phase == .training {
      try await train(until: smooths ? Int(Double(whole) * (1 - settings.smoothingShare)) : whole)
      // Too little to fit: the rest of the budget goes on as before.
      if smooths { enter(worked.count >= 4 ? .smoothing : .rest) }
    }
    if phase == .smoothing { try await smooth() }
    if phase == .rest { try await train(until: whole) }
    return SearchResult(claimed: log.claimed, responses: log.spent, losses: losses, state: try await state())
  }

  private mutating func enter(_ next: SearchStanding.Phase) { (phase, idle) = (next, 0) }

  // MARK: - Before training

  /// Old rewards are stale at a new target: each kind of attack that is known or remembered is asked again, the buffer starts
  /// empty.
  private mutating func recall(_ prompts: [String]) async throws {
    let old = started == nil ? [] : buffer.items.sorted { ($1.logUnsafe, $0.prompt) < ($0.logUnsafe, $1.prompt) }
    buffer = ReplayBuffer(capacity: settings.buffer, rules: settings.replay)
    remembered = Set(prompts).union(old.map(\.prompt))
    let limit = Int(Double(log.budget.responses) * Self.recollectionShare) / settings.mostResponses
    guard limit > 0, settings.fixedPrompt == nil else { return }
    let threshold = Foundation.log(settings.claimThreshold)
    let works = old.filter { $0.logUnsafe > threshold }
    // A known attack was confirmed once. A large suite is sampled: scoring it all would take longer than asking.
    let unscored = Set(prompts).subtracting(works.map(\.prompt)).sorted().shuffled(using: &generator)
    let asked = Array(unscored.prefix(Self.knownPerQuestion * limit))
    let cut = try await proposer.cut(asked)
    if cut > 0 {
      progress(
        log.spent, "\(cut) of \(asked.count) known attacks are longer than max_tokens, and are learnt up to there alone"
      )
    }
    let known = try await proposer.experiences(prompts: asked).map {
      var attack = $0
      attack.logUnsafe = 0
      return attack
    }
    let candidates = known + works
    if candidates.isEmpty && old.isEmpty { return }
    try await embed(candidates.map(\.prompt))
    let isKnown = Set(prompts)
    recollection = Recollection(
      worked: candidates.map { ($0, vectors[$0.prompt] ?? []) },
      failed: old.filter { $0.logUnsafe <= threshold && !isKnown.contains($0.prompt) },
      similarity: Float(settings.similarity), limit: limit, using: &generator)
    if !settings.replay.needVectors { vectors = [:] }
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
  struct Round: Sendable {
    let recalled: [Experience]
    let proposals: [Experience]
    let asked: [String]
    let answers: Task<[AttackObservation], any Error>?
  }

  /// Proposes from `model` and asks, without waiting for the answer.
  private mutating func launch(_ model: AttackerModel, count: Int, until limit: Int, tempered: Bool) async throws
    -> Round
  {
    try Task.checkCancellation()
    var pool = try await propose(
      count * (settings.fixedPrompt == nil ? settings.screenPool : 1), repeats: count, from: model, tempered: tempered)
    let wanted = try await choose(from: &pool, count: count)
    let share = count > 1 ? max(1, Int(Double(count) * Self.memoryShare)) : 0
    let recalled = recollection?.next(min(share, log.room(until: limit)), isNew: log.isNew) ?? []
    let asked = log.reserve((recalled + wanted.dropLast(recalled.count)).map(\.prompt), until: limit)
    // Repetitions, and what nobody would write, are learnt from though they aren't asked. Smoothing fits successes alone.
    let first = try await pool.experiences(Array(pool.drafts.indices.prefix(tempered ? count : 0)), by: proposer)
    let repeated = first.filter { !mayBeAsked($0) || log.known[$0.prompt] != nil }
    return round(recalled: recalled, proposals: recalled + wanted + repeated, asking: asked)
  }

  /// Asks about reserved prompts.
  func round(recalled: [Experience], proposals: [Experience], asking asked: [String]) -> Round {
    let (oracle, questions) = (log.oracle, settings)
    return Round(
      recalled: recalled, proposals: proposals, asked: asked,
      answers: asked.isEmpty ? nil : Task { try await ask(oracle, asked, questions) })
  }

  /// What of the pool is new and worth asking: where there is a screen, its picks.
  private mutating func choose(from pool: inout ProposalPool, count: Int) async throws -> [Experience] {
    var seen: Set<String> = []
    let new = pool.drafts.indices.filter {
      log.isNew(pool.drafts[$0].prompt) && seen.insert(pool.drafts[$0].prompt).inserted
    }
    guard settings.screenPool > 1, new.count > count else {
      return try await pool.experiences(new, by: proposer).filter(mayBeAsked)
    }
    let found = try await embedder.embed(new.map { pool.drafts[$0].prompt })
    var draws = generator
    let choice = try await screen.choose(found, count: count, using: &draws) { picks in
      try await pool.experiences(picks.map { new[$0] }, by: proposer).map(mayBeAsked)
    }
    generator = draws
    for index in choice { vectors[pool.drafts[new[index]].prompt] = found[index] }
    return try await pool.experiences(choice.map { new[$0] }, by: proposer)
  }

  /// What no user would write isn't asked.
  private func mayBeAsked(_ item: Experience) -> Bool {
    !settings.training || !settings.skipsUnfluent || isFluent(item)
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
    let recalled = Set(round.recalled.map(\.prompt))
    var known: [Experience] = []
    var new: [Experience] = []
    for proposal in round.proposals {
      guard let c = log.known[proposal.prompt] else {
        if !isFluent(proposal), !recalled.contains(proposal.prompt) { known.append(proposal) }
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
    for item in round.recalled { try await takeUp(item) }
    return known
  }

  /// Where a remembered attack still works, its kind returns to the buffer: with what was measured now, or less.
  private mutating func takeUp(_ item: Experience) async throws {
    let c = log.known[item.prompt]
    let works = c.map { $0 > Foundation.log(settings.claimThreshold) }
    let relatives = (recollection?.settle(item.prompt, works: works) ?? []).filter { log.isNew($0.prompt) }
    if settings.replay.needVectors { try await embed(relatives.map(\.prompt)) }
    for var relative in relatives {
      relative.logUnsafe = min(relative.logUnsafe, c ?? Reward.floor)
      buffer.add(relative, vector: vectors[relative.prompt] ?? [])
    }
  }

  /// Keeps `batchesInFlight` rounds before the target until `limit` responses are committed.
  ///
  /// Rounds land in the order in which they started, whichever is answered first, so the result doesn't depend on time.
  private mutating func search(
    count: Int, until limit: Int, tempered: Bool, method: String,
    source: (Self) -> AttackerModel, afterwards: (inout Self, [Experience]) async throws -> Void
  ) async throws {
    defer {
      for round in flight { round.answers?.cancel() }
      flight = []
    }
    while idle < Self.patience {
      while flight.count < settings.batchesInFlight, log.committed + settings.mostResponses <= limit {
        flight.append(try await launch(source(self), count: count, until: limit, tempered: tempered))
      }
      if flight.isEmpty { return }
      let round = flight.removeFirst()
      idle = round.asked.isEmpty ? idle + 1 : 0
      let landed = try await land(round, method: method)
      try await afterwards(&self, landed)
      try await keepStanding()
    }
  }

  // MARK: - Training

  private mutating func train(until limit: Int) async throws {
    let replayed = settings.training ? Int(Double(settings.batch) * settings.replayFraction) : 0
    try await search(
      count: settings.batch - replayed, until: limit, tempered: settings.training, method: "gflownet",
      source: { $0.policy }, afterwards: { try await $0.update(on: $1) })
  }

  private mutating func update(on batch: [Experience]) async throws {
    step += 1
    guard settings.training else {
      progress(log.spent, "sampling")
      return
    }
    for update in 0..<settings.updatesPerBatch {
      let past = buffer.sample(max(0, settings.batch - (update == 0 ? batch.count : 0)), using: &generator)
      let trajectories = update == 0 ? batch + past : past
      guard trajectories.count > 1 else { continue }
      losses.append(try await train(trajectories))
    }
    progress(log.spent, "\(log.claimed.count) attacks claimed")
  }

  private mutating func train(_ trajectories: [Experience]) async throws -> Double {
    let tau = temperature
    // Few, far outliers (too short, unfluent) must not drown what separates the rest.
    let logReward = trajectories.map {
      max(
        Self.leastLogReward,
        reward.logReward(
          logUnsafe: $0.logUnsafe, reference: $0.reference, tokens: proposer.length($0.tokens), tau: tau))
    }
    let (objective, settings) = (settings.objective, settings)
    let promptState = objective.learnsLogZ && logZ.width > 0 ? try await policy.promptState() : []
    let logZ = self.logZ.value(promptState)
    var logZSlope = 0.0
    let loss = try await policy.step(trajectories.map(\.tokens)) { logProbabilities in
      let logPolicy = logProbabilities.map { $0.reduce(0.0) { $0 + Double($1) } }
      let value = objective.loss(
        .init(logPolicy: logPolicy, logReward: logReward, logZ: logZ, settings: settings))
      logZSlope = value.logZSlope
      return (
        value.loss,
        zip(logProbabilities, value.slopes).map { [Float](repeating: Float($1), count: $0.count) }
      )
    }
    if objective.learnsLogZ {
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
    if smoothed == nil { try await beginFit() }
    var model = try await fit()
    let (batch, whole) = (settings.batch, log.budget.responses)
    try await search(
      count: batch, until: whole, tempered: false, method: "mle", source: { _ in model },
      afterwards: { search, landed in
        search.sinceFit += landed.count
        if search.sinceFit >= max(batch, whole / 8), search.log.left > whole / 16 {
          // What smoothing found teaches it too.
          try await search.beginFit()
          model = try await search.fit()
        }
        search.progress(search.log.spent, "\(search.log.claimed.count) attacks claimed, smoothing")
      })
  }

  private mutating func beginFit() async throws {
    smoothed = try await newModel(seed: generator.next())
    (fitted, sinceFit) = (0, 0)
  }

  /// What smoothing starts from.
  func newModel(seed: UInt64) async throws -> AttackerModel {
    try await AttackerModel(loaded, settings: settings, learningRate: settings.smoothingLearningRate, seed: seed)
  }

  /// Goes on fitting until all steps are done.
  private mutating func fit() async throws -> AttackerModel {
    guard var model = smoothed else { throw InternalError("there is no model to fit") }
    while fitted < settings.smoothingSteps {
      try Task.checkCancellation()
      let sequences = (0..<settings.batch).map { _ in worked[Int.random(in: 0..<worked.count, using: &generator)].tokens
      }
      let total = Float(sequences.reduce(0) { $0 + $1.count })
      _ = try await model.step(sequences) { logProbabilities in
        let loss = -logProbabilities.reduce(0.0) { $0 + $1.reduce(0.0) { $0 + Double($1) } } / Double(total)
        return (loss, logProbabilities.map { [Float](repeating: -1 / total, count: $0.count) })
      }
      (smoothed, fitted) = (model, fitted + 1)
      progress(log.spent, "fitting \(worked.count) that work, step \(fitted) of \(settings.smoothingSteps)")
      try await keepStanding()
    }
    return model
  }

  // MARK: - Proposals

  /// - Parameter repeats: how many of the proposals may repeat others, or what was asked before.
  private mutating func propose(
    _ count: Int, repeats: Int, from model: AttackerModel, tempered: Bool
  ) async throws -> ProposalPool {
    if let fixed = settings.fixedPrompt {
      return ProposalPool(try await proposer.drafts(prompts: [String](repeating: fixed, count: count)))
    }
    // A part comes from the reference model, so that the search can't blind itself to what it once gave up.
    let explored =
      settings.training ? (0..<count).count { _ in generator.uniform() < Float(settings.explorationShare) } : 0
    var samples: [EngineSample] = []
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
      samples += try await source.sample(temperatures, seeds: seeds, isForStep: keeps && isPolicy)
    }
    // Mixed, so that what is cut off later is no source's alone. A large pool repeats itself and what was asked before: some
    // of that is learnt from.
    var seen: Set<String> = []
    let drafts = try await proposer.drafts(samples).shuffled(using: &generator).enumerated().filter { index, draft in
      let isFirst = log.isNew(draft.prompt) && seen.insert(draft.prompt).inserted
      return index < repeats || isFirst
    }.map(\.element)
    return ProposalPool(drafts)
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

  /// Logs what smoothing fits: as published, p(unsafe) above the threshold and log p_ref above −100; and what it may ask.
  private mutating func rememberIfItWorks(_ item: Experience, logUnsafe: Double) {
    guard logUnsafe > Foundation.log(settings.claimThreshold), item.reference.reduce(0, +) > -100 else { return }
    if settings.skipsUnfluent && !isFluent(item) { return }
    if fitting.insert(item.prompt).inserted { worked.append(item) }
  }

  private func state() async throws -> [UInt8] {
    let parameters = try await policy.parameters()
    return try AttackerState(
      header: AttackerState.Header(
        step: step, logZ: logZ, generator: generator, buffer: buffer,
        minKThreshold: reward.threshold, parameters: parameters.count), parameters: parameters
    ).encoded()
  }
}
