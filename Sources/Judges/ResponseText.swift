import Foundation

/// Text as rules see it.
enum ResponseText {
  /// Compatibility forms folded (NFKC), lower case, invisible characters removed, white space collapsed to single spaces
  /// and trimmed.
  ///
  /// What can't be seen is removed before folding too: a character without width between a letter and its accent would
  /// keep the two from being composed, and so hide them from a rule.
  static func normalised(_ text: String) -> String {
    if let plain = normalisedASCII(text) { return plain }
    var visible = String.UnicodeScalarView()
    for scalar in text.unicodeScalars where !isInvisible(scalar) { visible.append(scalar) }
    let folded = String(visible).precomposedStringWithCompatibilityMapping.lowercased()
      .precomposedStringWithCompatibilityMapping
    var result = String.UnicodeScalarView()
    var pendingSpace = false
    for scalar in folded.unicodeScalars {
      if scalar.properties.isWhitespace {
        pendingSpace = !result.isEmpty
      } else if !isInvisible(scalar) {
        if pendingSpace { result.append(" ") }
        pendingSpace = false
        result.append(scalar)
      }
    }
    return String(result)
  }

  /// Whether a reader sees nothing of the character: controls (NUL included), format characters, variation selectors,
  /// fillers. White space is seen.
  static func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
    let properties = scalar.properties
    if properties.isWhitespace { return false }
    return properties.generalCategory == .control || properties.generalCategory == .format
      || properties.isDefaultIgnorableCodePoint
  }

  /// The same for a text of ASCII alone, which most are; nil for others.
  private static func normalisedASCII(_ text: String) -> String? {
    var result: [UInt8] = []
    result.reserveCapacity(text.utf8.count)
    var pendingSpace = false
    for byte in text.utf8 {
      if byte >= 0x80 { return nil }
      if byte == 0x20 || (0x09...0x0d).contains(byte) {
        pendingSpace = !result.isEmpty
      } else if byte >= 0x20 && byte != 0x7f {
        if pendingSpace { result.append(0x20) }
        pendingSpace = false
        result.append((UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte)
      }
    }
    return String(decoding: result, as: UTF8.self)
  }
}
