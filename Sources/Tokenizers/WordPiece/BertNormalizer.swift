import Foundation

/// BERT's text cleaning (Devlin et al. 2019, `tokenization.py`), in this order: control characters out, white space to
/// blanks, blanks around CJK ideographs, accents off, lower case.
struct BertNormalizer: Sendable {
  var cleansText = true
  var separatesIdeographs = true
  var stripsAccents = true
  var lowercases = true

  func normalize(_ text: [UInt8]) -> [UInt8] {
    var scalars = String.UnicodeScalarView()
    var isASCII = true
    var offset = 0
    while offset < text.count {
      let next = text.scalar(at: offset)
      offset = next.end
      let scalar = next.scalar
      if cleansText {
        if BertNormalizer.isRemoved(scalar) { continue }
        if scalar.properties.isWhitespace {
          scalars.append(" ")
          continue
        }
      }
      if scalar.value >= 0x80 { isASCII = false }
      if separatesIdeographs, BertNormalizer.isIdeograph(scalar) {
        scalars.append(" ")
        scalars.append(scalar)
        scalars.append(" ")
      } else {
        scalars.append(scalar)
      }
    }
    if isASCII {
      let bytes = String(scalars).utf8
      return lowercases ? bytes.map { $0 >= 0x41 && $0 <= 0x5a ? $0 | 0x20 : $0 } : Array(bytes)
    }
    if stripsAccents { scalars = BertNormalizer.withoutAccents(scalars) }
    guard lowercases else { return Array(String(scalars).utf8) }
    var lowered: [UInt8] = []
    lowered.reserveCapacity(text.count)
    // Scalar by scalar, without the rules that look at neighbours (the final sigma), as the reference does.
    for scalar in scalars { lowered += scalar.properties.lowercaseMapping.utf8 }
    return lowered
  }

  /// Decomposed, an accent is a mark of its own, and goes.
  ///
  /// Foundation's decomposition is quadratic in the length, so it gets a few characters at a time. Marks belong to the
  /// character before them: a stretch ends where a character starts, or after 1,024 marks in a row.
  private static func withoutAccents(_ scalars: String.UnicodeScalarView) -> String.UnicodeScalarView {
    var result = String.UnicodeScalarView()
    var stretch = String.UnicodeScalarView()
    var length = 0
    func flush() {
      let decomposed = String(stretch).decomposedStringWithCanonicalMapping.unicodeScalars
      for scalar in decomposed where BertUnicode.category(scalar) != .nonspacingMark { result.append(scalar) }
      stretch.removeAll(keepingCapacity: true)
      length = 0
    }
    for scalar in scalars {
      if length >= 1024 || (length >= 32 && scalar.properties.canonicalCombiningClass == .notReordered) { flush() }
      stretch.append(scalar)
      length += 1
    }
    flush()
    return result
  }

  /// NUL, U+FFFD, and control or format characters other than tab and line breaks.
  private static func isRemoved(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case "\t", "\n", "\r": return false
    case "\0", "\u{fffd}": return true
    case " "..<"\u{7f}": return false
    default:
      switch BertUnicode.category(scalar) {
      // Unassigned characters stay, as in the reference implementation.
      case .control, .format, .privateUse, .surrogate: return true
      default: return false
      }
    }
  }

  /// The blocks that BERT calls Chinese characters; Hangul and kana aren't among them.
  private static func isIdeograph(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x4e00...0x9fff, 0x3400...0x4dbf, 0x20000...0x2a6df, 0x2a700...0x2b73f, 0x2b740...0x2b81f, 0x2b920...0x2ceaf,
      0xf900...0xfaff, 0x2f800...0x2fa1f:
      return true
    default: return false
    }
  }
}

/// Categories as the reference implementation knows them: its tables end with Unicode 8, and what came later is
/// unassigned to it. The ids that a model was trained on depend on this.
enum BertUnicode {
  static func category(_ scalar: Unicode.Scalar) -> Unicode.GeneralCategory {
    // Seven characters changed category since.
    switch scalar.value {
    case 0x166d, 0x111c9: return .otherPunctuation
    case 0x1734, 0x1171e: return .nonspacingMark
    case 0x1885, 0x1886: return .otherLetter
    case 0xa9bd: return .spacingMark
    default: break
    }
    let properties = scalar.properties
    guard let age = properties.age, age.major <= 8 else { return .unassigned }
    return properties.generalCategory
  }
}
