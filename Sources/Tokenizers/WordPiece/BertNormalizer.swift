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
    if stripsAccents {
      // Decomposed, an accent is a mark of its own.
      let decomposed = String(scalars).decomposedStringWithCanonicalMapping.unicodeScalars
      scalars = String.UnicodeScalarView(decomposed.filter { $0.properties.generalCategory != .nonspacingMark })
    }
    guard lowercases else { return Array(String(scalars).utf8) }
    var lowered: [UInt8] = []
    lowered.reserveCapacity(text.count)
    // Scalar by scalar, without the rules that look at neighbours (the final sigma), as the reference does.
    for scalar in scalars { lowered += scalar.properties.lowercaseMapping.utf8 }
    return lowered
  }

  /// NUL, U+FFFD, and control or format characters other than tab and line breaks.
  private static func isRemoved(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case "\t", "\n", "\r": return false
    case "\0", "\u{fffd}": return true
    case " "..<"\u{7f}": return false
    default:
      switch scalar.properties.generalCategory {
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
