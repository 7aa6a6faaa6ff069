import Foundation

/// The archipelago's table, plot and last lines.
struct ArchipelagoTable {
  let measured: [ArchipelagoBenchmark.Measured]
  let ceilings: [ArchipelagoBenchmark.Ceiling]
  let methods: [String]
  let budgets: [Int]

  private static let own = "gflownet"
  private static let published = "published"

  private func rows(_ method: String, _ budget: Int) -> [ArchipelagoBenchmark.Measured] {
    measured.filter { $0.method == method && $0.budget == budget }
  }

  private func islands(_ method: String, _ budget: Int) -> [Double] { rows(method, budget).map { Double($0.islands) } }

  var text: String {
    budgets.map { budget in
      let heads = ["islands", "", "area", "kinds", "", "strays", "claimed", "confirmed", "searched", "seconds"]
      let most = ceilings.filter { $0.budget == budget }
      let lines = methods.compactMap { method -> String? in
        let own = rows(method, budget)
        if own.isEmpty { return nil }
        func mean(_ value: (ArchipelagoBenchmark.Measured) -> Double) -> String { format(own.map(value).mean) }
        return line(
          method,
          [
            mean { Double($0.islands) }, interval(own.map { Double($0.islands) }), mean(\.area),
            mean { Double($0.kinds) }, interval(own.map { Double($0.kinds) }), mean { Double($0.strays) },
            mean { Double($0.claimed) }, mean { Double($0.confirmed) }, mean { Double($0.searched) }, mean(\.seconds),
          ])
      }
      return
        ([
          "\(budget) target responses, means over seeds [95% bootstrap interval]; area: islands on average over all smaller budgets",
          line("method", heads),
        ] + lines
        + [
          line(
            "knows the truth",
            [
              format(most.map { Double($0.islands) }.mean), "", "", format(most.map { Double($0.kinds) }.mean),
            ])
        ]).joined(separator: "\n")
    }.joined(separator: "\n")
  }

  /// The default's islands at the largest measured budget up to 5,000, against the bars of 3 times the published recipe and 1.5
  /// times the best other method; nil where one of them wasn't measured.
  var verdict: String? {
    guard let budget = budgets.filter({ $0 <= 5_000 }).max() else { return nil }
    let own = islands(Self.own, budget)
    let published = islands(Self.published, budget)
    let others = methods.filter { $0 != Self.own }.map { ($0, islands($0, budget).mean) }
    guard !own.isEmpty, !published.isEmpty, let best = others.max(by: { $0.1 < $1.1 }) else { return nil }
    let (first, second) = (own.mean / max(published.mean, 0.5), own.mean / max(best.1, 0.5))
    let ratio = min(first / 3, second / 1.5)
    return String(
      format:
        "%d responses: %.2f times the islands of the published recipe (bar 3), %.2f times those of %@ (bar 1.5)\n",
      budget, first, second, best.0) + BenchmarkResult(name: "archipelago", ratio: ratio).line
  }

  /// Islands and kinds against responses.
  var plot: LinePlot {
    typealias Measured = ArchipelagoBenchmark.Measured
    typealias Ceiling = ArchipelagoBenchmark.Ceiling
    func panel(_ title: String, _ value: (Measured) -> Int, _ most: (Ceiling) -> Int) -> LinePlot.Panel {
      func line(_ name: String, _ values: (Int) -> [Double]) -> LinePlot.Line {
        LinePlot.Line(
          name: name,
          points: budgets.sorted().map { budget in
            let all = values(budget)
            let interval = Bootstrap.interval(all)
            return (Double(budget), all.mean, interval.lowerBound, interval.upperBound)
          })
      }
      return LinePlot.Panel(
        title: title,
        lines: methods.map { method in line(method) { rows(method, $0).map { Double(value($0)) } } }
          + [line("knows the truth") { budget in ceilings.filter { $0.budget == budget }.map { Double(most($0)) } }])
    }
    return LinePlot(
      title: "Islands and kinds against target responses",
      panels: [panel("Islands of 200", \.islands, \.islands), panel("Kinds", \.kinds, \.kinds)],
      hasLogarithmicX: true)
  }

  private func interval(_ values: [Double]) -> String {
    let interval = Bootstrap.interval(values)
    return "[\(format(interval.lowerBound)), \(format(interval.upperBound))]"
  }

  private func format(_ value: Double) -> String { String(format: value < 100 ? "%.1f" : "%.0f", value) }

  private func line(_ name: String, _ values: [String]) -> String {
    "  " + pad(name, 18)
      + values.enumerated().map { pad($0.element, $0.offset == 1 || $0.offset == 4 ? 15 : 9, left: true) }
      .joined(separator: " ")
  }

  private func pad(_ text: String, _ width: Int, left: Bool = false) -> String {
    let missing = String(repeating: " ", count: max(0, width - text.count))
    return left ? missing + text : text + missing
  }
}
