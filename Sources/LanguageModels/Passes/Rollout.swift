import Core
import Tensors

/// Rows that are sampled together: each enters when there is a place for it, and leaves when it ends.
///
/// What a row samples depends on its entry alone: never on the rows beside it, the step at which it enters, or the threads. A
/// step feeds the last token of each row and the whole prompts of those that enter, in one pass over the weights, and draws the
/// next token of all.
public struct Rollout {
  /// A row that is to enter.
  public struct Entry: Sendable {
    /// Tells it apart from others.
    public var number: Int
    /// Its prompt goes on from the opening; it may be empty where the opening isn't.
    public var request: GenerationRequest
    /// Place of its opening among the rollout's.
    public var opening: Int

    public init(number: Int, request: GenerationRequest, opening: Int = 0) {
      (self.number, self.request, self.opening) = (number, request, opening)
    }
  }

  private struct Row {
    let number: Int
    let request: GenerationRequest
    let opening: Int
    /// Most own tokens in its cache.
    let most: Int
    var cache: RowCache
    var generator: SeededGenerator
    var generation = Generation(tokens: [], finished: false)
    /// Which row of logits predicts its next token.
    var logits = 0
  }

  private let weights: Weights
  private let openings: [Opening]
  private let sampler: Sampler
  /// Rows under way at most.
  private let most: Int
  /// Those of an opening lie side by side.
  private var rows: [Row] = []
  /// Where the rows' own keys and values are.
  private let memory: CacheBlocks
  private var workspace: RolloutPass.Workspace?
  /// Matrices that are read in rows at a stride, packed once, at the first step; empty where that doesn't pay.
  private var packed: [PackedMatrix?]?
  private(set) var recorder: RolloutRecorder?
  private let arithmetic: RolloutArithmetic

  /// Tokens of prompts from which on no more rows enter in a step: so rows under way don't wait for all that are there.
  private static let promptTokens = 256

  /// - Parameters:
  ///   - openings: what entries go on from, computed for the same weights.
  ///   - most: rows under way at once.
  public init(weights: Weights, openings: [Opening], settings: DecodingSettings, most: Int) {
    self.init(weights: weights, openings: openings, settings: settings, most: most, recorder: nil)
  }

  /// - Parameters:
  ///   - recorder: of rows that enter together, numbered from 0, without prompts of their own.
  ///   - arithmetic: nil for what the weights are worth; where there is a recorder, for that of the gradient.
  init(
    weights: Weights, openings: [Opening], settings: DecodingSettings, most: Int, recorder: RolloutRecorder?,
    arithmetic: RolloutArithmetic? = nil
  ) {
    let arithmetic = arithmetic ?? (recorder == nil ? weights.rolloutArithmetic : .float32)
    self.arithmetic = arithmetic
    self.weights = weights
    self.openings = openings
    self.most = max(1, most)
    self.recorder = recorder
    memory = CacheBlocks(weights.layout.graph.attention, arithmetic.cache)
    sampler = Sampler(vocabulary: weights.architecture.vocabulary, settings: settings)
  }

  /// Takes steps until no row is under way and none is left to enter. Call it off the cooperative pool.
  ///
  /// - Parameters:
  ///   - workers: threads that share each step.
  ///   - next: hands out a row that waits; called before a step while there is a place.
  ///   - onEnd: called with an entry's number and what was sampled for it, after the step in which it ended.
  ///   - mayGoOn: asked before each step; where it says no, the rows under way stay for the next call.
  /// - Returns: whether all rows ended.
  public mutating func run(
    workers: Int, next: () -> Entry?, onEnd: (_ number: Int, _ generation: Generation) -> Void,
    while mayGoOn: () -> Bool
  ) -> Bool {
    var isDone = false
    Crew.gather(workers) { isDone = run($0, next: next, onEnd: onEnd, while: mayGoOn) }
    return isDone
  }

  mutating func run(
    _ crew: Crew, next: () -> Entry?, onEnd: (_ number: Int, _ generation: Generation) -> Void,
    while mayGoOn: () -> Bool = { true }
  ) -> Bool {
    while mayGoOn() {
      let entering = admit(next)
      if rows.isEmpty && entering.isEmpty { return true }
      let space = feed(entering, crew)
      withExtendedLifetime(space) { sample(placeForLogits(space), crew) }
      for row in rows where hasEnded(row) { onEnd(row.number, row.generation) }
      rows.removeAll(where: hasEnded)
    }
    return false
  }

  /// The rows that enter in this step.
  private func admit(_ next: () -> Entry?) -> [Row] {
    var entering: [Row] = []
    var tokens = 0
    while rows.count + entering.count < most, tokens < Self.promptTokens, let entry = next() {
      let request = entry.request
      precondition(
        !request.prompt.isEmpty || !openings[entry.opening].tokens.isEmpty, "something predicts the first token")
      let room = weights.architecture.context - openings[entry.opening].tokens.count
      tokens += request.prompt.count
      entering.append(
        Row(
          number: entry.number, request: request, opening: entry.opening,
          most: max(1, min(request.prompt.count + sampler.settings.maxTokens, room)), cache: RowCache(memory),
          generator: SeededGenerator(seed: request.seed)))
    }
    return entering
  }

  private func hasEnded(_ row: Row) -> Bool {
    row.generation.finished || row.cache.count >= row.most
      || row.generation.tokens.count >= sampler.settings.maxTokens
  }

  /// Feeds the tokens that were accepted last, and the prompts of rows that enter.
  ///
  /// - Returns: the memory of the pass, in which the logits are that predict each row's next token.
  private mutating func feed(_ waiting: [Row], _ crew: Crew) -> RolloutPass.Workspace {
    var pass = RolloutPass(openings, memory)
    for place in rows.indices {
      let row = rows[place]
      row.cache.makeRoom(for: row.cache.count + 1)
      rows[place].logits = pass.decode(row.generation.tokens.last ?? 0, row.cache, opening: row.opening)
    }
    var entering = openings.count > 1 ? waiting.sorted { $0.opening < $1.opening } : waiting
    for place in entering.indices {
      let (prompt, opening) = (entering[place].request.prompt, entering[place].opening)
      if prompt.isEmpty {
        entering[place].logits = pass.predict(from: opening)
      } else {
        entering[place].cache.makeRoom(for: prompt.count)
        entering[place].logits = pass.prefill(prompt, entering[place].cache, opening: opening)
      }
    }
    let space = makeWorkspace(for: pass.rows)
    pass.run(
      weights, space, packed: pack(crew), rounds: arithmetic.roundsRows,
      recording: recorder?.step(rows.map { ($0.number, $0.cache.count) }),
      into: placeForLogits(space), crew: crew)
    for place in rows.indices { rows[place].cache.count += 1 }
    for place in entering.indices { entering[place].cache.count = entering[place].request.prompt.count }
    rows += entering
    // Attention goes through the rows of an opening together.
    if openings.count > 1, !entering.isEmpty { rows.sort { $0.opening < $1.opening } }
    return space
  }

  /// Where the logits of a pass go, until the next one.
  private func placeForLogits(_ space: RolloutPass.Workspace) -> UnsafeMutablePointer<Float> {
    recorder?.nextLogits() ?? space.values.base
  }

  /// Matrices copied for the product; none where that is lost on many rows, or costs more than it gains in few steps.
  private mutating func pack(_ crew: Crew) -> [PackedMatrix?] {
    if let packed { return packed }
    let pays = most <= 32 && sampler.settings.maxTokens >= 8
    let made = pays ? weights.pack(crew) { $0.shape.order == .inputsFirst } : []
    packed = made
    return made
  }

  /// Memory for the values of so many rows; kept for the next step, unless a long prompt needs more than usual.
  private mutating func makeWorkspace(for count: Int) -> RolloutPass.Workspace {
    if let workspace, workspace.rows >= count { return workspace }
    // The last prompt that enters may go beyond the limit.
    let usual = count <= most ? most : most + Self.promptTokens * 5 / 4
    let logits = recorder?.nextLogits() == nil ? most * weights.architecture.vocabulary : 0
    let made = RolloutPass.Workspace(
      weights.layout.graph, rows: max(count, usual), logits: logits, needs: BackwardNeeds(weights.layout, .nothing))
    if count <= usual { workspace = made }
    return made
  }

  /// Draws a token for each row and takes it: appends it, or ends the row.
  private mutating func sample(_ logits: UnsafeMutablePointer<Float>, _ crew: Crew) {
    let (v, rows, sampler) = (weights.architecture.vocabulary, rows, sampler)
    var streams = rows.map(\.generator)
    var choices = [Sampler.Choice?](repeating: nil, count: rows.count)
    streams.withUnsafeMutableBufferPointer { streams in
      choices.withUnsafeMutableBufferPointer { choices in
        guard let stream = streams.baseAddress, let choice = choices.baseAddress else { return }
        share(crew, rows.count, work: 8 * v) { range in
          for place in range {
            let row = rows[place]
            choice[place] = sampler.choose(
              logits + row.logits * v, temperature: row.request.temperature ?? sampler.settings.temperature,
              mayEnd: row.generation.tokens.count >= sampler.settings.minTokens, generator: &stream[place])
          }
        }
      }
    }
    var noted = -1
    for place in rows.indices {
      self.rows[place].generator = streams[place]
      guard let choice = choices[place] else { continue }
      self.rows[place].generation.logProbabilities.append(choice.logProbability)
      if sampler.settings.endTokens.contains(choice.token) {
        self.rows[place].generation.finished = true
      } else {
        self.rows[place].generation.tokens.append(choice.token)
      }
      let row = rows[place]
      // Where all begin with the same row of logits, it is noted once.
      if row.logits > noted {
        noted = row.logits
        recorder?.predict(row.number, token: row.cache.count, normaliser: choice.normaliser)
      }
      recorder?.draw(row.number, choice)
    }
  }
}
