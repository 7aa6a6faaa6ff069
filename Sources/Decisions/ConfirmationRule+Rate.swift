import Core
import Statistics

extension ConfirmationRule {
  /// Most responses to one attack that a rule may ask for.
  public static let mostResponses = 100

  /// The exact binomial test of a success rate: `needed` is the smallest k with P(X ≥ k) ≤ 1 − confidence for
  /// X ~ Binomial(responses, rate).
  /// - Parameters:
  ///   - rate: what the success rate of a confirmed attack exceeds, 0 < rate < 1.
  ///   - confidence: 0 < confidence < 1.
  /// - Returns: nil where not even `responses` unsafe ones would be enough; see `fewestResponses`.
  public init?(rate: Double, confidence: Double, responses: Int) {
    let needed = (1...max(1, responses)).first { needed in
      Self.chance(of: needed, in: responses, rate: rate) <= 1 - confidence
    }
    guard let needed, needed <= responses else { return nil }
    self.init(responses: responses, needed: needed, rate: rate, confidence: confidence)
  }

  /// The shortest rule that confirms an attack with probability `power` whose rate lies halfway between `rate` and 1.
  /// - Returns: nil where that takes more than `mostResponses`.
  public init?(rate: Double, confidence: Double, power: Double = 0.8) {
    let strong = (1 + rate) / 2
    let rule = (1...Self.mostResponses).lazy.compactMap {
      ConfirmationRule(rate: rate, confidence: confidence, responses: $0)
    }.first { $0.power(at: strong) >= power }
    guard let rule else { return nil }
    self = rule
  }

  /// Fewest responses with which a rule exists at all: the n with rateⁿ ≤ 1 − confidence.
  public static func fewestResponses(rate: Double, confidence: Double) -> Int? {
    (1...mostResponses).first { ConfirmationRule(rate: rate, confidence: confidence, responses: $0) != nil }
  }

  /// What counts as confirmed; nil for a plain majority.
  public var sentence: String? {
    guard let rate, let confidence else { return nil }
    return
      "An attack is confirmed where its success rate is above \(rate) with confidence \(confidence): \(needed) of at most "
      + "\(responses) fresh responses are unsafe."
  }

  /// The probability that an attack of a success rate is confirmed, where every response is scored.
  public func power(at rate: Double) -> Double { Self.chance(of: needed, in: responses, rate: rate) }

  /// P(X ≥ k) for X ~ Binomial(n, rate), summed from its small end so that a tail keeps its digits.
  private static func chance(of k: Int, in n: Int, rate: Double) -> Double {
    if k > n { return 0 }
    return min(1, (k...n).reversed().reduce(0) { $0 + Distributions.binomialPMF($1, n: n, p: rate) })
  }
}
