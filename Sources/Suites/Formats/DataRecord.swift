import Core
import Kinds

/// One entry of a data file, whatever its format: a line of JSON Lines, a row of a table, an element of a list.
public struct DataRecord: Sendable {
  /// Where it begins.
  public let place: SourceLocation
  /// Its columns, or keys, in the order of the file.
  public let fields: [JSON.Member]

  init(_ fields: [JSON.Member], at place: SourceLocation) {
    self.fields = fields
    self.place = place
  }

  /// The record with what a reader notes of it, which nothing that the file has under the same keys can stand for.
  func noting(_ notes: [JSON.Member], own keys: [String] = []) -> DataRecord {
    let keys = keys + notes.map(\.key)
    return DataRecord(notes + fields.filter { !keys.contains($0.key) }, at: place)
  }

  /// The value in a column; nil where there is none, or null.
  subscript(_ column: String) -> JSON? {
    guard let value = fields.first(where: { $0.key == column })?.value, !value.isNull else { return nil }
    return value
  }

  /// A column's text without the blanks around it; nil where there is none, or nothing but blanks.
  ///
  /// Numbers and booleans are text as they were written: in a table everything is.
  func label(_ column: String) -> String? {
    switch self[column] {
    case .string(let text)?:
      let trimmed = text.trimmingBlanks
      return trimmed.isEmpty ? nil : trimmed
    case .integer(let value)?: return String(value)
    case .number(let value)?: return String(value)
    case .bool(let value)?: return value ? "true" : "false"
    default: return nil
    }
  }

  /// One of a few words in a column, whatever case it is written in; nil where there is none.
  /// - Throws: `SluiceError` (usage) for any other word.
  func choice(_ column: String, of words: String...) throws -> String? {
    guard let label = label(column) else { return nil }
    guard let word = words.first(where: { $0 == label.lowercased() }) else {
      throw error(
        "'\(column)' is \(quoted(label))", remedy: suggestion(for: label, among: words, called: "It can be"))
    }
    return word
  }

  /// A prompt, byte for byte.
  /// - Throws: `SluiceError` (usage) where the column is empty or holds no text.
  func prompt(_ column: String) throws -> String {
    guard let value = self[column] else {
      throw error("'\(column)' is empty", remedy: "Each record needs a prompt; remove those that have none.")
    }
    guard let text = value.string else {
      throw error("'\(column)' must be a text, not \(value.kind)", remedy: "Put it in quotes.")
    }
    if text.allSatisfy(\.isWhitespace) {
      throw error("'\(column)' is empty", remedy: "Each record needs a prompt; remove those that have none.")
    }
    return text
  }

  func error(_ message: String, remedy: String) -> SluiceError {
    SluiceError(.usage, message, at: place, remedy: remedy)
  }
}

extension String {
  var trimmingBlanks: String {
    let start = drop(while: \.isWhitespace)
    guard let end = start.lastIndex(where: { !$0.isWhitespace }) else { return "" }
    return String(start[...end])
  }
}
