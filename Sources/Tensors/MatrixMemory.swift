/// Memory in which the matrices of one model lie one after the other.
///
/// In large pages, of which single matrices of a megabyte or two would leave parts unused.
public final class MatrixMemory {
  private let most: Int
  private var chunk: FloatMemory?
  private var used = 0

  /// Floats that are asked of the system at once (32 MB); those of them that no matrix takes cost nothing.
  private static let usual = 8 << 20

  /// - Parameter expected: floats of all matrices together, at most.
  public init(expected: Int) { most = min(Self.usual, expected) }

  /// `count` floats from a place of the memory on, at the beginning of a cache line.
  func take(_ count: Int) -> (memory: FloatMemory, place: Int) {
    if count > most / 2 { return (FloatMemory(count), 0) }
    if let chunk, used + count <= chunk.count {
      defer { used += (count + 15) / 16 * 16 }
      return (chunk, used)
    }
    let made = FloatMemory(most)
    chunk = made
    used = (count + 15) / 16 * 16
    return (made, 0)
  }
}
