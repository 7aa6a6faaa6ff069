import Tensors

/// Keys and values of one row's own tokens, in memory that grows with them. S = tokens that there is room for, E = G·D.
struct RowCache {
  /// Tokens that are cached.
  var count = 0
  /// S.
  private var room = 0
  /// By attention layer, [S,E].
  private var keys: [FloatMemory] = []
  private var values: [FloatMemory] = []

  /// Tokens that room is made for at least where there is none left.
  private static let leastGrowth = 48

  /// Makes room for tokens in all, and for some more.
  ///
  /// - Parameter most: the tokens that there can be.
  mutating func makeRoom(for tokens: Int, most: Int, _ shapes: [AttentionShape]) {
    if tokens <= room { return }
    let wanted = (tokens + max(Self.leastGrowth, room / 2) + 15) / 16 * 16
    room = max(tokens, min(wanted, most))
    func grown(_ old: [FloatMemory]) -> [FloatMemory] {
      shapes.enumerated().map { layer, shape in
        let new = FloatMemory(room * shape.keyValueWidth)
        if layer < old.count { new.base.update(from: old[layer].base, count: count * shape.keyValueWidth) }
        return new
      }
    }
    keys = grown(keys)
    values = grown(values)
  }

  /// Where a layer's keys and values begin; valid until room is made, and for as long as this is there.
  func addresses(_ layer: Int) -> Addresses { Addresses(keys: keys[layer].base, values: values[layer].base) }

  struct Addresses {
    let keys: UnsafeMutablePointer<Float>
    let values: UnsafeMutablePointer<Float>
  }
}
