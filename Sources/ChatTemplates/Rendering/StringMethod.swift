/// A method of Python's `str`, about to be called.
struct StringMethod {
  let name: String
  let text: String
  let work: Work

  func call(_ arguments: Arguments) throws -> Value {
    try work.spend(readingEach: self.text)
    func bound(_ names: String...) throws -> [Value?] { try arguments.bound(to: names, of: "'\(name)'") }
    func none() throws { _ = try arguments.plain(0, 0, of: "'\(name)'") }
    func only(_ least: Int, _ most: Int) throws -> [Value] { try arguments.plain(least, most, of: "'\(name)'") }
    func text(_ value: Value) throws -> String { try value.requiredText("the value of '\(name)'") }
    switch name {
    case "strip", "lstrip", "rstrip":
      let given = try only(0, 1).first.flatMap { $0.isNone ? nil : try text($0) }
      let side: PythonText.Side = name == "strip" ? .both : name == "lstrip" ? .left : .right
      try work.spend(readingEach: given ?? "")
      return .string(PythonText.stripped(self.text, given, side))
    case "split", "rsplit":
      let given = try bound("sep", "maxsplit")
      let separator = try given[0].flatMap { $0.isNone ? nil : try text($0) }
      guard separator != "" else { throw Fault("'\(name)' needs a separator") }
      let limit = try given[1]?.requiredInteger("'maxsplit'") ?? -1
      let parts = try PythonText.split(
        self.text, separator, limit: limit < 0 ? nil : limit, fromRight: name == "rsplit", work)
      return .list(parts.map { .string($0) })
    case "splitlines":
      let keepsEnds = try bound("keepends")[0]?.isTrue ?? false
      return .list(try PythonText.lines(self.text, keepsEnds: keepsEnds, work).map { .string($0) })
    case "partition", "rpartition":
      let separator = try text(only(1, 1)[0])
      guard !separator.isEmpty else { throw Fault("'\(name)' needs a separator") }
      let parts = try PythonText.split(self.text, separator, limit: 1, fromRight: name == "rpartition", work)
      if parts.count == 2 { return .tuple([.string(parts[0]), .string(separator), .string(parts[1])]) }
      let whole = Value.string(self.text)
      return .tuple(name == "partition" ? [whole, .string(""), .string("")] : [.string(""), .string(""), whole])
    case "startswith", "endswith": return .bool(try hasAffix(only(1, 3)))
    case "removeprefix", "removesuffix":
      let affix = Array(try text(only(1, 1)[0]).utf8)
      try work.spend(bytes: affix.count)
      let bytes = Array(self.text.utf8)
      let isThere = name == "removeprefix" ? bytes.starts(with: affix) : bytes.suffix(affix.count).elementsEqual(affix)
      guard isThere else { return .string(self.text) }
      let rest = name == "removeprefix" ? bytes.dropFirst(affix.count) : bytes.dropLast(affix.count)
      return .string(String(decoding: rest, as: UTF8.self))
    case "replace":
      // Before Python 3.13 the count had no name.
      let given = try bound("old", "new", "count")
      guard let old = given[0], let new = given[1] else { throw Fault("'replace' needs two strings") }
      let count = try given[2]?.requiredInteger("'count'") ?? -1
      return .string(
        try PythonText.replacing(self.text, text(old), with: text(new), limit: count < 0 ? nil : count, work))
    case "join":
      var result = GrowingText(work)
      for (index, part) in try only(1, 1)[0].elements(work).enumerated() {
        if index > 0 { try result.append(self.text) }
        try result.append(text(part))
      }
      return .string(result.text)
    case "find", "rfind", "index", "rindex", "count": return try search(only(1, 3))
    case "center", "ljust", "rjust":
      let given = try only(1, 2)
      let side: PythonText.Side = name == "center" ? .both : name == "ljust" ? .left : .right
      return .string(
        try Methods.padded(
          self.text, given[0].requiredInteger("the width"), given.count > 1 ? text(given[1]) : " ", side, work))
    case "zfill":
      let width = try only(1, 1)[0].requiredInteger("the width")
      let sign = self.text.hasPrefix("-") || self.text.hasPrefix("+") ? String(self.text.prefix(1)) : ""
      let digits = String(self.text.unicodeScalars.dropFirst(sign.unicodeScalars.count))
      return .string(
        sign + (try Methods.padded(digits, width - sign.unicodeScalars.count, "0", .right, work)))
    case "format", "translate", "expandtabs", "casefold", "istitle":
      throw Fault.unsupported("the method '\(name)' of strings")
    default:
      try none()
      return try simple()
    }
  }

  private func simple() throws -> Value {
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
    case "lower": return .string(try work.made(PythonText.lowercased(text)))
    case "upper": return .string(try work.made(PythonText.uppercased(text)))
    case "title": return .string(try work.made(PythonText.titled(text)))
    case "capitalize": return .string(try work.made(PythonText.capitalized(text)))
    case "swapcase":
      let swapped = text.unicodeScalars.reduce(into: "") { result, scalar in
        result +=
          scalar.properties.isUppercase
          ? PythonText.lowercased(String(scalar)) : PythonText.uppercased(String(scalar))
      }
      return .string(try work.made(swapped))
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
      let text = try affix.requiredText("the value of '\(name)'")
      try work.spend(readingEach: text)
      let affix = Array(text.unicodeScalars)
      return name == "startswith"
        ? part.scalars.starts(with: affix) : part.scalars.suffix(affix.count).elementsEqual(affix)
    }
  }

  private func search(_ given: [Value]) throws -> Value {
    let wanted = try given[0].requiredText("the value of '\(name)'")
    try work.spend(readingEach: wanted)
    let part = try part(given.dropFirst())
    if name == "count" { return .integer(part.map { count(of: wanted, in: $0.scalars) } ?? 0) }
    let place = part.flatMap { part -> Int? in
      guard name.hasPrefix("r") else {
        return TextPattern(Array(wanted.unicodeScalars)).firstIndex(in: part.scalars)
      }
      // From the right it is the same search, backwards.
      let place = TextPattern(wanted.unicodeScalars.reversed()).firstIndex(in: part.scalars.reversed()[...])
      return place.map { part.scalars.endIndex - $0 - wanted.unicodeScalars.count }
    }
    if place == nil, name.hasSuffix("index") { throw Fault("the text is not there") }
    return .integer(place ?? -1)
  }

  /// Places of `wanted` that don't overlap; an empty one is before, between and behind all characters.
  private func count(of wanted: String, in scalars: ArraySlice<Unicode.Scalar>) -> Int {
    guard !wanted.isEmpty else { return scalars.count + 1 }
    let pattern = TextPattern(Array(wanted.unicodeScalars))
    var (rest, count) = (scalars, 0)
    while let place = pattern.firstIndex(in: rest) {
      count += 1
      rest = rest[(place + pattern.count)...]
    }
    return count
  }
}
