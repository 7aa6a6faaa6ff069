import Core
import Decisions
import Foundation

/// What a metric's numbers count.
typealias Unit = Metric.Scale

/// Numbers as people read them; the same in every report.
enum Numbers {
  private static var points: String { Words.points }

  /// Three significant figures; more where fewer would put the number on the wrong side of one of `limits`, since a
  /// reader compares what is printed.
  static func text(_ x: Double, _ unit: Unit, apartFrom limits: [Double] = []) -> String {
    if x.isNaN { return "–" }
    if x.isInfinite { return x > 0 ? "∞" : "−∞" }
    let scale: Double
    switch unit {
    case .share, .difference: scale = 100
    case .count, .number, .signedNumber: scale = 1
    }
    let scaled = x * scale
    if scaled.isInfinite { return scaled > 0 ? "∞" : "−∞" }
    var digits = fractionDigits(scaled, unit)
    while digits < 9, limits.contains(where: { !isKept(scaled, digits, against: $0 * scale) }) { digits += 1 }
    // "100%" of the work means all of it, and "0%" errors means none.
    while unit == .share, digits < 4, [0, 100].contains(where: { !isKept(scaled, digits, against: $0) }) { digits += 1 }
    let plain = grouped(String(format: "%.\(digits)f", scaled))
    let isZero = !plain.contains { "123456789".contains($0) }
    let magnitude = plain.hasPrefix("-") ? String(plain.dropFirst()) : plain
    let sign =
      isZero ? "" : scaled < 0 ? "−" : unit == .difference || unit == .signedNumber ? "+" : ""
    switch unit {
    case .share: return sign + magnitude + "%"
    case .difference: return sign + magnitude + points
    case .count, .number, .signedNumber: return sign + magnitude
    }
  }

  /// `[lower, upper]` with the unit said once where it is long.
  static func interval(_ estimate: Estimate, _ unit: Unit, apartFrom limits: [Double] = []) -> String {
    interval(estimate.lower, estimate.upper, unit, apartFrom: limits)
  }

  static func interval(_ lower: Double, _ upper: Double, _ unit: Unit, apartFrom limits: [Double] = []) -> String {
    let bounds = [lower, upper].map { text($0, unit, apartFrom: limits) }
    if bounds.allSatisfy({ $0.hasSuffix(points) }) {
      return "[\(bounds.map { String($0.dropLast(points.count)) }.joined(separator: ", "))]\(points)"
    }
    return "[\(bounds.joined(separator: ", "))]"
  }

  /// A policy's limit as it was written: no padding zeros.
  static func bound(_ x: Double, _ unit: Unit) -> String {
    if x.isNaN || x.isInfinite { return text(x, unit) }
    let isShare = unit == .share || unit == .difference
    var digits = String(format: "%.6f", isShare ? 100 * x : x)
    while digits.hasSuffix("0") { digits.removeLast() }
    if digits.hasSuffix(".") { digits.removeLast() }
    let text = grouped(digits.hasPrefix("-") ? "−" + digits.dropFirst() : digits)
    return unit == .share ? text + "%" : unit == .difference ? text + points : text
  }

  /// The same beside a chart, where there is little room.
  static func tick(_ x: Double, _ unit: Unit) -> String {
    let text = bound(x, unit)
    return text.hasSuffix(points) ? text.dropLast(points.count) + Words.shortPoints : text
  }

  static func limit(_ limit: Limit, _ unit: Unit) -> String {
    func bound(_ x: Double, _ unit: Unit) -> String {
      unit == .count ? Words.things(Self.bound(x, unit)) : Self.bound(x, unit)
    }
    return switch (limit.atLeast, limit.atMost) {
    case (let low?, let high?): Words.between(bound(low, unit), bound(high, unit))
    case (let low?, nil): Words.atLeast(bound(low, unit))
    case (nil, let high?): Words.atMost(bound(high, unit))
    case (nil, nil): Words.noLimit
    }
  }

  /// Whole numbers with thousands separators.
  static func count(_ n: Int) -> String { grouped(String(n)) }

  /// `4.2 s`, `3 min 20 s`, `2 h 5 min`.
  static func duration(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds >= 0, seconds < 1e12 else { return "–" }
    if seconds < 59.95 { return Words.seconds(String(format: "%.1f", seconds)) }
    let whole = Int(seconds.rounded())
    if whole < 3600 { return Words.minutes(whole / 60, seconds: whole % 60) }
    return Words.hours(whole / 3600, minutes: whole % 3600 / 60)
  }

  /// A probability, small ones as a bound.
  static func probability(_ p: Double) -> String {
    if p.isNaN { return "–" }
    return p < 0.0001 ? "< 0.0001" : String(format: p < 0.001 ? "%.4f" : "%.3f", p)
  }

  /// A confidence close to 1 keeps the digits that tell it from 1.
  static func confidence(_ c: Double) -> String {
    guard c.isFinite else { return "–" }
    var digits = 0
    while digits < 6, abs(100 * c - (String(format: "%.\(digits)f", 100 * c) as NSString).doubleValue) > 0.005 {
      digits += 1
    }
    return String(format: "%.\(digits)f%%", 100 * c)
  }

  private static func fractionDigits(_ x: Double, _ unit: Unit) -> Int {
    // Zero and one hundred percent are exact or nearly so; "0.00%" would claim a precision nobody measured.
    if x == 0 || unit == .count && x == x.rounded() { return 0 }
    if unit == .share && x == 100 { return 0 }
    let leading = Int(Foundation.log10(abs(x)).rounded(.down))
    return max(0, min(2 - leading, unit == .share || unit == .difference ? 2 : 4))
  }

  /// Whether x printed with so many digits is on the same side of the limit as x.
  private static func isKept(_ x: Double, _ digits: Int, against limit: Double) -> Bool {
    let printed = (String(format: "%.\(digits)f", x) as NSString).doubleValue
    // Scaling moves a limit by rounding errors; as near as that, the two are the same number.
    if abs(x - limit) <= 1e-9 * max(1, abs(limit)) { return true }
    return (x < limit) == (printed < limit - 1e-9) && (x > limit) == (printed > limit + 1e-9)
  }

  private static func grouped(_ text: String) -> String {
    let parts = text.split(separator: ".", maxSplits: 1)
    guard let whole = parts.first else { return text }
    let sign = whole.prefix { !$0.isNumber }
    let digits = Array(whole.dropFirst(sign.count))
    var result = String(sign)
    for (index, digit) in digits.enumerated() {
      if index > 0 && (digits.count - index) % 3 == 0 { result += "," }
      result.append(digit)
    }
    return parts.count > 1 ? result + "." + parts[1] : result
  }
}
