import Core
import Foundation

/// One restart of the in-context attacker: the reference model continues a few of the best attacks found so far
/// (Perez et al., "Red teaming language models with language models", EMNLP 2022).
struct InContextSearch: Sendable {
  let settings: AttackerSettings
  let progress: @Sendable (Int, String) -> Void
  private let loaded: LoadedEngine
  private let proposer: Proposer
  private var pool: ReplayBuffer
  private var generator: SeededGenerator
  private var log: SearchLog
  private var step = 0

  /// Examples in one context.
  private static let shots = 3
  /// Share of each batch that has no examples: where new kinds of attack come from.
  private static let zeroShot = 0.25

  init(_ search: BaselineAttacker.Search) {
    settings = search.settings
    loaded = search.loaded
    progress = search.progress
    proposer = Proposer(search)
    pool = ReplayBuffer(capacity: settings.buffer)
    generator = SeededGenerator(seed: search.seed, stream: "search")
    log = SearchLog(oracle: search.oracle, budget: search.budget, settings: settings)
  }

  mutating func run() async throws -> SearchResult {
    var idle = 0
    while log.canAsk, idle < GFlowNetSearch.patience {
      try Task.checkCancellation()
      let before = log.spent
      let plain = pool.items.isEmpty ? settings.batch : Int(Double(settings.batch) * Self.zeroShot)
      try await ask(plain, context: loaded.prefix)
      if plain < settings.batch { try await ask(settings.batch - plain, context: examples()) }
      idle = log.spent == before ? idle + 1 : 0
    }
    return SearchResult(claimed: log.claimed, responses: log.spent, losses: [], state: [])
  }

  /// The prefix with an attack after it, a few times over, then the prefix: as many as the context holds.
  private mutating func examples() -> [Int32] {
    let (context, prefix) = (loaded.description.context, loaded.prefix)
    var tokens: [Int32] = []
    for example in pool.sample(Self.shots, using: &generator) {
      let shot = prefix + example.tokens
      if tokens.count + shot.count + prefix.count + settings.maxTokens > context { break }
      tokens += shot
    }
    return tokens + prefix
  }

  private mutating func ask(_ count: Int, context: [Int32]) async throws {
    let seeds = (0..<count).map { _ in generator.next() }
    let samples = try await proposer.reference.sample(seeds: seeds, context: context)
    let proposals = try await proposer.experiences(samples)
    step += 1
    for (experience, isNew) in try await log.tryOut(proposals, step: step)
    where isNew && experience.logUnsafe > Foundation.log(settings.claimThreshold) { pool.add(experience) }
    progress(log.spent, "\(log.claimed.count) attacks claimed")
  }
}

extension AttackMethod {
  /// Few-shot prompting with the best attacks found so far.
  public static let inContext = AttackMethod(
    name: "in-context", summary: "few-shot from the best attacks found so far, nothing is trained"
  ) { parts in
    try BaselineAttacker(parts) { search in
      var search = InContextSearch(search)
      return try await search.run()
    }
  }
}
