import Core

/// Places texts in a space where near means alike.
protocol Embedder: Sendable {
  /// Changes when the vectors would.
  var fingerprint: String { get }

  /// A unit vector for each text, in order.
  func embed(_ texts: [String]) async throws -> [[Float]]
}

/// Character n-grams hashed to a fixed width: no model, no download, and good enough to see rewordings of one attack.
struct NgramEmbedder: Embedder {
  let fingerprint = "ngrams-2-4-512-v1"
  private static let width = 512

  func embed(_ texts: [String]) async throws -> [[Float]] { texts.map(Self.vector) }

  /// Word starts and ends count as characters, so that a shared word weighs more than the same letters inside others.
  static func vector(_ text: String) -> [Float] {
    let blank: Unicode.Scalar = " "
    let letters = (" " + text.lowercased() + " ").unicodeScalars.map { $0.properties.isWhitespace ? blank : $0 }
    var vector = [Float](repeating: 0, count: width)
    for length in 2...4 where letters.count >= length {
      for start in 0...(letters.count - length) {
        let hash = Self.hash(letters[start..<(start + length)])
        // The top bit signs the count, so that collisions cancel instead of adding up.
        vector[Int(hash % UInt64(width))] += hash >> 63 == 0 ? 1 : -1
      }
    }
    let norm = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
    return norm == 0 ? vector : vector.map { $0 / norm }
  }

  private static func hash(_ gram: ArraySlice<Unicode.Scalar>) -> UInt64 {
    let hash = gram.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { hash, scalar in
      withUnsafeBytes(of: scalar.value.littleEndian) { StableHash.fnv1a($0, from: hash) }
    }
    // FNV's high bits are weak for short input; a multiply and fold spreads them.
    return (hash ^ (hash >> 29)) &* 0xbf58_476d_1ce4_e5b9
  }
}
