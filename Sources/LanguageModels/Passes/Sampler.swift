import Core
import Tensors

/// Draws one token from a row of logits.
struct Sampler {
  struct Choice {
    let token: Int
    /// Untempered and untruncated log p(token).
    let logProbability: Float
    /// log Σ e^logit.
    let normaliser: Float
  }

  let settings: DecodingSettings
  private let vocabulary: Int

  init(vocabulary: Int, settings: DecodingSettings) {
    self.vocabulary = vocabulary
    self.settings = settings
  }

  /// - Parameters:
  ///   - logits: [V].
  ///   - temperature: 0 takes the likeliest token (the first of equals).
  ///   - mayEnd: whether an end token may be drawn.
  func choose(
    _ logits: UnsafePointer<Float>, temperature: Float, mayEnd: Bool, generator: inout SeededGenerator
  ) -> Choice {
    let v = vocabulary
    // One draw a token, whatever the settings, so that streams stay in step.
    let draw = generator.uniform()
    if temperature <= 0 {
      let normaliser = logSumExp(v, logits)
      var best = -1
      for i in 0..<v where mayEnd || !settings.endTokens.contains(i) {
        if best < 0 || logits[i] > logits[best] { best = i }
      }
      return Choice(
        token: max(best, 0), logProbability: logits[max(best, 0)] - normaliser, normaliser: normaliser)
    }
    let (token, normaliser) = withUnsafeTemporaryAllocation(of: Float.self, capacity: v) { buffer in
      guard let p = buffer.baseAddress else { return (0, Float(0)) }
      let normaliser: Float
      if temperature == 1 && mayEnd {
        normaliser = softmax(v, of: logits, into: p)
      } else {
        normaliser = logSumExp(v, logits)
        p.update(from: logits, count: v)
        if temperature != 1 { scale(v, 1 / temperature, p) }
        if !mayEnd { for end in settings.endTokens where end < v { p[end] = -.infinity } }
        softmax(v, p)
      }
      if settings.topP < 1 { keepNucleus(buffer) }
      return (drawIndex(v, p, at: draw), normaliser)
    }
    return Choice(token: token, logProbability: logits[token] - normaliser, normaliser: normaliser)
  }

  /// Zeroes everything outside the smallest set of likeliest tokens whose probabilities reach top-p
  /// (Holtzman et al., 2020).
  private func keepNucleus(_ probabilities: UnsafeMutableBufferPointer<Float>) {
    // All tokens below this together are less than what may be left out: a large vocabulary is seldom sorted whole.
    let least = (1 - settings.topP) / Float(probabilities.count)
    let likely = probabilities.indices.filter { probabilities[$0] >= least }
    var nucleus = nucleus(of: likely, probabilities)
    if !nucleus.isReached { nucleus = self.nucleus(of: Array(probabilities.indices), probabilities) }
    let kept = nucleus.tokens.map { ($0, probabilities[$0]) }
    probabilities.update(repeating: 0)
    for (token, probability) in kept { probabilities[token] = probability }
  }

  /// The likeliest of some tokens, as few as reach top-p, or all of them.
  private func nucleus(
    of tokens: [Int], _ probabilities: UnsafeMutableBufferPointer<Float>
  ) -> (tokens: [Int], isReached: Bool) {
    let order = tokens.sorted {
      probabilities[$0] != probabilities[$1] ? probabilities[$0] > probabilities[$1] : $0 < $1
    }
    var sum: Float = 0
    for (place, token) in order.enumerated() {
      sum += probabilities[token]
      if sum >= settings.topP { return (Array(order[...place]), true) }
    }
    return (order, false)
  }
}
