import Core
import Foundation

/// Maps numbers to percentages of a chart's width, so that a chart fits any page without a script.
struct PlotScale: Hashable, Sendable {
  let low: Double
  let high: Double

  /// Room at either end, in percent, so that marks at the ends are whole.
  private static let inset = 1.5

  /// - Parameter x: infinite and undefined numbers go to the nearer end.
  func position(_ x: Double) -> Double {
    let share = high > low && !x.isNaN ? max(0, min(1, (x - low) / (high - low))) : 0
    return Self.inset + share * (100 - 2 * Self.inset)
  }

  /// From a round number to a round number around everything in `numbers`.
  init(around numbers: [Double], unit: Unit) {
    let finite = numbers.filter { $0.isFinite && abs($0) < 1e12 }
    let (least, most) = (finite.min() ?? 0, finite.max() ?? 1)
    switch unit {
    case .share where least > 0.5:
      (low, high) = (max(0, 1 - Self.roundUp(1.15 * (1 - least))), 1)
    case .share:
      (low, high) = (0, min(1, Self.roundUp(1.15 * most)))
    case .difference, .signedNumber:
      (low, high) = (least < 0 ? -Self.roundUp(-1.15 * least) : 0, most > 0 ? Self.roundUp(1.15 * most) : 0)
    case .count, .number:
      (low, high) = (least < 0 ? -Self.roundUp(-1.15 * least) : 0, Self.roundUp(1.15 * most))
    }
  }

  init(low: Double, high: Double) {
    self.low = low
    self.high = high
  }

  /// Three to six round numbers from end to end.
  var ticks: [Double] {
    guard high > low else { return [low] }
    let rough = (high - low) / 5
    let power = pow(10, Foundation.log10(rough).rounded(.down))
    let step = [1.0, 2, 2.5, 5, 10].map { $0 * power }.first { (high - low) / $0 <= 5.001 } ?? rough
    return stride(from: (low / step).rounded(.up) * step, through: high + step * 1e-6, by: step).map {
      abs($0) < step * 1e-6 ? 0 : $0
    }
  }

  /// The next number at or above x that is easy to read; 1 for nothing.
  private static func roundUp(_ x: Double) -> Double {
    if !(x > 0) { return 1 }
    let power = pow(10, Foundation.log10(x).rounded(.down))
    return [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].map { $0 * power }.first { $0 >= x * (1 - 1e-9) } ?? 10 * power
  }
}
