extension JSON {
  /// Bounds on what a hostile document can make the parser do.
  public struct Limits: Sendable {
    /// Nesting of arrays and objects; the parser recurses this deep at most.
    public var depth: Int
    /// Values in the whole document; each takes tens of bytes of memory however short its text is.
    public var values: Int

    public init(depth: Int = 64, values: Int = 4_000_000) {
      self.depth = depth
      self.values = values
    }
  }

  /// Reads RFC 8259 JSON in UTF-8 strictly: duplicate keys, unpaired surrogates, invalid UTF-8 and anything after the
  /// document are errors. Linear in the length.
  /// - Throws: `JSONSyntaxError`.
  public init(parsing bytes: [UInt8], limits: Limits = Limits()) throws {
    self = try JSONParser.document(bytes, limits: limits, isForeign: false, refusesRepeats: true)
  }

  /// Reads what another program sends, and takes what common writers get wrong:
  /// - unpaired surrogates and invalid UTF-8 in strings (a text cut within a character) become U+FFFD;
  /// - `NaN`, `Infinity` and `-Infinity` (Python's writer) and numbers beyond `Double` become numbers that aren't finite;
  /// - control characters may stand in strings, and a byte order mark before the document;
  /// - of a key that is there twice the last value counts, as for most readers, unless the caller refuses that.
  ///
  /// Never for files that a person writes: there each of these is a mistake worth telling. Linear in the length.
  /// - Parameter refusesRepeats: for what a verdict rests on: readers differ in which of two values counts.
  /// - Throws: `JSONSyntaxError`.
  public init(foreign bytes: [UInt8], limits: Limits = Limits(), refusesRepeats: Bool = false) throws {
    self = try JSONParser.document(bytes, limits: limits, isForeign: true, refusesRepeats: refusesRepeats)
  }
}

private struct JSONParser {
  /// Every index is held against `count` before it is used.
  let bytes: UnsafeBufferPointer<UInt8>
  let limits: JSON.Limits
  /// Whether slips of other programs are put right.
  let isForeign: Bool
  /// Whether a key that is there twice is an error.
  let refusesRepeats: Bool
  var position = 0
  var values = 0

  static func document(_ bytes: [UInt8], limits: JSON.Limits, isForeign: Bool, refusesRepeats: Bool) throws -> JSON {
    try bytes.withUnsafeBufferPointer { bytes in
      var parser = JSONParser(bytes: bytes, limits: limits, isForeign: isForeign, refusesRepeats: refusesRepeats)
      return try parser.document()
    }
  }

  mutating func document() throws -> JSON {
    if isForeign, bytes.starts(with: [0xef, 0xbb, 0xbf]) { position = 3 }
    let value = try value(depth: 0)
    skipSpace()
    guard position == bytes.count else { throw error("text after the end of the JSON document") }
    return value
  }

  func error(_ message: String, at offset: Int? = nil) -> JSONSyntaxError {
    let end = min(offset ?? position, bytes.count)
    var line = 1
    var lineStart = 0
    for index in 0..<end where bytes[index] == UInt8(ascii: "\n") {
      line += 1
      lineStart = index + 1
    }
    return JSONSyntaxError(message: message, line: line, column: end - lineStart + 1)
  }

  var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  mutating func skipSpace() {
    while let byte = next, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 { position += 1 }
  }

  mutating func take(_ byte: Character) -> Bool {
    guard let expected = byte.asciiValue, next == expected else { return false }
    position += 1
    return true
  }

  mutating func value(depth: Int) throws -> JSON {
    skipSpace()
    values += 1
    guard values <= limits.values else { throw error("more than \(limits.values) values") }
    guard let byte = next else { throw error("the JSON ends too early") }
    switch byte {
    case UInt8(ascii: "{"): return try object(depth: depth + 1)
    case UInt8(ascii: "["): return try array(depth: depth + 1)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    case UInt8(ascii: "N") where isForeign: return try word("NaN", .number(.nan))
    case UInt8(ascii: "I") where isForeign: return try word("Infinity", .number(.infinity))
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
    default: throw error("expected a JSON value")
    }
  }

  mutating func word(_ text: StaticString, _ value: JSON) throws -> JSON {
    let end = position + text.utf8CodeUnitCount
    let matches =
      end <= bytes.count
      && text.withUTF8Buffer { word in (0..<word.count).allSatisfy { bytes[position + $0] == word[$0] } }
    guard matches else { throw error("expected a JSON value") }
    position = end
    return value
  }

  mutating func array(depth: Int) throws -> JSON {
    guard depth <= limits.depth else { throw error("nested deeper than \(limits.depth)") }
    position += 1
    var elements: [JSON] = []
    skipSpace()
    if take("]") { return .array(elements) }
    repeat {
      elements.append(try value(depth: depth))
      skipSpace()
    } while take(",")
    guard take("]") else { throw error("expected ',' or ']'") }
    return .array(elements)
  }

  mutating func object(depth: Int) throws -> JSON {
    guard depth <= limits.depth else { throw error("nested deeper than \(limits.depth)") }
    position += 1
    var members: [JSON.Member] = []
    var keys = KeysSeen()
    skipSpace()
    if take("}") { return .object(members) }
    repeat {
      skipSpace()
      let start = position
      guard next == UInt8(ascii: "\"") else { throw error("expected a key in quotes") }
      let key = try string()
      let earlier = keys.place(of: key, among: members)
      guard earlier == nil || !refusesRepeats else { throw error("the key \(quoted(key)) is there twice", at: start) }
      skipSpace()
      guard take(":") else { throw error("expected ':'") }
      let member = JSON.Member(key, try value(depth: depth))
      if let earlier {
        members[earlier] = member
      } else {
        if members.isEmpty { members.reserveCapacity(8) }
        members.append(member)
        keys.note(members)
      }
      skipSpace()
    } while take(",")
    guard take("}") else { throw error("expected ',' or '}'") }
    return .object(members)
  }

  mutating func digits() -> Int {
    let start = position
    while let byte = next, byte >= 0x30, byte <= 0x39 { position += 1 }
    return position - start
  }

  mutating func number() throws -> JSON {
    let start = position
    if take("-"), isForeign, next == UInt8(ascii: "I") { return try word("Infinity", .number(-.infinity)) }
    let leadingZero = next == UInt8(ascii: "0")
    let whole = digits()
    guard whole > 0, !(leadingZero && whole > 1) else { throw error("a malformed number", at: start) }
    var integral = true
    if take(".") {
      integral = false
      guard digits() > 0 else { throw error("a malformed number", at: start) }
    }
    if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
      integral = false
      position += 1
      if !take("+") { _ = take("-") }
      guard digits() > 0 else { throw error("a malformed number", at: start) }
    }
    guard position - start <= 400 else { throw error("a number of more than 400 characters", at: start) }
    let text = String(decoding: UnsafeBufferPointer(rebasing: bytes[start..<position]), as: UTF8.self)
    if integral, let value = Int(text) { return .integer(value) }
    guard let value = Double(text), value.isFinite || isForeign else { throw error("a number out of range", at: start) }
    return .number(value)
  }

  mutating func string() throws -> String {
    let opening = position
    position += 1
    var start = position
    // Stays empty where nothing is escaped, which is nearly always.
    var unescaped: [UInt8] = []
    while let byte = next {
      switch byte {
      case UInt8(ascii: "\""):
        let rest = UnsafeBufferPointer(rebasing: bytes[start..<position])
        let text: String?
        if unescaped.isEmpty {
          text = decoded(rest)
        } else {
          unescaped += rest
          text = unescaped.withUnsafeBufferPointer(decoded)
        }
        guard let text else { throw error("a string that isn't UTF-8", at: opening) }
        position += 1
        return text
      case UInt8(ascii: "\\"):
        unescaped += bytes[start..<position]
        position += 1
        try escape(into: &unescaped)
        start = position
      case 0..<0x20 where !isForeign: throw error("a control character inside a string")
      default: position += 1
      }
    }
    throw error("a string without its closing quote", at: opening)
  }

  /// Nil where the bytes aren't UTF-8 and have to be.
  func decoded(_ text: UnsafeBufferPointer<UInt8>) -> String? {
    isForeign ? String(decoding: text, as: UTF8.self) : String(validating: text, as: UTF8.self)
  }

  mutating func escape(into text: inout [UInt8]) throws {
    guard let byte = next else { throw error("the JSON ends too early") }
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0c)
    case UInt8(ascii: "n"): text.append(0x0a)
    case UInt8(ascii: "r"): text.append(0x0d)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "u"):
      let start = position - 2
      var code = try hexadecimal()
      let afterFirst = position
      if code >= 0xd800, code < 0xdc00, take("\\"), take("u") {
        let low = try hexadecimal()
        if low >= 0xdc00, low < 0xe000 {
          code = 0x10000 + (code - 0xd800) << 10 + (low - 0xdc00)
        } else if isForeign {
          position = afterFirst  // the second escape is read by itself
        } else {
          throw error("an unpaired surrogate", at: start)
        }
      } else {
        position = afterFirst
      }
      guard let scalar = Unicode.Scalar(code) ?? (isForeign ? "\u{fffd}" : nil) else {
        throw error("an unpaired surrogate", at: start)
      }
      text.append(contentsOf: UTF8.encode(scalar).map(Array.init) ?? [])
    default: throw error("an unknown escape", at: position - 2)
    }
  }

  mutating func hexadecimal() throws -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else {
        throw error("expected four hexadecimal digits")
      }
      value = value << 4 | UInt32(digit)
      position += 1
    }
    return value
  }

  /// A key for a message.
  func quoted(_ key: String) -> String { "'\(VisibleText.brief(key, most: 40))'" }
}

/// The keys of one object, compared by their bytes and not by canonical equivalence.
private struct KeysSeen {
  /// Most objects have few members, and looking through them costs less than hashing.
  private static let fewest = 16

  /// By bytes, once there are many.
  private var places: [[UInt8]: Int] = [:]

  /// Where in `members` the key is; nil where it isn't.
  func place(of key: String, among members: [JSON.Member]) -> Int? {
    members.count <= Self.fewest
      ? members.firstIndex { $0.key.hasSameBytes(as: key) } : places[Array(key.utf8)]
  }

  /// Takes note of the last of `members`.
  mutating func note(_ members: [JSON.Member]) {
    if members.count <= Self.fewest { return }
    if places.isEmpty {
      for (index, member) in members.enumerated() { places[Array(member.key.utf8)] = index }
    } else if let last = members.last {
      places[Array(last.key.utf8)] = members.count - 1
    }
  }
}
