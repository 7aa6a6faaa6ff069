import Core
import Synchronization

/// The rows of the prompts that were looked up last: what asks for responses asks for their scores next, and finding a prompt again
/// takes a hash and, in a sealed ledger, opening it.
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

  /// Rows by prompt, as they were in one transaction that read.
  struct Rows {
    private var rows: [Key: Int64] = [:]

    subscript(prompt: String) -> Int64? {
      get { rows[Key(text: prompt)] }
      set { rows[Key(text: prompt)] = newValue }
    }
  }

  private let state = Mutex(Rows())

  var rows: Rows {
    get { state.withLock { $0 } }
    set { state.withLock { $0 = newValue } }
  }
}
