import Foundation

/// What stands for numbers that JSON doesn't have: a bound about which the data say nothing is infinite, and what was not
/// measured no number. So every number survives reading back.
public enum NonFinite {
  /// For infinity, its negative, and what is no number.
  public static let words = ["inf", "-inf", "nan"]
}

extension JSONEncoder.NonConformingFloatEncodingStrategy {
  /// Writes `NonFinite.words`.
  public static var words: Self {
    .convertToString(
      positiveInfinity: NonFinite.words[0], negativeInfinity: NonFinite.words[1], nan: NonFinite.words[2])
  }
}

extension JSONDecoder.NonConformingFloatDecodingStrategy {
  /// Reads `NonFinite.words`.
  public static var words: Self {
    .convertFromString(
      positiveInfinity: NonFinite.words[0], negativeInfinity: NonFinite.words[1], nan: NonFinite.words[2])
  }
}
