import Tensors

/// Where a backward pass leaves its gradients: all weights, or only a LoRA adapter's factors. Frozen weights never get
/// a gradient, not even a temporary one.
struct GradientSink {
  /// Σ gradients, laid out as the weights (full) or as the adapter.
  private(set) var values: [Float]
  private let adapter: LoRAAdapter?
  private let width: Int

  /// - Parameter adapter: gradients of its factors only; nil for those of every weight of `layout`.
  init(_ layout: ParameterLayout, adapter: LoRAAdapter?) {
    values = [Float](repeating: 0, count: adapter?.values.count ?? layout.count)
    self.adapter = adapter
    width = layout.architecture.width
  }

  var isFull: Bool { adapter == nil }

  /// Adds a fused projection's weight and bias gradients: x[N,I], dy[N,O].
  mutating func linear(
    _ projection: FusedProjection, _ slots: [ParameterSlot], rows: Int, x: UnsafePointer<Float>,
    dy: UnsafePointer<Float>, crew: Crew?
  ) {
    if let adapter {
      for part in projection.parts {
        guard let factor = adapter.factors[slots[part.slot].offset] else { continue }
        lowRank(
          adapter, factor, rows: rows, inputs: projection.shape.inputs, outputs: part.outputs, x: x,
          dy: dy + part.column, stride: projection.shape.outputs,
          crew: crew)
      }
    } else {
      values.withUnsafeMutableBufferPointer { gradient in
        guard let g = gradient.baseAddress else { return }
        linearWeightGradient(projection.shape, rows: rows, x: x, dy: dy, dWeight: g + projection.weight, crew: crew)
        if let bias = projection.bias {
          biasGradient(rows: rows, outputs: projection.shape.outputs, dy: dy, dBias: g + bias)
        }
      }
    }
  }

  /// For LoRA with W′ = W + s·A·B (Hu et al., 2021): dB = s·(xA)ᵀ·dy and dA = xᵀ·(s·dy·Bᵀ).
  private mutating func lowRank(
    _ adapter: LoRAAdapter, _ factor: LoRAAdapter.Factor, rows: Int, inputs: Int, outputs: Int,
    x: UnsafePointer<Float>, dy: UnsafePointer<Float>, stride: Int, crew: Crew?
  ) {
    let (rank, s) = (adapter.rank, adapter.scaling)
    values.withUnsafeMutableBufferPointer { gradient in
      adapter.values.withUnsafeBufferPointer { factors in
        withUnsafeTemporaryAllocation(of: Float.self, capacity: rows * rank) { scratch in
          guard let g = gradient.baseAddress, let p = factors.baseAddress, let u = scratch.baseAddress else { return }
          matrixProduct(rows, rank, inputs, x, lda: inputs, p + factor.a, ldb: rank, u, ldc: rank, crew: crew)
          matrixProduct(
            rank, outputs, rows, u, lda: rank, transposeA: true, dy, ldb: stride, g + factor.b, ldc: outputs,
            alpha: s, beta: 1, crew: crew)
          matrixProduct(
            rows, rank, outputs, dy, lda: stride, p + factor.b, ldb: outputs, transposeB: true, u, ldc: rank,
            alpha: s, crew: crew)
          matrixProduct(
            inputs, rank, rows, x, lda: inputs, transposeA: true, u, ldb: rank, g + factor.a, ldc: rank, beta: 1,
            crew: crew)
        }
      }
    }
  }

  /// Gives the places of two vectors, or nil where they are frozen.
  mutating func withVectors(
    _ first: Int, _ second: Int, _ body: (UnsafeMutablePointer<Float>?, UnsafeMutablePointer<Float>?) -> Void
  ) {
    guard adapter == nil else { return body(nil, nil) }
    values.withUnsafeMutableBufferPointer { gradient in
      body(gradient.baseAddress.map { $0 + first }, gradient.baseAddress.map { $0 + second })
    }
  }

  /// Adds d[N,C] to the embeddings of each row's token, position and segment.
  mutating func embedding(_ step: Graph.Embed, _ batch: PackedBatch, d: UnsafePointer<Float>) {
    guard adapter == nil else { return }
    values.withUnsafeMutableBufferPointer { gradient in
      guard let g = gradient.baseAddress else { return }
      for row in 0..<batch.rows {
        let dRow = d + row * width
        addScaled(width, step.scale, dRow, to: g + step.tokens + Int(batch.tokens[row]) * width)
        if let table = step.positions {
          add(width, dRow, to: g + table + (Int(batch.positions[row]) + step.positionOffset) * width)
        }
        if let table = step.segments {
          add(width, dRow, to: g + table + (batch.segments.isEmpty ? 0 : Int(batch.segments[row]) * width))
        }
      }
    }
  }

  /// Gives the gradient [V,C] of the output weights, unless frozen.
  mutating func withOutputWeights(_ head: Graph.Head, _ body: (UnsafeMutablePointer<Float>) -> Void) {
    guard adapter == nil else { return }
    values.withUnsafeMutableBufferPointer { gradient in
      if let g = gradient.baseAddress { body(g + head.weight) }
    }
  }
}
