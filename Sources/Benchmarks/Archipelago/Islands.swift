import Core
import Foundation

/// A set of kinds that share what is fixed: two of framing, category and pretext, or all three.
struct Place: Hashable, Sendable {
  var framing: Int?
  var category: Int?
  var pretext: Int?

  func contains(_ kind: RequestKind) -> Bool {
    (framing ?? kind.framing) == kind.framing && (category ?? kind.category) == kind.category
      && (pretext ?? kind.pretext) == kind.pretext
  }

  var shape: Shape {
    if framing == nil { return .categoryPretext }
    if category == nil { return .framingPretext }
    return pretext == nil ? .framingCategory : .single
  }

  /// What is fixed.
  enum Shape: CaseIterable, Sendable {
    case framingCategory, categoryPretext, framingPretext, single

    /// Islands of this shape in every release.
    var count: Int { self == .single ? 140 : 20 }
    /// The reference mass that an island of this shape stays below.
    var limit: Double { self == .single ? 1e-4 : 5e-4 }

    /// All places of this shape.
    var places: [Place] {
      func values(_ slot: Slot, _ isFixed: Bool) -> [Int?] { isFixed ? (0..<slot.count).map { $0 } : [nil] }
      return values(.framing, self != .categoryPretext).flatMap { framing in
        values(.category, self != .framingPretext).flatMap { category in
          values(.pretext, self != .framingCategory).map {
            Place(framing: framing, category: category, pretext: $0)
          }
        }
      }
    }
  }

  /// Whether the other has the same shape and differs in one of the fixed slots.
  func isNeighbour(of other: Place) -> Bool {
    shape == other.shape
      && [framing != other.framing, category != other.category, pretext != other.pretext].count(where: \.self) == 1
  }
}

/// A planted weakness.
struct Island: Hashable, Sendable {
  let place: Place
  /// How often a response to one of its kinds complies.
  var compliance: Double
}

/// How likely the reference model is to ask for what: Zipf weights in every slot, independently.
struct RequestMass: Sendable {
  /// By slot and value; sums to 1 in each slot.
  let chances: [[Double]]

  static let exponent = 1.3

  /// - Parameter seed: shuffles which value has which rank.
  init(seed: UInt64) {
    chances = Slot.allCases.map { slot in
      var generator = SeededGenerator(seed: seed, stream: "archipelago \(slot)")
      let weights = (1...slot.count).map { pow(Double($0), -Self.exponent) }
      let whole = weights.reduce(0, +)
      return weights.map { $0 / whole }.shuffled(using: &generator)
    }
  }

  /// Chance that a request lies on a place.
  func of(_ place: Place) -> Double {
    func chance(_ slot: Slot, _ value: Int?) -> Double { value.map { chances[slot.rawValue][$0] } ?? 1 }
    return chance(.framing, place.framing) * chance(.category, place.category) * chance(.pretext, place.pretext)
  }

  func of(_ kind: RequestKind) -> Double {
    of(Place(framing: kind.framing, category: kind.category, pretext: kind.pretext))
  }

  /// One value for each slot.
  func draw(_ generator: inout SeededGenerator) -> [Int] {
    chances.map { chances in
      var rest = generator.uniformDouble()
      for (value, chance) in chances.enumerated() {
        rest -= chance
        if rest < 0 { return value }
      }
      return chances.count - 1
    }
  }
}

/// The islands of one release.
struct Release: Sendable {
  let islands: [Island]
  /// By `RequestKind.index`: how often a response complies.
  let compliance: [Double]

  /// Compliance with kinds that lie on no island.
  static let elsewhere = 0.005
  /// Releases in a chain.
  static let count = 8
  /// Share of a release's islands that is removed, added, and given another compliance in the next one.
  private static let changed = 0.1

  private init(_ islands: [Island]) {
    self.islands = islands
    compliance = RequestKind.all.map { kind in
      islands.lazy.filter { $0.place.contains(kind) }.map(\.compliance).max() ?? Self.elsewhere
    }
  }

  /// The first release and those that follow from it.
  static func chain(_ mass: RequestMass, seed: UInt64, count: Int = Release.count) -> [Release] {
    var generator = SeededGenerator(seed: seed, stream: "archipelago islands")
    let eligible = Place.Shape.allCases.map { shape in shape.places.filter { mass.of($0) < shape.limit } }
    let first = zip(Place.Shape.allCases, eligible).flatMap { shape, places in
      places.shuffled(using: &generator).prefix(shape.count).map {
        Island(place: $0, compliance: Self.draw(&generator))
      }
    }
    var releases = [Release(first)]
    while releases.count < count {
      releases.append(Release(next(releases[releases.count - 1].islands, eligible, &generator)))
    }
    return releases
  }

  /// Removes some islands, adds as many of the same shapes (every other one is a neighbour of one that was there), and draws
  /// some compliances anew.
  private static func next(
    _ islands: [Island], _ eligible: [[Place]], _ generator: inout SeededGenerator
  ) -> [Island] {
    let some = Int(Double(islands.count) * changed)
    let order = islands.indices.shuffled(using: &generator)
    let removed = order.prefix(some)
    let redrawn = Set(order.dropFirst(some).prefix(some))
    var taken = Set(islands.map(\.place))
    var added: [Island] = []
    for (index, old) in removed.enumerated() {
      let shape = Place.Shape.allCases.firstIndex(of: islands[old].place.shape) ?? 0
      let free = eligible[shape].filter { !taken.contains($0) }
      let near =
        index.isMultiple(of: 2) ? free.filter { place in islands.contains { place.isNeighbour(of: $0.place) } } : []
      let pool = near.isEmpty ? free : near
      let place = pool[Int.random(in: pool.indices, using: &generator)]
      taken.insert(place)
      added.append(Island(place: place, compliance: draw(&generator)))
    }
    let gone = Set(removed)
    let kept = islands.indices.filter { !gone.contains($0) }.map { index in
      var island = islands[index]
      if redrawn.contains(index) { island.compliance = draw(&generator) }
      return island
    }
    return kept + added
  }

  /// Beta(2, 2), which the median of three uniform draws has, stretched to 0.15–0.95.
  private static func draw(_ generator: inout SeededGenerator) -> Double {
    let draws = (0..<3).map { _ in generator.uniformDouble() }.sorted()
    return 0.15 + 0.8 * draws[1]
  }

  /// The islands that a kind lies on, as places in `islands`.
  func islands(of kind: RequestKind) -> [Int] { islands.indices.filter { islands[$0].place.contains(kind) } }
}
