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
    let folded = String(visible).streamSafe.precomposedStringWithCompatibilityMapping.lowercased()
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

extension String {
  /// The text with a joiner that nobody sees (U+034F) in every run of more than thirty combining marks: the stream-safe
  /// form of Unicode Standard Annex 15.
  ///
  /// Normalising a run of marks takes time quadratic in its length, and so does hashing one: a hundred thousand of them on
  /// one letter, which is a response of 200 KB, would keep a processor busy for a minute.
  var streamSafe: String {
    var safe = UnicodeScalarView()
    var marks = 0
    for scalar in unicodeScalars {
      if scalar.value < 0x300 || scalar.properties.canonicalCombiningClass == .notReordered {
        marks = 0
      } else {
        marks += 1
        if marks > 30 {
          safe.append("\u{34F}")
          marks = 1
        }
      }
      safe.append(scalar)
    }
    return String(safe)
  }
}
