// Numbers from servers, files and command lines may be anything. Arithmetic on them stops at the nearest number that fits,
// so that no number ends the process.

extension FixedWidthInteger {
  /// The sum, or the nearest number that fits.
  public func addingSaturated(_ other: Self) -> Self {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? (other < 0 ? .min : .max) : sum
  }

  /// The product, or the nearest number that fits.
  public func multipliedSaturated(by other: Self) -> Self {
    let (product, overflow) = multipliedReportingOverflow(by: other)
    return overflow ? ((self < 0) == (other < 0) ? .max : .min) : product
  }
}

extension Int {
  /// The number without its fraction, or the nearest that fits; 0 for NaN.
  public init(saturating value: Double) {
    if value.isNaN {
      self = 0
    } else {
      // The largest `Int` is no `Double`: 2^63 is the next.
      self = value >= 0x1p63 ? .max : value < -0x1p63 ? .min : Int(value)
    }
  }
}

extension Sequence where Element: FixedWidthInteger {
  /// The sum, or the nearest number that fits.
  public var saturatedSum: Element { reduce(0) { $0.addingSaturated($1) } }
}
