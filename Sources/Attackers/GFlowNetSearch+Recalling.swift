import Core
import Foundation

/// What a search knows before it begins.
extension GFlowNetSearch {
  /// Share of the budget that asking known attacks and the old buffer again may take.
  private static let recollectionShare = 0.15
  /// Known attacks that are grouped into kinds for each question that may be asked about them.
  private static let knownPerQuestion = 4

  /// Old rewards are stale at a new target: each kind of attack that is known or remembered is asked again, the buffer starts
  /// empty.
  mutating func recall(_ prompts: [String]) async throws {
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
    if !asked.isEmpty { progress(log.spent, "reading known attacks") }
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
    let isKnown = Set(prompts)
    let failed = old.filter { $0.logUnsafe <= threshold && !isKnown.contains($0.prompt) }
    let screens = settings.screensByKnown && settings.screenPool > 1
    let screened = candidates + (screens ? failed : [])
    try await embed(screened.map(\.prompt))
    recollection = Recollection(
      worked: candidates.map { ($0, vectors[$0.prompt] ?? []) }, failed: failed,
      similarity: Float(settings.similarity), limit: limit, using: &generator)
    if screens {
      screen.recall(
        screened.map { vectors[$0.prompt] ?? [] }, worked: screened.indices.map { $0 < candidates.count })
    }
    if !settings.replay.needVectors { vectors = [:] }
  }

  /// Where a remembered attack still works, its kind returns to the buffer: with what was measured now, or less.
  mutating func takeUp(_ item: Experience) async throws {
    let c = log.known[item.prompt]
    let works = c.map { $0 > Foundation.log(settings.claimThreshold) }
    let relatives = (recollection?.settle(item.prompt, works: works) ?? []).filter { log.isNew($0.prompt) }
    if settings.replay.needVectors { try await embed(relatives.map(\.prompt)) }
    for var relative in relatives {
      relative.logUnsafe = min(relative.logUnsafe, c ?? Reward.floor)
      buffer.add(relative, vector: vectors[relative.prompt] ?? [])
    }
  }
}
