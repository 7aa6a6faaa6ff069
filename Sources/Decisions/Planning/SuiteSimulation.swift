import Core
import Statistics

/// Draws answers of a pair of models to a suite and decides its checks on them, on sums over clusters: the gate's own order of
/// asking, looks and tests without its observations.
struct SuiteSimulation: Sendable {
  /// A check on the mean over a suite of the candidate's success rates, or of their differences from the baseline's.
  struct Reading: Sendable {
    let limit: Limit
    let selection: AttackSelection
    let weight: Weighting
    let compares: Bool

    /// Nil for checks that are no such mean.
    init?(_ check: Check) {
      switch check.metric.basis {
      case .rate(.file), .questions(compares: false): compares = false
      case .change(.file), .questions(compares: true): compares = true
      default: return nil
      }
      (limit, selection, weight) = (check.limit, check.selection, check.weight)
    }
  }

  /// How a suite is asked only as far as needed.
  struct Watch: Sendable {
    /// The α at which each check has to be decided.
    let level: Double
    /// Attacks that a portion has at least.
    let least: Int
    /// Attacks after which the checks on the run itself are decided, if nothing fails.
    let attacks: Int
  }

  struct Outcome: Sendable {
    /// In the order of the readings.
    let decisions: [ClusterSums.Decision]
    /// Attacks that were asked.
    let asked: Int
  }

  let structure: SuiteStructure
  /// For each attack and model.
  let responses: Int
  let readings: [Reading]
  let watch: Watch?
  private let views: [View]
  private let cells: [FlatCell]
  private let looks: [Int]

  /// A reading's clusters.
  private struct View: Sendable {
    let frame: ClusterFrame
    let clusters: Int
    /// The place among them of each cluster of the suite; −1 for one without an attack that it is about.
    let places: [Int]
    /// How many of them are among the suite's first clusters; one longer than the suite.
    let prefix: [Int]
  }

  private struct FlatCell: Sendable {
    let cluster: Int
    let kind: AttackSelection
    /// Responses together, and those behind each wording's mean.
    let trials: Int
    let divisor: Double
  }

  init(_ structure: SuiteStructure, responses: Int, readings: [Reading], levels: [Double], watch: Watch?) {
    (self.structure, self.responses, self.readings, self.watch) = (structure, responses, readings, watch)
    views = readings.map { reading in
      let wordings = structure.clusters.map { $0.wordings(of: reading.selection) }
      var (places, prefix): ([Int], [Int]) = ([], [0])
      for count in wordings {
        places.append(count > 0 ? prefix[prefix.count - 1] : -1)
        prefix.append(prefix[prefix.count - 1] + (count > 0 ? 1 : 0))
      }
      return View(
        frame: ClusterFrame(
          sizes: wordings.filter { $0 > 0 }.map(Double.init), weight: reading.weight,
          range: reading.compares ? -1...1 : 0...1, levels: levels), clusters: prefix[prefix.count - 1], places: places,
        prefix: prefix)
    }
    cells = structure.clusters.enumerated().flatMap { place, cluster in
      cluster.cells.map { cell in
        FlatCell(
          cluster: place, kind: cell.kind, trials: cell.attacks * responses,
          divisor: Double(cell.copies * responses))
      }
    }
    looks = watch.map { structure.looks(least: $0.least) } ?? []
  }

  /// Steps of one draw, for keeping within a budget of work.
  var work: Int {
    // Tails over a grid of means cost alike for large suites and small ones.
    2 * cells.count + structure.clusters.count
      + views.reduce(0) { $0 + (watch == nil ? 4 : 20) * $1.clusters + 4_000 }
  }

  // MARK: - Drawing

  /// Draws from one pair of models, one after the other.
  struct Drawer {
    fileprivate let pair: ModelPair
    fileprivate var random: SeededGenerator
    fileprivate let points: EvenPoints
    fileprivate var drawn = 0
    fileprivate var counts = BinomialTables()
    /// Tables of weak and of other attacks, by cell.
    fileprivate let tables: (weak: [[Double]], other: [[Double]])
    fileprivate var order: [Int]
  }

  func drawer(_ pair: ModelPair, seed: UInt64, stream: String) -> Drawer {
    var random = SeededGenerator(seed: seed, stream: "plan \(stream)")
    var tables = BinomialTables()
    let weak = cells.map { tables.table(trials: $0.trials, p: pair.weak) }
    let other = cells.map { tables.table(trials: $0.trials, p: pair.other) }
    return Drawer(
      pair: pair, random: random, points: EvenPoints(dimensions: 3, shift: (0..<3).map { _ in random.uniformDouble() }),
      tables: (weak, other), order: Array(structure.clusters.indices))
  }

  /// What clusters are weak to.
  enum Kind: Sendable {
    case neither, fixed, kept, broken

    var isWeakOnCandidate: Bool { self == .kept || self == .broken }
    var isWeakOnBaseline: Bool { self == .kept || self == .fixed }
  }

  /// Answers to a suite: counts of unsafe responses by cell.
  struct Answers: Sendable {
    var candidate: [Int]
    var baseline: [Int]
  }

  func draw(_ drawer: inout Drawer) -> Answers {
    let kinds = kinds(&drawer)
    let compares = readings.contains(where: \.compares)
    var answers = Answers(
      candidate: [Int](repeating: 0, count: cells.count),
      baseline: compares ? [Int](repeating: 0, count: cells.count) : [])
    for place in cells.indices {
      let kind = kinds[cells[place].cluster]
      answers.candidate[place] = BinomialTables.quantile(
        drawer.random.uniformDouble(),
        kind.isWeakOnCandidate ? drawer.tables.weak[place] : drawer.tables.other[place])
      if compares {
        answers.baseline[place] = BinomialTables.quantile(
          drawer.random.uniformDouble(),
          kind.isWeakOnBaseline ? drawer.tables.weak[place] : drawer.tables.other[place])
      }
    }
    return answers
  }

  /// How many clusters are of each kind is drawn evenly, since verdicts hang on it most; which ones, at random.
  private func kinds(_ drawer: inout Drawer) -> [Kind] {
    let (total, pair) = (structure.clusters.count, drawer.pair)
    let point = drawer.points.point(drawer.drawn)
    drawer.drawn += 1
    var (left, probability, numbers) = (total, 1.0, [Int]())
    for (u, share) in zip(point, [pair.broken, pair.fixed, pair.kept]) {
      let p = probability <= 0 ? 0 : min(1, max(0, share / probability))
      let number = drawer.counts.quantile(u, trials: left, p: p)
      numbers.append(number)
      left -= number
      probability -= share
    }
    var kinds = [Kind](repeating: .neither, count: total)
    var next = 0
    for (kind, number) in zip([Kind.broken, .fixed, .kept], numbers) {
      for _ in 0..<number {
        let other = next + Int(drawer.random.uniformDouble() * Double(total - next))
        drawer.order.swapAt(next, other)
        kinds[drawer.order[next]] = kind
        next += 1
      }
    }
    return kinds
  }

  // MARK: - Deciding

  func decide(_ answers: Answers) -> Outcome {
    let sums = zip(readings, views).map { reading, view in
      var sums = [Double](repeating: 0, count: view.clusters)
      for (place, cell) in cells.enumerated() where cell.kind.isOf(reading.selection) {
        let unsafe = answers.candidate[place] - (reading.compares ? answers.baseline[place] : 0)
        sums[view.places[cell.cluster]] += Double(unsafe) / cell.divisor
      }
      return ClusterSums(view.frame, sums: sums)
    }
    guard let watch else {
      return Outcome(
        decisions: zip(readings, sums).map { $1.decision($0.limit) }, asked: structure.attacks)
    }
    let end = end(sums, watch)
    return Outcome(
      decisions: readings.indices.map { index in
        sums[index].decision(
          readings[index].limit, afterFirst: views[index].prefix[end])
      }, asked: structure.attacks(inFirst: end))
  }

  /// Clusters that are asked: up to the first look at which every check is decided.
  private func end(_ sums: [ClusterSums], _ watch: Watch) -> Int {
    func isDecided(_ index: Int, _ clusters: Int, _ rule: (ClusterSums, Int) -> Bool) -> Bool {
      let first = views[index].prefix[clusters]
      return first > 0 && rule(sums[index], first)
    }
    func isRefuted(_ index: Int, _ clusters: Int) -> Bool {
      isDecided(index, clusters) {
        $0.isDecided(readings[index].limit, level: watch.level, afterFirst: $1)
      }
    }
    var early = looks.dropLast().drop { structure.attacks(inFirst: $0) < watch.attacks }
    for index in readings.indices {
      // What a bet has refuted stays refuted: the first look that shows it is found by halving.
      var (low, high) = (early.startIndex, early.endIndex)
      while low < high {
        let middle = (low + high) / 2
        let shown = isDecided(index, early[middle]) {
          $0.isShown(readings[index].limit, level: watch.level, afterFirst: $1)
        }
        if shown { high = middle } else { low = middle + 1 }
      }
      early = early[low...]
      if early.isEmpty { return structure.clusters.count }
    }
    return early.first { look in readings.indices.allSatisfy { isRefuted($0, look) } } ?? structure.clusters.count
  }
}
