import CProcessor

/// The kernels of one kind of processor.
struct Kernels: Sendable, Hashable {
  /// Inputs that are read at a time: a divisor of `PanelProduct.depth` that whole groups fill.
  static let steps = 32
  /// Inputs that a product unpacks at a time, likewise. More leave sums in their registers for longer; of these, weights
  /// (16 KB) and a tile's rows still lie in the first-level cache.
  static let productSteps = 128
  /// Those that every processor runs which the program is built for.
  static let base = Kernels(isWide: false, hasDots: false)
  /// Those for registers of 16 floats, and for sums of products of bytes, where this processor has them.
  static let best = Kernels(isWide: sluice_has_wide_vectors() != 0, hasDots: sluice_has_dots() != 0)

  let isWide: Bool
  let hasDots: Bool
  var flag: Int32 { isWide ? 1 : 0 }
  var dotsFlag: Int32 { hasDots ? 1 : 0 }

  /// Panels that a tile of a product with rounded rows spans.
  var panelsOfRounded: Int { hasDots ? 4 : 1 }

  /// Panels that a tile spans: enough sums under way that none waits for its predecessor.
  func panels(rows: Int) -> Int {
    if isWide { return rows <= 6 ? 4 : 2 }
    return rows <= 3 ? 2 : 1
  }

  /// Whether weights are multiplied as they are read.
  func isDirect(rows: Int, panels: Int) -> Bool { isWide && rows <= 4 && panels == 4 }

  /// Rows 0..<rows in tiles of nearly equal height, as many as the registers hold.
  func tiles(rows: Int, panels: Int) -> [Range<Int>] {
    let most = isWide ? (panels == 4 ? 6 : 12) : (panels == 2 ? 3 : 6)
    let count = (rows + most - 1) / most
    let (height, taller) = (rows / count, rows % count)
    return (0..<count).map { tile in
      let first = tile * height + min(tile, taller)
      return first..<first + height + (tile < taller ? 1 : 0)
    }
  }
}
