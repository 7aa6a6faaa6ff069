import Foundation
import Testing

@testable import Statistics

@Suite("Where functions reach a value")
struct SolverTests {
  /// The point that is found, and how often the function was asked.
  private func solved(
    _ p: Double, from low: Double = 0, to high: Double = 1, start: Double, _ function: (Double) -> (Double, Double)
  ) -> (point: Double, calls: Int) {
    var calls = 0
    let point = Distributions.solve(for: p, from: low, to: high, start: start) { x in
      calls += 1
      return function(x)
    }
    return (point, calls)
  }

  @Test("Newton's steps find a smooth distribution's quantile in a few, to the last digits")
  func newton() {
    let cube = solved(0.3, start: 0.9) { ($0 * $0 * $0, 3 * $0 * $0) }
    #expect(abs(cube.point / pow(0.3, 1.0 / 3) - 1) < 1e-15 && cube.calls <= 6)
    let logistic = solved(0.999, from: -50, to: 50, start: 0) { x in
      let p = 1 / (1 + exp(-x))
      return (p, p * (1 - p))
    }
    #expect(abs(logistic.point - log(999)) < 1e-11 && logistic.calls <= 19)
    // On the spot.
    #expect(solved(0.25, start: 0.25) { ($0, 1) } == (0.25, 1))
  }

  @Test("Bisection takes over where steps leave the bracket, don't halve it, or have no density to go by")
  func bisection() {
    // The root of a steep one lies at 2^−100.
    let steep = solved(0.5, start: 0.99) { (pow($0, 0.01), 0.01 * pow($0, -0.99)) }
    #expect(abs(steep.point / pow(0.5, 100) - 1) < 1e-12 && steep.calls <= 104)
    let jump = solved(0.5, start: 0.9) { ($0 < 0.3 ? 0 : 1, 0) }
    #expect(abs(jump.point - 0.3) < 1e-15 && jump.calls <= 55)
    // A density that is far too large makes steps that hardly move.
    let slow = solved(0.5, start: 0.001) { ($0, 1_000) }
    #expect(abs(slow.point - 0.5) < 1e-12 && slow.calls <= 81)
    // A step that halves the one before but leaves the bracket is not taken: from 0.5 to 0.9, and beyond 1 from there.
    let beyond = solved(1, start: 0.5) { $0 < 0.7 ? (0.6, 1) : $0 < 0.95 ? (0.95, 0.3) : (1, 0.3) }
    #expect(beyond.point >= 0.95 && beyond.point < 1)
    // A start outside the bracket begins in its middle.
    for start in [7.0, -7, 0, 1] {
      let found = solved(0.3, start: start) { ($0, 1) }
      #expect(abs(found.point - 0.3) < 1e-15 && found.calls <= 3)
    }
  }

  @Test("A doubt that falls is followed to its level in a few steps, however steeply it falls")
  func crossing() {
    func crossed(from start: Double, level: Double, _ doubt: (Double) -> Double) -> (point: Double, calls: Int) {
      var calls = 0
      let point = ClusteredBound.crossing(from: start, level: level) { x in
        calls += 1
        return doubt(x)
      }
      return (point, calls)
    }
    for (rate, level) in [(20.0, 0.025), (300, 0.005), (3_000, 1e-6)] {
      let found = crossed(from: 0.1, level: level) {
        $0 >= 1 ? 0 : 0.6 * exp(-rate * ($0 - 0.1) - 40 * ($0 - 0.1) * ($0 - 0.1))
      }
      let target = log(0.6 / level)
      // The quadratic's root.
      let root = 0.1 + (-rate + (rate * rate + 160 * target).squareRoot()) / 80
      #expect(abs(found.point - root) < 1e-10 && found.calls <= 9, "\(rate): \(found)")
    }
    // One that falls ever more slowly is approached from the other side.
    let slowing = crossed(from: 0, level: 0.01) { $0 >= 1 ? 0 : 0.6 * exp(-6 * $0.squareRoot()) }
    let root = log(60.0) / 6
    #expect(abs(slowing.point - root * root) < 1e-9 && slowing.calls <= 9, "\(slowing)")
    // A doubt that is at its level from the start needs no search.
    #expect(crossed(from: 0.4, level: 0.05) { _ in 0.05 } == (0.4, 1))
    // Without a doubt at the start, the start is the bound.
    #expect(
      crossed(from: 0.4, level: 0.05) { _ in 0.04 } == (0.4, 1) && crossed(from: 1, level: 0.05) { _ in 0 } == (1, 1))
    // A doubt that falls to nothing at one point is bisected.
    let cliff = crossed(from: 0, level: 0.05) { $0 < 0.7 ? 1 : 0 }
    #expect(abs(cliff.point - 0.7) < 1e-11 && cliff.calls <= 41)
  }
}

@Suite("Dirichlet means of two values")
struct DirichletBetaTests {
  @Test("The tail is a beta distribution's to nine digits, far out too")
  func beta() {
    let shapes: [(a: Double, b: Double)] = [
      (0.5, 0.5), (1, 1), (3, 8), (0.7, 40), (40, 0.7), (1, 300), (200, 300), (2_000, 1_000),
    ]
    for (a, b) in shapes {
      for u in [0.001, 0.05, 0.2, 0.5, 0.8, 0.95, 0.999] {
        let expected = Distributions.regularisedBeta(1 - u, b, a)
        guard expected > 1e-280 else { continue }
        let tail = DirichletMean(values: [0, 1], masses: [b, a]).tail(above: u)
        #expect(abs(tail / expected - 1) < 2e-9, "\(a) \(b) \(u): \(tail) \(expected)")
        // The same on a part of the range, in any order.
        let moved = DirichletMean(values: [0.75, 0.25], masses: [a, b]).tail(above: 0.25 + u / 2)
        #expect(abs(moved / expected - 1) < 2e-9)
      }
    }
    // Far out the line has to go near the saddle: beside it, terms cancel that are as large as the square root of the tail.
    for (below, above, u) in [(790.0, 60.0, 0.3), (2_662, 23_548, 0.92)] {
      let far = DirichletMean(values: [0, 1], masses: [below, above]).tail(above: u)
      #expect(abs(far / Distributions.regularisedBeta(1 - u, below, above) - 1) < 2e-9)
    }
    // And right of 0, where Newton's first step goes left of it: D of the value 0 is hardly above 6/7.
    #expect(abs(DirichletMean(values: [0, 0.7, 1], masses: [1, 50, 1]).tail(above: 0.1) - 1) < 1e-9)
  }
}
