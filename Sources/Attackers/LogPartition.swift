import LanguageModels

/// log Z of trajectory balance, learned beside the policy.
///
/// C = width of the model. As a scalar it is one number, moved by plain gradient steps. As a linear head (as Lee et al.,
/// ICLR 2025, have it) it is w·h + b, where h [C] is the mean of the policy's last states over the meta prompt, moved by AdamW; h
/// itself gets no gradient from it.
struct LogPartition: Sendable, Codable {
  /// w [C] and b; b alone for a scalar.
  private var parameters: [Float]
  private var step = 0
  private var first: [Float]
  private var second: [Float]

  /// - Parameter width: C; 0 for a scalar.
  init(width: Int) {
    parameters = [Float](repeating: 0, count: width + 1)
    first = parameters
    second = parameters
  }

  /// Whether what was read back fits together.
  var isWhole: Bool { width >= 0 && first.count == parameters.count && second.count == parameters.count }

  /// C; 0 for a scalar.
  var width: Int { parameters.count - 1 }

  /// - Parameter state: h [C]; empty for a scalar.
  func value(_ state: [Float]) -> Double {
    zip(parameters, state + [1]).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
  }

  /// One step against ∂loss/∂log Z.
  mutating func update(slope: Double, state: [Float], learningRate: Double) {
    guard width > 0 else {
      parameters[0] -= Float(learningRate * slope)
      return
    }
    var optimizer = AdamW(
      restoring: AdamW(count: parameters.count, learningRate: Float(learningRate)), step: step, first: first,
      second: second)
    optimizer.update(&parameters, gradient: (state + [1]).map { Float(slope) * $0 })
    (step, first, second) = (optimizer.step, optimizer.first, optimizer.second)
  }
}
