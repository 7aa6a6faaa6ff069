/// The parts of a regular expression, as far as it takes to write a text that it matches.
indirect enum PatternNode {
  case literal(Unicode.Scalar, caseless: Bool)
  /// Exactly one character out of many: a class, an escape such as `\w`, a dot. The text is a regular expression.
  case set(String, caseless: Bool)
  /// Has no width: `^`, `\b` and their like.
  case anchor
  case sequence([PatternNode])
  case choice([PatternNode])
  case repeated(PatternNode, least: Int, most: Int?)
  /// Look-arounds, back references and what else depends on other places.
  case unknown
}

/// Reads the syntax of ICU's regular expressions, which are Foundation's.
///
/// The engine has accepted the pattern before; this only has to know what its parts mean. What it doesn't know is
/// `unknown`, never a guess.
struct PatternSyntax {
  private let scalars: [Unicode.Scalar]
  private var position = 0
  private var caseless = true
  private var depth = 0
  /// Comments and free spacing (`x`) change what a space is: nothing is claimed of such a pattern.
  private var isFreeSpaced = false

  private static let deepest = 100
  private static let escapedSets: Set<Unicode.Scalar> = ["d", "D", "w", "W", "s", "S", "h", "H", "v", "V", "R", "X"]
  private static let escapedAnchors: Set<Unicode.Scalar> = ["b", "B", "A", "Z", "z", "G"]

  /// - Parameter pattern: matched without regard to case, unless it says otherwise itself.
  static func parse(_ pattern: String) -> PatternNode {
    var syntax = PatternSyntax(pattern)
    let node = syntax.choice()
    return syntax.isFreeSpaced || syntax.position < syntax.scalars.count ? .unknown : node
  }

  private init(_ pattern: String) { scalars = Array(pattern.unicodeScalars) }

  private var next: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

  private func follows(_ text: String) -> Bool {
    scalars[position...].starts(with: text.unicodeScalars)
  }

  private mutating func take(_ text: String) -> Bool {
    guard follows(text) else { return false }
    position += text.unicodeScalars.count
    return true
  }

  private func text(from start: Int) -> String {
    var view = String.UnicodeScalarView()
    view.append(contentsOf: scalars[start..<position])
    return String(view)
  }

  // MARK: - Structure

  private mutating func choice() -> PatternNode {
    depth += 1
    defer { depth -= 1 }
    if depth > Self.deepest {
      position = scalars.count
      return .unknown
    }
    let outerCase = caseless
    defer { caseless = outerCase }
    var branches = [sequence()]
    while take("|") { branches.append(sequence()) }
    return branches.count == 1 ? branches[0] : .choice(branches)
  }

  private mutating func sequence() -> PatternNode {
    var parts: [PatternNode] = []
    while let scalar = next, scalar != "|", scalar != ")" {
      if take("\\Q") {
        while position < scalars.count, !take("\\E") {
          parts.append(.literal(scalars[position], caseless: caseless))
          position += 1
        }
        // A quantifier after a quotation repeats its last character.
        if let last = parts.popLast() { parts.append(quantified(last)) }
      } else if let atom = atom() {
        parts.append(quantified(atom))
      }
    }
    return .sequence(parts)
  }

  /// - Returns: nil for what only sets flags or comments.
  private mutating func atom() -> PatternNode? {
    let start = position
    let scalar = scalars[position]
    position += 1
    switch scalar {
    case "(": return group()
    case "[":
      skipClass()
      return .set(text(from: start), caseless: caseless)
    case ".": return .set(".", caseless: caseless)
    case "^", "$": return .anchor
    case "\\": return escape(start)
    default: return .literal(scalar, caseless: caseless)
    }
  }

  private mutating func group() -> PatternNode? {
    if take("?#") {
      while let scalar = next, scalar != ")" {
        _ = scalar
        position += 1
      }
      _ = take(")")
      return nil
    }
    if take("?=") || take("?!") || take("?<=") || take("?<!") {
      _ = choice()
      _ = take(")")
      return .unknown
    }
    if take("?:") || take("?>") || !follows("?") { return groupBody() }
    if take("?<") {
      while let scalar = next, scalar != ">" {
        _ = scalar
        position += 1
      }
      _ = take(">")
      return groupBody()
    }
    position += 1
    return flags()
  }

  private mutating func groupBody() -> PatternNode {
    let node = choice()
    _ = take(")")
    return node
  }

  /// `(?i)` holds to the end of the group around it, `(?i:…)` for its own.
  private mutating func flags() -> PatternNode? {
    let outerCase = caseless
    var switchedOn = true
    while let scalar = next, scalar != ")", scalar != ":" {
      position += 1
      switch scalar {
      case "-": switchedOn = false
      case "i": caseless = switchedOn
      case "x": isFreeSpaced = isFreeSpaced || switchedOn
      default: break
      }
    }
    if take(")") { return nil }
    _ = take(":")
    defer { caseless = outerCase }
    return groupBody()
  }

  private mutating func quantified(_ node: PatternNode) -> PatternNode {
    guard let (least, most) = quantifier() else { return node }
    // Lazy or possessive: what matches is the same for one text alone.
    if !take("?") { _ = take("+") }
    return .repeated(node, least: least, most: most)
  }

  private mutating func quantifier() -> (least: Int, most: Int?)? {
    if take("*") { return (0, nil) }
    if take("+") { return (1, nil) }
    if take("?") { return (0, 1) }
    guard take("{") else { return nil }
    let least = number()
    let most = take(",") ? (follows("}") ? nil : number()) : least
    _ = take("}")
    return (least, most)
  }

  private mutating func number() -> Int {
    var value = 0
    while let scalar = next, let digit = Int(String(scalar)), value < 1_000_000 {
      value = value * 10 + digit
      position += 1
    }
    return value
  }

  /// To behind the bracket that closes the class whose first bracket was read. Classes nest.
  private mutating func skipClass() {
    var open = 1
    while open > 0, let scalar = next {
      position += scalar == "\\" ? 2 : 1
      if scalar == "[" { open += 1 } else if scalar == "]" { open -= 1 }
    }
    position = min(position, scalars.count)
  }

  // MARK: - Escapes

  private mutating func escape(_ start: Int) -> PatternNode {
    guard let scalar = next else { return .unknown }
    position += 1
    if Self.escapedSets.contains(scalar) { return .set(text(from: start), caseless: caseless) }
    if Self.escapedAnchors.contains(scalar) { return .anchor }
    switch scalar {
    case "p", "P", "N":
      guard take("{") else { return .unknown }
      while let scalar = next, scalar != "}" {
        _ = scalar
        position += 1
      }
      _ = take("}")
      return .set(text(from: start), caseless: caseless)
    case "a": return .literal("\u{07}", caseless: caseless)
    case "e": return .literal("\u{1B}", caseless: caseless)
    case "f": return .literal("\u{0C}", caseless: caseless)
    case "n": return .literal("\n", caseless: caseless)
    case "r": return .literal("\r", caseless: caseless)
    case "t": return .literal("\t", caseless: caseless)
    case "x": return take("{") ? code(digits: 8, closing: true) : code(digits: 2)
    case "u": return code(digits: 4)
    case "U": return code(digits: 8)
    default:
      let isWord = scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
      return isWord ? .unknown : .literal(scalar, caseless: caseless)
    }
  }

  private mutating func code(digits: Int, closing: Bool = false) -> PatternNode {
    var value: UInt32 = 0
    var taken = 0
    while taken < digits, let scalar = next, let digit = UInt32(String(scalar), radix: 16), value < 0x110000 {
      value = value << 4 | digit
      taken += 1
      position += 1
    }
    if closing { _ = take("}") }
    return Unicode.Scalar(value).map { .literal($0, caseless: caseless) } ?? .unknown
  }
}
