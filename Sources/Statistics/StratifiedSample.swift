/// A random sample in which every stratum has its part, each unit with the inverse of its chance of being drawn.
public enum StratifiedSample {
  /// A unit that was drawn.
  public struct Draw: Hashable, Sendable {
    /// Its place among the units.
    public let index: Int
    /// N_h/n_h of its stratum: Σ weights is the population's size.
    public let weight: Double
  }

  /// - Parameters:
  ///   - units: by unit, what it is stratified by, most important first. The first level gets equal parts (half of the
  ///     labels go to responses that a judge calls unsafe, however rare they are); within it the others get parts in
  ///     proportion to the square roots of their sizes. Levels are dropped from the last one on where there are more
  ///     strata than the sample can hold twice.
  ///   - count: of units to draw; all of them where there are fewer.
  /// - Returns: in random order.
  public static func draw(
    _ units: [[String]], count: Int, using random: inout some RandomNumberGenerator
  ) -> [Draw] {
    let outer = groups(Array(units.indices)) { units[$0].first ?? "" }
    let parts = allocation(sizes: outer.map(\.count), total: count) { _ in 1 }
    var draws: [Draw] = []
    for (members, part) in zip(outer, parts) {
      let inner = strata(members, units: units, sample: part)
      let quotas = allocation(sizes: inner.map(\.count), total: part) { Double($0).squareRoot() }
      for (stratum, quota) in zip(inner, quotas) {
        let drawn = stratum.shuffled(using: &random).prefix(quota)
        draws += drawn.map { Draw(index: $0, weight: Double(stratum.count) / Double(quota)) }
      }
    }
    return draws.shuffled(using: &random)
  }

  private static func strata(_ members: [Int], units: [[String]], sample: Int) -> [[Int]] {
    let levels = members.reduce(0) { max($0, units[$1].count) }
    for depth in stride(from: levels, to: 1, by: -1) {
      let cells = groups(members) { units[$0].prefix(depth).joined(separator: "\u{1f}") }
      if 2 * cells.count <= sample { return cells }
    }
    return [members]
  }

  /// In the order of the keys, so that equal seeds draw equal samples.
  private static func groups(_ indices: [Int], by key: (Int) -> String) -> [[Int]] {
    Dictionary(grouping: indices, by: key).sorted { $0.key < $1.key }.map(\.value)
  }

  /// How many of each size are drawn: in proportion to `share`, at least one each where there is enough for that, never
  /// more than there are; what a full one doesn't need goes to the others.
  static func allocation(sizes: [Int], total: Int, share: (Int) -> Double) -> [Int] {
    var quotas = sizes.map { min($0, total >= sizes.count ? 1 : 0) }
    var left = min(total, sizes.reduce(0, +)) - quotas.reduce(0, +)
    while left > 0 {
      // One at a time to the group furthest below its part.
      let open = sizes.indices.filter { quotas[$0] < sizes[$0] }
      guard let next = open.min(by: { Double(quotas[$0]) / share(sizes[$0]) < Double(quotas[$1]) / share(sizes[$1]) })
      else { break }
      quotas[next] += 1
      left -= 1
    }
    return quotas
  }
}
