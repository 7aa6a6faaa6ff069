import Testing

@testable import Tensors

/// Products with weights as they are stored, beside `linear` with the same weights in float32: the same bits.
struct StoredMatrixTests {
  /// Formats as GGML's quantisations have them.
  static let blocks: [String: StoredFormat.Blocks] = {
    typealias Blocks = StoredFormat.Blocks
    func make(_ elements: Int, _ group: Int, _ bits: Int, _ change: (inout Blocks) -> Void = { _ in }) -> Blocks {
      var blocks = Blocks(elements: elements, group: group, bits: bits)
      change(&blocks)
      return blocks
    }
    return [
      "Q4_0": make(32, 32, 4) { $0.zero = 8 },
      "Q4_1": make(32, 32, 4) { $0.hasOffset = true },
      "Q5_0": make(32, 32, 5) { $0.zero = 16 },
      "Q5_1": make(32, 32, 5) { $0.hasOffset = true },
      "Q8_0": make(32, 32, 8),
      "Q2_K": make(256, 16, 2) { ($0.hasOffset, $0.hasFactors) = (true, true) },
      "Q3_K": make(256, 16, 3) { ($0.zero, $0.hasFactors) = (4, true) },
      "Q4_K": make(256, 32, 4) { ($0.hasOffset, $0.hasFactors) = (true, true) },
      "Q5_K": make(256, 32, 5) { ($0.hasOffset, $0.hasFactors) = (true, true) },
      "Q6_K": make(256, 16, 6) { ($0.zero, $0.hasFactors) = (32, true) },
      "IQ4_NL": make(32, 32, 4) { $0.table = Self.table },
      "IQ4_XS": make(256, 32, 4) { ($0.table, $0.hasFactors) = (Self.table, true) },
      "MXFP4": make(32, 32, 4) { ($0.table, $0.hasBrainScale) = (Self.table, true) },
    ]
  }()
  private static let table: [Int8] = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113]

  /// A matrix of random blocks, and its weights by the formula.
  private static func random(
    _ blocks: StoredFormat.Blocks, inputs: Int, outputs: Int, crew: Crew? = nil
  ) -> (matrix: StoredMatrix, weights: [Float]) {
    func draws(_ output: Int, _ block: Int) -> SplitMix { SplitMix(state: UInt64(1 + output * 1_000 + block)) }
    let matrix = StoredMatrix(blocks, inputs: inputs, outputs: outputs, crew: crew) { output, block, parts in
      var draws = draws(output, block)
      for i in 0..<blocks.elements { parts.codes[i] = UInt8(draws.below(1 << blocks.bits)) }
      for group in 0..<blocks.elements / blocks.group {
        parts.factors[group] = Int8(draws.below(64) - 32)
        parts.offsetFactors[group] = Int8(draws.below(64))
      }
      (parts.scale, parts.offset) = scales(&draws, blocks)
    }
    var weights: [Float] = []
    for output in 0..<outputs {
      for block in 0..<inputs / blocks.elements {
        var draws = draws(output, block)
        let codes = (0..<blocks.elements).map { _ in draws.below(1 << blocks.bits) }
        let factors = (0..<blocks.elements / blocks.group).map { _ in (draws.below(64) - 32, draws.below(64)) }
        let bits = scales(&draws, blocks)
        let scale =
          blocks.hasBrainScale ? Float(bitPattern: UInt32(bits.scale) << 16) : Float(Float16(bitPattern: bits.scale))
        let offset = Float(Float16(bitPattern: bits.offset))
        for (i, code) in codes.enumerated() {
          let level =
            blocks.table.map { Float($0[code]) }
            ?? (blocks.bits == 8 ? Float(Int8(truncatingIfNeeded: code)) : Float(code - blocks.zero))
          let (factor, offsetFactor) = blocks.hasFactors ? factors[i / blocks.group] : (1, 1)
          weights.append(
            scale * Float(factor) * level + (blocks.hasOffset ? offset * Float(offsetFactor) : 0))
        }
      }
    }
    return (matrix, weights)
  }

  private static func scales(_ draws: inout SplitMix, _ blocks: StoredFormat.Blocks) -> (scale: UInt16, offset: UInt16)
  {
    let scale = Float(draws.below(2_000) - 1_000) / 20_000
    let offset = Float16(Float(draws.below(2_000) - 1_000) / 10_000)
    return (
      blocks.hasBrainScale ? UInt16(scale.bitPattern >> 16) : Float16(scale).bitPattern, offset.bitPattern
    )
  }

  /// Rows of every height of a tile, and more than stay in the cache.
  private static let rowCounts = Array(1...13) + [16, 25, 64, 201]

  @Test("every quantisation gives the bits of the float32 product", arguments: blocks.keys.sorted())
  func quantised(_ name: String) throws {
    let blocks = try #require(Self.blocks[name])
    for (inputs, outputs) in [(256, 40), (1_024, 97)] {
      let (matrix, weights) = Self.random(blocks, inputs: inputs, outputs: outputs)
      var read = [Float](repeating: .nan, count: weights.count)
      matrix.read(into: &read)
      #expect(read == weights)
      var row = [Float](repeating: .nan, count: inputs)
      matrix.read(outputs - 1, into: &row)
      #expect(row == Array(weights.suffix(inputs)))
      compare(matrix, weights)
    }
  }

  @Test(
    "rounded rows lose no more than they are rounded, with the same bits on every processor",
    arguments: blocks.keys.sorted())
  func rounded(_ name: String) throws {
    let blocks = try #require(Self.blocks[name])
    for (inputs, outputs) in [(256, 40), (768, 97)] {
      let (matrix, weights) = Self.random(blocks, inputs: inputs, outputs: outputs)
      for rows in [1, 2, 3, 4, 5, 16, 201] {
        let x = Self.inputs(rows * inputs)
        let best = Self.products(matrix, x, rows: rows, .best)
        #expect(best == Self.products(matrix, x, rows: rows, .base), "\(rows) rows")
        Crew.gather(3) { #expect(best == Self.products(matrix, x, rows: rows, .best, crew: $0)) }
        let last = Array(x.suffix(inputs))
        #expect(
          Array(best.suffix(outputs)) == Self.products(matrix, last, rows: 1, .best), "rows don't depend on others")
        guard rows <= 5 else { continue }
        for row in 0..<rows {
          for output in 0..<outputs {
            var (sum, lost, size) = (0.0, 0.0, 0.0)
            for group in 0..<inputs / 32 {
              let own = row * inputs + 32 * group..<row * inputs + 32 * (group + 1)
              let step = Double(x[own].map(abs).max() ?? 0) / 127
              for i in 0..<32 {
                let weight = Double(weights[output * inputs + 32 * group + i])
                sum += weight * Double(x[own.lowerBound + i])
                lost += abs(weight) * step / 2
                size += abs(weight) * 127 * step
              }
            }
            #expect(abs(Double(best[row * outputs + output]) - sum) <= lost + 1e-5 * size)
          }
        }
      }
    }
  }

  @Test("rows that are codes already lose nothing", arguments: blocks.keys.sorted())
  func exactRows(_ name: String) throws {
    let (matrix, weights) = Self.random(try #require(Self.blocks[name]), inputs: 256, outputs: 33)
    var draws = SplitMix(state: 8)
    // Each group of 32 has its own scale, and reaches 127 of it.
    let x = (0..<256).map { input in
      let scale = Float(sign: .plus, exponent: input / 32 - 4, significand: 1)
      return scale * Float(input % 32 == 5 ? -127 : draws.below(255) - 127)
    }
    for (output, value) in Self.products(matrix, x, rows: 1, .best).enumerated() {
      let terms = (0..<256).map { Double(weights[256 * output + $0]) * Double(x[$0]) }
      #expect(abs(Double(value) - terms.reduce(0, +)) <= 1e-5 * terms.reduce(0) { $0 + abs($1) })
    }
  }

  @Test("rows of zeros, of hardly anything, and of what isn't finite")
  func unusualRows() throws {
    let (matrix, _) = Self.random(try #require(Self.blocks["Q4_1"]), inputs: 64, outputs: 20)
    func product(_ change: (inout [Float]) -> Void) -> [Float] {
      var x = [Float](repeating: 0, count: 64)
      change(&x)
      return Self.products(matrix, x, rows: 1, .best)
    }
    #expect(product { _ in }.allSatisfy { $0 == 0 })
    #expect(product { $0[3] = .leastNonzeroMagnitude }.allSatisfy { $0 == 0 })
    #expect(product { $0[3] = 3e38 }.allSatisfy { $0.isFinite })
    for bad in [Float.nan, .infinity, -.infinity] { #expect(product { $0[40] = bad }.allSatisfy { $0.isNaN }) }
  }

  /// X · Wᵀ for rounded X.
  private static func products(
    _ matrix: StoredMatrix, _ x: [Float], rows: Int, _ kernels: Kernels, crew: Crew? = nil
  ) -> [Float] {
    // Room for what lies beside, which stays as it is.
    let stride = matrix.outputs + 3
    var y = [Float](repeating: 7, count: rows * stride)
    RoundedRows.round(x, rows: rows, inputs: matrix.inputs, crew: crew) { rounded in
      matrix.multiply(kernels, rounded, y: &y, stride: stride, accumulates: false, crew: crew)
    }
    #expect((0..<rows).allSatisfy { y[$0 * stride + matrix.outputs..<($0 + 1) * stride].allSatisfy { $0 == 7 } })
    return (0..<rows).flatMap { y[$0 * stride..<$0 * stride + matrix.outputs] }
  }

  @Test("plain numbers give the bits of the float32 product")
  func plain() {
    for (inputs, outputs) in [(1, 1), (33, 16), (500, 50)] {
      var draws = SplitMix(state: 5)
      let values = (0..<inputs * outputs).map { _ in Float(draws.below(2_001) - 1_000) / 700 }
      let halves = values.map { Float16($0).bitPattern }
      let brains = values.map { UInt16($0.bitPattern >> 16) }
      halves.withUnsafeBytes { bytes in
        compare(
          StoredMatrix(.half, inputs: inputs, outputs: outputs) { bytes.baseAddress! + 2 * inputs * $0 },
          halves.map { Float(Float16(bitPattern: $0)) })
      }
      brains.withUnsafeBytes { bytes in
        compare(
          StoredMatrix(.brain, inputs: inputs, outputs: outputs) { bytes.baseAddress! + 2 * inputs * $0 },
          brains.map { Float(bitPattern: UInt32($0) << 16) })
      }
      values.withUnsafeBytes { bytes in
        compare(
          StoredMatrix(.float32, inputs: inputs, outputs: outputs) { bytes.baseAddress! + 4 * inputs * $0 }, values)
      }
    }
  }

  @Test("matrices that share memory don't touch each other, and every output is said to be done once")
  func sharedMemory() throws {
    let blocks = try #require(Self.blocks["Q4_K"])
    let memory = MatrixMemory(expected: 4_000)
    var matrices: [(matrix: StoredMatrix, code: UInt8)] = []
    // Small ones side by side, one that leaves too little room for the next, one that is larger than all of it.
    for (code, outputs) in [(1, 16), (2, 5), (3, 40), (4, 90), (5, 16), (6, 40), (7, 400)] as [(UInt8, Int)] {
      var done: [Int] = []
      let matrix = StoredMatrix(
        blocks, inputs: 256, outputs: outputs, in: memory, done: { done += $0 },
        fill: { _, _, parts in
          for i in 0..<256 { parts.codes[i] = code }
          for group in 0..<8 { (parts.factors[group], parts.offsetFactors[group]) = (1, 0) }
          parts.scale = Float16(1).bitPattern
        })
      #expect(done == Array(0..<outputs))
      matrices.append((matrix, code))
    }
    for (matrix, code) in matrices {
      var read = [Float](repeating: .nan, count: 256 * matrix.outputs)
      matrix.read(into: &read)
      #expect(read.allSatisfy { $0 == Float(code) })
    }
    // More panels than are copied between two calls.
    var calls: [Range<Int>] = []
    let numbers = [Float](repeating: 1, count: 65_536)
    numbers.withUnsafeBytes { bytes in
      _ = StoredMatrix(
        .float32, inputs: 65_536, outputs: 37, done: { calls.append($0) }, row: { _ in bytes.baseAddress! })
    }
    #expect(calls == [0..<16, 16..<32, 32..<37])
  }

  @Test("every half-precision number is read as it is")
  func halves() {
    let all = (0...UInt16.max).filter { Float16(bitPattern: $0).isFinite }
    all.withUnsafeBytes { bytes in
      let matrix = StoredMatrix(.half, inputs: all.count, outputs: 1) { _ in bytes.baseAddress! }
      var read = [Float](repeating: .nan, count: all.count)
      matrix.read(into: &read)
      #expect(read.map(\.bitPattern) == all.map { Float(Float16(bitPattern: $0)).bitPattern })
    }
  }

  @Test("threads share the panels, and the stride leaves what lies beside alone")
  func shared() throws {
    let blocks = try #require(Self.blocks["Q6_K"])
    Crew.gather(3) { crew in
      let (matrix, weights) = Self.random(blocks, inputs: 512, outputs: 203, crew: crew)
      let (alone, _) = Self.random(blocks, inputs: 512, outputs: 203)
      let rows = 9
      let x = Self.inputs(rows * 512)
      var y = [Float](repeating: 7, count: rows * 300)
      var expected = y
      matrix.multiply(rows: rows, x: x, y: &y, stride: 300, accumulates: true, crew: crew)
      alone.multiply(rows: rows, x: x, y: &expected, stride: 300, accumulates: true)
      #expect(y == expected)
      for row in 0..<rows { #expect(y[row * 300 + 203..<row * 300 + 300].allSatisfy { $0 == 7 }) }
      _ = weights
    }
  }

  @Test("a part is the matrix of its outputs")
  func parts() throws {
    let (matrix, weights) = Self.random(try #require(Self.blocks["Q4_1"]), inputs: 64, outputs: 75)
    for some in [0..<75, 16..<75, 32..<48, 64..<65, 48..<48] {
      let part = matrix.part(some)
      let own = Array(weights[64 * some.lowerBound..<64 * some.upperBound])
      var read = [Float](repeating: .nan, count: own.count)
      part.read(into: &read)
      #expect(read == own)
      if !some.isEmpty { compare(part, own) }
      let second = matrix.part(16..<75).part(16..<40)
      var row = [Float](repeating: .nan, count: 64)
      second.read(3, into: &row)
      #expect(row == Array(weights[35 * 64..<36 * 64]))
    }
  }

  private static func inputs(_ count: Int) -> [Float] {
    var draws = SplitMix(state: 11)
    return (0..<count).map { _ in Float(draws.below(4_001) - 2_000) / 1_300 }
  }

  private func compare(_ matrix: StoredMatrix, _ weights: [Float]) {
    let (inputs, outputs) = (matrix.inputs, matrix.outputs)
    for rows in Self.rowCounts {
      let x = Self.inputs(rows * inputs)
      for accumulates in [false, true] {
        let start = [Float](repeating: accumulates ? 0.375 : .nan, count: rows * outputs)
        var expected = start
        matrixProduct(
          rows, outputs, inputs, x, lda: inputs, weights, ldb: inputs, transposeB: true, &expected, ldc: outputs,
          beta: accumulates ? 1 : 0)
        for kernels in Set([Kernels.base, .best]) {
          var y = start
          matrix.multiply(kernels, rows: rows, x: x, y: &y, stride: outputs, accumulates: accumulates)
          #expect(y == expected, "\(rows) rows of \(inputs), \(outputs) outputs, \(kernels)")
        }
        gradient([matrix], weights, rows: rows, accumulates: accumulates)
      }
    }
  }

  /// dX of matrices one below the other, beside that of the same weights in float32.
  private func gradient(
    _ parts: [StoredMatrix], _ weights: [Float], rows: Int, accumulates: Bool, crew: Crew? = nil
  ) {
    let (inputs, outputs) = (parts[0].inputs, parts.reduce(0) { $0 + $1.outputs })
    let dy = Self.inputs(rows * outputs)
    var dx = [Float](repeating: accumulates ? 0.375 : .nan, count: rows * inputs)
    var expected = dx
    linearInputGradient(
      LinearShape(inputs: inputs, outputs: outputs, order: .outputsFirst), rows: rows, dy: dy, weight: weights,
      dx: &expected, accumulate: accumulates)
    StoredMatrix.inputGradient(parts, rows: rows, dy: dy, dx: &dx, accumulates: accumulates, crew: crew)
    #expect(dx == expected, "\(rows) rows of \(inputs), \(outputs) outputs")
  }

  @Test("the input's gradient of several matrices, of any number of outputs and formats, is that of all in one")
  func fused() throws {
    let (some, others) = (try #require(Self.blocks["Q4_K"]), try #require(Self.blocks["Q6_K"]))
    // Panels lie across the ends of matrices and of blocks of 384 outputs, which no panel of sixteen divides.
    for outputs in [[97, 3, 40], [380, 8, 500], [16, 1_024, 256]] {
      let made = outputs.enumerated().map { index, outputs in
        Self.random(index == 1 ? others : some, inputs: 512, outputs: outputs)
      }
      for crew in [1, 3] {
        Crew.gather(crew) { crew in
          for rows in [1, 7, 70] {
            gradient(made.map(\.matrix), made.flatMap(\.weights), rows: rows, accumulates: rows == 7, crew: crew)
          }
        }
      }
    }
  }
}

/// Numbers at random, the same in every run (Steele et al., 2014).
private struct SplitMix {
  var state: UInt64

  mutating func below(_ limit: Int) -> Int {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
    return Int((z ^ z >> 31) >> 33) % limit
  }
}
