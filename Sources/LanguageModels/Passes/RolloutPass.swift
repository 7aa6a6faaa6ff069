import Tensors

/// One pass over the weights for the rows of a rollout: a token of each row under way, then the prompts of those that enter.
struct RolloutPass {
  /// Memory for the values of a pass, and then for the logits, which come when nothing else is needed any more.
  struct Workspace {
    /// Rows that there is room for.
    let rows: Int
    let places: ActivationPlaces
    /// Every float is written before it is read.
    let values: FloatMemory

    /// - Parameter logits: floats of all rows of logits.
    init(_ graph: Graph, rows: Int, logits: Int, needs: BackwardNeeds) {
      self.rows = rows
      places = ActivationPlaces(graph, rows: rows, needs: needs, plan: nil)
      values = FloatMemory(max(places.count, logits))
    }
  }

  /// Rows or prompts that go on from the same opening.
  private struct Group {
    let opening: Int
    /// Its first row of the pass.
    let first: Int
    /// Own tokens in the pass, by row or prompt; rows under way have one each.
    var lengths: [Int] = []
    /// Own tokens in the cache, those of the pass included.
    var counts: [Int] = []
    /// The caches' blocks one after the other, and where each cache's begin.
    var blocks: [UnsafeMutableRawPointer] = []
    var starts: [Int] = []

    init(opening: Int, first: Int) { (self.opening, self.first) = (opening, first) }

    mutating func add(_ cache: RowCache, tokens: Int) {
      lengths.append(tokens)
      counts.append(cache.count + tokens)
      starts.append(blocks.count)
      blocks += cache.blocks
    }

    /// Calls `body` with what gives a row's or prompt's own keys and values of a layer, whose part of a block begins at `offset`.
    func withKeys(
      at offset: Int, _ precision: CachePrecision, _ body: ((_ row: Int) -> BlockedKeys) -> Void
    ) {
      blocks.withUnsafeBufferPointer { blocks in
        guard let base = blocks.baseAddress else { return }
        body { BlockedKeys(blocks: base + starts[$0], offset: offset, precision: precision, count: counts[$0]) }
      }
    }
  }

  /// Where the hidden state is that a row of logits comes from.
  private enum Source: Equatable {
    case row(Int)
    case opening(Int)
  }

  private let openings: [Opening]
  private let memory: CacheBlocks
  private var tokens: [Int32] = []
  private var positions: [Int32] = []
  private var decoding: [Group] = []
  private var prompts: [Group] = []
  private var sources: [Source] = []

  /// - Parameter memory: which all rows' caches are in; they stay there until the pass has run.
  init(_ openings: [Opening], _ memory: CacheBlocks) { (self.openings, self.memory) = (openings, memory) }

  /// Rows of the pass.
  var rows: Int { tokens.count }

  /// Adds a row under way. Rows come before prompts, and those of an opening together.
  ///
  /// - Parameter cache: has room for the token.
  /// - Returns: which row of logits predicts what follows.
  mutating func decode(_ token: Int, _ cache: RowCache, opening: Int) -> Int {
    if decoding.last?.opening != opening { decoding.append(Group(opening: opening, first: rows)) }
    decoding[decoding.count - 1].add(cache, tokens: 1)
    add([token], from: cache.count, opening)
    return sources.count - 1
  }

  /// Adds a prompt. Those of an opening come together.
  ///
  /// - Parameter cache: empty, with room for the prompt.
  /// - Returns: which row of logits predicts what follows.
  mutating func prefill(_ prompt: [Int], _ cache: RowCache, opening: Int) -> Int {
    if prompts.last?.opening != opening { prompts.append(Group(opening: opening, first: rows)) }
    prompts[prompts.count - 1].add(cache, tokens: prompt.count)
    add(prompt, from: 0, opening)
    return sources.count - 1
  }

  /// Returns which row of logits predicts what follows an opening.
  mutating func predict(from opening: Int) -> Int {
    if let known = sources.firstIndex(of: .opening(opening)) { return known }
    sources.append(.opening(opening))
    return sources.count - 1
  }

  private mutating func add(_ own: [Int], from first: Int, _ opening: Int) {
    let start = openings[opening].tokens.count + first
    tokens += own.map { Int32($0) }
    positions += own.indices.map { Int32(start + $0) }
    sources.append(.row(rows - 1))
  }

  /// Computes the logits of all that was asked for, and leaves the new keys and values in the caches.
  ///
  /// - Parameters:
  ///   - rounds: whether rows are rounded to eight bits where they meet quantised weights.
  ///   - logits: [rows of logits, V]; may be the workspace's own memory.
  func run(
    _ weights: Weights, _ space: Workspace, packed: [PackedMatrix?], rounds: Bool, recording: RolloutRecorder.Step?,
    into logits: UnsafeMutablePointer<Float>, crew: Crew
  ) {
    let (layout, values) = (weights.layout, space.values.base)
    withExtendedLifetime(space) {
      weights.withPointers { pointers in
        var pointers = pointers
        pointers.roundsRows = rounds
        if !tokens.isEmpty {
          ForwardPass(
            layout: layout, weights: pointers, places: space.places, values: values, crew: crew, packed: packed,
            recorder: recording
          ).run(rows: rows, tokens: tokens, positions: positions) { step, qkv, out in
            for group in decoding { attend(step.layer, step.shape, group, qkv: qkv, out: out, crew) }
            for group in prompts { attendPrompts(step.layer, step.shape, group, qkv: qkv, out: out, crew) }
          }
        }
        let hidden = gathered(values + space.places.hidden, layout.architecture.width)
        withExtendedLifetime(hidden) {
          layout.graph.head.logits(
            rows: sources.count, layout.architecture, hidden: hidden.base, pointers, into: logits, crew: crew)
        }
      }
    }
  }

  /// The hidden states that logits come from, together.
  private func gathered(_ hidden: UnsafePointer<Float>, _ width: Int) -> FloatMemory {
    let result = FloatMemory(sources.count * width)
    for (place, source) in sources.enumerated() {
      let from =
        switch source {
        case .row(let row): hidden + row * width
        case .opening(let opening): UnsafePointer(openings[opening].hidden.base)
        }
      (result.base + place * width).update(from: from, count: width)
    }
    return result
  }

  /// Puts each row's new key and value into its cache, and attends to all that it may see.
  private func attend(
    _ layer: Int, _ shape: AttentionShape, _ group: Group, qkv: UnsafePointer<Float>,
    out: UnsafeMutablePointer<Float>, _ crew: Crew
  ) {
    let shared = openings[group.opening].cached(layer)
    let counts = group.counts
    let longest = counts.max() ?? 0
    let (qkv, out) = (qkv + group.first * shape.rowWidth, out + group.first * shape.queryWidth)
    group.withKeys(at: memory.offsets[layer], memory.precision) { keys in
      share(crew, counts.count, work: (shared.count + longest) * shape.keyValueWidth) { range in
        for row in range { keys(row).put(shape, qkv + row * shape.rowWidth, rows: 1, at: counts[row] - 1) }
        let (first, most) = (range.lowerBound, counts[range].max() ?? 0)
        withUnsafeTemporaryAllocation(of: Float.self, capacity: range.count * (shared.count + most)) { buffer in
          guard let scores = buffer.baseAddress else { return }
          attendCached(
            shape, rows: range.count, q: qkv + first * shape.rowWidth, shared: shared, most: most,
            own: { keys(first + $0) }, scores: scores, out: out + first * shape.queryWidth)
        }
      }
    }
  }

  /// Puts the keys and values of whole prompts into their caches, and attends to them and to what comes before.
  private func attendPrompts(
    _ layer: Int, _ shape: AttentionShape, _ group: Group, qkv: UnsafePointer<Float>,
    out: UnsafeMutablePointer<Float>, _ crew: Crew
  ) {
    let plan = AttentionPlan(prefix: 0, lengths: group.lengths)
    let (qkv, out) = (qkv + group.first * shape.rowWidth, out + group.first * shape.queryWidth)
    group.withKeys(at: memory.offsets[layer], memory.precision) { keys in
      for (prompt, sequence) in plan.sequences.dropFirst().enumerated() {
        keys(prompt).put(shape, qkv + sequence.start * shape.rowWidth, rows: sequence.count, at: 0)
      }
    }
    let shared = openings[group.opening].cached(layer)
    share(crew, shape.heads, work: plan.rows * shape.headSize) { heads in
      withUnsafeTemporaryAllocation(of: Float.self, capacity: plan.forwardScratch(before: shared.count)) { buffer in
        guard let scratch = buffer.baseAddress else { return }
        plan.forward(
          shape, heads: heads, qkv: qkv, before: shared, probabilities: nil, scratch: scratch, out: out)
      }
    }
  }
}
