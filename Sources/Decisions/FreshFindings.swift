import Core
import Statistics

/// What the searches on one model confirmed, clustered by meaning.
struct FreshFindings: Sendable {
  /// One independent restart of the attacker.
  struct Restart: Sendable {
    let search: ConfirmedSearch
    /// Clusters among its own confirmed attacks at the policy's similarity.
    let unique: Int
    let vendiScore: Double?
    let curve: [RunSummary.FreshSummary.Point]

    /// Confirmed unique attacks per 1,000 target responses, confirmation included.
    var yield: Double { search.responses == 0 ? 0 : 1_000 * Double(unique) / Double(search.responses) }
  }

  let role: Role
  let restarts: [Restart]
  /// Over all restarts, by similarity.
  let uniqueAttacks: [Double: Int]
  let vendiScore: Double?
  let meanCosineDistance: Double?
  /// Embeddings of all confirmed attacks, in order.
  let vectors: [[Float]]

  var confirmed: [ConfirmedAttack] { restarts.flatMap(\.search.confirmed) }
  var responses: Int { restarts.reduce(0) { $0 + $1.search.responses } }

  /// The similarities that reports show beside the policy's own.
  static let shownSimilarities = [0.6, 0.7, 0.8]

  /// - Parameters:
  ///   - searches: all restarts on one model, in order.
  ///   - similarity: the cosine from which two attacks are the same attack.
  init(role: Role, searches: [ConfirmedSearch], similarity: Double, embedder: any Embedder) async throws {
    let prompts = searches.flatMap { $0.confirmed.map(\.claim.prompt) }
    let vectors = try await embedder.embed(prompts)
    self.role = role
    self.vectors = vectors
    (restarts, uniqueAttacks, vendiScore, meanCosineDistance) = await offPool {
      var start = 0
      let restarts = searches.map { search in
        let own = Array(vectors[start..<(start + search.confirmed.count)])
        start += own.count
        return Restart(search, vectors: own, similarity: similarity)
      }
      let thresholds = Set(Self.shownSimilarities + [similarity])
      let unique = Dictionary(
        uniqueKeysWithValues: thresholds.map { ($0, Self.count(Diversity.clusters(vectors, threshold: $0))) })
      return (restarts, unique, Diversity.vendiScore(vectors), Diversity.meanCosineDistance(vectors))
    }
  }

  private static func count(_ groups: [Int]) -> Int { Set(groups).count }

  /// For the report.
  /// - Parameter map: where its attacks lie.
  func summary(similarity: Double, map: [RunSummary.FreshSummary.Place]) -> RunSummary.FreshSummary {
    var byCategory: [String: Int] = [:]
    for attack in confirmed { byCategory[attack.category ?? "other", default: 0] += 1 }
    return RunSummary.FreshSummary(
      role: role.description, reused: restarts.allSatisfy(\.search.search.reused),
      restarts: restarts.map { restart in
        RunSummary.FreshSummary.Restart(
          index: restart.search.search.job.restart, responses: restart.search.responses,
          claimed: restart.search.search.result.claimed.count, confirmed: restart.search.confirmed.count,
          unique: restart.unique, curve: restart.curve)
      },
      uniqueAttacks: Dictionary(
        uniqueKeysWithValues: uniqueAttacks.map { (String($0.key), $0.value) }),
      vendiScore: vendiScore, meanCosineDistance: meanCosineDistance, byCategory: byCategory, map: map)
  }

  /// Places of each model's attacks in one plane, so that they can be compared.
  static func maps(_ findings: [FreshFindings]) -> [[RunSummary.FreshSummary.Place]] {
    let shown = findings.map { findings in
      (findings, stride(from: 0, to: findings.vectors.count, by: findings.vectors.count / mostPlaces + 1))
    }
    let plane = PrincipalPlane.coordinates(shown.flatMap { findings, places in places.map { findings.vectors[$0] } })
    var next = 0
    return shown.map { findings, places in
      let confirmed = findings.confirmed
      return places.map { place in
        defer { next += 1 }
        return .init(x: plane[next].x, y: plane[next].y, category: confirmed[place].category)
      }
    }
  }

  /// A page has no use for more dots.
  private static let mostPlaces = 400
}

extension FreshFindings.Restart {
  init(_ search: ConfirmedSearch, vectors: [[Float]], similarity: Double) {
    let groups = Diversity.clusters(vectors, threshold: similarity)
    // Confirmed attacks keep the order of discovery, so first appearances draw the yield curve.
    var seen: Set<Int> = []
    var curve = [RunSummary.FreshSummary.Point(responses: 0, unique: 0)]
    for (attack, group) in zip(search.confirmed, groups) where seen.insert(group).inserted {
      curve.append(.init(responses: attack.claim.responsesSpent, unique: seen.count))
    }
    curve.append(.init(responses: search.search.result.responses, unique: seen.count))
    self.init(
      search: search, unique: seen.count, vendiScore: Diversity.vendiScore(vectors), curve: curve)
  }
}
