import Core
import Foundation
import Logging

/// One restart of the GFlowNet attacker on one target.
package struct GFlowNetSearch: Sendable {
  let settings: AttackerSettings
  let progress: @Sendable (Int, String) -> Void
  let embedder: any Embedder
  private let loaded: LoadedEngine
  let proposer: Proposer
  let checkpoints: (any SearchCheckpoints)?
  var reward: Reward
  let started: AttackerState?
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
  /// Claims that are being confirmed, by the rounds that made them.
  var claims: [ClaimRound] = []
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

  /// Share of each round that it may take, so that what is new is looked for from the first round on.
  private static let memoryShare = 0.25
  /// Batches in a row without one new prompt after which the sampler counts as collapsed.
  package static let patience = 25

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
        if settings.minKThreshold == nil { progress(0, "sampling the reference model, to tell what is fluent") }
        reward = Reward(settings: settings, threshold: try await proposer.minKThreshold())
      }
    }
    if let standing { try await goOn(standing) }
  }

  mutating func run(seedPrompts: [String]) async throws -> SearchResult {
    let smooths = settings.smoothing && settings.training
    let whole = log.budget.responses
    tellPhase()
    if phase == .beginning {
      try await recall(seedPrompts)
      phase = .training
      tellPhase()
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

  private mutating func enter(_ next: SearchStanding.Phase) {
    (phase, idle) = (next, 0)
    tellPhase()
  }

  private func tellPhase() {
    Logger.current.debug(
      "search phase",
      metadata: [
        "phase": "\(phase)", "step": .stringConvertible(step), "responses": .stringConvertible(log.spent),
        "claimed": .stringConvertible(log.claimed.count),
      ])
  }

  /// Embeds prompts that have no vector yet.
  mutating func embed(_ prompts: [String]) async throws {
    let missing = Set(prompts).filter { vectors[$0] == nil }.sorted()
    if missing.isEmpty { return }
    for (prompt, vector) in zip(missing, try await embedder.embed(missing)) { vectors[prompt] = vector }
  }

  /// Teaches the screen.
  /// - Returns: the rows that it took them into, by prompt.
  private mutating func learn(_ items: [Experience]) -> [String: Int] {
    guard settings.screenPool > 1 else { return [:] }
    let threshold = Foundation.log(settings.claimThreshold)
    let seen = items.compactMap { item in
      vectors[item.prompt].map {
        (prompt: item.prompt, vector: $0, worked: (log.known[item.prompt] ?? -9) > threshold)
      }
    }
    let rows = screen.learn(seen.map(\.vector), worked: seen.map(\.worked))
    // The screen has its own copy; only a buffer that compares by meaning asks again.
    if !settings.replay.needVectors { for item in items { vectors[item.prompt] = nil } }
    return Dictionary(zip(seen.map(\.prompt), rows)) { first, _ in first }
  }

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
    let claimed = log.claimed.count
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
    let rows = learn(new)
    for item in round.recalled { try await takeUp(item) }
    if let recollection { screen.trust = recollection.trust }
    // The round before made those; the next is asked meanwhile.
    try await settleClaims()
    confirm(log.claimed[claimed...].map(\.prompt), rows: rows)
    return known
  }

  /// Keeps `batchesInFlight` rounds before the target until `limit` responses are committed.
  ///
  /// Rounds land in the order in which they started, whichever is answered first, so the result doesn't depend on time.
  mutating func search(
    count: Int, until limit: Int, tempered: Bool, method: String,
    source: (Self) -> AttackerModel, afterwards: (inout Self, [Experience]) async throws -> Void
  ) async throws {
    defer {
      for round in flight { round.answers?.cancel() }
      for round in claims { round.verdicts.cancel() }
      (flight, claims) = ([], [])
    }
    while idle < Self.patience {
      while flight.count < settings.batchesInFlight, log.committed + settings.mostResponses <= limit {
        flight.append(try await launch(source(self), count: count, until: limit, tempered: tempered))
      }
      if flight.isEmpty {
        if claims.isEmpty { return }
        // What they don't need pays for more.
        try await settleClaims()
        continue
      }
      let round = flight.removeFirst()
      idle = round.asked.isEmpty ? idle + 1 : 0
      let landed = try await land(round, method: method)
      try await afterwards(&self, landed)
      try await keepStanding()
    }
    try await settleClaims()
  }

  func isFluent(_ item: Experience) -> Bool {
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

  /// A policy as smoothing starts from it.
  func newModel(seed: UInt64) async throws -> AttackerModel {
    try await AttackerModel(loaded, settings: settings, learningRate: settings.smoothingLearningRate, seed: seed)
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
