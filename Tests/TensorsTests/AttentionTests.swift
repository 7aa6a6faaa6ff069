import Foundation
import Testing

@testable import Tensors

/// Everything that shapes of attention can have, small enough for plain loops.
private let shapes = [
  AttentionShape(heads: 2, headSize: 3, isCausal: true),
  AttentionShape(heads: 2, headSize: 3, isCausal: false),
  AttentionShape(heads: 1, headSize: 20, isCausal: true),
  AttentionShape(heads: 4, keyValueHeads: 2, headSize: 3, isCausal: true),
  AttentionShape(heads: 4, keyValueHeads: 1, headSize: 3, scale: 0.4, isCausal: true, window: 3, softCap: 1.5),
]

@Suite("Attention against plain loops and finite differences")
struct AttentionTests {
  let plan = AttentionPlan(prefix: 2, lengths: [3, 0, 1])

  /// Row → keys that may be seen, by position: the prefix first, then its own sequence.
  func visible(_ shape: AttentionShape) -> [[Int]] {
    let positions = [0, 1, 2, 3, 4, 2]
    let sequences = [[0, 1], [0, 1], [0, 1, 2, 3, 4], [0, 1, 2, 3, 4], [0, 1, 2, 3, 4], [0, 1, 5]]
    return sequences.enumerated().map { row, keys in
      guard shape.isCausal else { return keys }
      return keys.filter { key in
        let distance = positions[row] - positions[key]
        return distance >= 0 && distance < shape.window ?? .max
      }
    }
  }

  func naive(_ shape: AttentionShape, _ qkv: [Float]) -> [Double] {
    let size = shape.headSize
    var out: [Double] = []
    for (row, keys) in visible(shape).enumerated() {
      for head in 0..<shape.heads {
        let group = head / (shape.heads / shape.keyValueHeads)
        func key(_ row: Int, _ i: Int) -> Double {
          Double(qkv[row * shape.rowWidth + shape.queryWidth + group * size + i])
        }
        func value(_ row: Int, _ i: Int) -> Double {
          Double(qkv[row * shape.rowWidth + shape.queryWidth + shape.keyValueWidth + group * size + i])
        }
        let scores = keys.map { k -> Double in
          let dot = (0..<size).reduce(0.0) { $0 + Double(qkv[row * shape.rowWidth + head * size + $1]) * key(k, $1) }
          let score = dot * Double(shape.scale)
          guard let cap = shape.softCap else { return score }
          return Double(cap) * Foundation.tanh(score / Double(cap))
        }
        let total = scores.reduce(0) { $0 + Foundation.exp($1) }
        for i in 0..<size {
          out.append(zip(keys, scores).reduce(0.0) { $0 + Foundation.exp($1.1) / total * value($1.0, i) })
        }
      }
    }
    return out
  }

  @Test("packed forward, with and without kept probabilities", arguments: shapes)
  func forward(_ shape: AttentionShape) {
    let qkv = floats(plan.rows * shape.rowWidth, seed: 8)
    let exact = naive(shape, qkv)
    var scratch = [Float](repeating: 7, count: plan.forwardScratch())
    var kept = [Float](repeating: 7, count: shape.heads * plan.probabilitiesPerHead)
    var out = [Float](repeating: 7, count: plan.rows * shape.queryWidth)
    plan.forward(shape, qkv: qkv, probabilities: &kept, scratch: &scratch, out: &out)
    for (a, b) in zip(out, exact) { #expect(abs(Double(a) - b) < 1e-5) }
    out = out.map { _ in 7 }
    plan.forward(shape, qkv: qkv, probabilities: nil, scratch: &scratch, out: &out)
    for (a, b) in zip(out, exact) { #expect(abs(Double(a) - b) < 1e-5) }
  }

  @Test("a long sequence, taken in tiles, is what it is as a whole")
  func tiles() {
    let shape = AttentionShape(heads: 2, keyValueHeads: 1, headSize: 4, isCausal: true, window: 90)
    let long = AttentionPlan(prefix: 5, lengths: [150])
    let qkv = floats(long.rows * shape.rowWidth, seed: 3)
    var scratch = [Float](repeating: 0, count: long.forwardScratch())
    var kept = [Float](repeating: 0, count: shape.heads * long.probabilitiesPerHead)
    var whole = [Float](repeating: 0, count: long.rows * shape.queryWidth)
    var tiled = whole
    long.forward(shape, qkv: qkv, probabilities: &kept, scratch: &scratch, out: &whole)
    long.forward(shape, qkv: qkv, probabilities: nil, scratch: &scratch, out: &tiled)
    for (a, b) in zip(whole, tiled) { #expect(abs(a - b) < 1e-5) }
  }

  @Test("over a prefix that was computed before it is the same bits", arguments: shapes)
  func cachedPrefix(_ shape: AttentionShape) {
    let lengths = [3, 70, 0, 1]
    let whole = AttentionPlan(prefix: 5, lengths: lengths)
    let qkv = floats(whole.rows * shape.rowWidth, seed: 4)
    var scratch = [Float](repeating: 7, count: whole.forwardScratch())
    var expected = [Float](repeating: 7, count: whole.rows * shape.queryWidth)
    whole.forward(shape, qkv: qkv, probabilities: nil, scratch: &scratch, out: &expected)
    func columns(_ start: Int) -> [Float] {
      (0..<5).flatMap { row in qkv[row * shape.rowWidth + start..<row * shape.rowWidth + start + shape.keyValueWidth] }
    }
    let (keys, values) = (columns(shape.queryWidth), columns(shape.queryWidth + shape.keyValueWidth))
    let plan = AttentionPlan(prefix: 0, lengths: lengths)
    scratch = [Float](repeating: 7, count: plan.forwardScratch(before: 5))
    var out = [Float](repeating: 7, count: plan.rows * shape.queryWidth)
    keys.withUnsafeBufferPointer { keys in
      values.withUnsafeBufferPointer { values in
        guard let k = keys.baseAddress, let v = values.baseAddress else { return }
        plan.forward(
          shape, qkv: Array(qkv[(5 * shape.rowWidth)...]), before: CachedKeys(keys: k, values: v, count: 5),
          probabilities: nil, scratch: &scratch, out: &out)
      }
    }
    #expect(out == Array(expected[(5 * shape.queryWidth)...]))
  }

  @Test("backward agrees with finite differences", arguments: shapes)
  func backward(_ shape: AttentionShape) {
    let qkv = floats(plan.rows * shape.rowWidth, seed: 8)
    let dOut = floats(plan.rows * shape.queryWidth, seed: 9)
    var scratch = [Float](repeating: 0, count: plan.forwardScratch())
    var kept = [Float](repeating: 0, count: shape.heads * plan.probabilitiesPerHead)
    var out = [Float](repeating: 0, count: plan.rows * shape.queryWidth)
    plan.forward(shape, qkv: qkv, probabilities: &kept, scratch: &scratch, out: &out)
    var dqkv = [Float](repeating: 7, count: qkv.count)
    var room = [Float](repeating: 0, count: plan.backwardScratch(shape))
    plan.backward(shape, qkv: qkv, probabilities: kept, dOut: dOut, dqkv: &dqkv, scratch: &room)
    func loss(_ qkv: [Float]) -> Double { zip(naive(shape, qkv), dOut).reduce(0) { $0 + $1.0 * Double($1.1) } }
    for i in qkv.indices {
      var (up, down) = (qkv, qkv)
      up[i] += 0.01
      down[i] -= 0.01
      #expect(abs((loss(up) - loss(down)) / 0.02 - Double(dqkv[i])) < 2e-3)
    }
  }

  @Test("rows over a cache give what the packed pass gives", arguments: shapes.filter(\.isCausal))
  func cached(_ shape: AttentionShape) {
    let qkv = floats(plan.rows * shape.rowWidth, seed: 8)
    let exact = naive(shape, qkv)
    let e = shape.keyValueWidth
    func part(_ rows: [Int], _ start: Int) -> [Float] {
      rows.flatMap { qkv[$0 * shape.rowWidth + start..<$0 * shape.rowWidth + start + e] }
    }
    // The second and the third row of one sequence, as if each were the last of a sequence of its own.
    let (own, first) = ([2, 3, 4], 3)
    var scores = [Float](repeating: .nan, count: 10)
    var out = [Float](repeating: 7, count: 2 * shape.queryWidth)
    let q = Array(qkv[(first * shape.rowWidth)...])
    let keys = part([0, 1], shape.queryWidth)
    let values = part([0, 1], shape.queryWidth + e)
    let cache = Blocks(shape, tokens: 3, offset: 5, .float32)
    let rows = own.flatMap { qkv[$0 * shape.rowWidth..<($0 + 1) * shape.rowWidth] }
    keys.withUnsafeBufferPointer { keys in
      values.withUnsafeBufferPointer { values in
        cache.withKeys(3) { all in
          guard let a = keys.baseAddress, let b = values.baseAddress else { return }
          all.put(shape, rows, rows: 3, at: 0)
          attendCached(
            shape, rows: 2, q: q, shared: CachedKeys(keys: a, values: b, count: 2), most: 3,
            own: { row in all.first(2 + row) }, scores: &scores, out: &out)
        }
      }
    }
    for i in out.indices {
      #expect(abs(Double(out[i]) - exact[first * shape.queryWidth + i]) < 1e-5)
    }
  }

  @Test(
    "keys in many blocks give what the packed pass gives", arguments: shapes.filter(\.isCausal),
    [CachePrecision.float32, .half])
  func blocks(_ shape: AttentionShape, _ precision: CachePrecision) {
    // Ends of blocks, and their middles.
    for count in [1, BlockedKeys.tokens, BlockedKeys.tokens + 1, 3 * BlockedKeys.tokens - 1, 4 * BlockedKeys.tokens] {
      var qkv = floats(count * shape.rowWidth, seed: UInt64(count))
      if precision == .half { qkv = qkv.map { Float(Float16($0)) } }
      let plan = AttentionPlan(prefix: 0, lengths: [count])
      var scratch = [Float](repeating: 0, count: plan.forwardScratch())
      var packed = [Float](repeating: 7, count: count * shape.queryWidth)
      plan.forward(shape, qkv: qkv, probabilities: nil, scratch: &scratch, out: &packed)
      let cache = Blocks(shape, tokens: count, offset: 3, precision)
      let none = [Float](repeating: .nan, count: 1)
      var scores = [Float](repeating: .nan, count: count)
      var out = [Float](repeating: 7, count: shape.queryWidth)
      none.withUnsafeBufferPointer { none in
        cache.withKeys(count) { keys in
          guard let nothing = none.baseAddress else { return }
          // In two goes, as a prompt and what follows.
          keys.put(shape, qkv, rows: count / 2, at: 0)
          keys.put(shape, Array(qkv[(count / 2 * shape.rowWidth)...]), rows: count - count / 2, at: count / 2)
          attendCached(
            shape, rows: 1, q: Array(qkv[((count - 1) * shape.rowWidth)...]),
            shared: CachedKeys(keys: nothing, values: nothing, count: 0), most: count, own: { _ in keys },
            scores: &scores, out: &out)
        }
      }
      for (mine, theirs) in zip(out, packed.suffix(shape.queryWidth)) { #expect(abs(mine - theirs) < 1e-5) }
    }
  }
}

@Suite("Cached keys and values in half precision")
struct HalfCacheTests {
  private let shape = AttentionShape(heads: 1, headSize: 40, scale: 1, isCausal: true)

  /// What attention to one token gives: its value, as it is kept.
  private func kept(_ values: [Float]) -> [Float] {
    let cache = Blocks(shape, tokens: 1, offset: 0, .half)
    let qkv = [Float](repeating: 0, count: 80) + values
    var scores: [Float] = [.nan]
    var out = [Float](repeating: .nan, count: 40)
    qkv.withUnsafeBufferPointer { qkv in
      guard let base = qkv.baseAddress else { return }
      cache.withKeys(1) { keys in
        keys.put(shape, base, rows: 1, at: 0)
        attendCached(
          shape, rows: 1, q: base, shared: CachedKeys(keys: base, values: base, count: 0), most: 1, own: { _ in keys },
          scores: &scores, out: &out)
      }
    }
    return out
  }

  @Test("are the nearest of its numbers, and the largest where there is none")
  func nearest() {
    var values: [Float] = [0, 1, -1, 65_504, 65_519, 1e9, -3e38, 6e-8, 2e-8, 1.0004883, -0.1, 1e-5]
    values += (0..<28).map { Float($0 * $0) * 0.377 - 50 }
    #expect(kept(values) == values.map { Float(Float16(max(-65_504, min(65_504, $0)))) })
    values[7] = .nan
    #expect(kept(values)[7].isNaN && kept(values)[8] == 0)
  }
}

/// Blocks that lie apart, filled with what must not be read.
private final class Blocks {
  private let memory: [UnsafeMutableRawPointer]
  private let offset: Int
  private let precision: CachePrecision

  init(_ shape: AttentionShape, tokens: Int, offset: Int, _ precision: CachePrecision) {
    let size = (offset + 2 * BlockedKeys.tokens * shape.keyValueWidth) * precision.bytes
    memory = (0..<(tokens + BlockedKeys.tokens - 1) / BlockedKeys.tokens).map { _ in
      let block = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 64)
      // NaN in either precision.
      block.initializeMemory(as: UInt8.self, repeating: 0xff, count: size)
      return block
    }
    self.offset = offset
    self.precision = precision
  }

  deinit { for block in memory { block.deallocate() } }

  func withKeys(_ count: Int, _ body: (BlockedKeys) -> Void) {
    memory.withUnsafeBufferPointer { blocks in
      if let base = blocks.baseAddress {
        body(BlockedKeys(blocks: base, offset: offset, precision: precision, count: count))
      }
    }
  }
}

extension BlockedKeys {
  fileprivate func first(_ count: Int) -> BlockedKeys {
    BlockedKeys(blocks: blocks, offset: offset, precision: precision, count: count)
  }
}
