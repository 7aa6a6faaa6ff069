import Core

extension Value {
  /// `str` of the value, as output writes it.
  /// - Throws: `Fault` for values whose text is an address in Python's memory, and texts beyond the limit.
  func printed(_ work: Work) throws -> String {
    switch self {
    case .undefined: return ""
    case .string(let text), .markup(let text): return text
    default: return try represented(work)
    }
  }

  /// `repr` of the value.
  func represented(_ work: Work) throws -> String {
    var text = GrowingText(work)
    try write(to: &text, work, depth: 0)
    return text.text
  }

  private func write(to text: inout GrowingText, _ work: Work, depth: Int) throws {
    guard depth < Limits.nesting else { throw Fault("too deep to print", .limit) }
    func list(_ values: [Value], _ open: String, _ close: String) throws {
      try text.append(open)
      for (index, value) in values.enumerated() {
        if index > 0 { try text.append(", ") }
        try value.write(to: &text, work, depth: depth + 1)
      }
      try text.append(close)
    }
    func quoted(_ string: String) throws -> String {
      try work.spend(readingEach: string)
      return PythonText.quoted(string)
    }
    switch self {
    case .undefined: try text.append("Undefined")
    case .none: try text.append("None")
    case .bool(let value): try text.append(value ? "True" : "False")
    case .integer(let value): try text.append(String(value))
    case .float(let value): try text.append(PythonText.text(value))
    case .string(let string): try text.append(quoted(string))
    case .markup(let string): try text.append("Markup(\(quoted(string)))")
    case .list(let values): try list(values, "[", "]")
    case .tuple(let values): try list(values, "(", values.count == 1 ? ",)" : ")")
    case .dictionary(let dictionary):
      try text.append("{")
      for (index, member) in dictionary.members.enumerated() {
        if index > 0 { try text.append(", ") }
        try member.key.write(to: &text, work, depth: depth + 1)
        try text.append(": ")
        try member.value.write(to: &text, work, depth: depth + 1)
      }
      try text.append("}")
    case .range(let range):
      try text.append("range(\(range.start), \(range.stop)" + (range.step == 1 ? "" : ", \(range.step)") + ")")
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
  func json(_ style: JSONStyle, _ work: Work) throws -> String {
    var text = GrowingText(work)
    try writeJSON(to: &text, style, work, level: 0)
    return text.text
  }

  private func writeJSON(to text: inout GrowingText, _ style: JSONStyle, _ work: Work, level: Int) throws {
    guard level < Limits.nesting else { throw Fault("too deep for JSON", .limit) }
    func lineBreak(_ level: Int) throws {
      guard let indent = style.indent else { return }
      try text.append("\n")
      for _ in 0..<level { try text.append(indent) }
    }
    func quoted(_ string: String) throws -> String {
      try work.spend(readingEach: string)
      return Self.jsonString(string, isASCII: style.isASCII)
    }
    switch self {
    case .none: try text.append("null")
    case .bool(let value): try text.append(value ? "true" : "false")
    case .integer(let value): try text.append(String(value))
    case .float(let value): try text.append(Self.jsonNumber(value))
    case .string(let string), .markup(let string): try text.append(quoted(string))
    case .list(let values), .tuple(let values):
      try text.append("[")
      for (index, value) in values.enumerated() {
        if index > 0 { try text.append(style.separators.item) }
        try lineBreak(level + 1)
        try value.writeJSON(to: &text, style, work, level: level + 1)
      }
      if !values.isEmpty { try lineBreak(level) }
      try text.append("]")
    case .dictionary(let dictionary):
      var members = dictionary.members
      if style.sortsKeys {
        members = try members.sorted { try $0.key.isLess(than: $1.key, work) }
      }
      try text.append("{")
      for (index, member) in members.enumerated() {
        if index > 0 { try text.append(style.separators.item) }
        try lineBreak(level + 1)
        try text.append(quoted(try member.key.jsonKey()))
        try text.append(style.separators.key)
        try member.value.writeJSON(to: &text, style, work, level: level + 1)
      }
      if !members.isEmpty { try lineBreak(level) }
      try text.append("}")
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

  private static func jsonString(_ string: String, isASCII: Bool) -> String {
    var text = String.UnicodeScalarView()
    func escape(_ unit: UInt16) {
      let digits = String(unit, radix: 16)
      text.append("\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits)
    }
    text.append("\"" as Unicode.Scalar)
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": text.append("\\\"" as String)
      case "\\": text.append("\\\\" as String)
      case "\n": text.append("\\n" as String)
      case "\r": text.append("\\r" as String)
      case "\t": text.append("\\t" as String)
      case "\u{08}": text.append("\\b" as String)
      case "\u{0C}": text.append("\\f" as String)
      case "\u{00}"..<" ": escape(UInt16(scalar.value))
      default:
        if isASCII, scalar.value > 0x7E {
          for unit in UTF16.encode(scalar) ?? .init() { escape(unit) }
        } else {
          text.append(scalar)
        }
      }
    }
    text.append("\"" as Unicode.Scalar)
    return String(text)
  }
}
