import Core
import Decisions
import Evidence
import Statistics

/// Adds the candidate's confirmed attacks to the suite of later runs.
///
/// Rewordings of a known attack join its cluster, so that a weakness found fifty times doesn't weigh fifty times; and
/// only the first few of a cluster join at all, so that the suite, paid for at every run, grows by what is new.
struct SuiteGrowth: Sendable {
  /// Newcomers that one cluster takes in a run.
  static let mostPerCluster = 3

  let embedder: any Embedder
  let similarity: Double
  let ledger: Ledger
  let run: String
  /// Identity of the candidate.
  let model: String

  func add(_ found: FreshFindings?, beside attacks: [Attack]) async throws {
    let known = Set(attacks.map(\.id))
    let fresh = (found?.distinctAttacks(run: run) ?? []).filter { !known.contains($0.id) }
    if fresh.isEmpty { return }
    var taken: [CompactName: Int] = [:]
    let joining = try await clustered(fresh, beside: attacks).filter { attack in
      taken[attack.unit, default: 0] += 1
      return taken[attack.unit, default: 0] <= Self.mostPerCluster
    }
    try ledger.addToSuite(joining, run: run, foundOnModel: model)
  }

  private func clustered(_ fresh: [Attack], beside known: [Attack]) async throws -> [Attack] {
    let vectors = try await embedder.embed((known + fresh).map(\.wording))
    return await offPool {
      let groups = Diversity.clusters(Array(vectors[known.count...]), threshold: similarity)
      var nameOfGroup: [Int: String] = [:]
      return zip(fresh, groups).enumerated().map { index, pair in
        let (attack, group) = pair
        let nearest = Self.nearest(vectors[known.count + index], in: vectors[..<known.count])
        if let nearest, nearest.cosine >= Float(similarity) {
          return attack.inCluster(known[nearest.index].unit.text)
        }
        let name = nameOfGroup[group, default: attack.id.text]
        nameOfGroup[group] = name
        return attack.inCluster(name)
      }
    }
  }

  private static func nearest(
    _ vector: [Float], in others: ArraySlice<[Float]>
  ) -> (index: Int, cosine: Float)? {
    others.indices.map { index in
      (index: index, cosine: dot(vector, others[index]))
    }.max { $0.cosine < $1.cosine }
  }
}
