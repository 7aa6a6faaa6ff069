import Core
import Synchronization

/// The rows of the prompts that were looked up last: what asks for responses asks for their scores next, and finding a prompt again
/// takes a hash and a comparison, under a key in a sealed ledger.
///
/// Responses are read ahead of their scores, in portions, so that more than the last portion is remembered.
final class KnownPrompts: Sendable {
  /// A text that is told apart by its bytes.
  private struct Key: Hashable {
    let text: String

    static func == (a: Key, b: Key) -> Bool { a.text.hasSameBytes(as: b.text) }

    func hash(into hasher: inout Hasher) {
      var text = text
      text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
  }

  private struct Rows {
    var latest: [Key: Int64] = [:]
    var earlier: [Key: Int64] = [:]
  }

  /// Prompts of one generation; the one before it is kept as well.
  private static let most = 1 << 15
  private let state = Mutex(Rows())

  /// Finding remembers nothing: only who holds the ledger's lock knows that rows stay.
  subscript(prompt: String) -> Int64? {
    let key = Key(text: prompt)
    return state.withLock { $0.latest[key] ?? $0.earlier[key] }
  }

  func remember(_ prompt: String, row: Int64) {
    state.withLock { rows in
      if rows.latest.count == Self.most { (rows.earlier, rows.latest) = (rows.latest, [:]) }
      rows.latest[Key(text: prompt)] = row
    }
  }

  /// Forgets all: rows may change.
  func forget() { state.withLock { $0 = Rows() } }
}
