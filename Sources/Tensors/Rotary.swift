import RealModule

/// Rotary position embedding (Su et al., 2021) with the two halves of a head as pairs, as Llama's published weights in
/// Hugging Face layout expect it: (x[i], x[i + R/2]) turns by position · frequency[i]. R = dimensions of a head that turn,
/// its first ones.
public struct RotaryTable: Sendable {
  /// R, which is also the number of floats for one position: R/2 cosines, then R/2 sines.
  public let dimensions: Int
  /// Positions that the table has, from 0.
  public let positions: Int
  private let values: [Float]

  /// - Parameters:
  ///   - frequencies: [R/2], radians a position.
  ///   - magnitude: factor on what is turned.
  public init(frequencies: [Float], positions: Int, magnitude: Float = 1) {
    dimensions = 2 * frequencies.count
    self.positions = positions
    var values = [Float](repeating: 0, count: positions * dimensions)
    for position in 0..<positions {
      for (i, frequency) in frequencies.enumerated() {
        // The angle is rounded to float32 first, as the models were trained.
        let angle = Double(Float(position) * frequency)
        values[position * dimensions + i] = magnitude * Float(Double.cos(angle))
        values[position * dimensions + frequencies.count + i] = magnitude * Float(Double.sin(angle))
      }
    }
    self.values = values
  }

  /// Turns `heads` heads of `headSize` floats in each row of x[N,stride], in place.
  ///
  /// - Parameters:
  ///   - rowPositions: [N], each below `positions`.
  ///   - inverse: turns the other way: so does the gradient of a rotation.
  public func rotate(
    rows: Int, heads: Int, headSize: Int, stride: Int, positions rowPositions: UnsafePointer<Int32>,
    x: UnsafeMutablePointer<Float>,
    inverse: Bool = false
  ) {
    let half = dimensions / 2
    let sign: Float = inverse ? -1 : 1
    values.withUnsafeBufferPointer { buffer in
      guard let table = buffer.baseAddress else { return }
      for row in 0..<rows {
        let cosines = table + Int(rowPositions[row]) * dimensions
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
