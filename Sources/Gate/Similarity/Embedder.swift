import Core
import LanguageModels
import Statistics
import Synchronization

/// The fallback: sees wording, not meaning, and needs no model.
struct WordingEmbedder: Embedder {
  let fingerprint = "ngrams"

  func embed(_ texts: [String]) async throws -> [[Float]] { texts.map(NGramEmbedding.embed) }
}

/// Counts texts that were longer than an encoder reads.
private final class CutMeter: Sendable {
  private let count = Mutex(0)

  var cut: Int { count.withLock { $0 } }

  func note(_ more: Int) { count.withLock { $0 += more } }
}

/// A sentence encoder in this process.
public struct SentenceEmbedder: Embedder {
  public let fingerprint: String
  let encoder: SentenceEncoder
  let workers: Int
  private let meter = CutMeter()

  public init(fingerprint: String, encoder: SentenceEncoder, workers: Int) {
    self.fingerprint = fingerprint
    self.encoder = encoder
    self.workers = workers
  }

  public func embed(_ texts: [String]) async throws -> [[Float]] {
    let (vectors, cut) = await offPool { encoder.embeddings(of: texts, workers: workers) }
    meter.note(cut)
    return vectors
  }

  public var observations: [String] {
    let cut = meter.cut
    guard cut > 0 else { return [] }
    return [
      "The embedder compared \(cut == 1 ? "1 text" : "\(cut) texts") by the first \(encoder.maximumLength) tokens alone, "
        + "the most that it reads: likeness there says nothing of what follows."
    ]
  }
}
