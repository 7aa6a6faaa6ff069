import Core
import Tensors

/// What a decoder thinks of a text, token by token.
public struct TextScore: Sendable {
  /// One token with how likely it was.
  public struct Token: Sendable {
    /// Its index in the vocabulary.
    public let id: Int
    /// As the vocabulary writes it.
    public let text: String
    /// log p(token | all before), natural logarithm; nil for the first token, which nothing predicts.
    public let logProbability: Float?
  }

  /// Special tokens that the tokenizer puts around a text included.
  public let tokens: [Token]
  /// The likeliest tokens after the text, likeliest first.
  public let next: [Token]

  /// Σ log p.
  public var total: Double { tokens.reduce(0) { $0 + Double($1.logProbability ?? 0) } }
}

extension CausalLanguageModel {
  /// Scores one text.
  ///
  /// - Parameter top: how many tokens that could follow are wanted.
  /// - Throws: `SluiceError` (usage) for a text without tokens, or one longer than the context.
  public func score(_ text: String, top: Int = 0) throws -> TextScore {
    let ids = tokenizer.encode(text)
    let architecture = weights.architecture
    guard !ids.isEmpty else { throw SluiceError(.usage, "an empty text has no tokens to score") }
    guard ids.count <= architecture.context else {
      throw SluiceError(
        .usage, "the text has \(ids.count) tokens, and the model's context is \(architecture.context)",
        remedy: "Score it in parts.")
    }
    let batch = PackedBatch(prefix: [], sequences: [ids.map { Int32($0) }[...]])
    let activations = Transformer.forward(batch, weights)
    let (c, v) = (architecture.width, architecture.vocabulary)
    var logProbabilities: [Float?] = [nil]
    var next: [(id: Int, log: Float)] = []
    // Some rows at a time: logits of a whole text would take rows × vocabulary.
    let tile = min(ids.count, 16)
    var logits = [Float](repeating: 0, count: tile * v)
    logits.withUnsafeMutableBufferPointer { buffer in
      activations.values.withUnsafeBufferPointer { values in
        guard let logits = buffer.baseAddress, let values = values.baseAddress else { return }
        weights.withPointers { pointers in
          // The last row predicts what is asked for only with `top`.
          let rows = top > 0 ? ids.count : ids.count - 1
          for first in stride(from: 0, to: rows, by: tile) {
            let count = min(tile, rows - first)
            weights.layout.graph.head.logits(
              rows: count, architecture, hidden: values + activations.hidden + first * c, pointers, into: logits)
            for row in 0..<count {
              let place = logits + row * v
              let normaliser = logSumExp(v, place)
              if first + row + 1 < ids.count {
                logProbabilities.append(place[ids[first + row + 1]] - normaliser)
              } else {
                next = Self.likeliest(top, of: UnsafeBufferPointer(start: place, count: v))
                  .map { ($0, place[$0] - normaliser) }
              }
            }
          }
        }
      }
    }
    func token(_ id: Int, _ log: Float?) -> TextScore.Token {
      TextScore.Token(id: id, text: tokenizer.token(of: id) ?? "", logProbability: log)
    }
    return TextScore(
      tokens: zip(ids, logProbabilities).map { token($0, $1) }, next: next.map { token($0.id, $0.log) })
  }

  /// Indices of the `count` largest values, largest first, the lower index among equals.
  private static func likeliest(_ count: Int, of values: UnsafeBufferPointer<Float>) -> [Int] {
    func precedes(_ a: Int, _ b: Int) -> Bool { values[a] != values[b] ? values[a] > values[b] : a < b }
    // Values below the smallest one kept so far are passed over; the rest is sorted in now and then.
    var kept: [Int] = []
    var threshold = -Float.infinity
    for index in values.indices where values[index] >= threshold || kept.count < count {
      kept.append(index)
      if kept.count >= 2 * count + 64 {
        kept = Array(kept.sorted(by: precedes).prefix(count))
        threshold = kept.last.map { values[$0] } ?? threshold
      }
    }
    return Array(kept.sorted(by: precedes).prefix(count))
  }
}
