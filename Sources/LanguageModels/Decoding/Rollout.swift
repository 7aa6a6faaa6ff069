import Core
import Tensors

/// The state of one batch while it is sampled. B = rows, S = cache capacity a row, P = prefix; E = G·D, columns of keys
/// and of values.
struct Rollout {
  /// Keys and values of one attention layer.
  private struct Cache {
    let shape: AttentionShape
    /// [P,E].
    let sharedKeys: FloatMemory
    let sharedValues: FloatMemory
    /// [B,S,E].
    let keys: FloatMemory
    let values: FloatMemory
  }

  private let weights: Weights
  private let capacity: Int
  private let prefixCount: Int
  private let maxTokens: Int
  private var caches: [Cache]
  /// Own tokens cached so far, by row.
  private var cached: [Int]
  private let places: ActivationPlaces
  /// Matrices that are read in rows at a stride, packed once; empty where that doesn't pay.
  private let packed: [PackedMatrix?]
  private let workspace: FloatMemory
  private(set) var generations: [Generation]
  private var generators: [SeededGenerator]
  /// Rows still being sampled.
  private(set) var activeRows: [Int]
  /// [active,V], unless a recorder keeps them.
  private let logits: FloatMemory
  /// Where the active rows' logits are; one row for all at first, where nothing tells them apart.
  private var current: (logits: UnsafeMutablePointer<Float>, isShared: Bool)
  private(set) var recorder: RolloutRecorder?

  init(
    weights: Weights, prefix: [Int32], requests: [GenerationRequest], capacity: Int, maxTokens: Int,
    recordingFor trainable: Trainable? = nil, mostKept: Int = 0, crew: Crew
  ) {
    let architecture = weights.architecture
    let graph = weights.layout.graph
    let c = architecture.width
    self.weights = weights
    self.capacity = capacity
    self.maxTokens = maxTokens
    prefixCount = prefix.count
    let batch = PackedBatch(
      prefix: prefix[...], sequences: requests.map { $0.prompt.map { Int32($0) }[...] })
    let caches = graph.attention.map { shape in
      let size = requests.count * capacity * shape.keyValueWidth
      let shared = prefix.count * shape.keyValueWidth
      return Cache(
        shape: shape, sharedKeys: FloatMemory(shared), sharedValues: FloatMemory(shared), keys: FloatMemory(size),
        values: FloatMemory(size))
    }
    let activations = Transformer.forward(batch, weights, for: trainable ?? .nothing, crew: crew) { layer, qkv in
      Self.fill(caches[layer], from: qkv, batch.plan, capacity: capacity)
    }
    // The last token is drawn, but never fed.
    recorder = trainable.flatMap {
      RolloutRecorder(
        weights: weights, prefix: prefix, rows: requests.count, most: min(capacity, max(0, maxTokens - 1)),
        mostKept: mostKept, for: $0)
    }
    recorder?.keepPrefix(activations)
    self.caches = caches
    cached = requests.map(\.prompt.count)
    // With many rows packing is lost in the product, and for few steps copying costs more than it gains.
    let packs = requests.count <= 32 && capacity >= 8
    packed = packs ? weights.pack(crew) { $0.shape.order == .inputsFirst } : []
    places = ActivationPlaces(
      graph, rows: requests.count, needs: BackwardNeeds(weights.layout, .nothing), plan: nil)
    // Every float is written before it is read.
    workspace = FloatMemory(places.count)
    generations = requests.map { _ in Generation(tokens: [], logProbability: 0, finished: false) }
    generators = requests.map { SeededGenerator(seed: $0.seed) }
    activeRows = Array(requests.indices)
    // The first logits come from each prompt's last row, or, once for all, from the prefix's.
    let isShared = requests.allSatisfy { $0.prompt.isEmpty }
    let lastRows = batch.plan.sequences.dropFirst().map { $0.count > 0 ? $0.start + $0.count - 1 : prefix.count - 1 }
    let firstRows = isShared ? Array(lastRows.prefix(1)) : lastRows
    logits = FloatMemory(recorder?.nextLogits() == nil ? requests.count * architecture.vocabulary : 0)
    current = (recorder?.nextLogits() ?? logits.base, isShared)
    let hidden = FloatMemory(firstRows.count * c)
    withExtendedLifetime((hidden, activations)) {
      for (place, row) in firstRows.enumerated() {
        (hidden.base + place * c).update(from: activations.values.base + activations.hidden + row * c, count: c)
      }
      weights.withPointers { pointers in
        graph.head.logits(
          rows: firstRows.count, architecture, hidden: hidden.base, pointers, into: current.logits, crew: crew)
      }
    }
  }

  /// Copies the keys and values of a whole batch into a layer's cache.
  private static func fill(
    _ cache: Cache, from qkv: UnsafePointer<Float>, _ plan: AttentionPlan, capacity: Int
  ) {
    let (shape, e) = (cache.shape, cache.shape.keyValueWidth)
    func copy(_ row: Int, to place: Int, _ keys: FloatMemory, _ values: FloatMemory) {
      let source = qkv + row * shape.rowWidth + shape.queryWidth
      keys.withUnsafeMutableBufferPointer { $0.baseAddress.map { ($0 + place * e).update(from: source, count: e) } }
      values.withUnsafeMutableBufferPointer {
        $0.baseAddress.map { ($0 + place * e).update(from: source + e, count: e) }
      }
    }
    for row in 0..<plan.prefix { copy(row, to: row, cache.sharedKeys, cache.sharedValues) }
    for (index, sequence) in plan.sequences.dropFirst().enumerated() {
      for token in 0..<sequence.count {
        copy(sequence.start + token, to: index * capacity + token, cache.keys, cache.values)
      }
    }
  }

  /// Draws a token for each active row and takes it: appends it, or ends the row.
  mutating func sample(_ sampler: Sampler, _ requests: [GenerationRequest], _ crew: Crew) {
    let v = weights.architecture.vocabulary
    let rows = activeRows
    var streams = rows.map { generators[$0] }
    var choices = [Sampler.Choice?](repeating: nil, count: rows.count)
    let (logits, generations, isShared) = (current.logits, generations, current.isShared)
    streams.withUnsafeMutableBufferPointer { streams in
      choices.withUnsafeMutableBufferPointer { choices in
        guard let stream = streams.baseAddress, let choice = choices.baseAddress else { return }
        share(crew, rows.count, work: 8 * v) { range in
          for place in range {
            let row = rows[place]
            choice[place] = sampler.choose(
              logits + (isShared ? 0 : place * v),
              temperature: requests[row].temperature ?? sampler.settings.temperature,
              mayEnd: generations[row].tokens.count >= sampler.settings.minTokens, generator: &stream[place])
          }
        }
      }
    }
    for (place, row) in rows.enumerated() {
      generators[row] = streams[place]
      guard let choice = choices[place] else { continue }
      note(choice, of: row, isFirst: place == 0)
      if sampler.settings.endTokens.contains(choice.token) {
        self.generations[row].finished = true
      } else {
        self.generations[row].tokens.append(choice.token)
      }
    }
  }

  private mutating func note(_ choice: Sampler.Choice, of row: Int, isFirst: Bool) {
    generations[row].logProbability += choice.logProbability
    if !current.isShared || isFirst {
      recorder?.predict(row, token: cached[row], normaliser: choice.normaliser)
    }
    recorder?.draw(row, choice)
  }

  /// Feeds the tokens just accepted and makes the next logits.
  mutating func step(_ crew: Crew) {
    let (samples, filled) = (generations, cached)
    activeRows = activeRows.filter { row in
      !samples[row].finished && filled[row] < capacity && samples[row].tokens.count < maxTokens
    }
    guard !activeRows.isEmpty else { return }
    let rows = activeRows
    let tokens = rows.map { Int32(samples[$0].tokens.last ?? 0) }
    let positions = rows.map { Int32(prefixCount + filled[$0]) }
    let (places, layout, space, packed, caches) = (places, weights.layout, capacity, packed, caches)
    current = (recorder?.nextLogits() ?? logits.base, false)
    let recording = recorder?.step(rows) { filled[$0] }
    let out = current.logits
    withExtendedLifetime(workspace) {
      let values = workspace.base
      weights.withPointers { pointers in
        ForwardPass(
          layout: layout, weights: pointers, places: places, values: values, crew: crew, packed: packed,
          recorder: recording
        ).run(rows: rows.count, tokens: tokens, positions: positions) { step, qkv, out in
          Self.attend(caches[step.layer], rows: rows, filled: filled, capacity: space, qkv: qkv, out: out, crew)
        }
        layout.graph.head.logits(
          rows: rows.count, layout.architecture, hidden: values + places.hidden, pointers, into: out, crew: crew)
      }
    }
    for row in rows { cached[row] += 1 }
  }

  /// Puts each row's new key and value into the cache and attends to all it may see.
  private static func attend(
    _ cache: Cache, rows: [Int], filled: [Int], capacity: Int, qkv: UnsafePointer<Float>,
    out: UnsafeMutablePointer<Float>, _ crew: Crew
  ) {
    let (shape, e) = (cache.shape, cache.shape.keyValueWidth)
    let shared = e == 0 ? 0 : cache.sharedKeys.count / e
    cache.sharedKeys.withUnsafeBufferPointer { sharedKeys in
      cache.sharedValues.withUnsafeBufferPointer { sharedValues in
        cache.keys.withUnsafeMutableBufferPointer { keys in
          cache.values.withUnsafeMutableBufferPointer { values in
            guard let k = keys.baseAddress, let v = values.baseAddress else { return }
            let prefix = CachedKeys(
              keys: sharedKeys.baseAddress ?? UnsafePointer(k), values: sharedValues.baseAddress ?? UnsafePointer(v),
              count: shared)
            share(crew, rows.count, work: (shared + capacity) * e) { range in
              for place in range {
                let new = (rows[place] * capacity + filled[rows[place]]) * e
                let source = qkv + place * shape.rowWidth + shape.queryWidth
                (k + new).update(from: source, count: e)
                (v + new).update(from: source + e, count: e)
              }
              let most = range.reduce(0) { max($0, filled[rows[$1]] + 1) }
              let width = shared + most
              withUnsafeTemporaryAllocation(of: Float.self, capacity: range.count * width) { scores in
                guard let scores = scores.baseAddress else { return }
                let first = range.lowerBound
                attendCached(
                  shape, rows: range.count, q: qkv + first * shape.rowWidth, shared: prefix, most: most,
                  own: { place in
                    let row = rows[first + place]
                    return CachedKeys(
                      keys: k + row * capacity * e, values: v + row * capacity * e, count: filled[row] + 1)
                  }, scores: scores, out: out + first * shape.queryWidth)
              }
            }
          }
        }
      }
    }
  }
}
