import Core
import Decisions
import Policies
import SafetyTuning
import Statistics

/// Working attacks on the untuned model, by kind, and what of them is tuned on.
struct TuningSets: Sendable {
  struct Found: Sendable {
    let prompt: String
    let category: String?
    let methods: Set<String>
    let cluster: Int
    let vector: [Float]
    /// Whether it is tuned on.
    let side: Side
  }

  enum Side: Sendable {
    case training, heldOut
    /// In a training cluster, but as near to a held-out attack as rewordings are: used by nobody.
    case between
  }

  let found: [Found]
  let clusters: Int
  let heldOutClusters: Int

  /// - Parameters:
  ///   - attacks: of all methods on the untuned model.
  ///   - similarity: cosine from which two attacks are the same.
  ///   - share: of the clusters that are held out.
  init(_ attacks: [MethodAttack], similarity: Double, heldOut share: Double, seed: UInt64) async {
    var methods: [String: Set<String>] = [:]
    var categories: [String: String] = [:]
    var vectors: [String: [Float]] = [:]
    var order: [String] = []
    for attack in attacks {
      for (confirmed, vector) in zip(attack.found.confirmed, attack.found.vectors) {
        let prompt = confirmed.claim.prompt
        if vectors.updateValue(vector, forKey: prompt) == nil { order.append(prompt) }
        methods[prompt, default: []].insert(attack.method)
        if let category = confirmed.category { categories[prompt] = category }
      }
    }
    let rows = order.map { vectors[$0] ?? [] }
    let (groups, split, sides) = await offPool { [rows] in
      let groups = Diversity.clusters(rows, threshold: similarity)
      let split = ClusterSplit(groups, heldOutShare: share, seed: seed)
      let heldOut = rows.indices.filter { split.heldOut.contains(groups[$0]) }
      let sides = rows.indices.map { index -> Side in
        if split.heldOut.contains(groups[index]) { return .heldOut }
        let near = heldOut.contains { Double(dot(rows[index], rows[$0])) >= similarity }
        return near ? .between : .training
      }
      return (groups, split, sides)
    }
    found = order.indices.map { index in
      Found(
        prompt: order[index], category: categories[order[index]], methods: methods[order[index]] ?? [],
        cluster: groups[index], vector: rows[index], side: sides[index])
    }
    clusters = Set(groups).count
    heldOutClusters = split.heldOut.count
  }

  /// What a variant is tuned on: one method's attacks, or all; those that differ most come first where there are too many.
  func training(_ method: String?, most: Int) -> [Found] {
    let own = found.filter { $0.side == .training && (method == nil || $0.methods.contains(method ?? "")) }
    return DiverseOrder.indices(own.map(\.vector), limit: most).map { own[$0] }
  }

  /// Measures all variants; at most as many as `most`, spread over the kinds.
  func heldOut(most: Int) -> [HeldOutAttack] {
    let own = found.filter { $0.side == .heldOut }
    return DiverseOrder.indices(own.map(\.vector), limit: most).sorted().map { index in
      HeldOutAttack(
        prompt: own[index].prompt, category: own[index].category, cluster: "\(own[index].cluster)",
        methods: own[index].methods)
    }
  }
}
