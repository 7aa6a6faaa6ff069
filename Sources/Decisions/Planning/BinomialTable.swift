import Statistics

/// Draws from binomial distributions by their tables, each made once.
struct BinomialTables {
  private struct Key: Hashable {
    let trials: Int
    let p: Double
  }
  private var tables: [Key: [Double]] = [:]

  /// Cumulative probabilities of 0, 1, … successes.
  mutating func table(trials: Int, p: Double) -> [Double] {
    let key = Key(trials: trials, p: p)
    if let known = tables[key] { return known }
    // From the mode outward by the ratio of neighbours: a logarithm an entry is too slow for thousands of trials.
    let mode = min(trials, max(0, Int(Double(trials + 1) * p)))
    var table = [Double](repeating: 0, count: trials + 1)
    table[mode] = Distributions.binomialPMF(mode, n: trials, p: p)
    let odds = p / (1 - p)
    for successes in stride(from: mode, to: trials, by: 1) {
      table[successes + 1] = table[successes] * odds * Double(trials - successes) / Double(successes + 1)
    }
    for successes in stride(from: mode, to: 0, by: -1) {
      table[successes - 1] = table[successes] * Double(successes) / (odds * Double(trials - successes + 1))
    }
    for successes in 0..<trials { table[successes + 1] += table[successes] }
    table[trials] = 1
    tables[key] = table
    return table
  }

  /// The number of successes at the quantile `u` in [0, 1).
  mutating func quantile(_ u: Double, trials: Int, p: Double) -> Int {
    trials == 0 ? 0 : Self.quantile(u, table(trials: trials, p: p))
  }

  static func quantile(_ u: Double, _ table: [Double]) -> Int {
    table.withUnsafeBufferPointer { table in
      if table.count <= 16 {
        var place = 0
        while table[place] <= u && place < table.count - 1 { place += 1 }
        return place
      }
      var (low, high) = (0, table.count - 1)
      while low < high {
        let middle = (low + high) / 2
        if table[middle] <= u { low = middle + 1 } else { high = middle }
      }
      return low
    }
  }
}

/// Points that fill a cube evenly (Roberts' R sequence: multiples of powers of the root of x^(d+1) = x + 1), shifted at random:
/// each is uniform, and together they vary less than draws on their own.
struct EvenPoints {
  private let steps: [Double]
  private let shift: [Double]

  init(dimensions: Int, shift: [Double]) {
    var root = 2.0
    for _ in 0..<60 { root = Self.root(1 + root, dimensions + 1) }
    var step = 1.0
    steps = (0..<dimensions).map { _ in
      step /= root
      return step
    }
    self.shift = shift
  }

  private static func root(_ x: Double, _ degree: Int) -> Double {
    // Newton's iteration; x is in [2, 3].
    var y = x
    for _ in 0..<60 {
      let power = (0..<(degree - 1)).reduce(1.0) { product, _ in product * y }
      y -= (power * y - x) / (Double(degree) * power)
    }
    return y
  }

  func point(_ index: Int) -> [Double] {
    zip(steps, shift).map { step, shift in
      let x = shift + Double(index + 1) * step
      return x - x.rounded(.down)
    }
  }
}
