import Core

/// Percentile bootstrap (Efron, 1979) of the mean over seeds.
enum Bootstrap {
  static func interval(_ values: [Double], confidence: Double = 0.95, draws: Int = 4_000) -> ClosedRange<Double> {
    guard !values.isEmpty else { return 0...0 }
    var generator = SeededGenerator(seed: 1, stream: "bootstrap")
    let means = (0..<draws).map { _ in
      (0..<values.count).reduce(0.0) { sum, _ in sum + values[Int.random(in: 0..<values.count, using: &generator)] }
        / Double(values.count)
    }.sorted()
    let tail = Int(Double(draws) * (1 - confidence) / 2)
    return means[tail]...means[draws - 1 - tail]
  }
}

extension [Double] {
  var mean: Double { isEmpty ? 0 : reduce(0, +) / Double(count) }
}
