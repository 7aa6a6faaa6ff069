/// Texts as Python writes and takes them apart; characters are code points.
enum PythonText {
  /// `str.isspace` of one character.
  static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x09...0x0D, 0x1C...0x20: true
    case 0..<0x80: false
    default: scalar.properties.isWhitespace
    }
  }

  /// `repr` of a string.
  static func quoted(_ text: String) -> String {
    let quote: Unicode.Scalar =
      text.utf8.contains(UInt8(ascii: "'")) && !text.utf8.contains(UInt8(ascii: "\"")) ? "\"" : "'"
    var result = String.UnicodeScalarView()
    result.append(quote)
    for scalar in text.unicodeScalars {
      switch scalar {
      case quote, "\\":
        result.append("\\")
        result.append(scalar)
      case "\n": result.append("\\n")
      case "\r": result.append("\\r")
      case "\t": result.append("\\t")
      case " "..."~": result.append(scalar)
      default:
        if isPrintable(scalar) {
          result.append(scalar)
        } else {
          let digits = String(scalar.value, radix: 16)
          let (mark, width) = scalar.value < 0x100 ? ("x", 2) : scalar.value < 0x10000 ? ("u", 4) : ("U", 8)
          let zeros = String(repeating: "0", count: max(0, width - digits.utf8.count))
          result.append("\\\(mark)\(zeros)\(digits)")
        }
      }
    }
    result.append(quote)
    return String(result)
  }

  private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator, .spaceSeparator:
      false
    default: true
    }
  }

  /// `repr` of a float: the shortest decimal that reads back, with an exponent below 1e-4 and from 1e16.
  static func text(_ value: Double) -> String {
    if value.isNaN { return "nan" }
    if value.isInfinite { return value < 0 ? "-inf" : "inf" }
    if value == 0 { return value.sign == .minus ? "-0.0" : "0.0" }
    // Swift's digits are the same; only their layout differs.
    let parts = "\(value.magnitude)".split(separator: "e")
    let mantissa = parts[0].split(separator: ".", omittingEmptySubsequences: false)
    var digits = String(mantissa[0]) + (mantissa.count > 1 ? String(mantissa[1]) : "")
    var exponent = (parts.count > 1 ? Int(parts[1]) ?? 0 : 0) + mantissa[0].count - 1
    while digits.hasPrefix("0"), digits.count > 1 {
      digits.removeFirst()
      exponent -= 1
    }
    while digits.hasSuffix("0"), digits.count > 1 { digits.removeLast() }
    let sign = value < 0 ? "-" : ""
    if exponent < -4 || exponent >= 16 {
      let rest = digits.dropFirst()
      let power = abs(exponent)
      return sign + digits.prefix(1) + (rest.isEmpty ? "" : "." + rest) + "e" + (exponent < 0 ? "-" : "+")
        + (power < 10 ? "0" : "") + String(power)
    }
    if exponent < 0 { return sign + "0." + String(repeating: "0", count: -exponent - 1) + digits }
    if digits.count <= exponent + 1 {
      return sign + digits + String(repeating: "0", count: exponent + 1 - digits.count) + ".0"
    }
    return sign + digits.prefix(exponent + 1) + "." + digits.dropFirst(exponent + 1)
  }

  static func lowercased(_ text: String) -> String {
    if let plain = mappedASCII(text, { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 + 32 : $0 }) {
      return plain
    }
    let scalars = Array(text.unicodeScalars)
    var result = String.UnicodeScalarView()
    for (index, scalar) in scalars.enumerated() {
      if scalar == "Σ" {
        result.append(endsWord(scalars, index) ? "ς" : "σ")
      } else {
        result.append(scalar.properties.lowercaseMapping)
      }
    }
    return String(result)
  }

  /// The text with each byte replaced, where it is ASCII alone: Unicode's tables are slow.
  private static func mappedASCII(_ text: String, _ replacement: (UInt8) -> UInt8) -> String? {
    guard text.utf8.allSatisfy({ $0 < 0x80 }) else { return nil }
    return String(decoding: text.utf8.map(replacement), as: UTF8.self)
  }

  /// Whether a capital sigma stands at the end of a word, where its small form is another.
  private static func endsWord(_ scalars: [Unicode.Scalar], _ index: Int) -> Bool {
    func isCased(_ rest: some Sequence<Unicode.Scalar>) -> Bool {
      rest.first { !$0.properties.isCaseIgnorable }?.properties.isCased ?? false
    }
    return isCased(scalars[..<index].reversed()) && !isCased(scalars[(index + 1)...])
  }

  static func uppercased(_ text: String) -> String {
    if let plain = mappedASCII(text, { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) ? $0 - 32 : $0 }) {
      return plain
    }
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars { result.append(scalar.properties.uppercaseMapping) }
    return String(result)
  }

  /// `str.capitalize`
  static func capitalized(_ text: String) -> String {
    guard let first = text.unicodeScalars.first else { return "" }
    return first.properties.titlecaseMapping
      + String(
        lowercased(text).unicodeScalars.dropFirst(
          lowercased(String(first)).unicodeScalars.count))
  }

  /// `str.title`: every letter behind none is a capital, all others are small.
  static func titled(_ text: String) -> String {
    let scalars = Array(text.unicodeScalars)
    var result = String.UnicodeScalarView()
    var isInWord = false
    for (index, scalar) in scalars.enumerated() {
      if !isInWord {
        result.append(scalar.properties.titlecaseMapping)
      } else if scalar == "Σ" {
        result.append(endsWord(scalars, index) ? "ς" : "σ")
      } else {
        result.append(scalar.properties.lowercaseMapping)
      }
      isInWord = scalar.properties.isCased
    }
    return String(result)
  }

  /// `str.splitlines`
  /// - Throws: `Fault` (limit) for too many lines.
  static func lines(_ text: String, keepsEnds: Bool = false, _ work: Work) throws -> [String] {
    try work.spend(readingEach: text)
    var lines: [String] = []
    var line = String.UnicodeScalarView()
    var wasReturn = false
    for scalar in text.unicodeScalars {
      if wasReturn, scalar == "\n" {
        wasReturn = false
        if keepsEnds, let last = lines.popLast() { lines.append(last + "\n") }
        continue
      }
      wasReturn = scalar == "\r"
      switch scalar.value {
      case 0x0A...0x0D, 0x1C...0x1E, 0x85, 0x2028, 0x2029:
        if keepsEnds { line.append(scalar) }
        try append(String(line), to: &lines, work)
        line = String.UnicodeScalarView()
      default: line.append(scalar)
      }
    }
    if !line.isEmpty { try append(String(line), to: &lines, work) }
    return lines
  }

  private static func append(_ part: String, to parts: inout [String], _ work: Work) throws {
    guard parts.count < Limits.elements else {
      throw Fault("a list of more than \(Limits.elements) elements", .limit)
    }
    try work.spend()
    parts.append(part)
  }

  enum Side { case both, left, right }

  /// `str.strip` and its like.
  /// - Parameter characters: what is taken away, nil for white space.
  static func stripped(_ text: String, _ characters: String? = nil, _ side: Side = .both) -> String {
    let set = characters.map { Set($0.unicodeScalars) }
    func isTaken(_ scalar: Unicode.Scalar) -> Bool { set?.contains(scalar) ?? isSpace(scalar) }
    var rest = text.unicodeScalars[...]
    if side != .right { rest = rest.drop(while: isTaken) }
    if side != .left { while let last = rest.last, isTaken(last) { rest.removeLast() } }
    return String(rest)
  }

  /// `str.split` and `str.rsplit`.
  /// - Parameter limit: cuts at most; nil for no limit.
  /// - Throws: `Fault` (limit) for too many parts.
  static func split(
    _ text: String, _ separator: String?, limit: Int?, fromRight: Bool, _ work: Work
  ) throws -> [String] {
    let limit = limit ?? .max
    guard let separator else { return try splitAtSpace(text, limit: limit, fromRight: fromRight, work) }
    try work.spend(bytes: text.utf8.count)
    try work.spend(bytes: separator.utf8.count)
    var parts: [String] = []
    // From the right it is the same search, backwards.
    func directed(_ bytes: some Sequence<UInt8>) -> [UInt8] { fromRight ? bytes.reversed() : Array(bytes) }
    try TextPattern(directed(separator.utf8)).split(directed(text.utf8), limit: limit) { part in
      try append(String(decoding: directed(part), as: UTF8.self), to: &parts, work)
    }
    return fromRight ? parts.reversed() : parts
  }

  private static func splitAtSpace(_ text: String, limit: Int, fromRight: Bool, _ work: Work) throws -> [String] {
    try work.spend(readingEach: text)
    var parts: [String] = []
    var rest = text.unicodeScalars[...]
    if fromRight {
      while true {
        while let last = rest.last, isSpace(last) { rest.removeLast() }
        if rest.isEmpty { break }
        if parts.count == limit {
          try append(String(rest), to: &parts, work)
          break
        }
        let start = rest.lastIndex(where: isSpace).map { rest.index(after: $0) } ?? rest.startIndex
        try append(String(rest[start...]), to: &parts, work)
        rest = rest[..<start]
      }
      return parts.reversed()
    }
    while true {
      rest = rest.drop(while: isSpace)
      if rest.isEmpty { break }
      if parts.count == limit {
        try append(String(rest), to: &parts, work)
        break
      }
      let end = rest.firstIndex(where: isSpace) ?? rest.endIndex
      try append(String(rest[..<end]), to: &parts, work)
      rest = rest[end...]
    }
    return parts
  }

  /// Whether `part` is somewhere in `text`.
  static func contains(_ text: String, _ part: String, _ work: Work) throws -> Bool {
    try work.spend(bytes: text.utf8.count)
    try work.spend(bytes: part.utf8.count)
    return TextPattern(Array(part.utf8)).firstIndex(in: Array(text.utf8)[...]) != nil
  }

  /// `str.replace`
  /// - Parameter limit: replacements at most, nil for all.
  /// - Throws: `Fault` (limit) for a result that is too long.
  static func replacing(
    _ text: String, _ old: String, with new: String, limit: Int?, _ work: Work
  ) throws -> String {
    var result = GrowingText(work)
    let limit = limit ?? .max
    if old.isEmpty {
      var count = 0
      for scalar in text.unicodeScalars {
        if count < limit { try result.append(new) }
        count += 1
        try result.append(String(scalar))
      }
      if count < limit { try result.append(new) }
      return result.text
    }
    try work.spend(bytes: text.utf8.count)
    try work.spend(bytes: old.utf8.count)
    var isFirst = true
    try TextPattern(Array(old.utf8)).split(Array(text.utf8), limit: limit) { part in
      if !isFirst { try result.append(new) }
      isFirst = false
      try result.append(String(decoding: part, as: UTF8.self))
    }
    return result.text
  }
}

extension String.UnicodeScalarView {
  /// Adds a text, in time linear in it: `append(contentsOf:)` copies everything before it.
  mutating func append(_ text: String) { for scalar in text.unicodeScalars { append(scalar) } }
}
