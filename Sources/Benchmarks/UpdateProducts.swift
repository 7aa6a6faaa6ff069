import Foundation
import ReferenceProduct
import Synchronization
import Tensors

/// The matrix products of an update, alone: what the update would take if it consisted of nothing else.
///
/// Workers share the columns of each product, as in the engine, and read weights as scattered as a model's, so that the
/// rollout's products are as bound by memory here as there. Each is made by OpenBLAS.
struct UpdateProducts {
  private struct Product {
    let rows: Int
    let inputs: Int
    let outputs: Int
    var transposed = false
    /// How often an update makes it.
    let count: Int
  }

  private let products: [Product]
  private let workers: Int

  init(_ size: UpdateTask.Size, workers: Int) {
    let (c, l, v) = (size.width, size.layers, size.vocabulary)
    let batch = size.batch
    // Rows of a teacher-forced pass, and those of them that predict.
    let rows = size.prefix + batch * (size.length - 1)
    let predicting = 1 + batch * (size.length - 1)
    let layer = [(c, 3 * c), (c, c), (c, 4 * c), (4 * c, c)]
    func layers(_ rows: Int, times: Int, backward: Bool = false) -> [Product] {
      layer.map { inputs, outputs in
        backward
          ? Product(rows: rows, inputs: outputs, outputs: inputs, transposed: true, count: l * times)
          : Product(rows: rows, inputs: inputs, outputs: outputs, count: l * times)
      }
    }
    products =
      layers(size.prefix, times: 1) + layers(batch, times: size.length - 1)
      + [Product(rows: 1, inputs: c, outputs: v, transposed: true, count: 1)]
      + [Product(rows: batch, inputs: c, outputs: v, transposed: true, count: size.length - 1)]
      // The reference forward, then the policy backward: its forward pass was the rollout.
      + layers(rows, times: 1)
      + [Product(rows: predicting, inputs: c, outputs: v, transposed: true, count: 1)]
      + layers(rows, times: 1, backward: true) + [Product(rows: predicting, inputs: v, outputs: c, count: 1)]
    self.workers = workers
  }

  /// Seconds of all products with every worker busy.
  func seconds() -> Double {
    products.reduce(0.0) { $0 + Double($1.count) * measure($1) }
  }

  /// Seconds of one product, the median of several, while all workers do the same.
  private func measure(_ product: Product) -> Double {
    let repeats = max(3, min(200, 2_000_000_000 / (2 * product.rows * product.inputs * product.outputs)))
    let weight = product.inputs * product.outputs
    // As many matrices as exceed the caches, up to a model's size.
    let matrices = min(repeats, max(1, 80_000_000 / weight))
    let weights = [Float](inLargePages: matrices * weight) { $0.update(repeating: 0.01) }
    let taken = Mutex<[Double]>([])
    DispatchQueue.concurrentPerform(iterations: workers) { _ in
      // Its share of the columns.
      let outputs = (product.outputs + workers - 1) / workers
      let x = [Float](inLargePages: product.rows * product.inputs) { $0.update(repeating: 0.5) }
      var y = [Float](inLargePages: product.rows * outputs) { $0.update(repeating: 0) }
      var times: [Double] = []
      weights.withUnsafeBufferPointer { w in
        x.withUnsafeBufferPointer { x in
          y.withUnsafeMutableBufferPointer { y in
            guard let w = w.baseAddress, let x = x.baseAddress, let y = y.baseAddress else { return }
            for turn in 0..<repeats {
              let began = ContinuousClock.now
              referenceProduct(
                product.rows, outputs, product.inputs, x, lda: product.inputs, w + turn % matrices * weight,
                ldb: product.transposed ? product.inputs : product.outputs, transposeB: product.transposed, y,
                ldc: outputs)
              times.append((ContinuousClock.now - began) / .seconds(1))
            }
          }
        }
      }
      let median = EngineBenchmark.median(times)
      taken.withLock { $0.append(median) }
    }
    return EngineBenchmark.median(taken.withLock { $0 })
  }
}
