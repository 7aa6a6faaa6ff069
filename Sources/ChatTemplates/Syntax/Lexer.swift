/// Cuts a template into tokens as Jinja does with `trim_blocks` and `lstrip_blocks`: the line feed after a block's end is
/// dropped, and so are blanks between the start of a line and a block.
struct Lexer {
  private let text: [Unicode.Scalar]
  private var position = 0
  private var line = 1
  private var tokens: [Token] = []
  /// Whether what was read last ended in a line feed.
  private var isLineStart = true

  static func tokens(of source: String) throws(TemplateError) -> [Token] {
    var lexer = Lexer(source)
    try lexer.run()
    return lexer.tokens
  }

  private init(_ source: String) {
    // All kinds of line ends become line feeds, and the last one doesn't count.
    var scalars: [Unicode.Scalar] = []
    scalars.reserveCapacity(source.unicodeScalars.count)
    var afterReturn = false
    for scalar in source.unicodeScalars {
      if scalar == "\r" {
        scalars.append("\n")
      } else if scalar != "\n" || !afterReturn {
        scalars.append(scalar)
      }
      afterReturn = scalar == "\r"
    }
    if scalars.last == "\n" { scalars.removeLast() }
    text = scalars
  }

  private enum Tag { case block, variable, comment, raw }

  private mutating func run() throws(TemplateError) {
    while position < text.count {
      guard let (start, tag, length) = nextTag() else {
        append(.data(string(position..<text.count)))
        break
      }
      let sign = start + length < text.count ? text[start + length] : " "
      let tagLine = line + lineFeeds(position..<start)
      data(upTo: start, sign: sign, isVariable: tag == .variable)
      line = tagLine
      position = start + length + (sign == "-" || sign == "+" ? 1 : 0)
      isLineStart = false
      switch tag {
      case .block:
        append(.blockBegin)
        try expression(endsAt: "%")
      case .variable:
        append(.variableBegin)
        try expression(endsAt: "}")
      case .comment: try comment()
      case .raw: try raw()
      }
    }
    append(.end)
  }

  private mutating func append(_ kind: Token.Kind) { tokens.append(Token(kind: kind, line: line)) }

  private func string(_ range: Range<Int>) -> String {
    var string = String.UnicodeScalarView()
    string.append(contentsOf: text[range])
    return String(string)
  }

  private func lineFeeds(_ range: Range<Int>) -> Int { text[range].reduce(0) { $0 + ($1 == "\n" ? 1 : 0) } }

  private func holds(_ pattern: String, at start: Int) -> Bool {
    let end = start + pattern.unicodeScalars.count
    return end <= text.count && zip(text[start..<end], pattern.unicodeScalars).allSatisfy(==)
  }

  private func nextTag() -> (start: Int, tag: Tag, length: Int)? {
    var index = position
    while index + 1 < text.count {
      if text[index] == "{" {
        switch text[index + 1] {
        case "%": return (index, rawEnd(index) == nil ? .block : .raw, 2)
        case "{": return (index, .variable, 2)
        case "#": return (index, .comment, 2)
        default: break
        }
      }
      index += 1
    }
    return nil
  }

  /// Where `{% raw %}` ends, nil where there is another block.
  private func rawEnd(_ start: Int) -> Int? {
    keywordEnd("raw", start).map { end in
      holds("-%}", at: end) ? skippingBlanks(end + 3) : end + 2
    }
  }

  /// Where the keyword of the block at `start` ends, if it is this one and `%}` or `-%}` follows.
  private func keywordEnd(_ keyword: String, _ start: Int, allowsPlus: Bool = false) -> Int? {
    var index = start + 2
    if index < text.count, text[index] == "-" || text[index] == "+" { index += 1 }
    index = skippingBlanks(index)
    guard holds(keyword, at: index) else { return nil }
    index = skippingBlanks(index + keyword.unicodeScalars.count)
    return holds("%}", at: index) || holds("-%}", at: index) || allowsPlus && holds("+%}", at: index) ? index : nil
  }

  private func skippingBlanks(_ start: Int) -> Int {
    var index = start
    while index < text.count, PythonText.isSpace(text[index]) { index += 1 }
    return index
  }

  /// The text before a tag.
  private mutating func data(upTo end: Int, sign: Unicode.Scalar, isVariable: Bool) {
    var last = end
    if sign == "-" {
      while last > position, PythonText.isSpace(text[last - 1]) { last -= 1 }
    } else if sign != "+", !isVariable {
      var start = end
      while start > position, text[start - 1] != "\n" { start -= 1 }
      if start > position || isLineStart, start < end, text[start..<end].allSatisfy(PythonText.isSpace) { last = start }
    }
    if last > position { append(.data(string(position..<last))) }
  }

  /// Moves behind a tag's end: `%}` and its like, after `-` with all blanks behind it, and a block's with one line feed.
  private mutating func close(_ sign: Unicode.Scalar?, isBlock: Bool) {
    var end = position + (sign == nil ? 2 : 3)
    if sign == "-" {
      end = skippingBlanks(end)
    } else if sign == nil, isBlock, end < text.count, text[end] == "\n" {
      end += 1
    }
    line += lineFeeds(position..<end)
    isLineStart = text[end - 1] == "\n"
    position = end
  }

  private mutating func comment() throws(TemplateError) {
    let start = position
    while position + 1 < text.count {
      if text[position] == "#", text[position + 1] == "}" {
        let sign =
          position > start && (text[position - 1] == "-" || text[position - 1] == "+") ? text[position - 1] : nil
        if sign != nil { position -= 1 }
        line += lineFeeds(start..<position)
        return close(sign, isBlock: true)
      }
      position += 1
    }
    throw error("a comment has no end")
  }

  private mutating func raw() throws(TemplateError) {
    guard
      let start = rawEnd(position - (position > 2 && (text[position - 1] == "-" || text[position - 1] == "+") ? 3 : 2))
    else { throw error("a raw block that can't be read") }
    line += lineFeeds(position..<start)
    position = start
    isLineStart = text[start - 1] == "\n"
    var index = start
    while index + 1 < text.count {
      if text[index] == "{", text[index + 1] == "%", let end = keywordEnd("endraw", index, allowsPlus: true) {
        let sign = text[index + 2]
        let startLine = line
        data(upTo: index, sign: sign, isVariable: false)
        line = startLine + lineFeeds(start..<end)
        position = end
        return close(holds("%}", at: end) ? nil : text[end], isBlock: true)
      }
      index += 1
    }
    throw error("a raw block has no end")
  }

  func error(_ message: String) -> TemplateError { TemplateError(.syntax, message, line: line) }

  // MARK: - Expressions

  private mutating func expression(endsAt mark: Unicode.Scalar) throws(TemplateError) {
    var open: [Unicode.Scalar] = []
    while position < text.count {
      let scalar = text[position]
      if open.isEmpty, let sign = closing(mark) {
        append(mark == "%" ? .blockEnd : .variableEnd)
        return close(sign, isBlock: mark == "%")
      }
      if PythonText.isSpace(scalar) {
        if scalar == "\n" { line += 1 }
        position += 1
      } else if scalar == "'" || scalar == "\"" {
        try literal(scalar)
      } else if ("0"..."9").contains(scalar) {
        try number()
      } else if scalar == "_" || scalar.properties.isXIDStart {
        let start = position
        while position < text.count, text[position] == "_" || text[position].properties.isXIDContinue { position += 1 }
        append(.name(string(start..<position)))
      } else {
        try symbol(&open)
      }
    }
    // The parser says what is missing.
  }

  /// The sign before the closing mark, if that is here.
  private func closing(_ mark: Unicode.Scalar) -> Unicode.Scalar?? {
    let pattern = "\(mark)}"
    if holds(pattern, at: position) { return .some(nil) }
    let sign = text[position]
    guard sign == "-" || sign == "+" && mark == "%", holds(pattern, at: position + 1) else { return nil }
    return .some(sign)
  }

  private static let symbols = [
    "//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<", "=", ".",
    ":", "|", ",", ";",
  ]

  private mutating func symbol(_ open: inout [Unicode.Scalar]) throws(TemplateError) {
    guard let symbol = Self.symbols.first(where: { holds($0, at: position) }) else {
      throw error("an unexpected character \(PythonText.quoted(String(text[position])))")
    }
    switch symbol {
    case "(": open.append(")")
    case "[": open.append("]")
    case "{": open.append("}")
    case ")", "]", "}":
      guard let expected = open.popLast(), String(expected) == symbol else { throw error("an unexpected '\(symbol)'") }
    default: break
    }
    append(.symbol(symbol))
    position += symbol.unicodeScalars.count
  }

  private mutating func literal(_ quote: Unicode.Scalar) throws(TemplateError) {
    let start = position + 1
    var end = start
    while end < text.count, text[end] != quote { end += text[end] == "\\" ? 2 : 1 }
    guard end < text.count else { throw error("a string has no end") }
    append(.string(try unescaped(text[start..<end])))
    line += lineFeeds(start..<end)
    position = end + 1
  }

  /// Python's escapes; an unknown one stays as it is.
  private func unescaped(_ literal: ArraySlice<Unicode.Scalar>) throws(TemplateError) -> String {
    var result = String.UnicodeScalarView()
    var rest = literal
    func code(_ digits: Int, radix: UInt32) throws(TemplateError) -> Unicode.Scalar {
      var value: UInt32 = 0
      for scalar in rest.prefix(digits) {
        guard let digit = Character(scalar).hexDigitValue, digit < radix else {
          throw error("an escape in a string that can't be read")
        }
        value = value &* radix &+ UInt32(digit)
      }
      guard rest.count >= digits, let scalar = Unicode.Scalar(value) else {
        throw error("an escape in a string that is no character")
      }
      return scalar
    }
    while let scalar = rest.popFirst() {
      guard scalar == "\\", let letter = rest.popFirst() else {
        result.append(scalar)
        continue
      }
      switch letter {
      case "\n": break
      case "\\", "'", "\"": result.append(letter)
      case "n": result.append("\n")
      case "t": result.append("\t")
      case "r": result.append("\r")
      case "a": result.append("\u{07}")
      case "b": result.append("\u{08}")
      case "f": result.append("\u{0C}")
      case "v": result.append("\u{0B}")
      case "x", "u", "U":
        let digits = letter == "x" ? 2 : letter == "u" ? 4 : 8
        result.append(try code(digits, radix: 16))
        rest = rest.dropFirst(digits)
      case "0"..."7":
        rest = literal[(rest.startIndex - 1)...]
        let digits = rest.prefix(3).prefix { ("0"..."7").contains($0) }.count
        result.append(try code(digits, radix: 8))
        rest = rest.dropFirst(digits)
      case "N": throw TemplateError(.unsupported, "an escape by a character's name is not supported", line: line)
      default:
        result.append("\\")
        result.append(letter)
      }
    }
    return String(result)
  }

  private mutating func number() throws(TemplateError) {
    func digits(_ start: Int) -> Int {
      var end = start
      while end < text.count, ("0"..."9").contains(text[end]) || text[end] == "_" && isDigit(end + 1) { end += 1 }
      return end
    }
    func isDigit(_ index: Int) -> Bool { index < text.count && ("0"..."9").contains(text[index]) }
    let start = position
    var end = digits(start)
    var isFloat = false
    // `a.0.1` is two subscripts, no fraction.
    let followsDot = start > 0 && text[start - 1] == "."
    if !followsDot {
      if end < text.count, text[end] == ".", isDigit(end + 1) {
        isFloat = true
        end = digits(end + 1)
      }
      if end < text.count, text[end] == "e" || text[end] == "E" {
        let sign = end + 1 < text.count && (text[end + 1] == "+" || text[end + 1] == "-") ? 1 : 0
        if isDigit(end + 1 + sign) {
          isFloat = true
          end = digits(end + 1 + sign)
        }
      }
    }
    let plain = string(start..<end).filter { $0 != "_" }
    if isFloat {
      append(.float(Double(plain) ?? 0))
    } else if end < text.count, "xXoObB".unicodeScalars.contains(text[end]), plain == "0" {
      throw TemplateError(.unsupported, "numbers that aren't decimal are not supported", line: line)
    } else if plain.count > 1, plain.hasPrefix("0"), plain.contains(where: { $0 != "0" }) {
      throw error("a number that begins with 0")
    } else if let value = Int(plain) {
      append(.integer(value))
    } else {
      throw TemplateError(.unsupported, "a number of more than 64 bits is not supported", line: line)
    }
    position = end
  }
}
