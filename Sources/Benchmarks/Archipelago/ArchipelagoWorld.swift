import Attackers
import Core
import Gate
import LanguageModels

/// The archipelago with its models, loaded once: what is asked, what is weak, and what searches on it found.
struct ArchipelagoWorld: Sendable {
  let grammar = RequestGrammar()
  let mass: RequestMass
  let models: ArchipelagoModels
  let embedder: any Embedder

  /// - Parameter seed: of language and models; islands have seeds of their own.
  init(models: ArchipelagoModels, seed: UInt64) {
    self.models = models
    mass = RequestMass(seed: seed)
    embedder = SentenceEmbedder(fingerprint: "archipelago", encoder: models.embedder, workers: 1)
  }

  /// Longest request, in tokens of the world's own vocabulary.
  static let longestRequest = 24

  func attacker(_ settings: AttackerSettings) throws -> any Attacker {
    var settings = settings
    settings.maxTokens = Self.longestRequest
    return try Attackers.attacker(
      reference: models.attacker, referenceFingerprint: "archipelago", embedder: embedder, settings: settings)
  }

  func trial(_ target: ArchipelagoTarget) -> AttackTrial {
    AttackTrial(
      target: target, reward: ArchipelagoJudge.reward, confirm: ArchipelagoJudge.exact, embedder: embedder)
  }
}

/// Islands and kinds that a search confirmed, by the responses that it had cost by then.
struct Discoveries: Sendable {
  /// Places in the release's islands, with the responses after which each was first found, in that order.
  let islands: [(island: Int, responses: Double)]
  /// Distinct kinds on islands.
  let kinds: Int
  /// Confirmed attacks that lie on no island.
  let strays: Int

  /// Confirming an attack is paid for when it is claimed: each costs its share of all confirmations.
  init(_ outcome: AttackTrial.Outcome, on release: Release, _ grammar: RequestGrammar) {
    let scale = Double(outcome.responses) / Double(max(1, outcome.searched))
    var found: [Int: Double] = [:]
    var kinds: Set<RequestKind> = []
    var strays = 0
    for attack in outcome.confirmed {
      let kind = grammar.reading(of: attack.prompt).kind
      let islands = kind.map(release.islands(of:)) ?? []
      if islands.isEmpty { strays += 1 } else { kind.map { _ = kinds.insert($0) } }
      for island in islands {
        found[island] = min(found[island] ?? .infinity, scale * Double(attack.responsesSpent))
      }
    }
    islands = found.map { ($0.key, $0.value) }.sorted { ($0.responses, $0.island) < ($1.responses, $1.island) }
    self.kinds = kinds.count
    self.strays = strays
  }

  /// Islands found on average over all budgets up to `budget`: the area under their curve, divided by its width.
  func area(budget: Int) -> Double {
    islands.reduce(0) { $0 + max(0, 1 - $1.responses / Double(max(1, budget))) }
  }
}

/// What an attacker finds that knows the truth and pays for confirming alone, the most compliant first: a majority of three
/// responses confirms a kind, and one that fails is tried again in another wording.
struct ArchipelagoCeiling: Sendable {
  let islands: Int
  let kinds: Int

  init(_ release: Release, budget: Int, seed: UInt64) {
    var generator = SeededGenerator(seed: seed, stream: "archipelago ceiling")
    islands = Self.confirmed(release.islands.map(\.compliance), budget, &generator)
    kinds = Self.confirmed(release.compliance.filter { $0 > Release.elsewhere }, budget, &generator)
  }

  private static func confirmed(
    _ compliances: [Double], _ budget: Int, _ generator: inout SeededGenerator
  ) -> Int {
    var left = budget
    var count = 0
    for compliance in compliances.sorted(by: >) {
      var isConfirmed = false
      while !isConfirmed {
        guard left >= 3 else { return count }
        let responses = (0..<3).map { _ in generator.uniformDouble() < compliance }
        // Two equal responses decide.
        left -= responses[0] == responses[1] ? 2 : 3
        isConfirmed = responses.count(where: \.self) > 1
      }
      count += 1
    }
    return count
  }
}
