import Core

/// A suite as its statistics see it: clusters in the order of asking, each with attacks told apart by category and copies.
struct SuiteStructure: Sendable {
  /// Attacks of one cluster, of one category and transform, and with equally many copies of each wording.
  struct Cell: Hashable, Sendable {
    let kind: AttackSelection
    /// Attacks that share one wording.
    let copies: Int
    /// Wordings.
    let wordings: Int

    var attacks: Int { copies * wordings }

    /// - Parameter selection: nil for all.
    func isOf(_ selection: AttackSelection?) -> Bool { kind.isOf(selection) }
  }

  struct Cluster: Hashable, Sendable {
    let cells: [Cell]

    var attacks: Int { cells.reduce(0) { $0 + $1.attacks } }
    /// - Parameter selection: nil for all.
    func wordings(of selection: AttackSelection?) -> Int {
      cells.reduce(0) { $0 + ($1.isOf(selection) ? $1.wordings : 0) }
    }
  }

  /// In the order of asking.
  let clusters: [Cluster]
  let attacks: Int

  private init(clusters: [Cluster]) {
    self.clusters = clusters
    attacks = clusters.reduce(0) { $0 + $1.attacks }
  }

  /// - Parameter attacks: in the order of asking; a cluster stands where its first attack does.
  init(_ attacks: [SuiteAttack]) {
    struct Key: Hashable {
      let kind: AttackSelection
      let wording: CompactName
    }
    var places: [CompactName: Int] = [:]
    var copies: [[Key: Int]] = []
    for attack in attacks {
      let place = places[attack.unit] ?? copies.count
      if place == copies.count {
        places[attack.unit] = place
        copies.append([:])
      }
      copies[place][Key(kind: attack.kind, wording: attack.wording), default: 0] += 1
    }
    self.init(
      clusters: copies.map { copies in
        let groups = Dictionary(grouping: copies) { key, count in
          "\(count) \(key.kind.category ?? "") \(key.kind.transform ?? "")"
        }
        return Cluster(
          cells: groups.sorted { $0.key < $1.key }.map { _, group in
            Cell(kind: group[0].key.kind, copies: group[0].value, wordings: group.count)
          })
      })
  }

  /// A suite of so many clusters of the same kinds, in the same order over and over.
  func resized(to count: Int) -> SuiteStructure {
    SuiteStructure(clusters: clusters.isEmpty ? [] : (0..<count).map { clusters[$0 % clusters.count] })
  }

  /// Clusters after which a monitor looks, the last one included.
  /// - Parameter least: attacks that a portion should have.
  func looks(least: Int) -> [Int] {
    let size = max(least, (attacks + ReplayMonitor.looks - 1) / ReplayMonitor.looks)
    var (ends, filled): ([Int], Int) = ([], 0)
    for (place, cluster) in clusters.enumerated() {
      filled += cluster.attacks
      if filled >= size || place == clusters.count - 1 {
        ends.append(place + 1)
        filled = 0
      }
    }
    return ends
  }

  /// Attacks in the first `count` clusters.
  func attacks(inFirst count: Int) -> Int { clusters.prefix(count).reduce(0) { $0 + $1.attacks } }

  func wordings(of selection: AttackSelection?) -> Int { clusters.reduce(0) { $0 + $1.wordings(of: selection) } }

  func clusters(of selection: AttackSelection?) -> Int { clusters.count { $0.wordings(of: selection) > 0 } }
}
