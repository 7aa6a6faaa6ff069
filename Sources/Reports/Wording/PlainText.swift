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

  /// - Parameter blank: what stands for a break; nil where it is written out.
  private static func clean(
    _ text: String, longest: Int, blank: (Unicode.Scalar) -> Unicode.Scalar?
  ) -> String {
    let scalars = text.unicodeScalars
    let end = scalars.index(scalars.startIndex, offsetBy: longest, limitedBy: scalars.endIndex)
    let kept = end.map { text[..<$0] } ?? text[...]
    var result = String.UnicodeScalarView()
    var left = longest
    var isFull = false
    VisibleText.walk(String(kept)) { scalar, isHazard in
      if isFull { return }
      var shown = String.UnicodeScalarView([scalar])
      if isHazard { shown = blank(scalar).map { .init([$0]) } ?? VisibleText.name(of: scalar).unicodeScalars }
      // What is written out must not make the text longer than it may be.
      isFull = shown.count > left
      if isFull { return }
      left -= shown.count
      result.append(contentsOf: shown)
    }
    return String(result) + (isFull || kept.endIndex < text.endIndex ? "… (cut)" : "")
  }
}
