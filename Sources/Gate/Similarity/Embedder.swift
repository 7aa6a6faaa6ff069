import Core
import LanguageModels
import Statistics

/// The fallback: sees wording, not meaning, and needs no model.
struct WordingEmbedder: Embedder {
  let fingerprint = "ngrams"

  func embed(_ texts: [String]) async throws -> [[Float]] { texts.map(NGramEmbedding.embed) }
}

/// A sentence encoder in this process.
public struct SentenceEmbedder: Embedder {
  public let fingerprint: String
  let encoder: SentenceEncoder
  let workers: Int

  public init(fingerprint: String, encoder: SentenceEncoder, workers: Int) {
    self.fingerprint = fingerprint
    self.encoder = encoder
    self.workers = workers
  }

  public func embed(_ texts: [String]) async throws -> [[Float]] {
    await offPool { encoder.embed(texts, workers: workers) }
  }
}
