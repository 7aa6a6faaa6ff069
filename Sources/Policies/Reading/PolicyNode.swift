import Core

/// A value of a YAML text with its place: in the file, or on the command line where `--set` gave it.
public struct PolicyNode: Sendable {
  /// One `key: value` of a mapping.
  public struct Entry: Sendable {
    /// The key, as written.
    public let key: String
    let place: SourceLocation
    /// What stands behind it, or what an override put there.
    public internal(set) var value: PolicyNode
  }

  /// What a value is.
  public enum Content: Sendable {
    /// Nothing, `~` or `null`.
    case null
    /// A text, number or truth value; `quoted` where quotes say that it is a text.
    case scalar(String, quoted: Bool)
    /// A list.
    case sequence([PolicyNode])
    /// A mapping in the order of the file, each key once.
    case mapping([Entry])
  }

  /// What the value is.
  public internal(set) var content: Content
  /// Where it begins.
  public let place: SourceLocation

  var scalar: String? {
    if case .scalar(let text, _) = content { text } else { nil }
  }

  var isNull: Bool {
    if case .null = content { true } else { false }
  }

  var entries: [Entry]? {
    if case .mapping(let entries) = content { entries } else { nil }
  }

  func value(_ key: String) -> PolicyNode? { entries?.first { $0.key == key }?.value }

  /// What the value is, for messages: "a list", "nothing".
  var kind: String {
    switch content {
    case .null: "nothing"
    case .scalar: "a single value"
    case .sequence: "a list"
    case .mapping: "a mapping"
    }
  }
}
