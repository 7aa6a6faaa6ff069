extension JSON {
  /// The document as text in UTF-8; the same value gives the same bytes.
  /// - Parameter indent: spaces per level; nil for one line without spaces.
  public func serialized(indent: Int? = nil) -> String {
    var text = ""
    write(into: &text, indent: indent, level: 0)
    return text
  }

  private func write(into text: inout String, indent: Int?, level: Int) {
    switch self {
    case .null: text += "null"
    case .bool(let value): text += value ? "true" : "false"
    case .integer(let value): text += String(value)
    // JSON has no word for NaN and infinity.
    case .number(let value): text += value.isFinite ? value.description : "null"
    case .string(let value): JSON.write(value, into: &text)
    case .array(let values):
      JSON.list(values, in: ("[", "]"), into: &text, indent: indent, level: level) { value, text in
        value.write(into: &text, indent: indent, level: level + 1)
      }
    case .object(let members):
      JSON.list(members, in: ("{", "}"), into: &text, indent: indent, level: level) { member, text in
        JSON.write(member.key, into: &text)
        text += indent == nil ? ":" : ": "
        member.value.write(into: &text, indent: indent, level: level + 1)
      }
    }
  }

  private static func list<Element>(
    _ elements: [Element], in brackets: (String, String), into text: inout String, indent: Int?, level: Int,
    each: (Element, inout String) -> Void
  ) {
    func lineBreak(_ level: Int) {
      if let indent { text += "\n" + String(repeating: " ", count: indent * level) }
    }
    text += brackets.0
    for (index, element) in elements.enumerated() {
      if index > 0 { text += "," }
      lineBreak(level + 1)
      each(element, &text)
    }
    if !elements.isEmpty { lineBreak(level) }
    text += brackets.1
  }

  private static func write(_ string: String, into text: inout String) {
    text += "\""
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      case "\u{0}"..<" ":
        let digits = String(scalar.value, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: text.unicodeScalars.append(scalar)
      }
    }
    text += "\""
  }
}
