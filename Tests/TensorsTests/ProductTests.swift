import ReferenceProduct
import Synchronization
import Testing

@testable import Tensors

@Suite("Matrix products")
struct ProductTests {
  /// op(A)[m,k] · op(B)[k,n] with both operands stored as asked, and room behind C.
  struct Case {
    let (m, n, k): (Int, Int, Int)
    let (transposeA, transposeB): (Bool, Bool)
    let a: [Float]
    let b: [Float]
    let c: [Float]

    init(_ m: Int, _ n: Int, _ k: Int, _ transposeA: Bool, _ transposeB: Bool) {
      (self.m, self.n, self.k, self.transposeA, self.transposeB) = (m, n, k, transposeA, transposeB)
      a = floats(m * k, seed: 1)
      b = floats(k * n, seed: 2)
      c = floats(m * n + 16, seed: 3)
    }

    func product(rows: Range<Int>? = nil, alpha: Float = 1, beta: Float = 0, crew: Crew? = nil) -> [Float] {
      let rows = rows ?? 0..<m
      var result = Array(c[rows.lowerBound * n..<rows.upperBound * n + 16])
      a.withUnsafeBufferPointer { a in
        guard let a = a.baseAddress else { return }
        matrixProduct(
          rows.count, n, k, a + rows.lowerBound * (transposeA ? 1 : k), lda: transposeA ? m : k,
          transposeA: transposeA, b, ldb: transposeB ? k : n, transposeB: transposeB, &result, ldc: n, alpha: alpha,
          beta: beta, crew: crew)
      }
      return result
    }

    func reference(alpha: Float, beta: Float) -> [Float] {
      var result = c
      referenceProduct(
        m, n, k, a, lda: transposeA ? m : k, transposeA: transposeA, b, ldb: transposeB ? k : n,
        transposeB: transposeB, &result, ldc: n, alpha: alpha, beta: beta)
      return result
    }
  }

  /// Around every edge of tiles (6 × 16), blocks (96 × 256 × 384) and ways to go (32 and 64 rows).
  static let sizes: [(Int, Int, Int)] = [
    (1, 1, 1), (1, 300, 40), (2, 9, 17), (5, 16, 384), (6, 15, 385), (7, 17, 8), (8, 8, 800), (16, 131, 70),
    (33, 64, 400), (64, 48, 33), (65, 80, 33), (97, 257, 20), (200, 70, 769),
  ]

  @Test("agree with an independent library at every edge of the blocks, transposed or not")
  func edges() {
    for (m, n, k) in Self.sizes {
      for (transposeA, transposeB) in [(false, false), (true, false), (false, true), (true, true)] {
        let task = Case(m, n, k, transposeA, transposeB)
        for (alpha, beta) in [(Float(1), Float(0)), (0.5, 1)] {
          let (ours, theirs) = (task.product(alpha: alpha, beta: beta), task.reference(alpha: alpha, beta: beta))
          let worst = zip(ours, theirs).map { abs($0 - $1) }.max() ?? 0
          #expect(worst < 2e-5 * Float(k + 10), "\(m)×\(n)×\(k) \(transposeA) \(transposeB)")
          #expect(ours.suffix(16) == task.c.suffix(16), "wrote behind C")
        }
      }
    }
  }

  @Test("an element is one chain of fused multiply-adds in the order of the depth, wherever in a tile it lies")
  func chains() {
    for (m, n, k) in [(1, 16, 40), (12, 32, 384), (13, 47, 100), (25, 80, 33), (97, 70, 200)] {
      for (transposeA, transposeB) in [(false, false), (true, false), (false, true), (true, true)] {
        let task = Case(m, n, k, transposeA, transposeB)
        let product = task.product()
        for row in 0..<m {
          for column in 0..<n {
            var sum: Float = 0
            for step in 0..<k {
              let a = task.a[transposeA ? step * m + row : row * k + step]
              sum.addProduct(a, task.b[transposeB ? column * k + step : step * n + column])
            }
            #expect(product[row * n + column] == sum, "\(m)×\(n)×\(k) \(transposeA) \(transposeB): \(row), \(column)")
          }
        }
      }
    }
  }

  @Test("a row is the same bits alone, among others, and with any number of workers")
  func rowsAreIndependent() {
    for transposeB in [false, true] {
      let task = Case(100, 150, 500, false, transposeB)
      let whole = task.product()
      for rows in [0..<1, 3..<5, 9..<42, 20..<100] {
        let alone = task.product(rows: rows).prefix(rows.count * 150)
        #expect(alone == whole[rows.lowerBound * 150..<rows.upperBound * 150])
      }
      for workers in 2...4 {
        Crew.gather(workers) { crew in #expect(task.product(crew: crew) == whole) }
      }
    }
    // Few columns: the crew shares rows.
    let narrow = Case(1_000, 20, 64, true, false)
    Crew.gather(3) { crew in #expect(narrow.product(crew: crew) == narrow.product()) }
  }
}

@Suite("A crew")
struct CrewTests {
  @Test("does each part of each operation once, whatever the number of workers and parts")
  func everyPartOnce() {
    for workers in 1...4 {
      Crew.gather(workers) { crew in
        for parts in [0, 1, 2, 3, 7, 100] {
          for _ in 0..<50 {
            let counts = Mutex([Int](repeating: 0, count: parts))
            crew.run(parts: parts) { part in counts.withLock { $0[part] += 1 } }
            #expect(counts.withLock { $0.allSatisfy { $0 == 1 } })
          }
        }
      }
    }
  }

  @Test("cuts a range into runs that cover it, at multiples of the grain")
  func splits() {
    Crew.gather(3) { crew in
      for (count, grain) in [(0, 1), (1, 1), (10, 4), (50, 16), (7, 16)] {
        let seen = Mutex([Range<Int>]())
        crew.split(count, grain: grain) { range in seen.withLock { $0.append(range) } }
        let runs = seen.withLock { $0.sorted { $0.lowerBound < $1.lowerBound } }
        #expect(runs.flatMap { Array($0) } == Array(0..<count))
        #expect(runs.allSatisfy { $0.lowerBound % grain == 0 })
      }
    }
  }
}

@Suite("Draws")
struct DrawTests {
  @Test("fall on each index in proportion to its share, and never on a share of nothing")
  func proportional() {
    var p = [Float](repeating: 0, count: 1_000)
    for i in stride(from: 3, to: 1_000, by: 10) { p[i] = Float(i % 7 + 1) / 100 }
    let total = p.reduce(0, +)
    var counts = [Int](repeating: 0, count: 1_000)
    let draws = 100_000
    for i in 0..<draws { counts[drawIndex(1_000, p, at: (Float(i) + 0.5) / Float(draws))] += 1 }
    for i in p.indices { #expect(abs(Float(counts[i]) - Float(draws) * p[i] / total) <= 8) }
    #expect(p[drawIndex(1_000, p, at: 0)] > 0 && p[drawIndex(1_000, p, at: 0.999_999_9)] > 0)
  }
}

@Suite("Packed matrices")
struct PackedMatrixTests {
  @Test("give the bits of a layer that reads its matrix where it is, with any number of workers")
  func sameBits() {
    for (inputs, outputs, order) in [
      (5, 7, MatrixOrder.inputsFirst), (400, 33, .inputsFirst), (96, 300, .inputsFirst), (800, 160, .inputsFirst),
      (5, 7, .outputsFirst), (400, 33, .outputsFirst), (390, 300, .outputsFirst),
    ] {
      let shape = LinearShape(inputs: inputs, outputs: outputs, order: order)
      let (weight, bias) = (floats(inputs * outputs, seed: 1), floats(outputs, seed: 2))
      for rows in [1, 6, 16, 40, 130] {
        let (x, residual) = (floats(rows * inputs, seed: 3), floats(rows * outputs, seed: 4))
        for usesBoth in [false, true] {
          var expected = [Float](repeating: 9, count: rows * outputs)
          residual.withUnsafeBufferPointer { residual in
            let residual = usesBoth ? residual.baseAddress : nil
            bias.withUnsafeBufferPointer { bias in
              let bias = usesBoth ? bias.baseAddress : nil
              linear(shape, rows: rows, x: x, weight: weight, bias: bias, residual: residual, y: &expected)
              for workers in 1...3 {
                Crew.gather(workers) { crew in
                  var y = [Float](repeating: 7, count: rows * outputs)
                  PackedMatrix(shape, weight: weight, crew: crew)
                    .linear(rows: rows, x: x, bias: bias, residual: residual, y: &y, crew: crew)
                  #expect(y == expected)
                }
              }
            }
          }
        }
      }
    }
  }
}
