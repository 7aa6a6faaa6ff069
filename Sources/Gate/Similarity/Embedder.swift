import LanguageModels
import Statistics

/// Places texts in a space where near means alike.
protocol Embedder: Sendable {
  /// Changes when the vectors would.
  var fingerprint: String { get }

  /// A unit vector for each text, in order.
  func embed(_ texts: [String]) async throws -> [[Float]]
}

/// The fallback: sees wording, not meaning, and needs no model.
struct WordingEmbedder: Embedder {
  let fingerprint = "ngrams"

  func embed(_ texts: [String]) async throws -> [[Float]] { texts.map(NGramEmbedding.embed) }
}

/// A sentence encoder in this process.
struct SentenceEmbedder: Embedder {
  let fingerprint: String
  let encoder: SentenceEncoder
  let workers: Int

  func embed(_ texts: [String]) async throws -> [[Float]] {
    await offPool { encoder.embed(texts, workers: workers) }
  }
}
