/// Matrix products by blocks that stay in the caches (Goto and van de Geijn, 2008), over `ProductTile`.
///
/// The right operand is copied into panels of 16 columns, which a tile reads as one stream. Where B is transposed,
/// Cᵀ = op(B) · op(A)ᵀ is computed instead: then B, usually a layer's weights, needs no copy, which matters most for
/// the few rows of a decoding step.
enum PanelProduct {
  /// Depth of a block: a panel of it (24 KB) stays in the first-level cache.
  static let depth = 384
  /// Columns, and left rows, of a block: its panels (384 KB) and rows (144 KB) stay in the second-level cache.
  private static let columns = 256
  private static let rows = 96
  /// Up to this many left rows reading the right operand is what takes the time: blocks are half as wide, and the next
  /// one is fetched while this one is multiplied.
  static let fewRows = 32
  /// From this many columns on, a copy of the left block pays.
  private static let columnsWorthCopying = 64
  /// Floats from one row of a copied left block to the next; no power of two, so that rows don't share cache sets.
  private static let leftStride = depth + 16

  /// One operand, element (i, j) at base[i·row + j·column]; one of both strides is 1.
  struct Operand {
    let base: UnsafePointer<Float>
    let row: Int
    let column: Int

    var transposed: Operand { Operand(base: base, row: column, column: row) }

    func at(_ i: Int, _ j: Int) -> UnsafePointer<Float> { base + i * row + j * column }
  }

  /// A right operand that was copied before: all of its panels, of which a product reads those from `first` on.
  struct Packed {
    /// Blocks of `depth` steps, in each a panel for every 16 of `columns`.
    let panels: UnsafePointer<Float>
    let columns: Int
    let first: Int
  }

  /// C[m,n] = α · L[m,k] · R[k,n] (+ C), element (i, j) of C at c[i·rowStride + j·columnStride].
  ///
  /// - Parameter packed: R's panels; nil where they are to be made.
  static func multiply(
    _ m: Int, _ n: Int, _ k: Int, _ left: Operand, _ right: Operand, packed: Packed? = nil,
    c: UnsafeMutablePointer<Float>, rowStride: Int, columnStride: Int, alpha: Float, accumulates: Bool
  ) {
    let widest = m <= fewRows ? columns / 2 : columns
    // Rows that lie close together are read where they are.
    let copiesLeft = min(n, widest) >= columnsWorthCopying && m > fewRows && left.column == 1 && left.row > depth
    let panelFloats = packed == nil ? (min(n, widest) + 15) / 16 * 16 * min(k, depth) : 0
    let leftFloats = copiesLeft ? rows * leftStride : 0
    withUnsafeTemporaryAllocation(byteCount: max(64, (panelFloats + leftFloats) * 4), alignment: 64) { buffer in
      guard let scratch = buffer.baseAddress?.assumingMemoryBound(to: Float.self) else { return }
      for firstColumn in stride(from: 0, to: n, by: widest) {
        let width = min(widest, n - firstColumn)
        for firstStep in stride(from: 0, to: k, by: depth) {
          let steps = min(depth, k - firstStep)
          var panels = UnsafePointer(scratch)
          if let packed {
            panels = packed.panels + firstStep * packed.columns + (packed.first + firstColumn) * steps
          } else {
            pack(right, from: (firstStep, firstColumn), steps: steps, width: width, into: scratch)
          }
          var ahead: ProductTile.Prefetch?
          if m <= fewRows, right.column == 1 {
            let isLast = firstStep + depth >= k
            let next = isLast ? right.at(0, min(firstColumn + widest, n - 1)) : right.at(firstStep + steps, firstColumn)
            ahead = ProductTile.Prefetch(next: next, lines: 8, stride: 16, advance: right.row)
          }
          for firstRow in stride(from: 0, to: m, by: rows) {
            let count = min(rows, m - firstRow)
            var block = Operand(base: left.at(firstRow, firstStep), row: left.row, column: left.column)
            if copiesLeft {
              let copy = scratch + panelFloats
              for row in 0..<count {
                (copy + row * leftStride).update(from: block.base + row * block.row, count: steps)
              }
              block = Operand(base: UnsafePointer(copy), row: leftStride, column: 1)
            }
            var column = 0
            while column < width {
              let tileWidth = ProductTile.width(width - column)
              var row = 0
              while row < count {
                let height = ProductTile.height(count - row, columns: tileWidth)
                let l = block.at(row, 0)
                var prefetch =
                  ahead
                  ?? ProductTile.Prefetch(
                    next: l + height * block.row, lines: copiesLeft ? 0 : 6, stride: block.row,
                    advance: 16 * block.column)
                ProductTile.multiply(
                  rows: height, columns: tileWidth, depth: steps, left: l, leftRow: block.row, leftStep: block.column,
                  panel: panels + column * steps, panelStride: steps * ProductTile.columns,
                  into: ProductTile.Destination(
                    c: c + (firstRow + row) * rowStride + (firstColumn + column) * columnStride, rowStride: rowStride,
                    columnStride: columnStride, alpha: alpha, accumulates: accumulates || firstStep > 0),
                  prefetch: &prefetch)
                if ahead != nil { ahead = prefetch }
                row += height
              }
              column += tileWidth
            }
          }
        }
      }
    }
  }

  /// C[m,columns ≤ 16] = L[m,steps] · panel[steps,16] (+ C), rows of C `stride` floats apart.
  static func multiplyPanel(
    _ m: Int, _ columns: Int, _ steps: Int, _ left: Operand, panel: UnsafePointer<Float>,
    c: UnsafeMutablePointer<Float>, stride: Int, accumulates: Bool
  ) {
    // The panel is one stream; what comes behind it is the next one, which all tiles together fetch: asked for by the first
    // alone it would arrive in bursts, with the memory idle in between.
    let lines = (16 * ProductTile.height(m, columns: columns) + m - 1) / m
    var next = panel + steps * 16
    var row = 0
    while row < m {
      let height = ProductTile.height(m - row, columns: columns)
      var prefetch = ProductTile.Prefetch(next: next, lines: min(16, lines), stride: 16, advance: 16 * min(16, lines))
      ProductTile.multiply(
        rows: height, columns: columns, depth: steps, left: left.at(row, 0), leftRow: left.row, leftStep: 1,
        panel: panel, panelStride: 0,
        into: ProductTile.Destination(
          c: c + row * stride, rowStride: stride, columnStride: 1, alpha: 1, accumulates: accumulates),
        prefetch: &prefetch)
      next = prefetch.next
      row += height
    }
  }

  /// Copies R[steps,width] at `from` into panels [steps,16], the last one filled up with zeros.
  static func pack(
    _ right: Operand, from: (step: Int, column: Int), steps: Int, width: Int, into panels: UnsafeMutablePointer<Float>
  ) {
    let full = width / 16 * 16
    if right.column == 1 {
      // Some rows at a time: long enough runs for the memory, few enough lines for the first-level cache.
      for first in stride(from: 0, to: steps, by: 8) {
        let count = min(8, steps - first)
        for column in stride(from: 0, to: full, by: 16) {
          let source = right.at(from.step + first, from.column + column)
          let panel = panels + column * steps + 16 * first
          for step in 0..<count {
            storeLanes(loadLanes(source + step * right.row), panel + 16 * step)
            storeLanes(loadLanes(source + step * right.row + 8), panel + 16 * step + 8)
          }
        }
      }
    } else {
      for column in stride(from: 0, to: full, by: 8) {
        let panel = panels + column / 16 * 16 * steps + column % 16
        packTransposed(right.at(from.step, from.column + column), right.column, steps: steps, into: panel)
      }
    }
    guard full < width else { return }
    let panel = panels + full * steps
    panel.update(repeating: 0, count: 16 * steps)
    for column in full..<width {
      let source = right.at(from.step, from.column + column)
      for step in 0..<steps { panel[16 * step + column - full] = source[step * right.row] }
    }
  }

  /// Copies eight columns, each contiguous, `stride` floats apart, into a panel.
  private static func packTransposed(
    _ source: UnsafePointer<Float>, _ stride: Int, steps: Int, into panel: UnsafeMutablePointer<Float>
  ) {
    var step = 0
    while step + 8 <= steps {
      let s = source + step
      let p = panel + 16 * step
      let turned = ProductTile.transpose(
        loadLanes(s), loadLanes(s + stride), loadLanes(s + 2 * stride), loadLanes(s + 3 * stride),
        loadLanes(s + 4 * stride), loadLanes(s + 5 * stride), loadLanes(s + 6 * stride), loadLanes(s + 7 * stride))
      storeLanes(turned.0, p)
      storeLanes(turned.1, p + 16)
      storeLanes(turned.2, p + 32)
      storeLanes(turned.3, p + 48)
      storeLanes(turned.4, p + 64)
      storeLanes(turned.5, p + 80)
      storeLanes(turned.6, p + 96)
      storeLanes(turned.7, p + 112)
      step += 8
    }
    while step < steps {
      for j in 0..<8 { panel[16 * step + j] = source[step + j * stride] }
      step += 1
    }
  }
}
