extension Transform {
  /// The text as it looks, or nearly, in other characters: what compares words no longer finds them.
  static let disguises = [
    Transform("leetspeak", "with digits for the letters that they look like") { text in
      mapped(text) { digits[$0] }
    },
    Transform("homoglyph", "with Cyrillic letters for the Latin ones that look like them") { text in
      mapped(text) { lookalikes[$0] }
    },
    Transform("zero-width", "with a zero-width space (U+200B) after every letter and digit that another one follows") {
      text in
      var result = String.UnicodeScalarView()
      var last: Unicode.Scalar?
      for scalar in text.unicodeScalars {
        if let last, isOfWord(last), isOfWord(scalar) { result.append("\u{200B}") }
        result.append(scalar)
        last = scalar
      }
      return String(result)
    },
    // Unicode 16.0, block Tags (E0000–E007F): each stands for the ASCII character at its place, and shows as nothing.
    Transform("unicode-tags", "with every ASCII character as the invisible tag of it (U+E0000 and its code)") { text in
      mapped(text) { $0.isASCII && $0.value >= 0x20 && $0.value < 0x7F ? Unicode.Scalar(0xE0000 + $0.value) : nil }
    },
  ]

  private static func isOfWord(_ scalar: Unicode.Scalar) -> Bool {
    scalar.properties.isAlphabetic || scalar.properties.numericType != nil
  }

  private static let digits: [Unicode.Scalar: Unicode.Scalar] = [
    "a": "4", "e": "3", "i": "1", "o": "0", "s": "5", "t": "7", "A": "4", "E": "3", "I": "1", "O": "0", "S": "5",
    "T": "7",
  ]

  // Confusable by Unicode Technical Standard 39 (confusables.txt), one for each.
  private static let lookalikes: [Unicode.Scalar: Unicode.Scalar] = [
    "a": "\u{0430}", "c": "\u{0441}", "e": "\u{0435}", "i": "\u{0456}", "j": "\u{0458}", "o": "\u{043E}",
    "p": "\u{0440}",
    "s": "\u{0455}", "x": "\u{0445}", "y": "\u{0443}", "A": "\u{0410}", "B": "\u{0412}", "C": "\u{0421}",
    "E": "\u{0415}",
    "H": "\u{041D}", "I": "\u{0406}", "J": "\u{0408}", "K": "\u{041A}", "M": "\u{041C}", "O": "\u{041E}",
    "P": "\u{0420}",
    "S": "\u{0405}", "T": "\u{0422}", "X": "\u{0425}",
  ]
}
