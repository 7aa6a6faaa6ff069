import Tensors

/// Everything a forward pass leaves for its backward pass, in one flat buffer.
@dynamicMemberLookup
struct Activations: Sendable {
  let places: ActivationPlaces
  let values: [Float]

  subscript<Value>(dynamicMember path: KeyPath<ActivationPlaces, Value> & Sendable) -> Value { places[keyPath: path] }
}

/// Where in the buffer each activation is.
///
/// N rows, C width, F feed-forward. Fields are offsets.
struct ActivationPlaces: Sendable {
  /// Offsets of one block's activations.
  struct Block: Sendable {
    /// [N,C]: the block's input.
    let input: Int
    /// [N,C]: what the attention reads (GPT-2: the normed input; BERT: the input itself).
    let attentionInput: Int
    let qkv: Int
    let probabilities: Int
    /// [N,C]: attention output before its projection.
    let attended: Int
    /// [N,C]: input + projected attention.
    let middle: Int
    /// [N,C]: what the feed-forward half reads (GPT-2: normed middle; BERT: normed middle, also the residual).
    let feedForwardInput: Int
    /// [N,F]: before and after the activation.
    let up: Int
    let activated: Int
    /// [N,C]: BERT only, the sum before the second norm.
    let sum: Int
    let mean1: Int
    let rstd1: Int
    let mean2: Int
    let rstd2: Int
  }

  let batch: PackedBatch
  let blocks: [Block]
  /// [N,C]: what goes into the outer norm (GPT-2: last block's output; BERT: summed embeddings).
  let outerNormInput: Int
  let outerMean: Int
  let outerRstd: Int
  /// [N,C]: the result.
  let hidden: Int
  let count: Int

  init(batch: PackedBatch, architecture: Architecture) {
    let n = batch.rows
    let c = architecture.width
    var next = 0
    func take(_ count: Int) -> Int {
      defer { next += count }
      return next
    }
    outerNormInput = take(n * c)
    outerMean = take(n)
    outerRstd = take(n)
    let first = architecture.family == .gpt2 ? outerNormInput : take(n * c)
    // GPT-2's first input and its outer norm input are different places; BERT's first input is the outer norm's output.
    var input = architecture.family == .gpt2 ? take(n * c) : first
    var blocks: [Block] = []
    for layer in 0..<architecture.layers {
      let isLast = layer == architecture.layers - 1
      let isGPT2 = architecture.family == .gpt2
      let attentionInput = isGPT2 ? take(n * c) : input
      blocks.append(
        Block(
          input: input, attentionInput: attentionInput, qkv: take(n * 3 * c),
          probabilities: take(batch.plan.probabilityCount), attended: take(n * c), middle: take(n * c),
          feedForwardInput: take(n * c), up: take(n * architecture.feedForward),
          activated: take(n * architecture.feedForward), sum: isGPT2 ? 0 : take(n * c), mean1: take(n),
          rstd1: take(n), mean2: take(n), rstd2: take(n)))
      input = isLast && isGPT2 ? outerNormInput : take(n * c)
    }
    hidden = architecture.family == .gpt2 ? take(n * c) : input
    self.batch = batch
    self.blocks = blocks
    count = next
  }

  /// Where block `layer`'s output goes: the next block's input, or the outer norm's input, or `hidden`.
  func output(of layer: Int, family: Architecture.Family) -> Int {
    layer + 1 < blocks.count ? blocks[layer + 1].input : (family == .gpt2 ? outerNormInput : hidden)
  }
}
