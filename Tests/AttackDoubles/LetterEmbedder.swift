import Core

/// Counts of letters: alike texts are close, the empty text has no direction.
public struct LetterEmbedder: Embedder {
  public let fingerprint = "letters"

  public init() {}

  public func embed(_ texts: [String]) async throws -> [[Float]] {
    texts.map { text in
      var counts = [Float](repeating: 0, count: 32)
      for byte in text.utf8 { counts[Int(byte) % 32] += 1 }
      let norm = counts.reduce(0) { $0 + $1 * $1 }.squareRoot()
      return norm > 0 ? counts.map { $0 / norm } : counts
    }
  }
}
