import Tensors

/// The forward and backward passes from token ids to hidden states, for both block arrangements.
enum Transformer {
  /// Hidden states [N,C] of a packed batch, with everything that `backward` needs.
  static func forward(_ batch: PackedBatch, _ weights: Weights) -> Activations {
    let architecture = weights.architecture
    let layout = weights.layout
    let places = ActivationPlaces(batch: batch, architecture: architecture)
    // Every float is written before it is read.
    var values = [Float](unsafeUninitializedCapacity: places.count) { _, count in count = places.count }
    let (n, c) = (batch.rows, architecture.width)
    values.withUnsafeMutableBufferPointer { buffer in
      weights.values.withUnsafeBufferPointer { weightBuffer in
        guard let a = buffer.baseAddress, let w = weightBuffer.baseAddress else { return }
        let isGPT2 = architecture.family == .gpt2
        let embedded = a + (isGPT2 ? places.blocks[0].input : places.outerNormInput)
        for row in 0..<n {
          let token = w + layout.tokenEmbedding + Int(batch.tokens[row]) * c
          let position = w + layout.positionEmbedding + Int(batch.positions[row]) * c
          let out = embedded + row * c
          for i in 0..<c { out[i] = token[i] + position[i] }
        }
        func outerNorm(to y: Int) {
          layerNorm(
            rows: n, width: c, epsilon: architecture.epsilon, x: a + places.outerNormInput,
            gamma: w + layout.outerNormGain, beta: w + layout.outerNormBias, y: a + y,
            mean: a + places.outerMean, rstd: a + places.outerRstd)
        }
        if !isGPT2 { outerNorm(to: places.blocks[0].input) }
        for (layer, block) in layout.blocks.enumerated() {
          forwardBlock(
            block, places.blocks[layer], output: places.output(of: layer, family: architecture.family),
            plan: batch.plan, architecture: architecture, a: a, w: w)
        }
        if isGPT2 { outerNorm(to: places.hidden) }
      }
    }
    return Activations(places: places, values: values)
  }

  private static func forwardBlock(
    _ block: ParameterLayout.Block, _ place: ActivationPlaces.Block, output: Int, plan: AttentionPlan,
    architecture: Architecture, a: UnsafeMutablePointer<Float>, w: UnsafePointer<Float>
  ) {
    let (n, c, f) = (plan.rows, architecture.width, architecture.feedForward)
    let isGPT2 = architecture.family == .gpt2
    func norm(_ x: Int, _ gain: Int, _ bias: Int, _ y: Int, _ mean: Int, _ rstd: Int) {
      layerNorm(
        rows: n, width: c, epsilon: architecture.epsilon, x: a + x, gamma: w + gain, beta: w + bias, y: a + y,
        mean: a + mean, rstd: a + rstd)
    }
    if isGPT2 { norm(place.input, block.norm1Gain, block.norm1Bias, place.attentionInput, place.mean1, place.rstd1) }
    linear(
      rows: n, inputs: c, outputs: 3 * c, x: a + place.attentionInput, weight: w + block.qkvWeight,
      bias: w + block.qkvBias, y: a + place.qkv)
    plan.forward(qkv: a + place.qkv, probabilities: a + place.probabilities, out: a + place.attended)
    linear(
      rows: n, inputs: c, outputs: c, x: a + place.attended, weight: w + block.projectionWeight,
      bias: w + block.projectionBias, y: a + place.middle)
    add(n * c, a + place.input, to: a + place.middle)
    if isGPT2 {
      norm(place.middle, block.norm2Gain, block.norm2Bias, place.feedForwardInput, place.mean2, place.rstd2)
    } else {
      norm(place.middle, block.norm1Gain, block.norm1Bias, place.feedForwardInput, place.mean1, place.rstd1)
    }
    linear(
      rows: n, inputs: c, outputs: f, x: a + place.feedForwardInput, weight: w + block.upWeight, bias: w + block.upBias,
      y: a + place.up)
    architecture.activation.forward(n * f, a + place.up, a + place.activated)
    let sum = isGPT2 ? output : place.sum
    linear(
      rows: n, inputs: f, outputs: c, x: a + place.activated, weight: w + block.downWeight, bias: w + block.downBias,
      y: a + sum)
    add(n * c, a + (isGPT2 ? place.middle : place.feedForwardInput), to: a + sum)
    if !isGPT2 { norm(sum, block.norm2Gain, block.norm2Bias, output, place.mean2, place.rstd2) }
  }

  /// Back-propagates dHidden[N,C] through a forward pass.
  ///
  /// - Parameter sink: where gradients go: the full layout, or a LoRA adapter's factors alone.
  static func backward(
    _ activations: Activations, _ weights: Weights, dHidden: UnsafePointer<Float>, into sink: inout GradientSink
  ) {
    let architecture = weights.architecture
    let layout = weights.layout
    let (n, c, f) = (activations.batch.rows, architecture.width, architecture.feedForward)
    let isGPT2 = architecture.family == .gpt2
    let plan = activations.batch.plan
    // d[N,C] flows down; t[N,C], wide[N,max(3C,F)] and scores are scratch.
    let wideCount = n * max(3 * c, f)
    let total = 2 * n * c + wideCount + max(plan.largestScores, 2 * c)
    withUnsafeTemporaryAllocation(of: Float.self, capacity: total) { scratchBuffer in
      activations.values.withUnsafeBufferPointer { buffer in
        weights.values.withUnsafeBufferPointer { weightBuffer in
          guard let scratch = scratchBuffer.baseAddress, let a = buffer.baseAddress, let w = weightBuffer.baseAddress
          else { return }
          let d = scratch
          let t = d + n * c
          let wide = t + n * c
          let small = wide + wideCount
          func normBackward(
            _ x: Int, _ gain: Int, _ bias: Int, _ mean: Int, _ rstd: Int, dy: UnsafePointer<Float>,
            dx: UnsafeMutablePointer<Float>, accumulate: Bool
          ) {
            sink.withVectors(gain, bias) { dGamma, dBeta in
              layerNormBackward(
                rows: n, width: c, x: a + x, gamma: w + gain, mean: a + mean, rstd: a + rstd, dy: dy, dx: dx,
                accumulate: accumulate, dGamma: dGamma, dBeta: dBeta, scratch: small)
            }
          }
          if isGPT2 {
            normBackward(
              activations.outerNormInput, layout.outerNormGain, layout.outerNormBias, activations.outerMean,
              activations.outerRstd, dy: dHidden, dx: d, accumulate: false)
          } else {
            d.update(from: dHidden, count: n * c)
          }
          for layer in stride(from: architecture.layers - 1, through: 0, by: -1) {
            let block = layout.blocks[layer]
            let place = activations.blocks[layer]
            // The sum's gradient is in d; for BERT first through the second norm.
            if !isGPT2 {
              normBackward(
                place.sum, block.norm2Gain, block.norm2Bias, place.mean2, place.rstd2, dy: d, dx: t, accumulate: false)
              d.update(from: t, count: n * c)
            }
            // Feed-forward half: d is also the residual's gradient.
            sink.linear(
              rows: n, inputs: f, outputs: c, weight: block.downWeight, bias: block.downBias, x: a + place.activated,
              dy: d)
            linearInputGradient(rows: n, inputs: f, outputs: c, dy: d, weight: w + block.downWeight, dx: wide)
            architecture.activation.backward(n * f, a + place.up, wide, wide)
            sink.linear(
              rows: n, inputs: c, outputs: f, weight: block.upWeight, bias: block.upBias,
              x: a + place.feedForwardInput, dy: wide)
            if isGPT2 {
              linearInputGradient(rows: n, inputs: c, outputs: f, dy: wide, weight: w + block.upWeight, dx: t)
              normBackward(
                place.middle, block.norm2Gain, block.norm2Bias, place.mean2, place.rstd2, dy: t, dx: d,
                accumulate: true)
            } else {
              linearInputGradient(
                rows: n, inputs: c, outputs: f, dy: wide, weight: w + block.upWeight, dx: d, accumulate: true)
              normBackward(
                place.middle, block.norm1Gain, block.norm1Bias, place.mean1, place.rstd1, dy: d, dx: t,
                accumulate: false)
              d.update(from: t, count: n * c)
            }
            // Attention half.
            sink.linear(
              rows: n, inputs: c, outputs: c, weight: block.projectionWeight, bias: block.projectionBias,
              x: a + place.attended, dy: d)
            linearInputGradient(rows: n, inputs: c, outputs: c, dy: d, weight: w + block.projectionWeight, dx: t)
            plan.backward(
              qkv: a + place.qkv, probabilities: a + place.probabilities, dOut: t, dqkv: wide, scratch: small)
            sink.linear(
              rows: n, inputs: c, outputs: 3 * c, weight: block.qkvWeight, bias: block.qkvBias,
              x: a + place.attentionInput, dy: wide)
            if isGPT2 {
              linearInputGradient(rows: n, inputs: c, outputs: 3 * c, dy: wide, weight: w + block.qkvWeight, dx: t)
              normBackward(
                place.input, block.norm1Gain, block.norm1Bias, place.mean1, place.rstd1, dy: t, dx: d, accumulate: true)
            } else {
              linearInputGradient(
                rows: n, inputs: c, outputs: 3 * c, dy: wide, weight: w + block.qkvWeight, dx: d, accumulate: true)
            }
          }
          if !isGPT2 {
            normBackward(
              activations.outerNormInput, layout.outerNormGain, layout.outerNormBias, activations.outerMean,
              activations.outerRstd, dy: d, dx: t, accumulate: false)
            d.update(from: t, count: n * c)
          }
          sink.embedding(activations.batch, layout: layout, d: d)
        }
      }
    }
  }
}
