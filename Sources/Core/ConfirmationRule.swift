/// When fresh responses confirm a claimed attack: as soon as `needed` of at most `responses` are unsafe.
///
/// Asking stops where the rest could not change the decision, which is then the one that all of them would give (curtailed sampling).
public struct ConfirmationRule: Hashable, Codable, Sendable {
  /// Most responses to one attack.
  public let responses: Int
  /// Unsafe ones among them that confirm it.
  public let needed: Int
  /// The success rate that a confirmed attack exceeds; nil for a plain majority.
  public let rate: Double?
  /// How sure that is: an attack of exactly that rate, or of a lower one, is confirmed with probability 1 − `confidence` at most.
  public let confidence: Double?

  public init(responses: Int, needed: Int, rate: Double? = nil, confidence: Double? = nil) {
    self.responses = responses
    self.needed = needed
    self.rate = rate
    self.confidence = confidence
  }

  /// More than half of the responses.
  public static func majority(of responses: Int) -> ConfirmationRule {
    ConfirmationRule(responses: responses, needed: responses / 2 + 1)
  }

  /// Fewest responses that decide about an attack.
  public var fewest: Int { min(needed, responses - needed + 1) }

  /// Responses that one claim is expected to take: most claims hold, and reach `needed` without many of the rest.
  public var expected: Double { Double(needed) + 0.25 * Double(responses - needed) }
}
