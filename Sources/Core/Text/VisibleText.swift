/// Text of unknown origin made fit to be shown.
///
/// What could drive a terminal, reorder a line, break it where nobody wrote a break, or hide is written out as `\u{202E}`.
/// The joiners and variation selectors of emoji stay where they belong to one.
public enum VisibleText {
  /// One line: breaks and tabs are written out too, as `\n` and `\t`.
  public static func line(_ text: String) -> String { shown(text) { _ in false } }

  /// A name's first `most` scalars, for a message: control characters are question marks, and an ellipsis says that there
  /// is more.
  public static func brief(_ name: String, most: Int) -> String {
    let printable = name.unicodeScalars.prefix(most).map {
      $0.properties.generalCategory == .control ? "?" : String($0)
    }
    return printable.joined() + (name.unicodeScalars.count > most ? "…" : "")
  }

  /// The same with line feeds and tabs kept.
  /// - Parameter keepsColours: whether SGR sequences (`ESC [ 1 ; 31 m`) are Sluice's own, and stay.
  public static func lines(_ text: String, keepsColours: Bool = false) -> String {
    let kept: (Unicode.Scalar) -> Bool = { $0 == "\n" || $0 == "\t" }
    guard keepsColours else { return shown(text, keeps: kept) }
    var result = ""
    var rest = text[...]
    while let escape = rest.firstRange(of: "\u{1B}[") {
      result += shown(String(rest[..<escape.lowerBound]), keeps: kept)
      let parameters = rest[escape.upperBound...].prefix { "0123456789;".contains($0) }
      let end = parameters.endIndex
      if end < rest.endIndex, rest[end] == "m" {
        result += rest[escape.lowerBound...end]
        rest = rest[rest.index(after: end)...]
      } else {
        result += shown("\u{1B}", keeps: kept)
        rest = rest[rest.index(before: escape.upperBound)...]
      }
    }
    return result + shown(String(rest), keeps: kept)
  }

  /// A JSON document that says the same, with such characters in its strings written as JSON escapes them.
  public static func json(_ bytes: [UInt8]) -> [UInt8] {
    if !bytes.contains(where: { $0 >= 0x7F }) { return bytes }
    let text = String(decoding: bytes, as: UTF8.self)
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count)
    walk(text) { scalar, isHazard in
      // Below a blank only the breaks between values are left: JSON has no others.
      guard isHazard, scalar.value >= 0x7F else {
        result.append(contentsOf: String(scalar).utf8)
        return
      }
      for unit in UTF16.encode(scalar).map(Array.init) ?? [] {
        let digits = String(unit, radix: 16)
        result.append(contentsOf: ("\\u" + String(repeating: "0", count: 4 - digits.count) + digits).utf8)
      }
    }
    return result
  }

  /// `\u{202E}` and, for the three that have a name, `\n`, `\r` and `\t`.
  public static func name(of scalar: Unicode.Scalar) -> String {
    switch scalar {
    case "\n": "\\n"
    case "\r": "\\r"
    case "\t": "\\t"
    default: "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
    }
  }

  /// Calls `body` with each scalar and whether it has to be written out where it stands.
  public static func walk(_ text: String, _ body: (_ scalar: Unicode.Scalar, _ isHazard: Bool) -> Void) {
    let scalars = text.unicodeScalars
    var before: Unicode.Scalar?
    var index = scalars.startIndex
    while index < scalars.endIndex {
      let scalar = scalars[index]
      index = scalars.index(after: index)
      let after = index < scalars.endIndex ? scalars[index] : nil
      body(scalar, isHazard(scalar) && !belongsToEmoji(scalar, before: before, after: after))
      before = scalar
    }
  }

  private static func shown(_ text: String, keeps: (Unicode.Scalar) -> Bool) -> String {
    if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F || $0 == 0x0A && keeps("\n") }) { return text }
    var result = String.UnicodeScalarView()
    walk(text) { scalar, isHazard in
      if isHazard, !keeps(scalar) {
        result.append(contentsOf: name(of: scalar).unicodeScalars)
      } else {
        result.append(scalar)
      }
    }
    return String(result)
  }

  private static func isHazard(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.isASCII { return scalar.value < 0x20 || scalar.value == 0x7F }
    let properties = scalar.properties
    switch properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: return true
    // Letters and marks that no font shows: fillers, joiners, selectors.
    default: return properties.isDefaultIgnorableCodePoint
    }
  }

  private static func belongsToEmoji(
    _ scalar: Unicode.Scalar, before: Unicode.Scalar?, after: Unicode.Scalar?
  ) -> Bool {
    guard let before else { return false }
    switch scalar {
    case "\u{FE0F}", "\u{FE0E}": return before.properties.isEmoji && !before.isASCII
    case "\u{200D}":
      let follows = before == "\u{FE0F}" || before.properties.isEmoji && !before.isASCII
      return follows && (after.map { $0.properties.isEmoji && !$0.isASCII } ?? false)
    default: return false
    }
  }
}

extension StringProtocol {
  /// Whether nobody sees anything of it: it is empty, blank, or made of characters that no font shows.
  public var saysNothing: Bool {
    unicodeScalars.allSatisfy { scalar in
      let properties = scalar.properties
      if properties.isWhitespace || properties.isDefaultIgnorableCodePoint { return true }
      return [.control, .format].contains(properties.generalCategory)
    }
  }
}
