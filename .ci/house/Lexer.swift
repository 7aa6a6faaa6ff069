/// A piece of Swift source.
struct Token {
  enum Kind { case word, sign, documentation }

  let kind: Kind
  /// A word without its backticks, one sign, or a comment's line with its slashes.
  let text: String
  let line: Int
}

/// Divides Swift source into words and signs, without comments, numbers and the text of strings.
///
/// What stands inside a string's `\( … )` is source and stays. Not a full lexer: an operator arrives a sign at a time.
struct Lexer {
  private let bytes: [UInt8]
  private var position = 0
  private var line = 1
  private(set) var tokens: [Token] = []

  static func tokens(_ text: String) -> [Token] {
    var lexer = Lexer(bytes: Array(text.utf8))
    lexer.readCode(untilParenthesis: false)
    return lexer.tokens
  }

  private init(bytes: [UInt8]) { self.bytes = bytes }

  private func at(_ offset: Int) -> UInt8? { position + offset < bytes.count ? bytes[position + offset] : nil }

  private func starts(with text: StaticString, at offset: Int = 0) -> Bool {
    (0..<text.utf8CodeUnitCount).allSatisfy { at(offset + $0) == text.utf8Start[$0] }
  }

  private mutating func skip(_ count: Int = 1) {
    for _ in 0..<count where position < bytes.count {
      if bytes[position] == UInt8(ascii: "\n") { line += 1 }
      position += 1
    }
  }

  private mutating func append(_ kind: Token.Kind, from start: Int, to end: Int, line: Int) {
    tokens.append(Token(kind: kind, text: String(decoding: bytes[start..<end], as: UTF8.self), line: line))
  }

  /// Reads to the end, or past the parenthesis that closes an interpolation.
  private mutating func readCode(untilParenthesis: Bool) {
    var depth = 0
    while let byte = at(0) {
      if starts(with: "//") {
        readLineComment()
      } else if starts(with: "/*") {
        skipBlockComment()
      } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "#") {
        readAfterHashes()
      } else if byte == UInt8(ascii: "/"), isRegexStart {
        skipRegex(hashes: 0)
      } else if byte == UInt8(ascii: "`") {
        readQuotedWord()
      } else if Self.isWordStart(byte) {
        readWord()
      } else if Self.isDigit(byte) {
        skipNumber()
      } else if byte <= UInt8(ascii: " ") {
        skip()
      } else {
        if byte == UInt8(ascii: "(") { depth += 1 }
        if byte == UInt8(ascii: ")") { depth -= 1 }
        if untilParenthesis, depth < 0 { return skip() }
        append(.sign, from: position, to: position + 1, line: line)
        skip()
      }
    }
  }

  private mutating func readLineComment() {
    let start = position
    while let byte = at(0), byte != UInt8(ascii: "\n") { position += 1 }
    let text = bytes[start..<position]
    if text.starts(with: "///".utf8) { append(.documentation, from: start, to: position, line: line) }
  }

  private mutating func skipBlockComment() {
    var depth = 0
    repeat {
      if starts(with: "/*") {
        depth += 1
        skip(2)
      } else if starts(with: "*/") {
        depth -= 1
        skip(2)
      } else {
        skip()
      }
    } while depth > 0 && position < bytes.count
  }

  private mutating func readWord() {
    let start = position
    while let byte = at(0), Self.isWordStart(byte) || Self.isDigit(byte) { position += 1 }
    append(.word, from: start, to: position, line: line)
  }

  private mutating func readQuotedWord() {
    skip()
    let start = position
    while let byte = at(0), byte != UInt8(ascii: "`") { position += 1 }
    append(.word, from: start, to: position, line: line)
    skip()
  }

  private mutating func skipNumber() {
    while let byte = at(0) {
      let isFraction = byte == UInt8(ascii: ".") && at(1).map(Self.isDigit) == true
      guard Self.isWordStart(byte) || Self.isDigit(byte) || isFraction else { return }
      position += 1
    }
  }

  /// A string or a regular expression with hash marks before it, or a hash mark alone.
  private mutating func readAfterHashes() {
    var hashes = 0
    while at(hashes) == UInt8(ascii: "#") { hashes += 1 }
    if at(hashes) == UInt8(ascii: "\"") {
      skip(hashes)
      readString(hashes: hashes)
    } else if hashes > 0, at(hashes) == UInt8(ascii: "/") {
      skip(hashes)
      skipRegex(hashes: hashes)
    } else {
      append(.sign, from: position, to: position + 1, line: line)
      skip()
    }
  }

  private func hashes(_ count: Int, at offset: Int) -> Bool {
    (0..<count).allSatisfy { at(offset + $0) == UInt8(ascii: "#") }
  }

  private mutating func readString(hashes: Int) {
    let quotes = starts(with: "\"\"\"") ? 3 : 1
    let opening = line
    skip(quotes)
    // A string is a value: what follows it is no prefix of a regular expression.
    tokens.append(Token(kind: .sign, text: "\"", line: opening))
    while let byte = at(0) {
      if byte == UInt8(ascii: "\\"), self.hashes(hashes, at: 1) {
        let isInterpolation = at(1 + hashes) == UInt8(ascii: "(")
        skip(2 + hashes)
        if isInterpolation {
          tokens.append(Token(kind: .sign, text: "(", line: line))
          readCode(untilParenthesis: true)
          tokens.append(Token(kind: .sign, text: ")", line: line))
        }
      } else if (0..<quotes).allSatisfy({ at($0) == UInt8(ascii: "\"") }), self.hashes(hashes, at: quotes) {
        return skip(quotes + hashes)
      } else {
        skip()
      }
    }
  }

  /// True at a slash that opens a regular expression: where no value is before it, and no blank after it.
  private var isRegexStart: Bool {
    guard let next = at(1), next != UInt8(ascii: " "), next != UInt8(ascii: "="), next != UInt8(ascii: ")") else {
      return false
    }
    guard let last = tokens.last else { return true }
    return last.kind == .sign ? "(,=:[{&|!".contains(last.text) : last.text == "return" || last.text == "of"
  }

  private mutating func skipRegex(hashes: Int) {
    skip()
    while let byte = at(0) {
      if byte == UInt8(ascii: "\\") {
        skip(2)
      } else if byte == UInt8(ascii: "/"), self.hashes(hashes, at: 1) {
        skip(1 + hashes)
        break
      } else {
        skip()
      }
    }
    tokens.append(Token(kind: .sign, text: "\"", line: line))
  }

  private static func isWordStart(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "_") || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) && byte < 0x80
      || byte >= 0x80
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}
