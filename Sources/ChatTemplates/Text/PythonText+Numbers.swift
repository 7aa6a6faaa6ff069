import Foundation

/// Numbers as Python reads them from texts.
extension PythonText {
  /// `float` of a string, nil where Python reads none.
  static func double(_ text: String) -> Double? {
    let trimmed = stripped(text)
    guard trimmed.utf8.allSatisfy({ "0123456789.eE+-_".utf8.contains($0) }) else {
      // No name is longer.
      guard trimmed.utf8.count <= "+infinity".utf8.count else { return nil }
      switch lowercased(trimmed) {
      case "nan", "+nan", "-nan": return .nan
      case "inf", "+inf", "infinity", "+infinity": return .infinity
      case "-inf", "-infinity": return -.infinity
      default: return nil
      }
    }
    guard let plain = withoutUnderscores(trimmed) else { return nil }
    return Double(plain.hasSuffix(".") ? plain + "0" : plain.replacingOccurrences(of: ".e", with: ".0e"))
  }

  /// `int` of a string, nil where Python reads none.
  static func integer(_ text: String, base: Int) -> Int? {
    guard (2...36).contains(base), let plain = withoutUnderscores(stripped(text)) else { return nil }
    var digits = plain[...]
    let sign = digits.first == "-" ? "-" : ""
    if digits.first == "-" || digits.first == "+" { digits = digits.dropFirst() }
    let mark = base == 16 ? "0x" : base == 8 ? "0o" : base == 2 ? "0b" : nil
    if let mark, digits.lowercased().hasPrefix(mark) { digits = digits.dropFirst(2) }
    guard let first = digits.first, first != "-", first != "+" else { return nil }
    return Int(sign + digits, radix: base)
  }

  /// A number without underscores, nil where one doesn't stand between digits.
  private static func withoutUnderscores(_ text: String) -> String? {
    guard text.utf8.contains(UInt8(ascii: "_")) else { return text }
    let scalars = Array(text.unicodeScalars)
    for (index, scalar) in scalars.enumerated() where scalar == "_" {
      guard index > 0, index + 1 < scalars.count, Character(scalars[index - 1]).isHexDigit,
        Character(scalars[index + 1]).isHexDigit
      else { return nil }
    }
    return text.replacingOccurrences(of: "_", with: "")
  }
}
