import Foundation
import Testing

@testable import Tensors

@Suite("Parts of gated blocks against formulas and finite differences")
struct GatedBlockTests {
  /// Holds a gradient against central differences of Σ output · dOut.
  func check(
    _ values: [Float], _ gradient: [Float], tolerance: Double = 5e-3, _ loss: ([Float]) -> Double
  ) {
    for i in values.indices {
      var (up, down) = (values, values)
      up[i] += 0.01
      down[i] -= 0.01
      #expect(abs((loss(up) - loss(down)) / 0.02 - Double(gradient[i])) < tolerance, "element \(i)")
    }
  }

  @Test("RMS norm, with and without a residual")
  func rms() {
    let (n, c) = (3, 13)
    let (x, gain, dy, base) = (
      floats(n * c, seed: 4), floats(c, seed: 5), floats(n * c, seed: 7), floats(n * c, seed: 1)
    )
    func forward(_ x: [Float], _ gain: [Float]) -> (y: [Float], rstd: [Float]) {
      var y = x
      var rstd = [Float](repeating: 0, count: n)
      rmsNorm(rows: n, width: c, epsilon: 1e-6, x: x, gain: gain, y: &y, rstd: &rstd)
      return (y, rstd)
    }
    let result = forward(x, gain)
    for row in 0..<n {
      let values = x[row * c..<(row + 1) * c].map { Double($0) }
      let square = values.reduce(0) { $0 + $1 * $1 } / Double(c)
      for i in 0..<c {
        #expect(abs(Double(result.y[row * c + i]) - values[i] / (square + 1e-6).squareRoot() * Double(gain[i])) < 1e-5)
      }
    }
    var added = x
    var rstd = result.rstd
    rmsNorm(rows: n, width: c, epsilon: 1e-6, x: x, gain: gain, residual: base, y: &added, rstd: &rstd)
    for i in added.indices { #expect(abs(added[i] - result.y[i] - base[i]) < 1e-5) }
    var dx = [Float](repeating: 9, count: n * c)
    var dGain = [Float](repeating: 0, count: c)
    rmsNormBackward(
      rows: n, width: c, x: x, gain: gain, rstd: result.rstd, dy: dy, dx: &dx, accumulate: false, dGain: &dGain)
    func loss(_ x: [Float], _ gain: [Float]) -> Double {
      zip(forward(x, gain).y, dy).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    }
    check(x, dx) { loss($0, gain) }
    check(gain, dGain) { loss(x, $0) }
    var twice = dx
    rmsNormBackward(
      rows: n, width: c, x: x, gain: gain, rstd: result.rstd, dy: dy, dx: &twice, accumulate: true, dGain: nil)
    for i in dx.indices { #expect(abs(twice[i] - 2 * dx[i]) < 1e-5) }
  }

  @Test("query and key norms leave values alone")
  func heads() {
    let shape = AttentionShape(heads: 4, keyValueHeads: 2, headSize: 6, isCausal: true)
    let n = 2
    let x = floats(n * shape.rowWidth, seed: 2)
    let (queryGain, keyGain) = (floats(6, seed: 3), floats(6, seed: 4))
    let dy = floats(x.count, seed: 5)
    func forward(_ x: [Float], _ queryGain: [Float], _ keyGain: [Float]) -> (y: [Float], rstd: [Float]) {
      var y = x.map { _ in Float(7) }
      var rstd = [Float](repeating: 0, count: n * 6)
      headNorm(
        shape, rows: n, epsilon: 1e-6, qkv: x, queryGain: queryGain, keyGain: keyGain, normed: &y, rstd: &rstd)
      return (y, rstd)
    }
    let result = forward(x, queryGain, keyGain)
    for row in 0..<n {
      for head in 0..<8 {
        let place = row * shape.rowWidth + head * 6
        let values = x[place..<place + 6].map { Double($0) }
        let r = 1 / (values.reduce(0) { $0 + $1 * $1 } / 6 + 1e-6).squareRoot()
        for i in 0..<6 {
          let exact =
            head < 4 ? values[i] * r * Double(queryGain[i]) : head < 6 ? values[i] * r * Double(keyGain[i]) : values[i]
          #expect(abs(Double(result.y[place + i]) - exact) < 1e-5)
        }
      }
    }
    var dx = x
    var dQuery = [Float](repeating: 0, count: 6)
    var dKey = dQuery
    headNormBackward(
      shape, rows: n, qkv: x, queryGain: queryGain, keyGain: keyGain, rstd: result.rstd, dNormed: dy, dqkv: &dx,
      dQueryGain: &dQuery, dKeyGain: &dKey)
    func loss(_ x: [Float], _ queryGain: [Float], _ keyGain: [Float]) -> Double {
      zip(forward(x, queryGain, keyGain).y, dy).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    }
    check(x, dx) { loss($0, queryGain, keyGain) }
    check(queryGain, dQuery) { loss(x, $0, keyGain) }
    check(keyGain, dKey) { loss(x, queryGain, $0) }
  }

  @Test("gated activations", arguments: [Activation.silu, .geluTanh, .geluErf])
  func gated(_ activation: Activation) {
    let (n, f) = (2, 11)
    let x = floats(n * 2 * f, seed: 6)
    let dy = floats(n * f, seed: 7)
    func forward(_ x: [Float]) -> [Float] {
      var y = [Float](repeating: 0, count: n * f)
      activation.gatedForward(rows: n, width: f, x: x, y: &y)
      return y
    }
    let y = forward(x)
    var plain = x
    activation.forward(x.count, x, &plain)
    for row in 0..<n {
      for i in 0..<f {
        #expect(abs(y[row * f + i] - plain[row * 2 * f + i] * x[row * 2 * f + f + i]) < 1e-6)
      }
    }
    var dx = x
    activation.gatedBackward(rows: n, width: f, x: x, dy: dy, dx: &dx)
    check(x, dx) { zip(forward($0), dy).reduce(0) { $0 + Double($1.0) * Double($1.1) } }
  }

  @Test("a rotation turns pairs of both halves, and its inverse turns them back")
  func rotary() {
    let frequencies: [Float] = [1, 0.1, 0.01]
    let table = RotaryTable(frequencies: frequencies, positions: 40)
    let x = floats(2 * 14, seed: 8)
    var y = x
    // Two heads of six in rows of fourteen: the rest stays.
    table.rotate(rows: 2, heads: 2, headSize: 6, stride: 14, positions: [3, 39], x: &y)
    for (row, position) in [(0, 3.0), (1, 39.0)] {
      for head in 0..<2 {
        for i in 0..<3 {
          let place = row * 14 + head * 6 + i
          let angle = position * Double(frequencies[i])
          let (a, b) = (Double(x[place]), Double(x[place + 3]))
          #expect(abs(Double(y[place]) - (a * cos(angle) - b * sin(angle))) < 1e-5)
          #expect(abs(Double(y[place + 3]) - (b * cos(angle) + a * sin(angle))) < 1e-5)
        }
      }
      #expect(y[row * 14 + 12] == x[row * 14 + 12] && y[row * 14 + 13] == x[row * 14 + 13])
    }
    table.rotate(rows: 2, heads: 2, headSize: 6, stride: 14, positions: [3, 39], x: &y, inverse: true)
    for (a, b) in zip(x, y) { #expect(abs(a - b) < 1e-5) }
  }

  @Test("a rotation of a head's first dimensions leaves the others as they are, and a magnitude scales what is turned")
  func partialRotary() {
    let x = floats(16, seed: 9)
    var (plain, scaled) = (x, x)
    RotaryTable(frequencies: [1, 0.1], positions: 8)
      .rotate(rows: 1, heads: 2, headSize: 8, stride: 16, positions: [7], x: &plain)
    RotaryTable(frequencies: [1, 0.1], positions: 8, magnitude: 1.5)
      .rotate(rows: 1, heads: 2, headSize: 8, stride: 16, positions: [7], x: &scaled)
    for i in 0..<16 {
      if i % 8 < 4 {
        #expect(abs(scaled[i] - 1.5 * plain[i]) < 1e-5 && plain[i] != x[i])
      } else {
        #expect(scaled[i] == x[i] && plain[i] == x[i])
      }
    }
  }

  @Test(
    "linear layers of both orders, with bias and residual, and their gradients",
    arguments: [
      MatrixOrder.inputsFirst, .outputsFirst,
    ])
  func linearLayers(_ order: MatrixOrder) {
    let (n, i, o) = (3, 4, 5)
    let shape = LinearShape(inputs: i, outputs: o, order: order)
    let (x, w, bias, residual) = (
      floats(n * i, seed: 1), floats(i * o, seed: 2), floats(o, seed: 3), floats(n * o, seed: 4)
    )
    func forward(_ x: [Float], _ w: [Float]) -> [Float] {
      var y = [Float](repeating: 9, count: n * o)
      linear(shape, rows: n, x: x, weight: w, bias: bias, residual: residual, y: &y)
      return y
    }
    let y = forward(x, w)
    for row in 0..<n {
      for column in 0..<o {
        let product = (0..<i).reduce(Float(0)) {
          $0 + x[row * i + $1] * (order == .inputsFirst ? w[$1 * o + column] : w[column * i + $1])
        }
        #expect(abs(y[row * o + column] - product - bias[column] - residual[row * o + column]) < 1e-4)
      }
    }
    let dy = floats(n * o, seed: 5)
    func loss(_ x: [Float], _ w: [Float]) -> Double {
      zip(forward(x, w), dy).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    }
    var dx = x
    linearInputGradient(shape, rows: n, dy: dy, weight: w, dx: &dx)
    var dw = [Float](repeating: 0, count: w.count)
    linearWeightGradient(shape, rows: n, x: x, dy: dy, dWeight: &dw)
    check(x, dx) { loss($0, w) }
    check(w, dw) { loss(x, $0) }
  }
}
