import Core
import Tensors

/// BERT's head for sequence classification: tanh(pooled · P + p) · W + w, then softmax over K labels.
public struct ClassificationHead: Sendable {
  public let width: Int
  public let labels: Int
  /// P[C,C], p[C], W[C,K], w[K], one after the other.
  public var values: [Float]

  private var poolerBias: Int { width * width }
  private var outputWeight: Int { poolerBias + width }
  private var outputBias: Int { outputWeight + width * labels }

  /// - Parameter values: as many as `count(width:labels:)`.
  public init(width: Int, labels: Int, values: [Float]) {
    self.width = width
    self.labels = labels
    self.values = values
  }

  /// A random head: N(0, 0.02²), biases zero.
  public init(width: Int, labels: Int, seed: UInt64) {
    var generator = SeededGenerator(seed: seed, stream: "classification head")
    var values = [Float](repeating: 0, count: Self.count(width: width, labels: labels))
    for i in 0..<width * width { values[i] = 0.02 * Float(generator.normal()) }
    let start = width * width + width
    for i in start..<start + width * labels { values[i] = 0.02 * Float(generator.normal()) }
    self.init(width: width, labels: labels, values: values)
  }

  public static func count(width: Int, labels: Int) -> Int { width * width + width + width * labels + labels }

  /// Reads the head of a checkpoint.
  /// - Throws: `SluiceError` (usage) for a missing or wrongly shaped tensor.
  init(_ architecture: Architecture, labels: Int, from source: some TensorSource) throws {
    let (c, k) = (architecture.width, labels)
    let names = Self.names(architecture.family)
    /// Stored [outputs, inputs]; here inputs come first.
    func transposed(_ name: String, _ outputs: Int) throws -> [Float] {
      let stored = try source.tensor(name + ".weight", shape: [outputs, c])
      return (0..<c * outputs).map { stored[($0 % outputs) * c + $0 / outputs] }
    }
    self.init(
      width: c, labels: k,
      values: try transposed(names.pooler, c) + source.tensor(names.pooler + ".bias", shape: [c])
        + transposed(names.output, k) + source.tensor(names.output + ".bias", shape: [k]))
  }

  /// The tensors to write.
  func tensors(_ family: Architecture.Family) -> [(name: String, shape: [Int], values: [Float])] {
    let names = Self.names(family)
    func transposed(_ start: Int, _ outputs: Int) -> [Float] {
      (0..<width * outputs).map { values[start + ($0 % width) * outputs + $0 / width] }
    }
    return [
      (names.pooler + ".weight", [width, width], transposed(0, width)),
      (names.pooler + ".bias", [width], Array(values[poolerBias..<outputWeight])),
      (names.output + ".weight", [labels, width], transposed(outputWeight, labels)),
      (names.output + ".bias", [labels], Array(values[outputBias...])),
    ]
  }

  /// RoBERTa's head holds its own pooler.
  private static func names(_ family: Architecture.Family) -> (pooler: String, output: String) {
    family == .roberta ? ("classifier.dense", "classifier.out_proj") : ("bert.pooler.dense", "classifier")
  }

  /// Label probabilities [K] for each pooled vector [C].
  public func probabilities(_ pooled: [[Float]]) -> [[Float]] {
    pooled.map { vector in
      let (_, logits) = forward(vector)
      return Self.softmaxed(logits)
    }
  }

  /// Mean cross-entropy over the batch, its gradient on the pooled vectors, and on the head.
  public func loss(
    _ pooled: [[Float]], labels targets: [Int]
  ) -> (value: Double, slopes: [[Float]], gradient: [Float]) {
    var gradient = [Float](repeating: 0, count: values.count)
    var slopes: [[Float]] = []
    var total = 0.0
    let scale = 1 / Float(pooled.count)
    for (vector, target) in zip(pooled, targets) {
      let (activated, logits) = forward(vector)
      var d = Self.softmaxed(logits)
      total -= Double(max(d[target], 1e-30)).naturalLogarithm
      d[target] -= 1
      var dActivated = [Float](repeating: 0, count: width)
      for k in 0..<labels {
        let slope = d[k] * scale
        gradient[outputBias + k] += slope
        for i in 0..<width {
          gradient[outputWeight + i * labels + k] += slope * activated[i]
          dActivated[i] += slope * values[outputWeight + i * labels + k]
        }
      }
      var slope = [Float](repeating: 0, count: width)
      for o in 0..<width {
        let inner = dActivated[o] * (1 - activated[o] * activated[o])
        gradient[poolerBias + o] += inner
        for i in 0..<width {
          gradient[i * width + o] += inner * vector[i]
          slope[i] += inner * values[i * width + o]
        }
      }
      slopes.append(slope)
    }
    return (total / Double(pooled.count), slopes, gradient)
  }

  private func forward(_ vector: [Float]) -> (activated: [Float], logits: [Float]) {
    var activated = [Float](repeating: 0, count: width)
    var logits = [Float](repeating: 0, count: labels)
    values.withUnsafeBufferPointer { buffer in
      vector.withUnsafeBufferPointer { input in
        guard let p = buffer.baseAddress, let x = input.baseAddress else { return }
        linear(
          LinearShape(inputs: width, outputs: width, order: .inputsFirst), rows: 1, x: x, weight: p,
          bias: p + poolerBias, y: &activated)
        hyperbolicTangent(width, activated, &activated)
        linear(
          LinearShape(inputs: width, outputs: labels, order: .inputsFirst), rows: 1, x: activated,
          weight: p + outputWeight, bias: p + outputBias, y: &logits)
      }
    }
    return (activated, logits)
  }

  private static func softmaxed(_ logits: [Float]) -> [Float] {
    var result = logits
    _ = result.withUnsafeMutableBufferPointer { buffer in
      buffer.baseAddress.map { softmax(buffer.count, $0) }
    }
    return result
  }
}
