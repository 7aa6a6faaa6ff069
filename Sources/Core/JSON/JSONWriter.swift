extension JSON {
  /// The document as text in UTF-8; the same value gives the same bytes.
  /// - Parameter indent: spaces per level; nil for one line without spaces.
  public func serialized(indent: Int? = nil) -> String {
    String(decoding: serializedBytes(indent: indent), as: UTF8.self)
  }

  /// The same as bytes.
  public func serializedBytes(indent: Int? = nil) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(512)
    write(into: &bytes, indent: indent, level: 0)
    return bytes
  }

  private func write(into bytes: inout [UInt8], indent: Int?, level: Int) {
    switch self {
    case .null: JSON.append("null", to: &bytes)
    case .bool(let value): JSON.append(value ? "true" : "false", to: &bytes)
    case .integer(let value): bytes += String(value).utf8
    // JSON has no word for NaN and infinity.
    case .number(let value): bytes += (value.isFinite ? value.description : "null").utf8
    case .string(let value): JSON.write(value, into: &bytes)
    case .array(let values):
      JSON.list(values, in: ("[", "]"), into: &bytes, indent: indent, level: level) { value, bytes in
        value.write(into: &bytes, indent: indent, level: level + 1)
      }
    case .object(let members):
      JSON.list(members, in: ("{", "}"), into: &bytes, indent: indent, level: level) { member, bytes in
        JSON.write(member.key, into: &bytes)
        JSON.append(indent == nil ? ":" : ": ", to: &bytes)
        member.value.write(into: &bytes, indent: indent, level: level + 1)
      }
    }
  }

  private static func list<Element>(
    _ elements: [Element], in brackets: (Unicode.Scalar, Unicode.Scalar), into bytes: inout [UInt8], indent: Int?,
    level: Int, each: (Element, inout [UInt8]) -> Void
  ) {
    func lineBreak(_ level: Int) {
      guard let indent else { return }
      bytes.append(UInt8(ascii: "\n"))
      bytes += repeatElement(UInt8(ascii: " "), count: indent * level)
    }
    bytes.append(UInt8(ascii: brackets.0))
    for (index, element) in elements.enumerated() {
      if index > 0 { bytes.append(UInt8(ascii: ",")) }
      lineBreak(level + 1)
      each(element, &bytes)
    }
    if !elements.isEmpty { lineBreak(level) }
    bytes.append(UInt8(ascii: brackets.1))
  }

  private static func append(_ text: StaticString, to bytes: inout [UInt8]) {
    bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  private static func write(_ string: String, into bytes: inout [UInt8]) {
    var string = string
    bytes.append(UInt8(ascii: "\""))
    string.withUTF8 { text in
      var start = 0
      for index in text.indices {
        let byte = text[index]
        guard byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else { continue }
        bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[start..<index]))
        escape(byte, into: &bytes)
        start = index + 1
      }
      bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[start...]))
    }
    bytes.append(UInt8(ascii: "\""))
  }

  private static func escape(_ byte: UInt8, into bytes: inout [UInt8]) {
    switch byte {
    case UInt8(ascii: "\""): bytes += #"\""#.utf8
    case UInt8(ascii: "\\"): bytes += #"\\"#.utf8
    case UInt8(ascii: "\n"): bytes += #"\n"#.utf8
    case UInt8(ascii: "\r"): bytes += #"\r"#.utf8
    case UInt8(ascii: "\t"): bytes += #"\t"#.utf8
    default:
      let digits = String(byte, radix: 16)
      bytes += (#"\u"# + String(repeating: "0", count: 4 - digits.count) + digits).utf8
    }
  }
}
