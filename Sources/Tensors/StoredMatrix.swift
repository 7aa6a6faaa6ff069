import CProcessor

/// The matrix of a linear layer, W[O,I], in the precision in which it is stored.
///
/// Panels of 16 outputs, which products unpack to float32 a few inputs at a time, in the first-level cache. Results are the
/// bits that `linear` gives for the same weights in float32, whatever the number of rows, the processor and the crew.
public struct StoredMatrix: Sendable {
  /// I.
  public let inputs: Int
  /// O.
  public internal(set) var outputs: Int
  /// How it is stored.
  public let format: StoredFormat
  /// Where the panels are, and their first float there.
  private let panels: FloatMemory
  private let place: Int
  /// From one panel to the next.
  let panelBytes: Int
  var firstPanel = 0

  /// Rows of X at a time: they stay in the second-level cache.
  static let rowBlock = 192

  /// Bytes that are copied before those that they came from are said to be done with.
  private static let band = 4 << 20

  /// Bytes that the weights take.
  public var byteCount: Int { panelBytes * ((outputs + 15) / 16) }

  /// Copies weights that are numbers.
  ///
  /// - Parameters:
  ///   - format: `float32`, `half` or `brain`.
  ///   - memory: where they go; nil for a place of their own.
  ///   - done: called with outputs that were copied, a few at a time.
  ///   - row: the address of an output's I numbers, which needs no alignment; valid until the next call on the same thread.
  public init(
    _ format: StoredFormat, inputs: Int, outputs: Int, in memory: MatrixMemory? = nil, crew: Crew? = nil,
    done: (Range<Int>) -> Void = { _ in }, row: (Int) -> UnsafeRawPointer
  ) {
    precondition(format.blocks == nil, "blocks are filled in")
    self.init(empty: format, inputs: inputs, outputs: outputs, in: memory)
    let size = Int(format.kernel.bytes) / 16
    withBytes { base in
      inBands(crew, done) { range in
        for panel in range {
          let place = base + panel * panelBytes
          let width = min(16, outputs - 16 * panel)
          if width < 16 { place.initializeMemory(as: UInt8.self, repeating: 0, count: panelBytes) }
          for lane in 0..<width {
            let source = row(16 * panel + lane)
            if size == 4 {
              Self.spread(UInt32.self, from: source, inputs, to: place, lane: lane)
            } else {
              Self.spread(UInt16.self, from: source, inputs, to: place, lane: lane)
            }
          }
        }
      }
    }
  }

  /// Copies float32 weights [O,I].
  /// - Parameter row: the given row that comes at a place of the result.
  public init(
    _ values: [Float], inputs: Int, outputs: Int, in memory: MatrixMemory? = nil, crew: Crew? = nil,
    row: (Int) -> Int = { $0 }
  ) {
    precondition(values.count == inputs * outputs, "weights fill their shape")
    self = values.withUnsafeBytes { bytes in
      StoredMatrix(.float32, inputs: inputs, outputs: outputs, in: memory, crew: crew) { output in
        // Nobody asks for a row of nothing.
        bytes.baseAddress.unsafelyUnwrapped + 4 * inputs * row(output)
      }
    }
  }

  private static func spread<Element: FixedWidthInteger>(
    _ type: Element.Type, from source: UnsafeRawPointer, _ count: Int, to panel: UnsafeMutableRawPointer, lane: Int
  ) {
    let place = panel.assumingMemoryBound(to: Element.self) + lane
    for input in 0..<count {
      place[16 * input] = Element(
        littleEndian: source.loadUnaligned(fromByteOffset: input * MemoryLayout<Element>.size, as: Element.self))
    }
  }

  /// Packs weights that come in blocks.
  ///
  /// - Parameters:
  ///   - memory: where they go; nil for a place of their own.
  ///   - done: called with outputs that were packed, a few at a time.
  ///   - fill: sets the codes, scales and factors of a block of an output; threads call it at once.
  public init(
    _ blocks: StoredFormat.Blocks, inputs: Int, outputs: Int, in memory: MatrixMemory? = nil, crew: Crew? = nil,
    done: (Range<Int>) -> Void = { _ in },
    fill: (_ output: Int, _ block: Int, _ into: inout StoredBlock) -> Void
  ) {
    precondition(inputs % blocks.elements == 0, "blocks fill a row")
    self.init(empty: StoredFormat(blocks), inputs: inputs, outputs: outputs, in: memory)
    let kernel = format.kernel
    withBytes { base in
      inBands(crew, done) { range in
        // Sixteen outputs' codes, then their factors.
        let size = 16 * (blocks.elements + 2 * blocks.groups)
        withUnsafeTemporaryAllocation(byteCount: size, alignment: 64) { scratch in
          guard let codes = scratch.baseAddress else { return }
          for panel in range {
            for block in 0..<inputs / blocks.elements {
              codes.initializeMemory(as: UInt8.self, repeating: 0, count: size)
              let place = base + panel * panelBytes + block * Int(kernel.bytes)
              place.initializeMemory(as: UInt8.self, repeating: 0, count: Int(kernel.bytes))
              for lane in 0..<min(16, outputs - 16 * panel) {
                let factors = codes + 16 * blocks.elements + 2 * blocks.groups * lane
                var parts = StoredBlock(
                  codes: (codes + blocks.elements * lane).assumingMemoryBound(to: UInt8.self),
                  factors: factors.assumingMemoryBound(to: Int8.self),
                  offsetFactors: (factors + blocks.groups).assumingMemoryBound(to: Int8.self))
                fill(16 * panel + lane, block, &parts)
                blocks.put(parts, kernel, lane: lane, into: place)
              }
              blocks.pack(codes, bits: blocks.lowBits, from: 0, into: place + Int(kernel.low_at))
              if blocks.highBits > 0 {
                blocks.pack(
                  codes, bits: blocks.highBits, from: blocks.lowBits, into: place + Int(kernel.high_at)
                )
              }
            }
          }
        }
      }
    }
  }

  private init(empty format: StoredFormat, inputs: Int, outputs: Int, in memory: MatrixMemory?) {
    self.inputs = inputs
    self.outputs = outputs
    self.format = format
    panelBytes = format.panelBytes(inputs: inputs)
    let floats = panelBytes / 4 * ((outputs + 15) / 16)
    (panels, place) = memory?.take(floats) ?? (FloatMemory(floats), 0)
  }

  /// Calls `body` with all panels, cut among a crew, and `done` with the outputs of a few of them after the other.
  private func inBands(_ crew: Crew?, _ done: (Range<Int>) -> Void, _ body: (Range<Int>) -> Void) {
    let most = max(1, Self.band / max(1, panelBytes))
    for first in stride(from: 0, to: panelCount, by: most) {
      let end = min(panelCount, first + most)
      share(crew, end - first, work: 16 * inputs) { body(first + $0.lowerBound..<first + $0.upperBound) }
      done(16 * first..<min(outputs, 16 * end))
    }
  }

  var panelCount: Int { (outputs + 15) / 16 }

  func withBytes<Result>(_ body: (UnsafeMutableRawPointer) -> Result) -> Result {
    withExtendedLifetime(panels) { body(UnsafeMutableRawPointer(panels.base + place) + firstPanel * panelBytes) }
  }

  // MARK: - Products

  /// Y[N,O] = X[N,I] · Wᵀ (+ Y).
  ///
  /// - Parameters:
  ///   - stride: floats from one row of Y to the next; nil for O.
  ///   - accumulates: whether it is added to what is in Y.
  public func multiply(
    rows: Int, x: UnsafePointer<Float>, y: UnsafeMutablePointer<Float>, stride: Int? = nil, accumulates: Bool = false,
    crew: Crew? = nil
  ) {
    multiply(.best, rows: rows, x: x, y: y, stride: stride ?? outputs, accumulates: accumulates, crew: crew)
  }

  func multiply(
    _ kernels: Kernels, rows: Int, x: UnsafePointer<Float>, y: UnsafeMutablePointer<Float>, stride: Int,
    accumulates: Bool, crew: Crew? = nil
  ) {
    guard rows > 0 else { return }
    let panels = kernels.panels(rows: rows)
    share(crew, (panelCount + panels - 1) / panels, work: 16 * panels * inputs) { range in
      let columns = panels * range.lowerBound..<min(panelCount, panels * range.upperBound)
      for first in Swift.stride(from: 0, to: rows, by: Self.rowBlock) {
        let count = min(Self.rowBlock, rows - first)
        multiply(
          kernels, panels: columns, by: panels, rows: count, x: x + first * inputs, y: y + first * stride,
          stride: stride,
          accumulates: accumulates)
      }
    }
  }

  /// Some panels' part of Y, for rows that stay in the cache.
  private func multiply(
    _ kernels: Kernels, panels: Range<Int>, by most: Int, rows: Int, x: UnsafePointer<Float>,
    y: UnsafeMutablePointer<Float>, stride: Int, accumulates: Bool
  ) {
    let tiles = kernels.tiles(rows: rows, panels: most)
    let width = 16 * most
    // X in the order in which tiles read it; unpacked weights; sums [rows,width].
    let floats = rows * inputs + Kernels.productSteps * width + rows * width
    withUnsafeTemporaryAllocation(byteCount: 4 * floats, alignment: 64) { buffer in
      guard let left = buffer.baseAddress?.assumingMemoryBound(to: Float.self) else { return }
      let weights = left + rows * inputs
      let sums = weights + Kernels.productSteps * width
      for tile in tiles {
        sluice_interleave(
          Int32(tile.count), inputs, x + tile.lowerBound * inputs, left + tile.lowerBound * inputs)
      }
      var panel = panels.lowerBound
      while panel < panels.upperBound {
        // What is left over goes panel by panel.
        let count = panels.upperBound - panel >= most ? most : 1
        // Partial sums of as many inputs as a block of the float32 product has, so that the bits are the same.
        for block in Swift.stride(from: 0, to: inputs, by: PanelProduct.depth) {
          let end = min(block + PanelProduct.depth, inputs)
          if kernels.isDirect(rows: rows, panels: count) {
            multiplyDirectly(panel, rows: rows, inputs: block..<end, left: left + block * rows, sums: sums)
          } else {
            for first in Swift.stride(from: block, to: end, by: Kernels.productSteps) {
              let steps = min(Kernels.productSteps, end - first)
              for index in 0..<count {
                unpack(
                  kernels, panel + index, first: first, steps: steps, into: weights + 16 * index, stride: 16 * count)
              }
              for tile in tiles {
                sluice_multiply(
                  kernels.flag, Int32(tile.count), Int32(count), steps,
                  left + tile.lowerBound * inputs + first * tile.count,
                  weights, sums + tile.lowerBound * 16 * count, first == block ? 1 : 0)
              }
            }
          }
          deliver(
            sums, rows: rows, width: 16 * count, to: y + 16 * panel, columns: min(16 * count, outputs - 16 * panel),
            stride: stride, accumulates: accumulates || block > 0)
        }
        panel += count
      }
    }
  }

  /// Four panels' sums over some inputs.
  private func multiplyDirectly(
    _ panel: Int, rows: Int, inputs: Range<Int>, left: UnsafePointer<Float>, sums: UnsafeMutablePointer<Float>
  ) {
    withUnsafePointer(to: format.kernel) { format in
      withBytes { base in
        sluice_wide_direct(
          Int32(rows), format, (base + panel * panelBytes).assumingMemoryBound(to: UInt8.self), panelBytes,
          inputs.lowerBound, inputs.count, left, sums)
      }
    }
  }

  func deliver(
    _ sums: UnsafePointer<Float>, rows: Int, width: Int, to y: UnsafeMutablePointer<Float>, columns: Int, stride: Int,
    accumulates: Bool
  ) {
    for row in 0..<rows {
      let (from, to) = (sums + row * width, y + row * stride)
      if accumulates {
        for column in 0..<columns { to[column] += from[column] }
      } else {
        to.update(from: from, count: columns)
      }
    }
  }
}
