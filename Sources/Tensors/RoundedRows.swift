import CProcessor

/// Rows X[N,I] rounded to eight bits for products with weights in blocks: x ≈ code · scale, for every 32 inputs a scale of their
/// own, the largest of them over 127.
///
/// As ggml rounds them before the same products (`quantize_row_q8_0`), with a scale that isn't rounded itself.
public struct RoundedRows {
  let rows: sluice_rounded_rows

  /// N.
  public var count: Int { rows.rows }

  /// Calls `body` with rows rounded.
  ///
  /// - Parameters:
  ///   - inputs: I, a multiple of 32.
  ///   - x: [N,I]. Where a number isn't finite, all that is computed from it is NaN.
  public static func round(
    _ x: UnsafePointer<Float>, rows: Int, inputs: Int, crew: Crew? = nil, _ body: (RoundedRows) -> Void
  ) {
    precondition(inputs % 32 == 0, "blocks fill a row")
    let count = rows * inputs
    // Codes, scales, and the codes' sums.
    withUnsafeTemporaryAllocation(byteCount: count + count / 8 + count / 4, alignment: 16) { buffer in
      guard let base = buffer.baseAddress else { return }
      let made = RoundedRows(
        rows: sluice_rounded_rows(
          rows: rows, inputs: inputs, codes: base.assumingMemoryBound(to: Int8.self),
          scales: (base + count).assumingMemoryBound(to: Float.self),
          totals: (base + count + count / 8).assumingMemoryBound(to: Int32.self)))
      withUnsafePointer(to: made.rows) { to in
        share(crew, rows, work: inputs) { for row in $0 { sluice_round(to, row, x + row * inputs) } }
      }
      body(made)
    }
  }

  /// Some of the rows.
  func part(_ some: Range<Int>) -> sluice_rounded_rows {
    let first = some.lowerBound * rows.inputs
    return sluice_rounded_rows(
      rows: some.count, inputs: rows.inputs, codes: rows.codes + first, scales: rows.scales + first / 32,
      totals: rows.totals + first / 16)
  }
}

extension StoredMatrix {
  /// Y[N,O] = X[N,I] · Wᵀ (+ Y) for rounded rows: the products of a group's codes are added as whole numbers, then scaled.
  ///
  /// Results are the same bits whatever the number of rows, the processor and the crew.
  ///
  /// - Parameters:
  ///   - stride: floats from one row of Y to the next; nil for O.
  ///   - accumulates: whether it is added to what is in Y.
  public func multiply(
    _ x: RoundedRows, y: UnsafeMutablePointer<Float>, stride: Int? = nil, accumulates: Bool = false, crew: Crew? = nil
  ) {
    multiply(.best, x, y: y, stride: stride ?? outputs, accumulates: accumulates, crew: crew)
  }

  func multiply(
    _ kernels: Kernels, _ x: RoundedRows, y: UnsafeMutablePointer<Float>, stride: Int, accumulates: Bool,
    crew: Crew? = nil
  ) {
    precondition(format.isQuantised && x.rows.inputs == inputs, "rounded rows meet weights in blocks")
    guard x.count > 0 else { return }
    let most = kernels.panelsOfRounded
    share(crew, (panelCount + most - 1) / most, work: 16 * most * inputs) { range in
      let panels = most * range.lowerBound..<min(panelCount, most * range.upperBound)
      for first in Swift.stride(from: 0, to: x.count, by: Self.rowBlock) {
        let rows = first..<min(first + Self.rowBlock, x.count)
        multiply(kernels, panels, x.part(rows), y: y + first * stride, stride: stride, accumulates: accumulates)
      }
    }
  }

  /// Some panels' part of Y, for rows that stay in the cache.
  private func multiply(
    _ kernels: Kernels, _ panels: Range<Int>, _ x: sluice_rounded_rows, y: UnsafeMutablePointer<Float>, stride: Int,
    accumulates: Bool
  ) {
    let most = kernels.panelsOfRounded
    withUnsafeTemporaryAllocation(of: Float.self, capacity: x.rows * 16 * most) { buffer in
      guard let sums = buffer.baseAddress else { return }
      var panel = panels.lowerBound
      while panel < panels.upperBound {
        // What is left over goes panel by panel.
        let count = panels.upperBound - panel >= most ? most : 1
        withUnsafePointer(to: format.kernel) { format in
          withUnsafePointer(to: x) { x in
            withBytes { base in
              sluice_multiply_rounded(
                kernels.dotsFlag, Int32(count), format,
                (base + panel * panelBytes).assumingMemoryBound(to: UInt8.self), panelBytes, x, sums)
            }
          }
        }
        deliver(
          sums, rows: x.rows, width: 16 * count, to: y + 16 * panel, columns: min(16 * count, outputs - 16 * panel),
          stride: stride, accumulates: accumulates)
        panel += count
      }
    }
  }
}
