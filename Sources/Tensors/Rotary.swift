import RealModule

/// Rotary position embedding (Su et al., 2021) with the two halves of a head as pairs, as Llama's published weights in
/// Hugging Face layout expect it: (x[i], x[i + D/2]) turns by position · frequency[i].
public struct RotaryTable: Sendable {
  /// Floats for one position: D/2 cosines, then D/2 sines.
  public let headSize: Int
  public let positions: Int
  private let values: [Float]

  /// - Parameter frequencies: [D/2], radians a position.
  public init(frequencies: [Float], positions: Int) {
    headSize = 2 * frequencies.count
    self.positions = positions
    var values = [Float](repeating: 0, count: positions * headSize)
    for position in 0..<positions {
      for (i, frequency) in frequencies.enumerated() {
        // The angle is rounded to float32 first, as the models were trained.
        let angle = Double(Float(position) * frequency)
        values[position * headSize + i] = Float(Double.cos(angle))
        values[position * headSize + frequencies.count + i] = Float(Double.sin(angle))
      }
    }
    self.values = values
  }

  /// Turns `heads` heads in each row of x[N,stride], in place.
  ///
  /// - Parameters:
  ///   - rowPositions: [N], each below `positions`.
  ///   - inverse: turns back: the gradient of a rotation is its inverse.
  public func rotate(
    rows: Int, heads: Int, stride: Int, positions rowPositions: UnsafePointer<Int32>, x: UnsafeMutablePointer<Float>,
    inverse: Bool = false
  ) {
    let half = headSize / 2
    let sign: Float = inverse ? -1 : 1
    values.withUnsafeBufferPointer { buffer in
      guard let table = buffer.baseAddress else { return }
      for row in 0..<rows {
        let cosines = table + Int(rowPositions[row]) * headSize
        let sines = cosines + half
        for head in 0..<heads {
          let first = x + row * stride + head * headSize
          let second = first + half
          for i in 0..<half {
            let (a, b) = (first[i], second[i])
            let sine = sign * sines[i]
            first[i] = a * cosines[i] - b * sine
            second[i] = b * cosines[i] + a * sine
          }
        }
      }
    }
  }
}
