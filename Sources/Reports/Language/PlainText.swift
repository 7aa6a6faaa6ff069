import Core

/// Text of unknown origin made fit for a reader's eyes.
enum PlainText {
  /// Texts longer than this are cut: no report becomes unreadable for one long name.
  static let longest = 1_000

  /// One line: what could drive a terminal, reorder the line or hide is written out (`VisibleText`), breaks become
  /// spaces, and what is longer than `longest` scalars is cut, which the text then says.
  static func line(_ text: String, longest: Int = longest) -> String {
    clean(text, longest: longest) { $0 == "\t" || $0 == "\n" || $0 == "\r" || $0 == "\u{85}" ? " " : nil }
  }

  /// The same with line feeds and tabs kept.
  static func lines(_ text: String, longest: Int = longest) -> String {
    clean(text, longest: longest) { $0 == "\t" || $0 == "\n" ? $0 : nil }
  }

  private static var cut: String { Words.cut }

  /// - Parameter blank: what stands for a break; nil where it is written out.
  private static func clean(
    _ text: String, longest: Int, blank: (Unicode.Scalar) -> Unicode.Scalar?
  ) -> String {
    let scalars = text.unicodeScalars
    let end = scalars.index(scalars.startIndex, offsetBy: longest, limitedBy: scalars.endIndex)
    let kept = end.map { text[..<$0] } ?? text[...]
    let isCut = kept.endIndex < text.endIndex
    // Nearly every text: nothing to look at one by one.
    if kept.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return kept + (isCut ? Self.cut : "") }
    var result = String.UnicodeScalarView()
    var left = longest
    VisibleText.walk(String(kept)) { scalar, isHazard in
      if left < 0 { return }
      let plain = isHazard ? blank(scalar) : scalar
      let name = plain == nil ? VisibleText.name(of: scalar) : ""
      // What is written out must not make the text longer than it may be.
      left -= plain == nil ? name.utf8.count : 1
      if left < 0 { return }
      if let plain { result.append(plain) } else { result.append(contentsOf: name.unicodeScalars) }
    }
    return String(result) + (isCut || left < 0 ? Self.cut : "")
  }
}
