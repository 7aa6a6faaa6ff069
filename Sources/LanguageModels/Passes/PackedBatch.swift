import Tensors

/// Sequences of token ids laid end to end after one shared prefix, with no padding.
///
/// N = rows = prefix + Σ lengths.
struct PackedBatch: Sendable {
  /// Token id of each row [N].
  let tokens: [Int32]
  /// Position of each row [N]; a sequence's first own token follows the prefix.
  let positions: [Int32]
  /// Segment of each row [N]; empty where all are of the first.
  let segments: [Int32]
  let plan: AttentionPlan

  init(
    prefix: ArraySlice<Int32>, sequences: some Collection<ArraySlice<Int32>>, segments: [Int32] = []
  ) {
    self.segments = segments
    var tokens = Array(prefix)
    var positions = prefix.indices.map { Int32($0 - prefix.startIndex) }
    for sequence in sequences {
      tokens.append(contentsOf: sequence)
      positions.append(contentsOf: (0..<sequence.count).map { Int32(prefix.count + $0) })
    }
    self.tokens = tokens
    self.positions = positions
    plan = AttentionPlan(prefix: prefix.count, lengths: sequences.map(\.count))
  }

  var rows: Int { plan.rows }
}
