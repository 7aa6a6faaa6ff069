import Core
import Tensors

/// Draws one token from a row of logits.
struct Sampler {
  struct Choice {
    let token: Int
    /// Untempered and untruncated log p(token).
    let logProbability: Float
  }

  private let settings: DecodingSettings
  private var probabilities: [Float]
  private var order: [Int] = []

  init(vocabulary: Int, settings: DecodingSettings) {
    self.settings = settings
    probabilities = [Float](repeating: 0, count: vocabulary)
  }

  /// - Parameters:
  ///   - logits: [V].
  ///   - temperature: 0 takes the likeliest token (the first of equals).
  ///   - mayEnd: whether an end token may be drawn.
  mutating func choose(
    _ logits: UnsafePointer<Float>, temperature: Float, mayEnd: Bool, generator: inout SeededGenerator
  ) -> Choice {
    let v = probabilities.count
    let normaliser = logSumExp(v, logits)
    // One draw a token, whatever the settings, so that streams stay in step.
    let draw = generator.uniform()
    if temperature <= 0 {
      var best = -1
      for i in 0..<v where mayEnd || !settings.endTokens.contains(i) {
        if best < 0 || logits[i] > logits[best] { best = i }
      }
      return Choice(token: max(best, 0), logProbability: logits[max(best, 0)] - normaliser)
    }
    let inverse = 1 / temperature
    probabilities.withUnsafeMutableBufferPointer { buffer in
      guard let p = buffer.baseAddress else { return }
      for i in 0..<v { p[i] = logits[i] * inverse }
      if !mayEnd { for end in settings.endTokens where end < v { p[end] = -.infinity } }
      softmax(v, p)
    }
    if settings.topP < 1 { keepNucleus() }
    var total: Float = 0
    for p in probabilities { total += p }
    var remaining = draw * total
    var token = -1
    for i in 0..<v where probabilities[i] > 0 {
      token = i
      remaining -= probabilities[i]
      if remaining < 0 { break }
    }
    return Choice(token: max(token, 0), logProbability: logits[max(token, 0)] - normaliser)
  }

  /// Zeroes everything outside the smallest set of likeliest tokens whose probabilities reach top-p
  /// (Holtzman et al., 2020).
  private mutating func keepNucleus() {
    if order.isEmpty { order = Array(probabilities.indices) }
    let p = probabilities
    order.sort { p[$0] != p[$1] ? p[$0] > p[$1] : $0 < $1 }
    var sum: Float = 0
    for (place, token) in order.enumerated() {
      if sum >= settings.topP && place > 0 { probabilities[token] = 0 }
      sum += p[token]
    }
  }
}
