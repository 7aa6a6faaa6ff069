import Foundation

/// A JSON document as it was written: members keep their order, and keys that differ in any byte stay apart.
///
/// Swift compares strings by canonical equivalence, so a dictionary would fold `é` and `e` + U+0301 into one key.
/// Vocabularies hold both; an object is therefore a list of members.
public enum JSON: Sendable {
  /// The literal `null`.
  case null
  /// A literal `true` or `false`.
  case bool(Bool)
  /// A number without fraction and exponent that fits.
  case integer(Int)
  /// Any other number; finite, except where foreign text was read.
  case number(Double)
  /// A text, unescaped.
  case string(String)
  /// Values in their order.
  case array([JSON])
  /// Members in their order; a foreign text may have a key twice.
  case object([Member])

  /// One `"key": value` of an object.
  public struct Member: Sendable {
    /// Text before the colon, unescaped.
    public let key: String
    /// What stands behind the colon.
    public let value: JSON

    /// Pairs a key with its value.
    public init(_ key: String, _ value: JSON) {
      self.key = key
      self.value = value
    }
  }

  /// An array of texts.
  public static func strings(_ values: [String]) -> JSON { .array(values.map(JSON.string)) }

  /// The member called `key`, nil where there is none or this is no object.
  public subscript(key: String) -> JSON? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.key.hasSameBytes(as: key) }?.value
  }

  /// Whether this is the literal `null`.
  public var isNull: Bool {
    if case .null = self { true } else { false }
  }

  /// The text; nil for other values.
  public var string: String? {
    if case .string(let value) = self { value } else { nil }
  }

  /// The truth value; nil for other values.
  public var bool: Bool? {
    if case .bool(let value) = self { value } else { nil }
  }

  /// The whole number; nil for other values, also for `1.0`.
  public var integer: Int? {
    if case .integer(let value) = self { value } else { nil }
  }

  /// The value of either kind of number.
  public var double: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    default: nil
    }
  }

  /// The elements; nil for other values.
  public var array: [JSON]? {
    if case .array(let values) = self { values } else { nil }
  }

  /// The members in their order; nil for other values.
  public var members: [Member]? {
    if case .object(let members) = self { members } else { nil }
  }

  /// What the value is, for messages: "an array", "a string".
  public var kind: String {
    switch self {
    case .null: "null"
    case .bool: "a boolean"
    case .integer, .number: "a number"
    case .string: "a string"
    case .array: "an array"
    case .object: "an object"
    }
  }
}

extension String {
  /// Whether the texts are equal in every byte of their UTF-8; `==` takes canonically equivalent ones for equal.
  public func hasSameBytes(as other: String) -> Bool {
    // Counting first spares the comparison for nearly all.
    guard utf8.count == other.utf8.count else { return false }
    var (own, other) = (self, other)
    return own.withUTF8 { own in
      other.withUTF8 { other in
        guard let own = own.baseAddress, let start = other.baseAddress else { return other.isEmpty }
        return memcmp(own, start, other.count) == 0
      }
    }
  }
}

/// Why a text isn't acceptable JSON, and where.
public struct JSONSyntaxError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What is wrong, for an error that names the file.
  public let message: String
  /// Both from 1; the column counts bytes.
  public let line: Int
  /// The column in bytes, from 1.
  public let column: Int

  public var description: String { "\(line):\(column): \(message)" }

  /// The same as an error of the file it was read from: exit 64.
  public func inFile(_ file: String, remedy: String? = nil) -> SluiceError {
    SluiceError(.usage, message, at: SourceLocation(file: file, line: line, column: column), remedy: remedy)
  }
}
