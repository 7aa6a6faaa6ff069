/// The matrix of a linear layer as `PanelProduct` reads it: copied once, where many products read it.
///
/// Blocks of K ≤ 384 inputs, in each a panel [K,16] for every 16 outputs, the last one filled up with zeros.
public struct PackedMatrix: Sendable {
  /// I.
  public let inputs: Int
  /// O.
  public let outputs: Int
  private let panels: FloatMemory

  /// Copies W.
  public init(_ shape: LinearShape, weight: UnsafePointer<Float>, crew: Crew? = nil) {
    let (inputs, outputs) = (shape.inputs, shape.outputs)
    self.inputs = inputs
    self.outputs = outputs
    let columns = (outputs + 15) / 16 * 16
    panels = FloatMemory(inputs * columns) { buffer in
      guard let base = buffer.baseAddress else { return }
      let stored = PanelProduct.Operand(base: weight, row: shape.stride, column: 1)
      let source = shape.order == .inputsFirst ? stored : stored.transposed
      share(crew, columns / 16, work: 16 * inputs) { range in
        let first = 16 * range.lowerBound
        for step in stride(from: 0, to: inputs, by: PanelProduct.depth) {
          let steps = min(PanelProduct.depth, inputs - step)
          PanelProduct.pack(
            source, from: (step, first), steps: steps, width: min(outputs, 16 * range.upperBound) - first,
            into: base + step * columns + first * steps)
        }
      }
    }
  }

  /// Y[N,O] = X[N,I] · W + bias[O] (+ residual), the same bits as `linear` gives.
  ///
  /// - Parameters: as those of `linear`.
  public func linear(
    rows: Int, x: UnsafePointer<Float>, bias: UnsafePointer<Float>?, residual: UnsafePointer<Float>? = nil,
    y: UnsafeMutablePointer<Float>, crew: Crew? = nil
  ) {
    startLinear(rows: rows, outputs: outputs, bias: bias, residual: residual, y: y, crew: crew)
    let columns = (outputs + 15) / 16 * 16
    let left = PanelProduct.Operand(base: x, row: inputs, column: 1)
    panels.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      let accumulates = bias != nil || residual != nil
      share(crew, columns / 16, work: 16 * inputs) { range in
        if rows > PanelProduct.fewRows {
          let first = 16 * range.lowerBound
          return PanelProduct.multiply(
            rows, min(outputs, 16 * range.upperBound) - first, inputs, left, left,
            packed: PanelProduct.Packed(panels: base, columns: columns, first: first), c: y + first,
            rowStride: outputs, columnStride: 1, alpha: 1, accumulates: accumulates)
        }
        for step in stride(from: 0, to: inputs, by: PanelProduct.depth) {
          let steps = min(PanelProduct.depth, inputs - step)
          for column in stride(from: 16 * range.lowerBound, to: min(outputs, 16 * range.upperBound), by: 16) {
            PanelProduct.multiplyPanel(
              rows, min(16, outputs - column), steps, Operand(base: left.at(0, step), row: inputs, column: 1),
              panel: base + step * columns + column * steps, c: y + column, stride: outputs,
              accumulates: step > 0 || accumulates)
          }
        }
      }
    }
  }

  private typealias Operand = PanelProduct.Operand
}
