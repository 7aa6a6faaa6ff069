import Foundation
import GRDB

/// Text bound and read byte for byte.
///
/// GRDB hands strings to SQLite, and takes them back, as C strings, which end at the first NUL: a response would be cut
/// there, and what comes behind it never judged. So text from outside is bound by `ExactText.bound`, with an argument of
/// `exact`, and read as bytes.
enum ExactText {
  /// A parameter for text; NULL stays NULL.
  static let bound = "CAST(? AS TEXT)"

  /// As many parameters, separated by commas.
  static func bound(_ count: Int) -> String { Array(repeating: bound, count: count).joined(separator: ", ") }

  /// An expression for text in a SELECT list, for `Row.exactText`.
  static func read(_ expression: String, as name: String) -> String { "CAST(\(expression) AS BLOB) AS \(name)" }

  /// Columns under their own names.
  static func read(_ columns: String...) -> String { columns.map { read($0, as: $0) }.joined(separator: ", ") }
}

/// A text as an argument of `ExactText.bound`. An empty one must stay a string: GRDB binds no bytes as NULL.
func exact(_ text: String?) -> (any DatabaseValueConvertible)? {
  guard let text else { return nil }
  return text.utf8.contains(0) ? Data(text.utf8) : text
}

extension Row {
  /// A column that was selected by `ExactText.read`.
  /// - Throws: an error that `LedgerErrors` takes for damage, where it holds something else.
  func exactText(_ column: String) throws -> String { String(decoding: try get(column) as Data, as: UTF8.self) }

  func exactTextIfAny(_ column: String) throws -> String? {
    try getIfAny(column, as: Data.self).map { String(decoding: $0, as: UTF8.self) }
  }

  /// A column of the type that Sluice stores there. The subscript would end the process where a flipped bit has made
  /// another type of it.
  /// - Throws: an error that `LedgerErrors` takes for damage.
  func get<Value: DatabaseValueConvertible>(_ column: String) throws -> Value {
    guard let value = Value.fromDatabaseValue(self[column] as DatabaseValue) else {
      throw LedgerDamage("a value of '\(column)' has the wrong type")
    }
    return value
  }

  /// The same, nil for NULL.
  func getIfAny<Value: DatabaseValueConvertible>(_ column: String, as type: Value.Type = Value.self) throws -> Value? {
    let stored: DatabaseValue = self[column]
    return stored.isNull ? nil : try get(column)
  }
}
