import CProcessor

extension StoredMatrix {
  /// One output's weights [I] as float32.
  public func read(_ output: Int, into values: UnsafeMutablePointer<Float>) {
    readPanel(output / 16) { step, weights in values[step] = weights[output % 16] }
  }

  /// All weights [O,I] as float32.
  public func read(into values: UnsafeMutablePointer<Float>, crew: Crew? = nil) {
    share(crew, panelCount, work: 16 * inputs) { range in
      for panel in range {
        let width = min(16, outputs - 16 * panel)
        let place = values + 16 * panel * inputs
        readPanel(panel) { step, weights in
          for lane in 0..<width { place[lane * inputs + step] = weights[lane] }
        }
      }
    }
  }

  private func readPanel(_ panel: Int, _ body: (_ step: Int, _ weights: UnsafePointer<Float>) -> Void) {
    withUnsafeTemporaryAllocation(of: Float.self, capacity: 16 * Kernels.steps) { buffer in
      guard let scratch = buffer.baseAddress else { return }
      for first in stride(from: 0, to: inputs, by: Kernels.steps) {
        let count = min(Kernels.steps, inputs - first)
        unpack(Kernels.best, panel, first: first, steps: count, into: scratch, stride: 16)
        for step in 0..<count { body(first + step, scratch + 16 * step) }
      }
    }
  }

  /// Writes a panel's weights of some inputs, whole groups, as floats [steps, stride ≥ 16].
  func unpack(
    _ kernels: Kernels, _ panel: Int, first: Int, steps: Int, into scratch: UnsafeMutablePointer<Float>, stride: Int
  ) {
    withUnsafePointer(to: format.kernel) { format in
      withBytes { base in
        sluice_unpack(
          kernels.flag, format, (base + panel * panelBytes).assumingMemoryBound(to: UInt8.self), first, steps, scratch,
          stride)
      }
    }
  }
}
