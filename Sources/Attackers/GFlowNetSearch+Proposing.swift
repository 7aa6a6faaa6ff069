import Core

/// What is proposed, and what of it is worth asking.
extension GFlowNetSearch {
  /// - Parameter repeats: how many of the proposals may repeat others, or what was asked before.
  mutating func propose(
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
      let drawn = try await source.sample(temperatures, seeds: seeds, isForStep: keeps && isPolicy)
      samples += isPolicy && source.isTrained ? drawn.map(\.withoutLogProbabilities) : drawn
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

  /// What of the pool is new and worth asking: where there is a screen, its picks.
  mutating func choose(from pool: inout ProposalPool, count: Int) async throws -> [Experience] {
    var seen: Set<String> = []
    let new = pool.drafts.indices.filter {
      log.isNew(pool.drafts[$0].prompt) && seen.insert(pool.drafts[$0].prompt).inserted
    }
    let refused = Set(new.indices.filter { mayNotBeAsked(pool.drafts[new[$0]]) })
    guard settings.screenPool > 1, new.count > count else {
      return try await pool.experiences(new.indices.filter { !refused.contains($0) }.map { new[$0] }, by: proposer)
        .filter(mayBeAsked)
    }
    let found = try await embedder.embed(new.map { pool.drafts[$0].prompt })
    var draws = generator
    let choice = try await screen.choose(found, count: count, refused: refused, using: &draws) { picks in
      try await pool.experiences(picks.map { new[$0] }, by: proposer).map(mayBeAsked)
    }
    generator = draws
    for index in choice { vectors[pool.drafts[new[index]].prompt] = found[index] }
    return try await pool.experiences(choice.map { new[$0] }, by: proposer)
  }

  /// What can be told to be nothing that a user would write before the reference model has scored it.
  private func mayNotBeAsked(_ draft: Proposer.Draft) -> Bool {
    guard settings.training, settings.skipsUnfluent, let sampled = draft.sampled else { return false }
    let length = proposer.length(draft.tokens)
    return reward.isSurelyUnfluent(sampled, tokens: length, finished: length < draft.tokens.count)
  }

  /// What no user would write isn't asked.
  func mayBeAsked(_ item: Experience) -> Bool {
    !settings.training || !settings.skipsUnfluent || isFluent(item)
  }
}
