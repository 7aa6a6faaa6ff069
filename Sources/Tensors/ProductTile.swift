import CProcessor

/// The innermost part of every matrix product: a tile T[R,C] = L[R,K] · P[K,C] held in registers, up to 6 × 16 or 12 × 32.
///
/// Each element is Σ_k in the order of k with one fused multiply-add a term, whatever R, C and the processor are: a row's result
/// doesn't depend on the rows beside it. Twelve registers are as many as AVX2 has room for beside the operands, for six rows;
/// processors with twice as many, of sixteen lanes each, hold twelve rows of two panels, so that each number that is read from
/// L serves two products.
enum ProductTile {
  /// Rows that fill the registers of every processor.
  static let rows = 6
  static let columns = 16
  private static let isWide = Kernels.best.isWide

  /// C of the next tile, of `left` columns that are still to come.
  static func width(_ left: Int, isWide: Bool = isWide) -> Int {
    min(left, isWide && left >= 2 * columns ? 2 * columns : columns)
  }

  /// R of the next tile, of `left` rows that are still to come.
  static func height(_ left: Int, columns: Int, isWide: Bool = isWide) -> Int {
    if isWide && columns > 8 {
      // Two tiles of like height, not a full one and one of a row or two.
      return left <= 2 * rows ? left : left < 4 * rows ? (left + 1) / 2 : 2 * rows
    }
    // Two tiles of four keep the multipliers busier than one of six and one of two.
    return left == 8 || left == 7 ? 4 : min(left, rows)
  }

  /// Where a tile goes, and how.
  struct Destination {
    /// C at the tile's first element.
    let c: UnsafeMutablePointer<Float>
    /// Floats in C from one row of the tile to the next, and from one column to the next; one of them is 1.
    let rowStride: Int
    let columnStride: Int
    /// C = α·T, or C + α·T where `accumulates`.
    let alpha: Float
    let accumulates: Bool
  }

  /// Memory that is read soon: `lines` places at `next`, `stride` floats apart, are fetched in every sixteen steps.
  struct Prefetch {
    var next: UnsafePointer<Float>
    let lines: Int
    let stride: Int
    /// Floats from what one sixteen steps fetch to what the next do.
    let advance: Int
  }

  /// Computes a tile: as many rows as `height` says, and as many columns as `width` does.
  ///
  /// - Parameters:
  ///   - left: L[R,K], element (r, k) at left[r·leftRow + k·leftStep].
  ///   - panel: P[K,16] without gaps; what is in columns past `columns` has no effect.
  ///   - panelStride: Floats from one panel to the next, of which a tile of 32 columns reads two.
  static func multiply(
    rows: Int, columns: Int, depth: Int, left: UnsafePointer<Float>, leftRow: Int, leftStep: Int,
    panel: UnsafePointer<Float>, panelStride: Int, into destination: Destination, prefetch: inout Prefetch
  ) {
    let operands = Operands(
      columns: columns, depth: depth, left: left, leftRow: leftRow, leftStep: leftStep, panel: panel,
      panelStride: panelStride)
    if isWide && columns > 8 { return runWide(rows, operands, destination, &prefetch) }
    // The literals make the compiler leave out what a smaller tile doesn't need.
    switch (rows, columns > 8) {
    case (6, true): run(6, true, operands, destination, &prefetch)
    case (5, true): run(5, true, operands, destination, &prefetch)
    case (4, true): run(4, true, operands, destination, &prefetch)
    case (3, true): run(3, true, operands, destination, &prefetch)
    case (2, true): run(2, true, operands, destination, &prefetch)
    case (_, true): run(1, true, operands, destination, &prefetch)
    case (6, false): run(6, false, operands, destination, &prefetch)
    case (5, false): run(5, false, operands, destination, &prefetch)
    case (4, false): run(4, false, operands, destination, &prefetch)
    case (3, false): run(3, false, operands, destination, &prefetch)
    case (2, false): run(2, false, operands, destination, &prefetch)
    case (_, false): run(1, false, operands, destination, &prefetch)
    }
  }

  private struct Operands {
    let columns: Int
    let depth: Int
    let left: UnsafePointer<Float>
    let leftRow: Int
    let leftStep: Int
    let panel: UnsafePointer<Float>
    let panelStride: Int
  }

  @inline(__always)
  private static func run(
    _ rows: Int, _ isWide: Bool, _ operands: Operands, _ destination: Destination, _ prefetch: inout Prefetch
  ) {
    var (a0, a1, a2, a3, a4, a5) = (Lanes(), Lanes(), Lanes(), Lanes(), Lanes(), Lanes())
    var (b0, b1, b2, b3, b4, b5) = (Lanes(), Lanes(), Lanes(), Lanes(), Lanes(), Lanes())
    let leftRow = operands.leftRow
    var left = operands.left
    var panel = operands.panel
    var remaining = operands.depth
    while remaining > 0 {
      for line in 0..<prefetch.lines { sluice_prefetch(prefetch.next + line * prefetch.stride) }
      prefetch.next += prefetch.advance
      for _ in 0..<min(16, remaining) {
        let first = loadLanes(panel)
        let second = isWide ? loadLanes(panel + 8) : first
        @inline(__always)
        func add(_ row: Int, _ a: inout Lanes, _ b: inout Lanes) {
          if row >= rows { return }
          let factor = Lanes(repeating: left[row * leftRow])
          a = a.addingProduct(factor, first)
          if isWide { b = b.addingProduct(factor, second) }
        }
        add(0, &a0, &b0)
        add(1, &a1, &b1)
        add(2, &a2, &b2)
        add(3, &a3, &b3)
        add(4, &a4, &b4)
        add(5, &a5, &b5)
        left += operands.leftStep
        panel += columns
      }
      remaining -= 16
    }
    deliver(
      rows, isWide, (a0, a1, a2, a3, a4, a5), (b0, b1, b2, b3, b4, b5), columns: operands.columns, to: destination)
  }

  /// The same on registers of sixteen lanes, with up to twelve rows and two panels.
  private static func runWide(
    _ rows: Int, _ operands: Operands, _ destination: Destination, _ prefetch: inout Prefetch
  ) {
    let panels = (operands.columns + columns - 1) / columns
    func compute(_ place: sluice_tile_place) {
      prefetch.next = sluice_wide_tile(
        Int32(rows), Int32(panels), operands.depth, operands.left, operands.leftRow, operands.leftStep, operands.panel,
        operands.panelStride, place, prefetch.next, prefetch.lines, prefetch.stride, prefetch.advance)
    }
    if destination.columnStride == 1 && operands.columns == panels * columns {
      return compute(
        sluice_tile_place(
          c: destination.c, row: destination.rowStride, alpha: destination.alpha,
          accumulates: destination.accumulates ? 1 : 0))
    }
    // A cache line's alignment by hand: what asks for it comes from the heap, which took a tenth of a small model's time.
    let row = panels * columns
    withUnsafeTemporaryAllocation(byteCount: 4 * Self.rows * 64 + 48, alignment: 16) { buffer in
      guard let base = buffer.baseAddress else { return }
      let sums = base.alignedUp(toMultipleOf: 64).assumingMemoryBound(to: Float.self)
      compute(sluice_tile_place(c: sums, row: row, alpha: 1, accumulates: 0))
      for panel in 0..<panels {
        for first in stride(from: 0, to: rows, by: Self.rows) {
          func half(_ column: Int) -> Half {
            let place = sums + first * row + panel * columns + column
            func lanes(_ index: Int) -> Lanes { loadLanes(place + index * row) }
            // What lies behind the last row is never stored.
            return (lanes(0), lanes(1), lanes(2), lanes(3), lanes(4), lanes(5))
          }
          let place = Destination(
            c: destination.c + first * destination.rowStride + panel * columns * destination.columnStride,
            rowStride: destination.rowStride, columnStride: destination.columnStride, alpha: destination.alpha,
            accumulates: destination.accumulates)
          let width = min(columns, operands.columns - panel * columns)
          deliver(min(Self.rows, rows - first), true, half(0), half(8), columns: width, to: place)
        }
      }
    }
  }

  /// Puts up to six rows of a tile, given as two halves, where they belong.
  @inline(__always)
  private static func deliver(
    _ rows: Int, _ isWide: Bool, _ a: Half, _ b: Half, columns: Int, to destination: Destination
  ) {
    if destination.columnStride == 1 && columns == (isWide ? 16 : 8) {
      @inline(__always)
      func store(_ row: Int, _ a: Lanes, _ b: Lanes) {
        if row >= rows { return }
        let c = destination.c + row * destination.rowStride
        let (first, second) = (destination.alpha * a, destination.alpha * b)
        storeLanes(destination.accumulates ? loadLanes(c) + first : first, c)
        if isWide { storeLanes(destination.accumulates ? loadLanes(c + 8) + second : second, c + 8) }
      }
      store(0, a.0, b.0)
      store(1, a.1, b.1)
      store(2, a.2, b.2)
      store(3, a.3, b.3)
      store(4, a.4, b.4)
      store(5, a.5, b.5)
    } else if destination.rowStride == 1 {
      scatter(min(8, columns), rows, a, destination, at: 0)
      if isWide { scatter(columns - 8, rows, b, destination, at: 8) }
    } else {
      edge(min(8, columns), rows, a, destination, at: 0)
      if isWide { edge(columns - 8, rows, b, destination, at: 8) }
    }
  }

  private typealias Lanes = SIMD8<Float>
  private typealias Half = (Lanes, Lanes, Lanes, Lanes, Lanes, Lanes)

  /// Stores half a tile whose columns are rows of C: `rows` floats at each of up to eight places.
  @inline(never)
  private static func scatter(_ columns: Int, _ rows: Int, _ half: Half, _ destination: Destination, at column: Int) {
    let turned = transpose(half.0, half.1, half.2, half.3, half.4, half.5, Lanes(), Lanes())
    withUnsafeBytes(of: turned) { bytes in
      for j in 0..<columns {
        let from = bytes.loadUnaligned(fromByteOffset: 32 * j, as: Lanes.self) * destination.alpha
        let c = destination.c + (column + j) * destination.columnStride
        if rows >= 4 {
          let old = destination.accumulates ? UnsafeRawPointer(c).loadUnaligned(as: SIMD4<Float>.self) : SIMD4<Float>()
          UnsafeMutableRawPointer(c).storeBytes(of: old + from.lowHalf, as: SIMD4<Float>.self)
        }
        for row in (rows >= 4 ? 4 : 0)..<rows { c[row] = destination.accumulates ? c[row] + from[row] : from[row] }
      }
    }
  }

  /// Stores half a tile with fewer than eight columns.
  @inline(never)
  private static func edge(_ columns: Int, _ rows: Int, _ half: Half, _ destination: Destination, at column: Int) {
    withUnsafeBytes(of: half) { bytes in
      for row in 0..<rows {
        let c = destination.c + row * destination.rowStride + column
        for j in 0..<columns {
          let value = destination.alpha * bytes.loadUnaligned(fromByteOffset: 32 * row + 4 * j, as: Float.self)
          c[j] = destination.accumulates ? c[j] + value : value
        }
      }
    }
  }

  /// The transpose of eight rows of eight lanes, by three rounds of perfect shuffles.
  @inline(__always)
  static func transpose(
    _ r0: SIMD8<Float>, _ r1: SIMD8<Float>, _ r2: SIMD8<Float>, _ r3: SIMD8<Float>, _ r4: SIMD8<Float>,
    _ r5: SIMD8<Float>, _ r6: SIMD8<Float>, _ r7: SIMD8<Float>
  ) -> (
    SIMD8<Float>, SIMD8<Float>, SIMD8<Float>, SIMD8<Float>, SIMD8<Float>, SIMD8<Float>, SIMD8<Float>, SIMD8<Float>
  ) {
    @inline(__always)
    func shuffle(_ a: SIMD8<Float>, _ b: SIMD8<Float>) -> SIMD16<Float> {
      var both = SIMD16<Float>()
      both.evenHalf = a
      both.oddHalf = b
      return both
    }
    let (s0, s1, s2, s3) = (shuffle(r0, r4), shuffle(r1, r5), shuffle(r2, r6), shuffle(r3, r7))
    let (t0, t1) = (shuffle(s0.lowHalf, s2.lowHalf), shuffle(s0.highHalf, s2.highHalf))
    let (t2, t3) = (shuffle(s1.lowHalf, s3.lowHalf), shuffle(s1.highHalf, s3.highHalf))
    let (u0, u1) = (shuffle(t0.lowHalf, t2.lowHalf), shuffle(t0.highHalf, t2.highHalf))
    let (u2, u3) = (shuffle(t1.lowHalf, t3.lowHalf), shuffle(t1.highHalf, t3.highHalf))
    return (u0.lowHalf, u0.highHalf, u1.lowHalf, u1.highHalf, u2.lowHalf, u2.highHalf, u3.lowHalf, u3.highHalf)
  }
}
