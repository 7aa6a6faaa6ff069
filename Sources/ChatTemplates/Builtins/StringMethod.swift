/// A method of Python's `str`, about to be called.
struct StringMethod {
  let name: String
  let text: String
  let renderer: Renderer

  func call(_ arguments: Arguments) throws -> Value {
    func bound(_ names: String...) throws -> [Value?] { try arguments.bound(to: names, of: "'\(name)'") }
    func none() throws { _ = try arguments.plain(0, 0, of: "'\(name)'") }
    func only(_ least: Int, _ most: Int) throws -> [Value] { try arguments.plain(least, most, of: "'\(name)'") }
    func text(_ value: Value) throws -> String { try value.requiredText("the value of '\(name)'") }
    switch name {
    case "strip", "lstrip", "rstrip":
      let given = try only(0, 1).first.flatMap { $0.isNone ? nil : try text($0) }
      let side: PythonText.Side = name == "strip" ? .both : name == "lstrip" ? .left : .right
      return .string(PythonText.stripped(self.text, given, side))
    case "split", "rsplit":
      let given = try bound("sep", "maxsplit")
      let separator = try given[0].flatMap { $0.isNone ? nil : try text($0) }
      guard separator != "" else { throw Fault("'\(name)' needs a separator") }
      let limit = try given[1]?.requiredInteger("'maxsplit'") ?? -1
      let parts = PythonText.split(self.text, separator, limit: limit < 0 ? nil : limit, fromRight: name == "rsplit")
      try renderer.spend(elements: parts.count)
      return .list(parts.map { .string($0) })
    case "splitlines":
      let keepsEnds = try bound("keepends")[0]?.isTrue ?? false
      return .list(PythonText.lines(self.text, keepsEnds: keepsEnds).map { .string($0) })
    case "partition", "rpartition":
      let separator = try text(only(1, 1)[0])
      guard !separator.isEmpty else { throw Fault("'\(name)' needs a separator") }
      let parts = PythonText.split(self.text, separator, limit: 1, fromRight: name == "rpartition")
      if parts.count == 2 { return .tuple([.string(parts[0]), .string(separator), .string(parts[1])]) }
      let whole = Value.string(self.text)
      return .tuple(name == "partition" ? [whole, .string(""), .string("")] : [.string(""), .string(""), whole])
    case "startswith", "endswith": return .bool(try hasAffix(only(1, 3)))
    case "removeprefix", "removesuffix":
      let affix = Array(try text(only(1, 1)[0]).utf8)
      let bytes = Array(self.text.utf8)
      let isThere = name == "removeprefix" ? bytes.starts(with: affix) : bytes.reversed().starts(with: affix.reversed())
      guard isThere else { return .string(self.text) }
      let rest = name == "removeprefix" ? bytes.dropFirst(affix.count) : bytes.dropLast(affix.count)
      return .string(String(decoding: rest, as: UTF8.self))
    case "replace":
      // Before Python 3.13 the count had no name.
      let given = try bound("old", "new", "count")
      guard let old = given[0], let new = given[1] else { throw Fault("'replace' needs two strings") }
      let count = try given[2]?.requiredInteger("'count'") ?? -1
      return .string(try renderer.replaced(self.text, text(old), text(new), count: count < 0 ? nil : count))
    case "join":
      let parts = try only(1, 1)[0].elements()
      try renderer.spend(elements: parts.count)
      let texts = try parts.map { try text($0) }
      try renderer.spend(bytes: texts.reduce(0) { $0 + $1.utf8.count } + self.text.utf8.count * parts.count)
      return .string(texts.joined(separator: self.text))
    case "find", "rfind", "index", "rindex", "count": return try search(only(1, 3))
    case "center", "ljust", "rjust":
      let given = try only(1, 2)
      let side: PythonText.Side = name == "center" ? .both : name == "ljust" ? .left : .right
      return .string(
        try Methods.padded(
          self.text, given[0].requiredInteger("the width"), given.count > 1 ? text(given[1]) : " ", side, renderer))
    case "zfill":
      let width = try only(1, 1)[0].requiredInteger("the width")
      let sign = self.text.hasPrefix("-") || self.text.hasPrefix("+") ? String(self.text.prefix(1)) : ""
      let digits = String(self.text.unicodeScalars.dropFirst(sign.unicodeScalars.count))
      return .string(
        sign + (try Methods.padded(digits, width - sign.unicodeScalars.count, "0", .right, renderer)))
    case "format", "translate", "expandtabs", "casefold", "istitle":
      throw Fault.unsupported("the method '\(name)' of strings")
    default:
      try none()
      return simple()
    }
  }

  private func simple() -> Value {
    func all(_ test: (Unicode.Scalar) -> Bool) -> Value {
      .bool(!text.isEmpty && text.unicodeScalars.allSatisfy(test))
    }
    func isLetter(_ scalar: Unicode.Scalar) -> Bool {
      switch scalar.properties.generalCategory {
      case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: true
      default: false
      }
    }
    func isDigit(_ scalar: Unicode.Scalar) -> Bool {
      scalar.properties.numericType == .decimal || scalar.properties.numericType == .digit
    }
    switch name {
    case "lower": return .string(PythonText.lowercased(text))
    case "upper": return .string(PythonText.uppercased(text))
    case "title": return .string(PythonText.titled(text))
    case "capitalize": return .string(PythonText.capitalized(text))
    case "swapcase":
      return .string(
        text.unicodeScalars.map {
          $0.properties.isUppercase ? PythonText.lowercased(String($0)) : PythonText.uppercased(String($0))
        }.joined())
    case "isalpha": return all(isLetter)
    case "isdecimal": return all { $0.properties.numericType == .decimal }
    case "isdigit": return all(isDigit)
    case "isnumeric": return all { $0.properties.numericType != nil }
    case "isalnum": return all { isLetter($0) || $0.properties.numericType != nil }
    case "isspace": return all(PythonText.isSpace)
    case "isascii": return .bool(text.utf8.allSatisfy { $0 < 0x80 })
    case "islower": return .bool(Methods.isCased(text, isUpper: false))
    default: return .bool(Methods.isCased(text, isUpper: true))
    }
  }

  /// The part of the text between two bounds, as Python's `start` and `end` cut it, and where it begins.
  private func part(_ bounds: ArraySlice<Value>) throws -> (scalars: ArraySlice<Unicode.Scalar>, start: Int)? {
    let scalars = Array(text.unicodeScalars)
    func place(_ value: Value?, _ fallback: Int) throws -> Int {
      guard let value, !value.isNone else { return fallback }
      let place = try value.requiredInteger("a bound of '\(name)'")
      return place < 0 ? max(0, place.addingReportingOverflow(scalars.count).partialValue) : place
    }
    let start = try place(bounds.first, 0)
    let end = min(try place(bounds.dropFirst().first, scalars.count), scalars.count)
    guard start <= end else { return nil }
    return (scalars[start..<end], start)
  }

  private func hasAffix(_ given: [Value]) throws -> Bool {
    guard let part = try part(given.dropFirst()) else { return false }
    let affixes: [Value]
    if case .tuple(let values) = given[0] { affixes = values } else { affixes = [given[0]] }
    return try affixes.contains { affix in
      let affix = Array(try affix.requiredText("the value of '\(name)'").unicodeScalars)
      return name == "startswith"
        ? part.scalars.starts(with: affix) : part.scalars.reversed().starts(with: affix.reversed())
    }
  }

  private func search(_ given: [Value]) throws -> Value {
    let wanted = Array(try given[0].requiredText("the value of '\(name)'").unicodeScalars)
    let part = try part(given.dropFirst())
    func holds(_ index: Int, _ scalars: ArraySlice<Unicode.Scalar>) -> Bool {
      scalars[index..<index + wanted.count].elementsEqual(wanted)
    }
    try renderer.spend(bytes: text.utf8.count)
    if name == "count" {
      guard let part else { return .integer(0) }
      if wanted.isEmpty { return .integer(part.scalars.count + 1) }
      var count = 0
      var index = part.scalars.startIndex
      while index + wanted.count <= part.scalars.endIndex {
        if holds(index, part.scalars) {
          count += 1
          index += wanted.count
        } else {
          index += 1
        }
      }
      return .integer(count)
    }
    var found: Int?
    if let scalars = part?.scalars, wanted.count <= scalars.count {
      let places = scalars.startIndex...(scalars.endIndex - wanted.count)
      found = name.hasPrefix("r") ? places.reversed().first { holds($0, scalars) } : places.first { holds($0, scalars) }
    }
    if found == nil, name.hasSuffix("index") { throw Fault("the text is not there") }
    return .integer(found ?? -1)
  }
}
