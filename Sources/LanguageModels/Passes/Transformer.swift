import Tensors

/// Forward and backward passes of whole models over packed batches.
enum Transformer {
  /// Hidden states [N,C] of a packed batch.
  ///
  /// - Parameters:
  ///   - trainable: what a backward pass will follow for; its needs are kept.
  ///   - crew: threads that share each step.
  ///   - packed: by fused projection, its matrix copied beforehand, where it is; nil for what there is.
  ///   - onAttention: called with each attention layer's q, k and v [N, H·D + 2·G·D], for a cache of keys and values.
  static func forward(
    _ batch: PackedBatch, _ weights: Weights, for trainable: Trainable = .nothing, crew: Crew? = nil,
    packed: [PackedMatrix?]? = nil,
    onAttention: ((_ layer: Int, _ qkv: UnsafePointer<Float>) -> Void)? = nil
  ) -> Activations {
    let layout = weights.layout
    let plan = batch.plan
    let needs = BackwardNeeds(layout, trainable)
    let places = ActivationPlaces(layout.graph, rows: batch.rows, needs: needs, plan: plan)
    // Every float is written before it is read.
    let values = FloatMemory(places.count) { buffer in
      guard let base = buffer.baseAddress, batch.rows > 0 else { return }
      weights.withPointers { pointers in
        ForwardPass(
          layout: layout, weights: pointers, places: places, values: base, crew: crew,
          packed: packed ?? weights.packedBefore
        )
        .run(rows: batch.rows, tokens: batch.tokens, positions: batch.positions, segments: batch.segments) {
          step, qkv, out in
          onAttention?(step.layer, qkv)
          if let relative = step.relative {
            let tables = weights.relativeTables(step, relative)
            return share(crew, step.shape.heads, work: batch.rows * step.shape.headSize) { heads in
              plan.forward(step.shape, tables, heads: heads, qkv: qkv, out: out)
            }
          }
          let probabilities = places.probabilities[step.layer].map { base + $0 }
          share(crew, step.shape.heads, work: batch.rows * step.shape.headSize) { heads in
            withUnsafeTemporaryAllocation(of: Float.self, capacity: plan.forwardScratch()) { buffer in
              guard let scratch = buffer.baseAddress else { return }
              plan.forward(
                step.shape, heads: heads, qkv: qkv, probabilities: probabilities, scratch: scratch, out: out)
            }
          }
        }
      }
    }
    return Activations(batch: batch, places: places, needs: needs, values: values)
  }

  /// Back-propagates dHidden[N,C] through a forward pass.
  ///
  /// - Parameter sink: where gradients go: the full layout, or a LoRA adapter's factors alone; the forward pass was
  ///   made for the same.
  static func backward(
    _ activations: Activations, _ weights: Weights, dHidden: UnsafePointer<Float>, into sink: inout GradientSink,
    crew: Crew? = nil
  ) {
    guard activations.batch.rows > 0 else { return }
    activations.values.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      weights.withPointers { pointers in
        var pass = BackwardPass(
          layout: weights.layout, weights: pointers, activations: activations, values: base, crew: crew)
        pass.run(dHidden: dHidden, into: &sink)
      }
    }
  }
}
