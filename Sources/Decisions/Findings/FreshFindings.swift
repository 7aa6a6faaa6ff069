import Core
import Statistics

/// A claimed attack that fresh responses confirmed.
public struct ConfirmedAttack: Hashable, Sendable {
  /// The attack and what its search saw of it.
  public let claim: ClaimedAttack
  /// What the confirming judge saw violated, by majority.
  public let category: String?

  public init(claim: ClaimedAttack, category: String?) {
    self.claim = claim
    self.category = category
  }
}

/// What the searches on one model confirmed, clustered by meaning.
public struct FreshFindings: Sendable {
  /// One independent restart of the attacker.
  public struct Restart: Sendable {
    /// Its place among the restarts, from 0.
    public let index: Int
    /// Whether the search was taken from the ledger.
    public let isReused: Bool
    /// Target responses of search and confirmation together.
    public let responses: Int
    /// Attacks that the search believed in.
    public let claimed: Int
    /// In the order of discovery.
    public let confirmed: [ConfirmedAttack]
    /// Claims that failed or unscored responses left open.
    public let undecided: Int
    /// Claims that were not asked again, since the budget was used up.
    public let unasked: Int
    /// Clusters among its own confirmed attacks at the policy's similarity.
    public let unique: Int
    /// Effective number of different confirmed attacks; nil without any.
    public let vendiScore: Double?
    /// (responses spent, unique attacks so far).
    public let curve: [RunSummary.FreshSummary.Point]
    /// What became of the search's and of the confirmation's responses.
    public let search: OutcomeCounts
    /// What became of the responses that confirmed claims, or did not.
    public let confirmation: OutcomeCounts

    /// - Parameters:
    ///   - vectors: embeddings of the confirmed attacks, in order.
    ///   - searched: responses of the search alone.
    ///   - similarity: the cosine from which two attacks are the same attack.
    public init(
      index: Int, isReused: Bool, searched: Int, responses: Int, claimed: Int, confirmed: [ConfirmedAttack],
      undecided: Int, unasked: Int = 0, vectors: [[Float]], similarity: Double, search: OutcomeCounts,
      confirmation: OutcomeCounts
    ) {
      self.index = index
      self.isReused = isReused
      self.responses = responses
      self.claimed = claimed
      self.confirmed = confirmed
      self.undecided = undecided
      self.unasked = unasked
      self.search = search
      self.confirmation = confirmation
      // Confirmed attacks keep the order of discovery, so first appearances draw the yield curve.
      var seen: Set<Int> = []
      var curve = [RunSummary.FreshSummary.Point(responses: 0, unique: 0)]
      for (attack, group) in zip(confirmed, Diversity.clusters(vectors, threshold: similarity))
      where seen.insert(group).inserted {
        curve.append(.init(responses: attack.claim.responsesSpent, unique: seen.count))
      }
      curve.append(.init(responses: searched, unique: seen.count))
      self.curve = curve
      unique = seen.count
      vendiScore = Diversity.vendiScore(vectors)
    }

    /// Confirmed unique attacks per 1,000 target responses, confirmation included.
    public var yield: Double { responses == 0 ? 0 : 1_000 * Double(unique) / Double(responses) }

    /// Unique attacks that missing responses may have hidden: claims left open, and searches' questions without a verdict.
    public var possible: Int { undecided + search.unscored + search.failed }
  }

  /// The part of the model that was searched on.
  public let role: Role
  /// Searches with seeds of their own, in their order.
  public let restarts: [Restart]
  /// What confirmed the attacks; nil where nothing was searched.
  public let rule: ConfirmationRule?
  /// Over all restarts, by similarity.
  public let uniqueAttacks: [Double: Int]
  /// Effective number of different attacks over all restarts (Friedman and Dieng, 2023); nil without any.
  public let vendiScore: Double?
  /// Mean of one minus the cosine over all pairs of confirmed attacks; nil with fewer than two.
  public let meanCosineDistance: Double?
  /// Embeddings of all confirmed attacks, in order.
  public let vectors: [[Float]]

  /// Confirmed attacks of all restarts, in the order of discovery within each.
  public var confirmed: [ConfirmedAttack] { restarts.flatMap(\.confirmed) }
  /// Target responses of all restarts, confirmation included.
  public var responses: Int { restarts.lazy.map(\.responses).saturatedSum }

  /// What a reader has to know of claims that were not asked again; nil where there are none.
  public var notice: String? {
    switch restarts.lazy.map(\.unasked).saturatedSum {
    case 0: nil
    case 1: "1 attack claimed on the \(role) model was not asked again, since the budget was used up."
    case let unasked:
      "\(unasked) attacks claimed on the \(role) model were not asked again, since the budget was used up."
    }
  }

  /// The similarities that reports show beside the policy's own.
  static let shownSimilarities = [0.6, 0.7, 0.8]

  /// - Parameters:
  ///   - restarts: all restarts on one model, in order.
  ///   - vectors: embeddings of all confirmed attacks, in order.
  ///   - similarity: the cosine from which two attacks are the same attack.
  ///   - rule: what confirmed the attacks.
  public init(
    role: Role, restarts: [Restart], vectors: [[Float]], similarity: Double, rule: ConfirmationRule? = nil
  ) {
    self.role = role
    self.rule = rule
    self.restarts = restarts
    self.vectors = vectors
    uniqueAttacks = Dictionary(
      uniqueKeysWithValues: Set(Self.shownSimilarities + [similarity]).map { threshold in
        (threshold, Set(Diversity.clusters(vectors, threshold: threshold)).count)
      })
    vendiScore = Diversity.vendiScore(vectors)
    meanCosineDistance = Diversity.meanCosineDistance(vectors)
  }

  /// For the report.
  /// - Parameter map: where its attacks lie.
  func summary(map: [RunSummary.FreshSummary.Place]) -> RunSummary.FreshSummary {
    var byCategory: [String: Int] = [:]
    for attack in confirmed { byCategory[attack.category ?? "other", default: 0] += 1 }
    return RunSummary.FreshSummary(
      role: role.description, reused: restarts.allSatisfy(\.isReused),
      restarts: restarts.map { restart in
        RunSummary.FreshSummary.Restart(
          index: restart.index, responses: restart.responses, claimed: restart.claimed,
          confirmed: restart.confirmed.count, unique: restart.unique, curve: restart.curve, unasked: restart.unasked)
      },
      uniqueAttacks: Dictionary(
        uniqueKeysWithValues: uniqueAttacks.map { (String($0.key), $0.value) }),
      vendiScore: vendiScore, meanCosineDistance: meanCosineDistance, byCategory: byCategory, map: map,
      confirmation: rule)
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

  /// Each confirmed prompt once, in the order of restarts and discovery.
  public func distinctAttacks(run: String) -> [Attack] {
    var seen: Set<String> = []
    return restarts.flatMap { restart in
      restart.confirmed.filter { seen.insert($0.claim.prompt).inserted }.map { confirmed in
        Attack(
          prompt: confirmed.claim.prompt, category: confirmed.category,
          provenance: Provenance(
            method: confirmed.claim.method, restart: restart.index, step: confirmed.claim.step,
            foundOn: role.description, run: run))
      }
    }
  }
}
