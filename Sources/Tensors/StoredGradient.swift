extension StoredMatrix {
  /// The matrix of some outputs, the first of them a multiple of 16, in the same memory.
  public func part(_ some: Range<Int>) -> StoredMatrix {
    precondition(some.lowerBound % 16 == 0 && some.upperBound <= outputs, "parts are of whole panels")
    var part = self
    part.outputs = some.count
    part.firstPanel += some.lowerBound / 16
    return part
  }

  /// Inputs that are unpacked at a time: their weights for one block of outputs (640 KB) stay in the second-level cache.
  private static let inputBlock = 384
  /// Around a block of outputs, where panels of sixteen overlap it.
  private static let margin = 16
  private static let blockWidth = PanelProduct.depth + 2 * margin

  /// dX[N,I] = dY[N,O] · W (+ dX) for the rows W[O,I] of several matrices with the same inputs, one below the other.
  ///
  /// The bits are those of `linearInputGradient` for the same weights in float32, for any crew.
  ///
  /// - Parameter accumulates: whether it is added to what is in dX.
  public static func inputGradient(
    _ parts: [StoredMatrix], rows: Int, dy: UnsafePointer<Float>, dx: UnsafeMutablePointer<Float>,
    accumulates: Bool = false, crew: Crew? = nil
  ) {
    guard rows > 0, let inputs = parts.first?.inputs else { return }
    let outputs = parts.reduce(0) { $0 + $1.outputs }
    let slopes = PanelProduct.Operand(base: dy, row: 1, column: outputs)
    // Threads share the inputs, by whole groups of the formats.
    share(crew, (inputs + Kernels.steps - 1) / Kernels.steps, work: Kernels.steps * outputs) { range in
      let (begin, end) = (Kernels.steps * range.lowerBound, min(inputs, Kernels.steps * range.upperBound))
      let floats = min(inputBlock, end - begin) * blockWidth
      withUnsafeTemporaryAllocation(byteCount: 4 * floats, alignment: 64) { buffer in
        guard let weights = buffer.baseAddress?.assumingMemoryBound(to: Float.self) else { return }
        for first in Swift.stride(from: begin, to: end, by: inputBlock) {
          let some = first..<min(first + inputBlock, end)
          // Partial sums of as many outputs as a block of the float32 product has, so that the bits are the same.
          for output in Swift.stride(from: 0, to: outputs, by: PanelProduct.depth) {
            let steps = min(PanelProduct.depth, outputs - output)
            unpack(parts, outputs: output..<output + steps, inputs: some, into: weights)
            PanelProduct.multiply(
              some.count, rows, steps, PanelProduct.Operand(base: weights + margin, row: blockWidth, column: 1),
              PanelProduct.Operand(base: slopes.at(output, 0), row: slopes.row, column: slopes.column),
              c: dx + first, rowStride: 1, columnStride: inputs, alpha: 1, accumulates: accumulates || output > 0)
          }
        }
      }
    }
  }

  /// Some outputs' weights of some inputs, as rows [inputs, `blockWidth`], the first output `margin` floats from a row's beginning.
  private static func unpack(
    _ parts: [StoredMatrix], outputs: Range<Int>, inputs: Range<Int>, into weights: UnsafeMutablePointer<Float>
  ) {
    var column = 0
    // In order: what a matrix's last panel has too much is the next one's place.
    for part in parts {
      let own = outputs.clamped(to: column..<column + part.outputs)
      if !own.isEmpty {
        for panel in (own.lowerBound - column) / 16...(own.upperBound - 1 - column) / 16 {
          part.unpack(
            .best, panel, first: inputs.lowerBound, steps: inputs.count,
            into: weights + margin + column + 16 * panel - outputs.lowerBound, stride: blockWidth)
        }
      }
      column += part.outputs
    }
  }
}
