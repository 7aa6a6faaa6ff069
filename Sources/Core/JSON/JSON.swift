import Foundation

/// A JSON document as it was written: members keep their order, and keys that differ in any byte stay apart.
///
/// Swift compares strings by canonical equivalence, so a dictionary would fold `é` and `e` + U+0301 into one key.
/// Vocabularies hold both; an object is therefore a list of members.
public enum JSON: Sendable {
  case null
  case bool(Bool)
  /// A number without fraction and exponent that fits.
  case integer(Int)
  /// Any other number; finite, except where foreign text was read.
  case number(Double)
  case string(String)
  case array([JSON])
  case object([Member])

  /// One `"key": value` of an object.
  public struct Member: Sendable {
    public let key: String
    public let value: JSON

    public init(_ key: String, _ value: JSON) {
      self.key = key
      self.value = value
    }
  }

  public static func strings(_ values: [String]) -> JSON { .array(values.map(JSON.string)) }

  /// The member called `key`, nil where there is none or this is no object.
  public subscript(key: String) -> JSON? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.key.hasSameBytes(as: key) }?.value
  }

  public var isNull: Bool {
    if case .null = self { true } else { false }
  }

  public var string: String? {
    if case .string(let value) = self { value } else { nil }
  }

  public var bool: Bool? {
    if case .bool(let value) = self { value } else { nil }
  }

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

  public var array: [JSON]? {
    if case .array(let values) = self { values } else { nil }
  }

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
  public let message: String
  /// Both from 1; the column counts bytes.
  public let line: Int
  public let column: Int

  public var description: String { "\(line):\(column): \(message)" }

  /// The same as an error of the file it was read from: exit 64.
  public func inFile(_ file: String, remedy: String? = nil) -> SluiceError {
    SluiceError(.usage, message, at: SourceLocation(file: file, line: line, column: column), remedy: remedy)
  }
}
