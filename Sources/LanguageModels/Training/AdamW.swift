import Core

/// AdamW (Loshchilov and Hutter, 2019): decoupled weight decay, bias-corrected moments.
public struct AdamW: Sendable {
  /// Step size, before a schedule's factor.
  public var learningRate: Float
  /// Decay of the first moment.
  public var beta1: Float = 0.9
  /// Decay of the second moment.
  public var beta2: Float = 0.999
  /// Added to the root of the second moment.
  public var epsilon: Float = 1e-8
  /// λ: a step shrinks decaying parameters by the learning rate times this.
  public var weightDecay: Float
  /// Updates so far.
  public private(set) var step = 0
  /// Running means of the gradient, as many as the parameters.
  public private(set) var first: [Float]
  /// Running means of its squares, as many as the parameters.
  public private(set) var second: [Float]

  /// An optimizer that has made no step.
  /// - Parameter count: of the parameters.
  public init(count: Int, learningRate: Float, weightDecay: Float = 0) {
    self.learningRate = learningRate
    self.weightDecay = weightDecay
    first = [Float](repeating: 0, count: count)
    second = [Float](repeating: 0, count: count)
  }

  /// The optimizer of `other` with stored moments put back.
  public init(restoring other: AdamW, step: Int, first: [Float], second: [Float]) {
    self = other
    self.step = step
    self.first = first
    self.second = second
  }

  /// One step on all parameters.
  ///
  /// - Parameters:
  ///   - decays: ranges that weight decay applies to; nil for none.
  ///   - rate: factor on the learning rate (a schedule).
  public mutating func update(
    _ parameters: inout [Float], gradient: [Float], decays: [Range<Int>] = [], rate: Float = 1
  ) {
    step += 1
    let correction1 = 1 - power(beta1, step)
    let correction2 = 1 - power(beta2, step)
    let lr = learningRate * rate
    let size = lr / correction1
    let root = 1 / correction2.squareRoot()
    let (b1, b2, eps) = (beta1, beta2, epsilon)
    if weightDecay > 0 {
      for range in decays { for i in range { parameters[i] *= 1 - lr * weightDecay } }
    }
    parameters.withUnsafeMutableBufferPointer { p in
      gradient.withUnsafeBufferPointer { g in
        first.withUnsafeMutableBufferPointer { m in
          second.withUnsafeMutableBufferPointer { v in
            for i in 0..<p.count {
              m[i] = b1 * m[i] + (1 - b1) * g[i]
              v[i] = b2 * v[i] + (1 - b2) * g[i] * g[i]
              p[i] -= size * m[i] / (v[i].squareRoot() * root + eps)
            }
          }
        }
      }
    }
  }

  private func power(_ base: Float, _ exponent: Int) -> Float {
    var result: Double = 1
    for _ in 0..<min(exponent, 100_000) { result *= Double(base) }
    return Float(result)
  }
}

/// Scales a gradient so that its Euclidean norm is at most `limit`; returns the norm before.
@discardableResult
public func clipNorm(_ gradient: inout [Float], limit: Float) -> Float {
  var square: Double = 0
  for g in gradient { square += Double(g) * Double(g) }
  let norm = Float(square.squareRoot())
  if norm > limit, norm.isFinite {
    let factor = limit / norm
    for i in gradient.indices { gradient[i] *= factor }
  }
  return norm
}
