/// Text of unknown origin made fit for a reader's eyes.
enum PlainText {
  /// Texts longer than this are cut: no report becomes unreadable for one long name.
  static let longest = 1_000

  /// One line: what could drive a terminal, reorder the line (bidirectional overrides) or isn't a character becomes
  /// U+FFFD, breaks become spaces, and what is longer than `longest` scalars is cut, which the text then says.
  static func line(_ text: String, longest: Int = longest) -> String {
    clean(text, longest: longest) { $0 == 0x9 || $0 == 0xA || $0 == 0xD || $0 == 0x85 ? " " : "\u{FFFD}" }
  }

  /// The same with line feeds and tabs kept.
  static func lines(_ text: String, longest: Int = longest) -> String {
    clean(text, longest: longest) {
      switch $0 {
      case 0x9: "\t"
      case 0xA: "\n"
      default: "\u{FFFD}"
      }
    }
  }

  private static func clean(_ text: String, longest: Int, _ control: (UInt32) -> Unicode.Scalar) -> String {
    var result = String.UnicodeScalarView()
    var count = 0
    for scalar in text.unicodeScalars {
      if count == longest { return String(result) + "… (cut)" }
      count += 1
      switch scalar.value {
      case 0..<0x20, 0x7F..<0xA0, 0x2028, 0x2029: result.append(control(scalar.value))
      case 0x202A...0x202E, 0x2066...0x2069: result.append("\u{FFFD}")
      case 0xFDD0...0xFDEF: result.append("\u{FFFD}")
      case let value where value & 0xFFFE == 0xFFFE: result.append("\u{FFFD}")
      default: result.append(scalar)
      }
    }
    return String(result)
  }
}
