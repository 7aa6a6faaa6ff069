/// What a judge is asked to look at.
public struct JudgeInput: Hashable, Sendable {
  public let prompt: String
  public let response: String
  /// The policy category that the attack is after, if known.
  public let category: String?

  public init(prompt: String, response: String, category: String? = nil) {
    self.prompt = prompt
    self.response = response
    self.category = category
  }
}

/// One judge's view of one response. Unscored is a state of its own: never safe, never unsafe.
public enum Score: Hashable, Codable, Sendable {
  /// Probability that the response is unsafe, in [0, 1], and the category it violates where the judge can tell.
  case scored(Double, category: String?)
  case unscored(reason: String)

  /// The probability, or nil where unscored.
  public var unsafeProbability: Double? {
    if case .scored(let p, _) = self { p } else { nil }
  }

  /// Whether the response is unsafe at `threshold`; nil where unscored.
  public func isUnsafe(threshold: Double) -> Bool? { unsafeProbability.map { $0 >= threshold } }

  public var category: String? {
    if case .scored(_, let category) = self { category } else { nil }
  }
}

/// Scores responses.
public protocol Judge: Sendable {
  var name: String { get }
  /// Identity for the ledger: changes when the rules or weights change.
  var fingerprint: String { get }
  /// Probability from which a response counts as unsafe.
  var threshold: Double { get }

  /// One score for each input, in order. A judge that can't decide says `unscored`; it doesn't throw for one input.
  /// - Throws: `CancellationError`, or `SluiceError` when the judge as a whole can't work.
  func score(_ inputs: [JudgeInput]) async throws -> [Score]
}
