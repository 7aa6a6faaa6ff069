import Tensors

/// Where a backward pass leaves its gradients: all weights, or only a LoRA adapter's factors. Frozen weights never get
/// a gradient, not even a temporary one.
struct GradientSink {
  /// Σ gradients, laid out as the weights (full) or as the adapter.
  private(set) var values: [Float]
  private let adapter: LoRAAdapter?
  private let width: Int

  /// Gradients of every weight.
  init(fullFor layout: ParameterLayout) {
    values = [Float](repeating: 0, count: layout.count)
    adapter = nil
    width = layout.architecture.width
  }

  /// Gradients of the adapter's factors only.
  init(adapter: LoRAAdapter) {
    values = [Float](repeating: 0, count: adapter.values.count)
    self.adapter = adapter
    width = adapter.layout.architecture.width
  }

  var isFull: Bool { adapter == nil }

  /// Adds a linear layer's weight and bias gradients: x[N,I], dy[N,O]; `weight` and `bias` are layout offsets.
  ///
  /// For LoRA with W′ = W + s·A·B (Hu et al., 2021): dB = s·(xA)ᵀ·dy and dA = xᵀ·(s·dy·Bᵀ).
  mutating func linear(
    rows: Int, inputs: Int, outputs: Int, weight: Int, bias: Int, x: UnsafePointer<Float>, dy: UnsafePointer<Float>
  ) {
    if let adapter {
      guard let factor = adapter.factors[weight] else { return }
      let rank = adapter.rank
      let s = adapter.scaling
      values.withUnsafeMutableBufferPointer { gradient in
        adapter.values.withUnsafeBufferPointer { factors in
          withUnsafeTemporaryAllocation(of: Float.self, capacity: rows * rank) { scratch in
            guard let g = gradient.baseAddress, let p = factors.baseAddress, let u = scratch.baseAddress else { return }
            matrixProduct(rows, rank, inputs, x, lda: inputs, p + factor.a, ldb: rank, u, ldc: rank)
            matrixProduct(
              rank, outputs, rows, u, lda: rank, transposeA: true, dy, ldb: outputs, g + factor.b, ldc: outputs,
              alpha: s, beta: 1)
            matrixProduct(
              rows, rank, outputs, dy, lda: outputs, p + factor.b, ldb: outputs, transposeB: true, u, ldc: rank,
              alpha: s)
            matrixProduct(
              inputs, rank, rows, x, lda: inputs, transposeA: true, u, ldb: rank, g + factor.a, ldc: rank, beta: 1)
          }
        }
      }
    } else {
      values.withUnsafeMutableBufferPointer { gradient in
        guard let g = gradient.baseAddress else { return }
        linearWeightGradient(
          rows: rows, inputs: inputs, outputs: outputs, x: x, dy: dy, dWeight: g + weight, dBias: g + bias)
      }
    }
  }

  /// Gives the places of two [C] vectors, or nil where they are frozen.
  mutating func withVectors(
    _ first: Int, _ second: Int, _ body: (UnsafeMutablePointer<Float>?, UnsafeMutablePointer<Float>?) -> Void
  ) {
    guard adapter == nil else { return body(nil, nil) }
    values.withUnsafeMutableBufferPointer { gradient in
      body(gradient.baseAddress.map { $0 + first }, gradient.baseAddress.map { $0 + second })
    }
  }

  /// Adds d[N,C] to the embeddings of each row's token and position.
  mutating func embedding(_ batch: PackedBatch, layout: ParameterLayout, d: UnsafePointer<Float>) {
    guard adapter == nil else { return }
    values.withUnsafeMutableBufferPointer { gradient in
      guard let g = gradient.baseAddress else { return }
      for row in 0..<batch.rows {
        add(width, d + row * width, to: g + layout.tokenEmbedding + Int(batch.tokens[row]) * width)
        add(width, d + row * width, to: g + layout.positionEmbedding + Int(batch.positions[row]) * width)
      }
    }
  }

  /// Gives the token embedding's gradient [V,C] (the tied output weights), unless frozen.
  mutating func withTokenEmbedding(_ layout: ParameterLayout, _ body: (UnsafeMutablePointer<Float>) -> Void) {
    guard adapter == nil else { return }
    values.withUnsafeMutableBufferPointer { gradient in
      if let g = gradient.baseAddress { body(g + layout.tokenEmbedding) }
    }
  }
}
