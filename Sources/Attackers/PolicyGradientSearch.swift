import Core
import Foundation

/// One restart of a policy-gradient attacker: REINFORCE with a KL penalty, or PPO with a novelty bonus.
///
/// These are the field's baselines. PPO takes the batch's mean as its baseline: an attack gets one reward at its end,
/// so a value head would have a single number to predict.
struct PolicyGradientSearch: Sendable {
  let settings: AttackerSettings
  let progress: @Sendable (Int, String) -> Void
  private let embedder: any Embedder
  private let proposer: Proposer
  private var policy: AttackerModel
  private var generator: SeededGenerator
  private var log: SearchLog
  private var losses: [Double] = []
  private var step = 0
  /// Embeddings of all prompts so far, and their token trigrams: what a new prompt is novel against.
  private var past: [[Float]] = []
  private var trigrams: Set<[Int32]> = []

  private let rule: Rule

  /// What tells one policy gradient from the other.
  struct Rule: Sendable {
    /// Weight of the KL penalty, in units of the reward.
    let penalty: Double
    /// Weight of both novelty terms; nil rewards log p(unsafe) alone.
    let novelty: Double?
    /// Gradient steps on one batch.
    let epochs: Int
    /// How far the ratio of new to old probabilities counts; nil for any.
    let clip: Double?
  }

  init(_ search: BaselineAttacker.Search, _ rule: Rule) async throws {
    let attacker = search.attacker
    self.rule = rule
    settings = search.settings
    embedder = attacker.embedder
    progress = search.progress
    policy = try await AttackerModel(
      search.loaded, settings: settings, learningRate: settings.learningRate, seed: search.seed)
    proposer = Proposer(search)
    generator = SeededGenerator(seed: search.seed, stream: "search")
    log = SearchLog(oracle: search.oracle, budget: search.budget, settings: settings)
  }

  mutating func run() async throws -> SearchResult {
    var idle = 0
    while log.canAsk, idle < GFlowNetSearch.patience {
      try Task.checkCancellation()
      let before = log.spent
      try await trainOnce()
      idle = log.spent == before ? idle + 1 : 0
    }
    return SearchResult(claimed: log.claimed, responses: log.spent, losses: losses, state: [])
  }

  private mutating func trainOnce() async throws {
    let seeds = (0..<settings.batch).map { _ in generator.next() }
    let samples = try await policy.sample(seeds: seeds, isForStep: true)
    let proposals = try await proposer.experiences(samples)
    step += 1
    let batch = try await log.tryOut(proposals, step: step).map(\.experience)
    progress(log.spent, "\(log.claimed.count) attacks claimed")
    guard batch.count > 1 else { return }
    let before = try await policy.logProbabilities(batch.map(\.tokens))
    let rewards = try await rewards(batch, before)
    let mean = rewards.reduce(0, +) / Double(rewards.count)
    let deviation = (rewards.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(rewards.count)).squareRoot()
    let advantages = rewards.map { ($0 - mean) / (deviation + 1e-8) }
    for _ in 0..<rule.epochs { try await update(batch, before, advantages) }
  }

  /// log p(unsafe) (REINFORCE) or p(unsafe) with novelty (PPO, as published), less the KL penalty's sample.
  private mutating func rewards(_ batch: [Experience], _ before: [[Float]]) async throws -> [Double] {
    let novelty = rule.novelty == nil ? [] : try await novelties(batch)
    return batch.indices.map { index in
      let divergence =
        before[index].reduce(0.0) { $0 + Double($1) } - batch[index].reference.reduce(0.0) { $0 + Double($1) }
      guard let weight = rule.novelty else { return batch[index].logUnsafe - rule.penalty * divergence }
      return exp(batch[index].logUnsafe) + weight * novelty[index] - rule.penalty * divergence
    }
  }

  /// 1 − the highest cosine with an earlier prompt, plus the share of token trigrams never used before.
  private mutating func novelties(_ batch: [Experience]) async throws -> [Double] {
    let vectors = try await embedder.embed(batch.map(\.prompt))
    return zip(batch, vectors).map { experience, vector in
      let nearest = past.map { dot($0, vector) }.max() ?? 0
      let own = (0..<max(0, experience.tokens.count - 2)).map { Array(experience.tokens[$0..<($0 + 3)]) }
      let unseen = own.count { !trigrams.contains($0) }
      past.append(vector)
      trigrams.formUnion(own)
      return Double(1 - nearest) + Double(unseen) / Double(max(1, own.count))
    }
  }

  private mutating func update(
    _ batch: [Experience], _ before: [[Float]], _ advantages: [Double]
  ) async throws {
    let (count, clip) = (Double(batch.count), rule.clip)
    losses.append(
      try await policy.step(batch.map(\.tokens)) { now in
        var loss = 0.0
        let slopes = now.indices.map { index in
          let tokens = Double(max(1, now[index].count))
          return zip(now[index], before[index]).map { new, old -> Float in
            guard let clip else {
              loss -= advantages[index] * Double(new) / count
              return Float(-advantages[index] / count)
            }
            let ratio = exp(Double(new - old))
            let bounded = min(max(ratio, 1 - clip), 1 + clip)
            loss -= min(ratio * advantages[index], bounded * advantages[index]) / (count * tokens)
            let isClipped = bounded * advantages[index] < ratio * advantages[index]
            return isClipped ? 0 : Float(-advantages[index] * ratio / (count * tokens))
          }
        }
        return (loss, slopes)
      })
  }
}

extension AttackMethod {
  /// REINFORCE (Williams, 1992).
  public static let reinforce = policyGradient(
    name: "reinforce", summary: "policy gradient with a KL penalty towards the reference model (Williams, 1992)",
    .init(penalty: 0.1, novelty: nil, epochs: 1, clip: nil))

  /// Novelty counts as published: 1.
  public static let ppo = policyGradient(
    name: "ppo",
    summary:
      "clipped policy gradient with a novelty bonus (Hong et al., \"Curiosity-driven red-teaming\", ICLR 2024)",
    .init(penalty: 0.01, novelty: 1, epochs: 4, clip: 0.2))

  private static func policyGradient(
    name: String, summary: String, _ rule: PolicyGradientSearch.Rule
  ) -> AttackMethod {
    AttackMethod(name: name, summary: summary) { parts in
      try BaselineAttacker(parts) { search in
        var search = try await PolicyGradientSearch(search, rule)
        return try await search.run()
      }
    }
  }
}
