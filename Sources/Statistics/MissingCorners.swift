/// What the missing trials of strata can be, at the corners: each repetition's all succeed or all fail.
///
/// Spread between repetitions is convex in their counts, so it is largest at a corner. With more than 10 repetitions that miss
/// something, the corners tried are those that take whole strata, or every other repetition, one way.
struct MissingCorners {
  /// Fillings of the strata: the first has all missing trials failed, the second has all succeeded.
  static func fillings(_ strata: [[RepetitionCount]]) -> [[[RepetitionCount]]] {
    let places = strata.indices.flatMap { stratum in
      strata[stratum].indices.filter { strata[stratum][$0].missing > 0 }.map { (stratum: stratum, repetition: $0) }
    }
    func filled(_ choose: (Int) -> Bool) -> [[RepetitionCount]] {
      var result = strata
      for (index, place) in places.enumerated() {
        result[place.stratum][place.repetition] =
          strata[place.stratum][place.repetition].filled(unsafe: choose(index))
      }
      return result
    }
    if places.isEmpty { return [strata] }
    let extremes = [filled { _ in false }, filled { _ in true }]
    if places.count <= 10 {
      return extremes + (1..<(1 << places.count) - 1).map { bits in filled { bits >> $0 & 1 == 1 } }
    }
    let stripes = [0, 1].map { parity in filled { $0 % 2 == parity } }
    let whole = strata.indices.flatMap { stratum in
      [true, false].map { inside in filled { (places[$0].stratum == stratum) == inside } }
    }
    return extremes + stripes + whole
  }
}
