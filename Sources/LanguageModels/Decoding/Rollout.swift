import Core
import Tensors

/// The state of one batch while it is sampled. B = rows, S = cache capacity a row, P = prefix; E = G·D, columns of keys
/// and of values.
struct Rollout {
  /// Keys and values of one attention layer.
  private struct Cache {
    let shape: AttentionShape
    /// [P,E].
    var sharedKeys: [Float]
    var sharedValues: [Float]
    /// [B,S,E].
    var keys: [Float]
    var values: [Float]
  }

  private let weights: Weights
  private let capacity: Int
  private let prefixCount: Int
  private let maxTokens: Int
  private var caches: [Cache]
  /// Own tokens cached so far, by row.
  private var cached: [Int]
  private let places: ActivationPlaces
  private var workspace: [Float]
  private(set) var generations: [Generation]
  var generators: [SeededGenerator]
  /// Rows still being sampled.
  private(set) var activeRows: [Int]
  /// [active,V].
  private(set) var logits: [Float] = []

  init(weights: Weights, prefix: [Int32], requests: [GenerationRequest], capacity: Int, maxTokens: Int) {
    let architecture = weights.architecture
    let graph = weights.layout.graph
    let c = architecture.width
    self.weights = weights
    self.capacity = capacity
    self.maxTokens = maxTokens
    prefixCount = prefix.count
    let batch = PackedBatch(
      prefix: prefix[...], sequences: requests.map { $0.prompt.map { Int32($0) }[...] })
    var caches = graph.attention.map { shape in
      let size = requests.count * capacity * shape.keyValueWidth
      let shared = prefix.count * shape.keyValueWidth
      return Cache(
        shape: shape, sharedKeys: [Float](repeating: 0, count: shared),
        sharedValues: [Float](repeating: 0, count: shared),
        keys: [Float](unsafeUninitializedCapacity: size) { _, count in count = size },
        values: [Float](unsafeUninitializedCapacity: size) { _, count in count = size })
    }
    let activations = Transformer.forward(batch, weights) { layer, qkv in
      Self.fill(&caches[layer], from: qkv, batch.plan, capacity: capacity)
    }
    self.caches = caches
    cached = requests.map(\.prompt.count)
    places = ActivationPlaces(
      graph, rows: requests.count, needs: BackwardNeeds(weights.layout, .nothing), plan: nil)
    let workspaceCount = places.count
    workspace = [Float](unsafeUninitializedCapacity: workspaceCount) { _, count in count = workspaceCount }
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

  /// Copies the keys and values of a whole batch into a layer's cache.
  private static func fill(
    _ cache: inout Cache, from qkv: UnsafePointer<Float>, _ plan: AttentionPlan, capacity: Int
  ) {
    let (shape, e) = (cache.shape, cache.shape.keyValueWidth)
    func copy(_ row: Int, to place: Int, _ keys: inout [Float], _ values: inout [Float]) {
      let source = qkv + row * shape.rowWidth + shape.queryWidth
      keys.withUnsafeMutableBufferPointer { $0.baseAddress.map { ($0 + place * e).update(from: source, count: e) } }
      values.withUnsafeMutableBufferPointer {
        $0.baseAddress.map { ($0 + place * e).update(from: source + e, count: e) }
      }
    }
    for row in 0..<plan.prefix { copy(row, to: row, &cache.sharedKeys, &cache.sharedValues) }
    for (index, sequence) in plan.sequences.dropFirst().enumerated() {
      for token in 0..<sequence.count {
        copy(sequence.start + token, to: index * capacity + token, &cache.keys, &cache.values)
      }
    }
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
    let rows = activeRows
    let tokens = rows.map { Int32(samples[$0].tokens.last ?? 0) }
    let positions = rows.map { Int32(prefixCount + filled[$0]) }
    let c = weights.architecture.width
    // Taken out of self while they are written, so that no copy is made and no access overlaps.
    var (caches, workspace) = (self.caches, self.workspace)
    self.caches = []
    self.workspace = []
    var scores = [Float](repeating: 0, count: prefixCount + capacity)
    let (places, layout, space) = (places, weights.layout, capacity)
    workspace.withUnsafeMutableBufferPointer { buffer in
      scores.withUnsafeMutableBufferPointer { scoreBuffer in
        guard let values = buffer.baseAddress, let scores = scoreBuffer.baseAddress else { return }
        weights.withPointers { pointers in
          ForwardPass(layout: layout, weights: pointers, places: places, values: values)
            .run(rows: rows.count, tokens: tokens, positions: positions) { step, qkv, out in
              Self.attend(
                &caches[step.layer], rows: rows, filled: filled, capacity: space, qkv: qkv, scores: scores, out: out)
            }
        }
      }
    }
    for row in rows { cached[row] += 1 }
    logits = Self.logits(Array(workspace[places.hidden..<places.hidden + rows.count * c]), rows: rows.count, weights)
    self.caches = caches
    self.workspace = workspace
  }

  /// Puts each row's new key and value into the cache and attends to all it may see.
  private static func attend(
    _ cache: inout Cache, rows: [Int], filled: [Int], capacity: Int, qkv: UnsafePointer<Float>,
    scores: UnsafeMutablePointer<Float>, out: UnsafeMutablePointer<Float>
  ) {
    let (shape, e) = (cache.shape, cache.shape.keyValueWidth)
    let shared = e == 0 ? 0 : cache.sharedKeys.count / e
    cache.sharedKeys.withUnsafeBufferPointer { sharedKeys in
      cache.sharedValues.withUnsafeBufferPointer { sharedValues in
        cache.keys.withUnsafeMutableBufferPointer { keys in
          cache.values.withUnsafeMutableBufferPointer { values in
            guard let k = keys.baseAddress, let v = values.baseAddress else { return }
            for (place, row) in rows.enumerated() {
              let q = qkv + place * shape.rowWidth
              let start = row * capacity * e
              let new = start + filled[row] * e
              (k + new).update(from: q + shape.queryWidth, count: e)
              (v + new).update(from: q + shape.queryWidth + e, count: e)
              attendCached(
                shape, q: q,
                shared: CachedKeys(
                  keys: sharedKeys.baseAddress ?? UnsafePointer(k),
                  values: sharedValues.baseAddress ?? UnsafePointer(v),
                  count: shared),
                own: CachedKeys(keys: k + start, values: v + start, count: filled[row] + 1), scores: scores,
                out: out + place * shape.queryWidth)
            }
          }
        }
      }
    }
  }

  private static func logits(_ hidden: [Float], rows: Int, _ weights: Weights) -> [Float] {
    let size = rows * weights.architecture.vocabulary
    return [Float](unsafeUninitializedCapacity: size) { out, count in
      count = size
      hidden.withUnsafeBufferPointer { hidden in
        guard let out = out.baseAddress, let hidden = hidden.baseAddress else { return }
        weights.withPointers { pointers in
          weights.layout.graph.head.logits(
            rows: rows, weights.architecture, hidden: hidden, pointers, into: out)
        }
      }
    }
  }
}
