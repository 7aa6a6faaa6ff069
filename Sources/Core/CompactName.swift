/// A name that mostly is a hash in hexadecimal: 64 bits, kept as such.
///
/// A suite has such names by the hundred thousand, and a text of 16 characters would take a block of memory for each.
public struct CompactName: Hashable, Sendable {
  private enum Form: Hashable, Sendable {
    /// A text of 16 lower-case hexadecimal digits, and no other: equal texts have one form.
    case hash(UInt64)
    case text(String)
  }

  private let form: Form

  /// Keeps 16 hexadecimal digits as a number and any other text as it is.
  public init(_ text: String) {
    let hash = text.utf8.count == 16 ? UInt64(text, radix: 16) : nil
    form = hash.flatMap { String(hexadecimal: $0) == text ? .hash($0) : nil } ?? .text(text)
  }

  /// The name whose text is the hash in hexadecimal.
  public init(hash: UInt64) { form = .hash(hash) }

  /// The name as it was given.
  public var text: String {
    switch form {
    case .hash(let hash): String(hexadecimal: hash)
    case .text(let text): text
    }
  }
}

extension CompactName: Comparable {
  /// In the order of the texts.
  public static func < (a: CompactName, b: CompactName) -> Bool {
    if case .hash(let a) = a.form, case .hash(let b) = b.form { return a < b }
    return a.text < b.text
  }
}

extension CompactName: CustomStringConvertible, ExpressibleByStringInterpolation {
  public var description: String { text }
  /// A name that is written out in the source.
  public init(stringLiteral text: String) { self.init(text) }
}
