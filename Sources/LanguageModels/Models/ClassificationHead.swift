import Core
import Foundation
import Tensors

/// The head of a sequence classifier: f(pooled · P + p), normed where a family does (ModernBERT), then · W + w and softmax
/// over K labels.
public struct ClassificationHead: Sendable {
  /// f.
  public enum Nonlinearity: Hashable, Sendable {
    /// The hyperbolic tangent, as BERT's pooler has it.
    case tanh
    /// One of the feed-forward block's own.
    case activation(Activation)
  }

  /// A layer norm behind f.
  public struct Norm: Hashable, Sendable {
    /// [C].
    public var gain: [Float]
    /// [C]; nil for none.
    public var bias: [Float]?
    /// Added to the variance.
    public var epsilon: Float
  }

  /// C: floats of a pooled vector.
  public let width: Int
  /// K.
  public let labels: Int
  /// P[C,C], p[C], W[C,K], w[K], one after the other.
  public var values: [Float]
  /// f.
  public private(set) var nonlinearity = Nonlinearity.tanh
  /// What follows f; nil for nothing.
  public private(set) var norm: Norm?
  /// Whether the files hold p.
  private var hasInnerBias = true

  private var poolerBias: Int { width * width }
  private var outputWeight: Int { poolerBias + width }
  private var outputBias: Int { outputWeight + width * labels }

  /// A head with tanh, as BERT's.
  /// - Parameter values: as many as `count(width:labels:)`.
  public init(width: Int, labels: Int, values: [Float]) {
    self.width = width
    self.labels = labels
    self.values = values
  }

  /// A random head with tanh: N(0, 0.02²), biases zero.
  public init(width: Int, labels: Int, seed: UInt64) {
    var generator = SeededGenerator(seed: seed, stream: "classification head")
    var values = [Float](repeating: 0, count: Self.count(width: width, labels: labels))
    for i in 0..<width * width { values[i] = 0.02 * Float(generator.normal()) }
    let start = width * width + width
    for i in start..<start + width * labels { values[i] = 0.02 * Float(generator.normal()) }
    self.init(width: width, labels: labels, values: values)
  }

  /// Floats of a head: C·C + C + C·K + K.
  public static func count(width: Int, labels: Int) -> Int { width * width + width + width * labels + labels }

  /// Reads the head of a checkpoint.
  /// - Throws: `SluiceError` (usage) for a missing or wrongly shaped tensor, one that the head would leave out, or a
  ///   nonlinearity that isn't supported.
  init(
    _ architecture: Architecture, labels: Int, _ configuration: CheckpointConfiguration, from source: some TensorSource
  ) throws {
    let (c, k) = (architecture.width, labels)
    let names = Names(architecture.family)
    /// Stored [outputs, inputs]; here inputs come first.
    func transposed(_ name: String, _ outputs: Int) throws -> [Float] {
      let stored = try source.tensor(name + ".weight", shape: [outputs, c])
      return (0..<c * outputs).map { stored[($0 % outputs) * c + $0 / outputs] }
    }
    var hasInnerBias = true
    var norm: Norm?
    switch architecture.family {
    case .debertaV2: nonlinearity = try .init(configuration, "pooler_hidden_act")
    case .modernBERT:
      nonlinearity = try .init(configuration, "classifier_activation")
      hasInnerBias = try configuration.bool("classifier_bias", default: false)
      norm = Norm(
        gain: try source.tensor("head.norm.weight", shape: [c]),
        bias: architecture.hasNormBias ? try source.tensor("head.norm.bias", shape: [c]) : nil,
        epsilon: architecture.epsilon)
    default: nonlinearity = .tanh
    }
    let inner =
      hasInnerBias
      ? try source.tensor(names.inner + ".bias", shape: [c]) : [Float](repeating: 0, count: c)
    width = c
    self.labels = k
    values =
      try transposed(names.inner, c) + inner + transposed(names.output, k)
      + source.tensor(names.output + ".bias", shape: [k])
    self.hasInnerBias = hasInnerBias
    self.norm = norm
    let used = Set(tensors(architecture.family).map(\.name))
    if let stray = source.names.filter({ name in names.all.contains(where: name.hasPrefix) && !used.contains(name) })
      .min()
    {
      throw SluiceError.badInput(
        "tensor \(brief(stray)) is stored, and a head as the configuration describes it has no such weights",
        file: source.path, remedy: "Use the configuration that was saved with these weights.")
    }
  }

  /// The tensors to write.
  func tensors(_ family: Architecture.Family) -> [(name: String, shape: [Int], values: [Float])] {
    let names = Names(family)
    func transposed(_ start: Int, _ outputs: Int) -> [Float] {
      (0..<width * outputs).map { values[start + ($0 % width) * outputs + $0 / width] }
    }
    var tensors: [(name: String, shape: [Int], values: [Float])] = [
      (names.inner + ".weight", [width, width], transposed(0, width))
    ]
    if hasInnerBias { tensors.append((names.inner + ".bias", [width], Array(values[poolerBias..<outputWeight]))) }
    if let norm {
      tensors.append(("head.norm.weight", [width], norm.gain))
      if let bias = norm.bias { tensors.append(("head.norm.bias", [width], bias)) }
    }
    return tensors + [
      (names.output + ".weight", [labels, width], transposed(outputWeight, labels)),
      (names.output + ".bias", [labels], Array(values[outputBias...])),
    ]
  }

  /// The `config.json` keys that tell the head.
  func configurationEntries(_ family: Architecture.Family) -> [String: Any] {
    switch family {
    case .debertaV2: ["pooler_hidden_act": nonlinearity.name]
    case .modernBERT: ["classifier_activation": nonlinearity.name, "classifier_bias": hasInnerBias]
    default: [:]
    }
  }

  /// What the head's tensors are called.
  private struct Names {
    let inner: String
    let output: String
    /// What begins the names of all.
    let all: [String]

    init(_ family: Architecture.Family) {
      switch family {
      // Their heads hold their own poolers.
      case .roberta, .xlmRoberta: (inner, output, all) = ("classifier.dense", "classifier.out_proj", ["classifier."])
      case .debertaV2: (inner, output, all) = ("pooler.dense", "classifier", ["pooler.", "classifier."])
      case .modernBERT: (inner, output, all) = ("head.dense", "classifier", ["head.", "classifier."])
      default: (inner, output, all) = ("bert.pooler.dense", "classifier", ["bert.pooler.", "classifier."])
      }
    }
  }

  /// Logits [K] for each pooled vector [C].
  func logits(_ pooled: [[Float]]) -> [[Float]] { pooled.map { forward($0).logits } }

  /// Label probabilities [K] for each pooled vector [C].
  public func probabilities(_ pooled: [[Float]]) -> [[Float]] {
    pooled.map { vector in
      let (_, logits) = forward(vector)
      return Self.softmaxed(logits)
    }
  }

  /// Mean cross-entropy over the batch, its gradient on the pooled vectors, and on the head; of heads with tanh and without
  /// a norm.
  public func loss(
    _ pooled: [[Float]], labels targets: [Int]
  ) -> (value: Double, slopes: [[Float]], gradient: [Float]) {
    precondition(nonlinearity == .tanh && norm == nil, "only BERT's head is trained")
    var gradient = [Float](repeating: 0, count: values.count)
    var slopes: [[Float]] = []
    var total = 0.0
    let scale = 1 / Float(pooled.count)
    for (vector, target) in zip(pooled, targets) {
      let (activated, logits) = forward(vector)
      var d = Self.softmaxed(logits)
      total -= Foundation.log(Double(max(d[target], 1e-30)))
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
        switch nonlinearity {
        case .tanh: hyperbolicTangent(width, activated, &activated)
        case .activation(let function): function.forward(width, activated, &activated)
        }
        if let norm { activated = norm.applied(to: activated) }
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

extension ClassificationHead.Norm {
  fileprivate func applied(to vector: [Float]) -> [Float] {
    var result = vector
    var statistics: [Float] = [0, 0]
    func apply(_ beta: UnsafePointer<Float>?) {
      layerNorm(
        rows: 1, width: vector.count, epsilon: epsilon, x: vector, gamma: gain, beta: beta, y: &result,
        statistics: &statistics)
    }
    if let bias { bias.withUnsafeBufferPointer { apply($0.baseAddress) } } else { apply(nil) }
    return result
  }
}

extension ClassificationHead.Nonlinearity {
  /// - Throws: `SluiceError` (usage) for a name that isn't supported.
  fileprivate init(_ configuration: CheckpointConfiguration, _ key: String) throws {
    self =
      try configuration.string(key, default: "gelu") == "tanh"
      ? .tanh : .activation(Activation(configuration, key, default: "gelu"))
  }

  fileprivate var name: String {
    switch self {
    case .tanh: "tanh"
    case .activation(let function): function.configurationName
    }
  }
}
