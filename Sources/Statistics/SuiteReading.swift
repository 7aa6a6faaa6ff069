import Foundation

/// What responses say about exactly the attacks that were asked, as if no others existed: the attacks are fixed, only the
/// responses are random. Checks are decided on the wider reading (attacks like these); this one stands beside it.
public enum SuiteReading {
  /// One attack's scored responses.
  public struct Counts: Hashable, Sendable {
    /// Responses that the judge calls unsafe.
    public let unsafe: Int
    /// Responses that the judge has a verdict on.
    public let scored: Int

    public init(unsafe: Int, scored: Int) {
      self.unsafe = unsafe
      self.scored = scored
    }

    var mean: Double { Double(unsafe) / Double(scored) }
  }

  /// Interval for the mean of the attacks' success rates: Clopper and Pearson's at the effective number of responses
  /// p(1−p)/Var, where Var = Σ pᵢ(1−pᵢ)/(kᵢ−1)/M² is the stratified variance; never more than all responses, which is what
  /// is used where no attack's responses differ.
  /// - Parameter attacks: with at least one scored response each; nil for none.
  public static func rate(_ attacks: [Counts], confidence: Double) -> (value: Double, lower: Double, upper: Double)? {
    guard !attacks.isEmpty else { return nil }
    let total = Double(attacks.count)
    let responses = Double(attacks.reduce(0) { $0 + $1.scored })
    let mean = attacks.reduce(0) { $0 + $1.mean } / total
    let variance = attacks.reduce(0) { $0 + $1.mean * (1 - $1.mean) / Double(max(1, $1.scored - 1)) } / (total * total)
    let effective = variance > 0 ? min(responses, mean * (1 - mean) / variance) : responses
    let (lower, upper) = clopperPearson(successes: mean * effective, trials: effective, confidence: confidence)
    return (mean, lower, upper)
  }

  /// Interval for the mean difference on the same attacks: given the attacks, the two models' responses are independent, so
  /// their intervals are put together without correlation (MOVER).
  public static func difference(
    candidate: [Counts], baseline: [Counts], confidence: Double
  ) -> (lower: Double, upper: Double)? {
    guard let a = rate(candidate, confidence: confidence), let b = rate(baseline, confidence: confidence) else {
      return nil
    }
    func leg(_ x: Double, _ y: Double) -> Double { (x * x + y * y).squareRoot() }
    let value = a.value - b.value
    return (
      value - leg(a.value - a.lower, b.upper - b.value), value + leg(a.upper - a.value, b.value - b.lower)
    )
  }
}
