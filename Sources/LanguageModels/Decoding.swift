import Core
import Tensors

/// One completion that is wanted. The result depends on these two alone, never on the batch around it.
public struct GenerationRequest: Sendable {
  /// Token ids after the shared prefix; may be empty where the decoder has a prefix.
  public var prompt: [Int]
  public var seed: UInt64
  /// Overrides the decoder's temperature for this row.
  public var temperature: Float?

  public init(prompt: [Int], seed: UInt64, temperature: Float? = nil) {
    self.prompt = prompt
    self.seed = seed
    self.temperature = temperature
  }
}

/// What was sampled.
public struct Generation: Sendable {
  /// Without the end token.
  public var tokens: [Int]
  /// Σ log p of the tokens and, where it ended, of the end token: untempered, whatever the sampling temperature.
  public var logProbability: Float
  /// Whether the end token was sampled before the limit.
  public var finished: Bool
}

/// How to sample.
public struct DecodingSettings: Sendable {
  public var temperature: Float
  /// Nucleus: sample from the smallest set of tokens with at least this probability.
  public var topP: Float
  public var maxTokens: Int
  /// The end token can't be sampled before this many tokens.
  public var minTokens: Int
  public var endTokens: [Int]

  public init(temperature: Float = 1, topP: Float = 1, maxTokens: Int, minTokens: Int = 0, endTokens: [Int]) {
    self.temperature = temperature
    self.topP = topP
    self.maxTokens = maxTokens
    self.minTokens = minTokens
    self.endTokens = endTokens
  }
}

/// Samples from a causal model over a key-value cache, many rows at a step, without gradients.
public struct Decoder: Sendable {
  let weights: Weights
  let prefix: [Int32]
  /// Rows in one unit of work.
  let microBatch: Int

  public init(weights: Weights, prefix: [Int] = [], microBatch: Int = 64) {
    self.weights = weights
    self.prefix = prefix.map { Int32($0) }
    self.microBatch = microBatch
  }

  public func generate(_ requests: [GenerationRequest], settings: DecodingSettings, workers: Int) -> [Generation] {
    let pieces = stride(from: 0, to: requests.count, by: microBatch).map {
      Array(requests[$0..<min($0 + microBatch, requests.count)])
    }
    return mapConcurrently(pieces.count, workers: workers) { piece in
      decode(pieces[piece], settings)
    }.flatMap { $0 }
  }

  private func decode(_ requests: [GenerationRequest], _ settings: DecodingSettings) -> [Generation] {
    let architecture = weights.architecture
    let longest = requests.map(\.prompt.count).max() ?? 0
    let capacity = max(1, min(longest + settings.maxTokens, architecture.context - prefix.count))
    var rollout = Rollout(
      weights: weights, prefix: prefix, requests: requests, capacity: capacity,
      maxTokens: settings.maxTokens)
    var sampler = Sampler(vocabulary: architecture.vocabulary, settings: settings)
    while true {
      let active = rollout.activeRows
      if active.isEmpty { break }
      let logits = rollout.logits
      logits.withUnsafeBufferPointer { buffer in
        guard let l = buffer.baseAddress else { return }
        for (place, row) in active.enumerated() {
          let choice = sampler.choose(
            l + place * architecture.vocabulary, temperature: requests[row].temperature ?? settings.temperature,
            mayEnd: rollout.generations[row].tokens.count >= settings.minTokens,
            generator: &rollout.generators[row])
          rollout.accept(choice, row: row, settings: settings)
        }
      }
      rollout.step()
    }
    return rollout.generations
  }
}

/// The state of one batch while it is sampled. B = rows, S = cache capacity a row, C = width.
private struct Rollout {
  let weights: Weights
  let capacity: Int
  let prefixCount: Int
  /// Keys and values of the shared prefix, by layer: [L][P,3C] as q, k, v columns.
  let prefixKeys: [[Float]]
  let prefixValues: [[Float]]
  /// [L][B,S,C].
  var keys: [[Float]]
  var values: [[Float]]
  /// Own tokens cached so far, by row.
  var cached: [Int]
  var generations: [Generation]
  var generators: [SeededGenerator]
  /// Rows still being sampled.
  var activeRows: [Int]
  let maxTokens: Int
  /// [active,V].
  var logits: [Float] = []

  init(weights: Weights, prefix: [Int32], requests: [GenerationRequest], capacity: Int, maxTokens: Int) {
    let architecture = weights.architecture
    let c = architecture.width
    self.weights = weights
    self.capacity = capacity
    self.maxTokens = maxTokens
    prefixCount = prefix.count
    let batch = PackedBatch(
      prefix: prefix[...], sequences: requests.map { $0.prompt.map { Int32($0) }[...] }, architecture: architecture)
    let activations = Transformer.forward(batch, weights)
    let cacheSize = requests.count * capacity * c
    var keys = (0..<architecture.layers).map { _ in
      [Float](unsafeUninitializedCapacity: cacheSize) { _, count in count = cacheSize }
    }
    var values = keys
    var prefixKeys: [[Float]] = []
    var prefixValues: [[Float]] = []
    for layer in 0..<architecture.layers {
      let qkv = activations.blocks[layer].qkv
      func column(_ row: Int, _ part: Int) -> ArraySlice<Float> {
        let start = qkv + row * 3 * c + part * c
        return activations.values[start..<start + c]
      }
      prefixKeys.append((0..<prefix.count).flatMap { column($0, 1) })
      prefixValues.append((0..<prefix.count).flatMap { column($0, 2) })
      for (row, sequence) in batch.plan.sequences.dropFirst().enumerated() {
        for token in 0..<sequence.count {
          let place = (row * capacity + token) * c
          keys[layer].replaceSubrange(place..<place + c, with: column(sequence.start + token, 1))
          values[layer].replaceSubrange(place..<place + c, with: column(sequence.start + token, 2))
        }
      }
    }
    self.keys = keys
    self.values = values
    self.prefixKeys = prefixKeys
    self.prefixValues = prefixValues
    cached = requests.map(\.prompt.count)
    generations = requests.map { _ in Generation(tokens: [], logProbability: 0, finished: false) }
    generators = requests.map { SeededGenerator(seed: $0.seed) }
    activeRows = Array(requests.indices)
    // The first logits come from each prompt's last row, or from the prefix's.
    let lastRows = batch.plan.sequences.dropFirst().map { $0.count > 0 ? $0.start + $0.count - 1 : prefix.count - 1 }
    var hidden = [Float]()
    hidden.reserveCapacity(requests.count * c)
    for row in lastRows {
      hidden.append(contentsOf: activations.values[activations.hidden + row * c..<activations.hidden + (row + 1) * c])
    }
    logits = Self.logits(hidden, rows: requests.count, weights)
  }

  /// Takes one sampled token: appends it, or ends the row.
  mutating func accept(_ choice: Sampler.Choice, row: Int, settings: DecodingSettings) {
    generations[row].logProbability += choice.logProbability
    if settings.endTokens.contains(choice.token) {
      generations[row].finished = true
      return
    }
    generations[row].tokens.append(choice.token)
  }

  /// Feeds the tokens just accepted and makes the next logits.
  mutating func step() {
    let (samples, filled) = (generations, cached)
    activeRows = activeRows.filter { row in
      !samples[row].finished && filled[row] < capacity && samples[row].tokens.count < maxTokens
    }
    guard !activeRows.isEmpty else { return }
    let tokens = activeRows.map { Int32(samples[$0].tokens.last ?? 0) }
    let architecture = weights.architecture
    let layout = weights.layout
    let (b, c, f) = (activeRows.count, architecture.width, architecture.feedForward)
    var hidden = [Float](repeating: 0, count: b * c)
    let scratchCount = b * c * 2 + b * 3 * c + b * f + prefixCount + capacity + 2 * b
    let (rows, space, shared, cached) = (activeRows, capacity, prefixCount, cached)
    // Taken out of self while they are written, so that no copy is made and no access overlaps.
    var (keys, values) = (self.keys, self.values)
    self.keys = []
    self.values = []
    weights.values.withUnsafeBufferPointer { weightBuffer in
      withUnsafeTemporaryAllocation(of: Float.self, capacity: scratchCount) { scratchBuffer in
        hidden.withUnsafeMutableBufferPointer { hiddenBuffer in
          guard let w = weightBuffer.baseAddress, let scratch = scratchBuffer.baseAddress,
            let x = hiddenBuffer.baseAddress
          else { return }
          let normed = scratch
          let attended = normed + b * c
          let qkv = attended + b * c
          let up = qkv + b * 3 * c
          let scores = up + b * f
          let mean = scores + shared + space
          let rstd = mean + b
          for place in 0..<b {
            let token = w + layout.tokenEmbedding + Int(tokens[place]) * c
            let position = w + layout.positionEmbedding + (shared + cached[rows[place]]) * c
            for i in 0..<c { x[place * c + i] = token[i] + position[i] }
          }
          func norm(_ gain: Int, _ bias: Int) {
            layerNorm(
              rows: b, width: c, epsilon: architecture.epsilon, x: x, gamma: w + gain, beta: w + bias, y: normed,
              mean: mean, rstd: rstd)
          }
          for (layer, block) in layout.blocks.enumerated() {
            norm(block.norm1Gain, block.norm1Bias)
            linear(
              rows: b, inputs: c, outputs: 3 * c, x: normed, weight: w + block.qkvWeight, bias: w + block.qkvBias,
              y: qkv)
            prefixKeys[layer].withUnsafeBufferPointer { sharedKeys in
              prefixValues[layer].withUnsafeBufferPointer { sharedValues in
                keys[layer].withUnsafeMutableBufferPointer { ownKeys in
                  values[layer].withUnsafeMutableBufferPointer { ownValues in
                    guard let k = ownKeys.baseAddress, let v = ownValues.baseAddress else { return }
                    for (place, row) in rows.enumerated() {
                      let start = row * space * c
                      let new = start + cached[row] * c
                      (k + new).update(from: qkv + place * 3 * c + c, count: c)
                      (v + new).update(from: qkv + place * 3 * c + 2 * c, count: c)
                      attendCached(
                        heads: architecture.heads, headSize: architecture.headSize, q: qkv + place * 3 * c,
                        shared: (
                          sharedKeys.baseAddress ?? UnsafePointer(k), sharedValues.baseAddress ?? UnsafePointer(v),
                          shared
                        ),
                        own: (UnsafePointer(k + start), UnsafePointer(v + start), cached[row] + 1),
                        scores: scores, out: attended + place * c)
                    }
                  }
                }
              }
            }
            linear(
              rows: b, inputs: c, outputs: c, x: attended, weight: w + block.projectionWeight,
              bias: w + block.projectionBias, y: normed)
            add(b * c, normed, to: x)
            norm(block.norm2Gain, block.norm2Bias)
            linear(
              rows: b, inputs: c, outputs: f, x: normed, weight: w + block.upWeight, bias: w + block.upBias, y: up)
            architecture.activation.forward(b * f, up, up)
            linear(
              rows: b, inputs: f, outputs: c, x: up, weight: w + block.downWeight, bias: w + block.downBias, y: normed)
            add(b * c, normed, to: x)
          }
          norm(layout.outerNormGain, layout.outerNormBias)
          x.update(from: normed, count: b * c)
        }
      }
    }
    self.keys = keys
    self.values = values
    for row in activeRows { self.cached[row] += 1 }
    logits = Self.logits(hidden, rows: b, weights)
  }

  private static func logits(_ hidden: [Float], rows: Int, _ weights: Weights) -> [Float] {
    let (v, c) = (weights.architecture.vocabulary, weights.architecture.width)
    var logits = [Float](unsafeUninitializedCapacity: rows * v) { _, count in count = rows * v }
    logits.withUnsafeMutableBufferPointer { out in
      hidden.withUnsafeBufferPointer { h in
        weights.values.withUnsafeBufferPointer { w in
          guard let out = out.baseAddress, let h = h.baseAddress, let w = w.baseAddress else { return }
          matrixProduct(
            rows, v, c, h, lda: c, w + weights.layout.tokenEmbedding, ldb: c, transposeB: true, out, ldc: v)
        }
      }
    }
    return logits
  }
}
