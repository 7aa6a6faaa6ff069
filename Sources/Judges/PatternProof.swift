import Core
import Foundation

/// Shows of a pattern that it can match, by a text that it does match; or that a part of it never can.
///
/// Rules look at normalised text (`ResponseText`), so a full-width letter, a tab or two spaces in a row in a pattern
/// match nothing, ever, and nothing would tell.
struct PatternProof {
  private let node: PatternNode
  private let expression: BoundedExpression

  init(pattern: String, expression: BoundedExpression) {
    node = PatternSyntax.parse(pattern)
    self.expression = expression
  }

  /// The longest text that is written for a pattern, in characters of UTF-16.
  private static let longest = 5_000
  private static let tries: UInt64 = 60

  // MARK: - A text that matches

  /// A text that the pattern matches once it is normalised; nil where none could be written: the pattern looks around or
  /// back, or its parts exclude each other.
  func witness() -> String? {
    guard let draft = Draft(node) else { return nil }
    for number in 0..<Self.tries {
      var random = number == 0 ? nil : SeededGenerator(seed: number)
      guard let text = draft.text(&random), text.utf16.count <= Self.longest else { continue }
      // A `\b` or a `\B` at the edge may need a neighbour.
      for (before, after) in [("", ""), ("a", ""), ("", "a"), ("a", "a"), ("a ", " a"), ("(", ")")] {
        let candidate = before + text + after
        let text = ResponseText.normalised(candidate)
        if expression.outcome(in: text, patience: Self.patienceOnShortText) == .found { return candidate }
      }
    }
    return nil
  }

  /// A short text on which matching takes too long; nil where none is known.
  ///
  /// What repeats in the pattern is repeated often and then broken off: a pattern that tries every way of dividing the
  /// text between its repetitions shows it here.
  func exhaustingText() -> String? {
    let pumps = repetitions(of: node).compactMap { part -> String? in
      var random: SeededGenerator?
      return Draft(part)?.text(&random)
    }
    for pump in Set(pumps + ["a", "a ", "1"]).sorted() where !pump.isEmpty && pump.utf16.count <= 40 {
      let text = ResponseText.normalised(String(repeating: pump, count: 60) + "\u{2603}")
      if case .gaveUp = expression.outcome(in: text, patience: Self.patienceOnShortText) { return text }
    }
    return nil
  }

  /// An honest pattern needs not one report of 10,000 steps for a text of some hundred characters.
  private static let patienceOnShortText = 100

  private func repetitions(of node: PatternNode) -> [PatternNode] {
    switch node {
    case .literal, .set, .anchor, .unknown: []
    case .sequence(let parts), .choice(let parts): parts.flatMap(repetitions)
    case .repeated(let part, _, let most): (most.map { $0 < 10 } ?? false ? [] : [part]) + repetitions(of: part)
    }
  }

  // MARK: - Parts that never match

  /// A part of a pattern that no normalised text has.
  struct DeadPart: Hashable {
    /// What it is, after "has no".
    let what: String
    let remedy: String
  }

  /// The first part without which the pattern can't match and which nothing matches; in a choice, that of any branch.
  func deadPart() -> DeadPart? { deadPart(of: node) }

  private func deadPart(of node: PatternNode) -> DeadPart? {
    switch node {
    case .anchor, .unknown: return nil
    case .literal(let scalar, let caseless): return deadPart(ofRun: [scalar], caseless: caseless)
    case .set(let text, let caseless):
      if Draft.scalars(of: text, caseless: caseless)?.isEmpty ?? false {
        return DeadPart(
          what: "character of \(text)", remedy: "Write the characters as they are in plain lower case; \\s for a break."
        )
      }
      return nil
    case .choice(let branches): return branches.lazy.compactMap { deadPart(of: $0) }.first
    case .repeated(let part, let least, _): return least > 0 ? deadPart(of: part) : nil
    case .sequence(let parts): return deadPart(ofSequence: parts)
    }
  }

  private func deadPart(ofSequence parts: [PatternNode]) -> DeadPart? {
    var run: [Unicode.Scalar] = []
    var runIsCaseless = true
    for part in parts {
      if case .literal(let scalar, let caseless) = part, run.isEmpty || caseless == runIsCaseless {
        run.append(scalar)
        runIsCaseless = caseless
        continue
      }
      if let dead = deadPart(ofRun: run, caseless: runIsCaseless) ?? deadPart(of: part) { return dead }
      run = []
    }
    return deadPart(ofRun: run, caseless: runIsCaseless)
  }

  /// Asks the engine itself whether literal text finds its own normalised form; the shortest beginning that doesn't tells
  /// which character it is.
  private func deadPart(ofRun run: [Unicode.Scalar], caseless: Bool) -> DeadPart? {
    if run.isEmpty || matchesItself(run, caseless) { return nil }
    let end = run.indices.first { !matchesItself(Array(run[...$0]), caseless) } ?? run.count - 1
    let scalar = run[end]
    if scalar.properties.isWhitespace {
      return scalar == " "
        ? DeadPart(what: "two spaces in a row", remedy: "Write one space, or \\s.")
        : DeadPart(what: "white space but single spaces", remedy: "Write a space or \\s for \(Self.name(scalar)).")
    }
    if !caseless && scalar.properties.isUppercase {
      return DeadPart(what: "capital letters", remedy: "Write '\(scalar)' in lower case, or remove (?-i).")
    }
    return ResponseText.isInvisible(scalar)
      ? DeadPart(what: "invisible characters", remedy: "Remove \(Self.name(scalar)) from the pattern.")
      : DeadPart(
        what: "\(Self.name(scalar)) there",
        remedy: "Write its plain form, '\(ResponseText.normalised(String(String.UnicodeScalarView(run[...end]))))'.")
  }

  private func matchesItself(_ run: [Unicode.Scalar], _ caseless: Bool) -> Bool {
    let text = String(String.UnicodeScalarView(run))
    let pattern = NSRegularExpression.escapedPattern(for: text)
    guard let own = try? BoundedExpression(pattern, caseless: caseless) else { return true }
    // Neighbours keep a space at the end from being trimmed; they compose with nothing.
    return own.outcome(in: ResponseText.normalised("x" + text + "x")) == .found
  }

  static func name(_ scalar: Unicode.Scalar) -> String {
    let digits = String(scalar.value, radix: 16, uppercase: true)
    return "U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
  }
}

extension String.UnicodeScalarView {
  init(_ scalars: some Sequence<Unicode.Scalar>) {
    self.init()
    append(contentsOf: scalars)
  }
}

/// The ways in which a pattern's parts can be written out.
indirect enum Draft {
  case letter(Unicode.Scalar)
  case oneOf([Unicode.Scalar])
  case all([Draft])
  case any([Draft])
  case times(Draft, least: Int)

  /// - Returns: nil where a part can't be written out.
  init?(_ node: PatternNode) {
    switch node {
    case .literal(let scalar, _): self = .letter(scalar)
    case .set(let text, let caseless):
      guard let scalars = Self.scalars(of: text, caseless: caseless), !scalars.isEmpty else { return nil }
      self = .oneOf(scalars)
    case .anchor: self = .all([])
    case .sequence(let parts):
      let drafts = parts.compactMap(Draft.init)
      guard drafts.count == parts.count else { return nil }
      self = .all(drafts)
    case .choice(let branches):
      // One branch that can be written is enough.
      let drafts = branches.compactMap(Draft.init)
      guard !drafts.isEmpty else { return nil }
      self = .any(drafts)
    case .repeated(let part, let least, _):
      guard let draft = Draft(part) else {
        if least > 0 { return nil }
        self = .all([])
        return
      }
      self = .times(draft, least: least)
    case .unknown: return nil
    }
  }

  /// One way to write it: the first everywhere, or one at random.
  /// - Returns: nil where it would be longer than any witness may be.
  func text(_ random: inout SeededGenerator?) -> String? {
    var scalars = String.UnicodeScalarView()
    return write(&scalars, &random) ? String(scalars) : nil
  }

  private static let mostScalars = 20_000

  private func write(_ text: inout String.UnicodeScalarView, _ random: inout SeededGenerator?) -> Bool {
    switch self {
    case .letter(let scalar): text.append(scalar)
    case .oneOf(let scalars): text.append(scalars[Self.pick(scalars.count, &random)])
    case .any(let ways): return ways[Self.pick(ways.count, &random)].write(&text, &random)
    case .all(let parts):
      for part in parts where !part.write(&text, &random) { return false }
    case .times(let part, let least):
      for _ in 0..<least + Self.pick(2, &random) where !part.write(&text, &random) || text.count > Self.mostScalars {
        return false
      }
    }
    return true
  }

  private static func pick(_ count: Int, _ random: inout SeededGenerator?) -> Int {
    guard var generator = random else { return 0 }
    defer { random = generator }
    return Int.random(in: 0..<count, using: &generator)
  }

  // MARK: - Classes

  /// Characters of a class that normalised text can have: one of each kind that matters to a pattern's other parts.
  /// - Returns: empty where normalised text has none of them; nil where the text is no class by itself.
  static func scalars(of text: String, caseless: Bool) -> [Unicode.Scalar]? {
    guard let expression = try? BoundedExpression(text, caseless: caseless) else { return nil }
    let common = kinds.compactMap { kind in
      kind.unicodeScalars.first { expression.outcome(in: String($0)) == .found }
    }
    return common.isEmpty ? rare(expression).map { [$0] } ?? [] : common
  }

  private static let kinds = ["abcdefghijklmnopqrstuvwxyz", "0123456789", " ", "_.,;:!?-'\"/()@#$%&*+=<>[]{}|\\^~`"]

  /// The first character beyond ASCII that the class has and that normalising leaves alone.
  private static func rare(_ expression: BoundedExpression) -> Unicode.Scalar? {
    for chunk in beyondASCII {
      var start = 0
      while let range = expression.firstMatch(in: chunk, from: start), range.length > 0 {
        let matched = (chunk as NSString).substring(with: range)
        if ResponseText.normalised("x" + matched + "x") == "x" + matched + "x",
          let scalar = matched.unicodeScalars.first, matched.unicodeScalars.count == 1
        {
          return scalar
        }
        start = range.location + range.length
      }
    }
    return nil
  }

  /// Every character beyond ASCII that has a meaning, without those for private use.
  private static let beyondASCII: [String] = [0x80..<0x3000, 0x3000..<0xD800, 0xF900..<0x1_0000, 0x1_0000..<0x3_2000]
    .map { (range: Range<UInt32>) in
      String(
        String.UnicodeScalarView(
          range.lazy.compactMap(Unicode.Scalar.init).filter { $0.properties.generalCategory != .unassigned }))
    }
}
