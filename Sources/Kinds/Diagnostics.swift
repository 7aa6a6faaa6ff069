import Core

/// Collects what is wrong, with its place.
public struct Diagnostics: Sendable {
  /// More would only bury the first ones.
  static let most = 100

  /// What was found so far, at most a hundred, each once.
  public private(set) var errors: [SluiceError] = []

  public init() {}

  /// Notes a mistake in the policy.
  public mutating func add(_ message: String, at place: SourceLocation?, remedy: String) {
    add(SluiceError(.usage, message, at: place, remedy: remedy))
  }

  /// Notes an error that was made elsewhere.
  public mutating func add(_ error: SluiceError) {
    if errors.count < Self.most && !errors.contains(error) { errors.append(error) }
  }

  /// Notes what is wrong between values that are right by themselves.
  public mutating func require(_ holds: Bool, _ message: String, at place: SourceLocation?, remedy: String) {
    if !holds { add(message, at: place, remedy: remedy) }
  }

  /// In the order of the file; what has no line in it comes last.
  public var sorted: [SluiceError] {
    func rank(_ error: SluiceError) -> (Int, Int) {
      (error.location?.line ?? Int.max, error.location?.column ?? Int.max)
    }
    return errors.enumerated().sorted {
      rank($0.element) == rank($1.element) ? $0.offset < $1.offset : rank($0.element) < rank($1.element)
    }.map(\.element)
  }
}

/// Text from outside within a message: short, on one line, in quotes.
public func quoted(_ text: String) -> String { "'\(shortened(text))'" }

/// Returns a text cut to one line of at most 80 characters.
public func shortened(_ text: String) -> String {
  let line = String(
    text.unicodeScalars.prefix(81).map { $0.properties.generalCategory == .control ? " " : Character($0) })
  return line.unicodeScalars.count > 80 ? String(line.prefix(79)) + "…" : line
}

/// What to write instead of a name that isn't known: the nearest, and all there are.
public func suggestion(for word: String, among names: [String], called what: String) -> String {
  (nearest(word, in: names).map { "Did you mean '\($0)'? " } ?? "") + "\(what): \(names.joined(separator: ", "))."
}

/// A number with its noun: "1 attack", "3 attacks", "2 copies".
/// - Parameter plural: for nouns that take more than an s.
public func counted(_ count: Int, _ noun: String, _ plural: String? = nil) -> String {
  "\(count) " + (count == 1 ? noun : plural ?? noun + "s")
}

/// The nearest of `names` to a misspelt one, if any is near.
public func nearest(_ word: String, in names: [String]) -> String? {
  // Nothing is near a word of this length, and the distance would cost its square.
  if word.utf8.count > 100 { return nil }
  let scored = names.map { ($0, editDistance(Array(word), Array($0))) }
  guard let best = scored.min(by: { $0.1 != $1.1 ? $0.1 < $1.1 : $0.0 < $1.0 }) else { return nil }
  return best.1 <= max(2, word.count / 3) && best.1 < max(word.count, 1) ? best.0 : nil
}
