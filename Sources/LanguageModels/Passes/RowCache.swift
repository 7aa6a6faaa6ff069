import Tensors

/// Memory for the keys and values of rows' own tokens: blocks of a few tokens over all layers, which rows take as they grow and
/// leave to others when they end.
///
/// Pieces of many sizes, as rows of many lengths would ask of the heap, would leave gaps that grow from batch to batch.
final class CacheBlocks {
  let precision: CachePrecision
  /// Where each layer's part of a block begins, in numbers.
  let offsets: [Int]
  /// Bytes of a block.
  private let size: Int
  private var chunks: [FloatMemory] = []
  private var free: [UnsafeMutableRawPointer] = []

  /// Bytes that are asked of the system at once, at least a block.
  private static let chunk = 4 << 20
  private static let line = 64

  init(_ shapes: [AttentionShape], _ precision: CachePrecision) {
    self.precision = precision
    var (offsets, size): ([Int], Int) = ([], 0)
    for shape in shapes {
      offsets.append(size)
      // Each layer's part begins at a cache line.
      let numbers = Self.line / precision.bytes
      size += (2 * BlockedKeys.tokens * shape.keyValueWidth + numbers - 1) / numbers * numbers
    }
    self.offsets = offsets
    self.size = max(Self.line, size * precision.bytes)
  }

  fileprivate func take() -> UnsafeMutableRawPointer {
    if let block = free.popLast() { return block }
    let count = max(1, Self.chunk / size)
    let memory = FloatMemory(count * size / MemoryLayout<Float>.stride)
    chunks.append(memory)
    let base = UnsafeMutableRawPointer(memory.base)
    free = (1..<count).reversed().map { base + $0 * size }
    return base
  }

  fileprivate func give(_ blocks: [UnsafeMutableRawPointer]) { free += blocks.reversed() }
}

/// Keys and values of one row's own tokens, in blocks that it has for as long as it lives.
final class RowCache {
  /// Tokens that are cached.
  var count = 0
  /// In order of the tokens.
  private(set) var blocks: [UnsafeMutableRawPointer] = []
  private let memory: CacheBlocks

  init(_ memory: CacheBlocks) { self.memory = memory }

  deinit { memory.give(blocks) }

  /// Makes room for tokens in all.
  func makeRoom(for tokens: Int) {
    while blocks.count * BlockedKeys.tokens < tokens { blocks.append(memory.take()) }
  }
}
