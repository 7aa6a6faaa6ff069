import Tensors

/// Memory for the keys and values of rows' own tokens: blocks of a few tokens over all layers, which rows take as they grow and
/// leave to others when they end.
///
/// Pieces of many sizes, as rows of many lengths would ask of the heap, would leave gaps that grow from batch to batch.
final class CacheBlocks {
  /// Where each layer's part of a block begins.
  let offsets: [Int]
  /// Floats of a block.
  private let size: Int
  private var chunks: [FloatMemory] = []
  private var free: [UnsafeMutablePointer<Float>] = []

  /// Floats that are asked of the system at once (4 MB), at least a block.
  private static let chunk = 1 << 20

  init(_ shapes: [AttentionShape]) {
    var (offsets, size): ([Int], Int) = ([], 0)
    for shape in shapes {
      offsets.append(size)
      // Each layer's part begins at a cache line.
      size += (2 * BlockedKeys.tokens * shape.keyValueWidth + 15) / 16 * 16
    }
    self.offsets = offsets
    self.size = max(16, size)
  }

  fileprivate func take() -> UnsafeMutablePointer<Float> {
    if let block = free.popLast() { return block }
    let count = max(1, Self.chunk / size)
    let memory = FloatMemory(count * size)
    chunks.append(memory)
    free = (1..<count).reversed().map { memory.base + $0 * size }
    return memory.base
  }

  fileprivate func give(_ blocks: [UnsafeMutablePointer<Float>]) { free += blocks.reversed() }
}

/// Keys and values of one row's own tokens, in blocks that it has for as long as it lives.
final class RowCache {
  /// Tokens that are cached.
  var count = 0
  /// In order of the tokens.
  private(set) var blocks: [UnsafeMutablePointer<Float>] = []
  private let memory: CacheBlocks

  init(_ memory: CacheBlocks) { self.memory = memory }

  deinit { memory.give(blocks) }

  /// Makes room for tokens in all.
  func makeRoom(for tokens: Int) {
    while blocks.count * BlockedKeys.tokens < tokens { blocks.append(memory.take()) }
  }
}
