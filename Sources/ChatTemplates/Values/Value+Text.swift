import Core

extension Value {
  /// `str` of the value, as output writes it.
  /// - Throws: `Fault` for values whose text is an address in Python's memory, and texts beyond the limit.
  func printed() throws -> String {
    switch self {
    case .undefined: return ""
    case .string(let text), .markup(let text): return text
    default:
      var text = ""
      try write(to: &text, depth: 0)
      return text
    }
  }

  /// `repr` of the value.
  func represented() throws -> String {
    var text = ""
    try write(to: &text, depth: 0)
    return text
  }

  private func write(to text: inout String, depth: Int) throws {
    guard depth < Limits.nesting, text.utf8.count <= Limits.text else { throw Fault("too large to print", .limit) }
    func list(_ values: [Value], _ open: String, _ close: String) throws {
      text += open
      for (index, value) in values.enumerated() {
        if index > 0 { text += ", " }
        try value.write(to: &text, depth: depth + 1)
      }
      text += close
    }
    switch self {
    case .undefined: text += "Undefined"
    case .none: text += "None"
    case .bool(let value): text += value ? "True" : "False"
    case .integer(let value): text += String(value)
    case .float(let value): text += PythonText.text(value)
    case .string(let string): text += PythonText.quoted(string)
    case .markup(let string): text += "Markup(\(PythonText.quoted(string)))"
    case .list(let values): try list(values, "[", "]")
    case .tuple(let values): try list(values, "(", values.count == 1 ? ",)" : ")")
    case .dictionary(let dictionary):
      text += "{"
      for (index, member) in dictionary.members.enumerated() {
        if index > 0 { text += ", " }
        try member.key.write(to: &text, depth: depth + 1)
        text += ": "
        try member.value.write(to: &text, depth: depth + 1)
      }
      text += "}"
    case .range(let range):
      text += "range(\(range.start), \(range.stop)" + (range.step == 1 ? "" : ", \(range.step)") + ")"
    case .view(let view, let values): try list(values, view.rawValue + "([", "])")
    case .iterator, .namespace, .loop, .callable: throw Fault.unsupported("printing a \(kind)")
    }
  }

  // MARK: - JSON

  struct JSONStyle {
    var isASCII = false
    /// One level's; nil for a single line.
    var indent: String?
    var separators: (item: String, key: String) = (", ", ": ")
    var sortsKeys = false
  }

  /// `json.dumps` of the value.
  func json(_ style: JSONStyle) throws -> String {
    var text = ""
    try writeJSON(to: &text, style, level: 0)
    return text
  }

  private func writeJSON(to text: inout String, _ style: JSONStyle, level: Int) throws {
    guard level < Limits.nesting, text.utf8.count <= Limits.text else { throw Fault("too large for JSON", .limit) }
    func lineBreak(_ level: Int) {
      guard let indent = style.indent else { return }
      text += "\n" + String(repeating: indent, count: level)
    }
    switch self {
    case .none: text += "null"
    case .bool(let value): text += value ? "true" : "false"
    case .integer(let value): text += String(value)
    case .float(let value): text += Self.jsonNumber(value)
    case .string(let string), .markup(let string): Self.writeJSON(string, to: &text, isASCII: style.isASCII)
    case .list(let values), .tuple(let values):
      text += "["
      for (index, value) in values.enumerated() {
        if index > 0 { text += style.separators.item }
        lineBreak(level + 1)
        try value.writeJSON(to: &text, style, level: level + 1)
      }
      if !values.isEmpty { lineBreak(level) }
      text += "]"
    case .dictionary(let dictionary):
      var members = dictionary.members
      if style.sortsKeys {
        members = try members.sorted { try $0.key.isLess(than: $1.key) }
      }
      text += "{"
      for (index, member) in members.enumerated() {
        if index > 0 { text += style.separators.item }
        lineBreak(level + 1)
        Self.writeJSON(try member.key.jsonKey(), to: &text, isASCII: style.isASCII)
        text += style.separators.key
        try member.value.writeJSON(to: &text, style, level: level + 1)
      }
      if !members.isEmpty { lineBreak(level) }
      text += "}"
    default: throw Fault("a \(kind) has no form in JSON")
    }
  }

  private func jsonKey() throws -> String {
    switch self {
    case .string(let text), .markup(let text): return text
    case .none: return "null"
    case .bool(let value): return value ? "true" : "false"
    case .integer(let value): return String(value)
    case .float(let value): return Self.jsonNumber(value)
    default: throw Fault("a \(kind) is no key in JSON")
    }
  }

  private static func jsonNumber(_ value: Double) -> String {
    value.isNaN ? "NaN" : value.isInfinite ? (value < 0 ? "-Infinity" : "Infinity") : PythonText.text(value)
  }

  private static func writeJSON(_ string: String, to text: inout String, isASCII: Bool) {
    func escape(_ unit: UInt16) {
      let digits = String(unit, radix: 16)
      text += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
    }
    text += "\""
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      case "\u{08}": text += "\\b"
      case "\u{0C}": text += "\\f"
      case "\u{00}"..<" ": escape(UInt16(scalar.value))
      default:
        if isASCII, scalar.value > 0x7E {
          for unit in UTF16.encode(scalar) ?? .init() { escape(unit) }
        } else {
          text.unicodeScalars.append(scalar)
        }
      }
    }
    text += "\""
  }
}
