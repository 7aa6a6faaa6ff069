import Tensors

/// How samples are computed over weights that are stored in few bits. Likelihoods and gradients are computed in float32.
struct RolloutArithmetic: Sendable, Hashable {
  /// Whether rows are rounded to eight bits where they meet quantised weights, as llama.cpp does.
  let roundsRows: Bool
  /// How rows' own keys and values are kept.
  let cache: CachePrecision

  static let float32 = RolloutArithmetic(roundsRows: false, cache: .float32)
}

extension Weights {
  /// How samples of these weights are computed: in no more bits than the weights have.
  var rolloutArithmetic: RolloutArithmetic {
    let formats = storedFormats
    guard !formats.isEmpty, formats.allSatisfy(\.isNarrow) else { return .float32 }
    return RolloutArithmetic(roundsRows: formats.contains(where: \.isQuantised), cache: .half)
  }
}
