import Foundation
import Testing

@testable import Tensors

/// Floats that repeat exactly from a seed, in [-2, 2].
func floats(_ count: Int, seed: UInt64) -> [Float] {
  var x = seed &* 0x9e37_79b9_7f4a_7c15 | 1
  return (0..<count).map { _ in
    x ^= x << 13
    x ^= x >> 7
    x ^= x << 17
    return Float(x >> 40) * 0x1p-22 - 2
  }
}

@Suite("Operations against naive references")
struct OperationTests {
  @Test("matrix products agree with three loops, transposed or not")
  func products() {
    let (m, n, k) = (5, 7, 11)
    for (transposeA, transposeB) in [(false, false), (true, false), (false, true), (true, true)] {
      let a = floats(m * k, seed: 1)
      let b = floats(k * n, seed: 2)
      var c = floats(m * n, seed: 3)
      let start = c
      matrixProduct(
        m, n, k, a, lda: transposeA ? m : k, transposeA: transposeA, b, ldb: transposeB ? k : n,
        transposeB: transposeB, &c, ldc: n, alpha: 0.5, beta: 1)
      for i in 0..<m {
        for j in 0..<n {
          var sum = 0.0
          for l in 0..<k {
            sum += Double(transposeA ? a[l * m + i] : a[i * k + l]) * Double(transposeB ? b[j * k + l] : b[l * n + j])
          }
          #expect(abs(Double(c[i * n + j]) - (Double(start[i * n + j]) + 0.5 * sum)) < 1e-4)
        }
      }
    }
  }

  @Test("exponential and tanh keep their stated error over their range")
  func transcendental() {
    let x = (0..<20_003).map { Float($0) / 115 - 87 }
    var y = [Float](repeating: 0, count: x.count)
    exponential(x.count, x, &y)
    for (x, y) in zip(x, y) {
      let exact = Foundation.exp(Double(x))
      #expect(abs(Double(y) - exact) <= 3e-7 * exact)
    }
    let t = (0..<20_003).map { Float($0) / 1000 - 10 }
    hyperbolicTangent(t.count, t, &y)
    for (x, y) in zip(t, y) { #expect(abs(Double(y) - Foundation.tanh(Double(x))) < 4e-7) }
    errorFunction(t.count, t, &y)
    for (x, y) in zip(t, y) { #expect(abs(Double(y) - Foundation.erf(Double(x))) < 5e-7) }
  }

  @Test(
    "activations agree with their formulas, slopes with finite differences",
    arguments: [Activation.geluTanh, .geluErf, .silu])
  func activations(_ activation: Activation) {
    let x = (0..<203).map { Float($0) / 20 - 5 }
    var y = x
    var up = x
    var down = x
    var slope = x
    activation.forward(x.count, x, &y)
    activation.forward(x.count, x.map { $0 + 0.01 }, &up)
    activation.forward(x.count, x.map { $0 - 0.01 }, &down)
    activation.backward(x.count, x, [Float](repeating: 1, count: x.count), &slope)
    for i in x.indices {
      let v = Double(x[i])
      let exact =
        switch activation {
        case .geluErf: 0.5 * v * (1 + Foundation.erf(v / 2.0.squareRoot()))
        case .geluTanh: 0.5 * v * (1 + Foundation.tanh((2 / Double.pi).squareRoot() * (v + 0.044715 * v * v * v)))
        case .silu: v / (1 + Foundation.exp(-v))
        }
      #expect(abs(Double(y[i]) - exact) < 2e-6)
      #expect(abs((up[i] - down[i]) / 0.02 - slope[i]) < 1e-3)
    }
  }

  @Test("layer norm agrees with its formula; its gradients with finite differences")
  func norms() {
    let (n, c) = (3, 13)
    let x = floats(n * c, seed: 4)
    let gamma = floats(c, seed: 5)
    let beta = floats(c, seed: 6)
    let dy = floats(n * c, seed: 7)
    func forward(_ x: [Float], _ gamma: [Float], _ beta: [Float]) -> (y: [Float], statistics: [Float]) {
      var y = x
      var statistics = [Float](repeating: 0, count: 2 * n)
      layerNorm(rows: n, width: c, epsilon: 1e-5, x: x, gamma: gamma, beta: beta, y: &y, statistics: &statistics)
      return (y, statistics)
    }
    let result = forward(x, gamma, beta)
    for row in 0..<n {
      let values = x[row * c..<(row + 1) * c].map { Double($0) }
      let mean = values.reduce(0, +) / Double(c)
      let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(c)
      for i in 0..<c {
        let exact = (values[i] - mean) / (variance + 1e-5).squareRoot() * Double(gamma[i]) + Double(beta[i])
        #expect(abs(Double(result.y[row * c + i]) - exact) < 1e-5)
      }
    }
    var dx = [Float](repeating: 9, count: n * c)
    var dGamma = [Float](repeating: 0, count: c)
    var dBeta = dGamma
    var scratch = [Float](repeating: 0, count: 2 * c)
    layerNormBackward(
      rows: n, width: c, x: x, gamma: gamma, statistics: result.statistics, dy: dy, dx: &dx, accumulate: false,
      dGamma: &dGamma, dBeta: &dBeta, scratch: &scratch)
    func loss(_ x: [Float], _ gamma: [Float], _ beta: [Float]) -> Double {
      zip(forward(x, gamma, beta).y, dy).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    }
    func check(_ values: [Float], _ gradient: [Float], _ loss: ([Float]) -> Double) {
      for i in values.indices {
        var (up, down) = (values, values)
        up[i] += 0.01
        down[i] -= 0.01
        #expect(abs((loss(up) - loss(down)) / 0.02 - Double(gradient[i])) < 2e-2)
      }
    }
    check(x, dx) { loss($0, gamma, beta) }
    check(gamma, dGamma) { loss(x, $0, beta) }
    check(beta, dBeta) { loss(x, gamma, $0) }
  }

  @Test("log-sum-exp neither overflows nor loses its terms")
  func logSums() {
    let x: [Float] = [1000, 1000, 998] + [Float](repeating: -1000, count: 10)
    #expect(abs(logSumExp(x.count, x) - 1000.758_5) < 1e-3)
    var p = x
    softmax(p.count, &p)
    #expect(abs(p.reduce(0, +) - 1) < 1e-6 && p[2] > 0.06)
  }

  @Test(
    "probabilities and log-sum-exp of one pass are the bits of two", arguments: [1, 7, 8, 15, 16, 17, 47, 1_000, 4_099])
  func onePass(_ n: Int) {
    let x = floats(n, seed: UInt64(n)).map { 15 * $0 }
    var (two, one) = (x, [Float](repeating: .nan, count: n))
    softmax(n, &two)
    let total = softmax(n, of: x, into: &one)
    #expect(one.map(\.bitPattern) == two.map(\.bitPattern))
    #expect(total.bitPattern == logSumExp(n, x).bitPattern)
  }
}
