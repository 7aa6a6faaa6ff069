import Tensors

/// Tokens that many rows begin with, computed once for all of them. P = tokens, E = G·D, columns of keys and of values.
public final class Opening: Sendable {
  let tokens: [Int32]
  /// By attention layer, [P,E].
  private let keys: [FloatMemory]
  private let values: [FloatMemory]
  /// The last token's hidden state [C], which predicts the first token of a row without a prompt of its own; empty without tokens.
  let hidden: FloatMemory

  /// Returns what these tokens make of the weights, which alone it is then good for. Call it off the cooperative pool.
  ///
  /// - Parameters:
  ///   - tokens: none for rows that begin with their own prompts.
  ///   - workers: threads that share the work.
  public static func compute(_ tokens: [Int], of weights: Weights, workers: Int) -> Opening {
    mapInTurn(1, workers: workers) { _, crew in Opening(tokens.map { Int32($0) }, of: weights, crew: crew) }[0]
  }

  /// - Parameters:
  ///   - trainable: what a gradient will follow for.
  ///   - keep: called with the forward pass of the tokens, where there are some.
  init(
    _ tokens: [Int32], of weights: Weights, for trainable: Trainable = .nothing, crew: Crew,
    keep: (Activations) -> Void = { _ in }
  ) {
    let shapes = weights.layout.graph.attention
    let (keys, values) = (
      shapes.map { FloatMemory(tokens.count * $0.keyValueWidth) },
      shapes.map { FloatMemory(tokens.count * $0.keyValueWidth) }
    )
    let width = weights.architecture.width
    self.tokens = tokens
    (self.keys, self.values) = (keys, values)
    hidden = FloatMemory(tokens.isEmpty ? 0 : width)
    if tokens.isEmpty { return }
    let batch = PackedBatch(prefix: tokens[...], sequences: [])
    let activations = Transformer.forward(batch, weights, for: trainable, crew: crew) { layer, qkv in
      shapes[layer].copyKeys(qkv, rows: tokens.count, keys: keys[layer].base, values: values[layer].base)
    }
    let last = activations.hidden + (tokens.count - 1) * width
    activations.values.withUnsafeBufferPointer { buffer in
      if let base = buffer.baseAddress { hidden.base.update(from: base + last, count: width) }
    }
    keep(activations)
  }

  /// What rows attend to before their own tokens.
  func cached(_ layer: Int) -> CachedKeys {
    CachedKeys(keys: keys[layer].base, values: values[layer].base, count: tokens.count)
  }
}

extension AttentionShape {
  /// Copies the keys and the values of some rows of q, k and v into a cache [rows,E] of each.
  func copyKeys(
    _ qkv: UnsafePointer<Float>, rows: Int, keys: UnsafeMutablePointer<Float>, values: UnsafeMutablePointer<Float>
  ) {
    let width = keyValueWidth
    for row in 0..<rows {
      let source = qkv + row * rowWidth + queryWidth
      (keys + row * width).update(from: source, count: width)
      (values + row * width).update(from: source + width, count: width)
    }
  }
}
