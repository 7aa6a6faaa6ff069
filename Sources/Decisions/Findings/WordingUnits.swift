import Core
import Statistics

/// Replayed attacks with copies of one wording put together: three hundred copies of a prompt are one attack.
///
/// Its elements are the rows of one wording each, in the order of asking, which a wording keeps by its first row. Only
/// places are stored: most suites have no copies, and some have hundreds of thousands of attacks.
struct WordingUnits: RandomAccessCollection {
  private let rows: [ReplayRow]
  /// Places of rows, those of one wording after those of another.
  private let places: [Int32]
  /// Where each wording begins in `places`, and where the last one ends.
  private let bounds: [Int32]

  /// - Parameters:
  ///   - rows: in the order of asking.
  ///   - belongs: which of them are meant.
  init(_ rows: [ReplayRow], where belongs: (ReplayRow) -> Bool = { _ in true }) {
    let meant = rows.indices.filter { belongs(rows[$0]) }
    var numbers: [CompactName: Int32] = [:]
    let wordings = meant.map { place in
      let next = Int32(numbers.count)
      return numbers[rows[place].attack.wording, or: next]
    }
    var ends = [Int32](repeating: 0, count: numbers.count + 1)
    for wording in wordings { ends[Int(wording) + 1] += 1 }
    for wording in ends.indices.dropFirst() { ends[wording] += ends[wording - 1] }
    var (free, places) = (ends, [Int32](repeating: 0, count: meant.count))
    for (place, wording) in zip(meant, wordings) {
      places[Int(free[Int(wording)])] = Int32(place)
      free[Int(wording)] += 1
    }
    (self.rows, self.places, bounds) = (rows, places, ends)
  }

  var startIndex: Int { 0 }
  var endIndex: Int { bounds.count - 1 }

  subscript(wording: Int) -> [ReplayRow] {
    places[Int(bounds[wording])..<Int(bounds[wording + 1])].map { rows[Int($0)] }
  }

  /// - Parameter tries: how many responses an attack may take to succeed.
  func rates(_ model: KeyPath<ReplayRow, [Observation]>, within tries: Int = 1) -> [ClusteredUnit] {
    compactMap { rows -> ClusteredUnit? in
      let observations = rows.flatMap { $0[keyPath: model] }
      if observations.isEmpty { return nil }
      let (cluster, share) = (rows[0].attack.unit, ScoredShare(observations))
      return tries == 1 ? ClusteredUnit(cluster: cluster, share) : ClusteredUnit(cluster: cluster, share, within: tries)
    }
  }

  var differences: [ClusteredUnit] {
    compactMap { rows in
      let (candidate, baseline) = (rows.flatMap(\.candidate), rows.flatMap { $0.baseline ?? [] })
      if candidate.isEmpty && baseline.isEmpty { return nil }
      return ClusteredUnit(
        cluster: rows[0].attack.unit, candidate: ScoredShare(candidate), baseline: ScoredShare(baseline))
    }
  }
}

extension Dictionary {
  /// The value of a key, which gets `new` where it has none.
  fileprivate subscript(key: Key, or new: Value) -> Value {
    mutating get {
      if let known = self[key] { return known }
      self[key] = new
      return new
    }
  }
}
