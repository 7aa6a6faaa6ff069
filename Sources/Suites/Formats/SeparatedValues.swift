import Core
import Kinds

/// Tables as text, after RFC 4180: fields between separators, quoted where they hold one, a quote or a line break.
///
/// Our own reader, since every mistake has to be told with its line: the package for it (SwiftCSV) keeps none.
enum SeparatedValues {
  /// Bytes of one field: no model reads a longer prompt.
  static let longestField = 1 << 20

  struct Row {
    /// From 1.
    var line: Int
    var fields: [String] = []
  }

  /// The records of a table whose first row names the columns.
  /// - Throws: `SluiceError` (usage) with the line of the first row that is malformed.
  static func records(_ bytes: [UInt8], separator: UInt8, file: String) throws -> [DataRecord] {
    let text: String
    do {
      text = try TextDecoding.text(bytes)
    } catch {
      throw error.explained("the table is not UTF-8", file: file)
    }
    let rows = try rows(Array(text.utf8), separator: separator, file: file)
    guard let header = rows.first else { return [] }
    let names = header.fields.map(\.trimmingBlanks)
    func error(_ message: String, _ line: Int, _ remedy: String) -> SluiceError {
      .badInput(message, file: file, line: line, remedy: remedy)
    }
    if let twice = Dictionary(grouping: names.filter { !$0.isEmpty }, by: { $0 }).first(where: { $0.value.count > 1 }) {
      throw error("two columns are called '\(twice.key)'", header.line, "Give each column a name of its own.")
    }
    return try rows.dropFirst().map { row in
      guard row.fields.count == names.count else {
        throw error(
          "the row has \(counted(row.fields.count, "field")), and the header \(names.count)", row.line,
          "Quote fields that hold a separator or a line break, and double the quotes in them.")
      }
      return DataRecord(
        zip(names, row.fields).map { .init($0, $1.isEmpty ? .null : .string($1)) },
        at: SourceLocation(file: file, line: row.line))
    }
  }

  /// The separator of the first row that stands there most often outside quotes; nil where none does.
  static func separator(of head: some Collection<UInt8>) -> UInt8? {
    var counts: [UInt8: Int] = [:]
    var isQuoted = false
    for byte in head {
      if byte == quote { isQuoted.toggle() }
      if isQuoted { continue }
      if byte == lineFeed || byte == carriageReturn { break }
      if [UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "\t")].contains(byte) { counts[byte, default: 0] += 1 }
    }
    return counts.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key
  }

  /// All rows that hold anything.
  static func rows(_ bytes: [UInt8], separator: UInt8, file: String) throws -> [Row] {
    var rows: [Row] = []
    var field: [UInt8] = []
    var line = 1
    var row = Row(line: 1)
    var position = 0
    func endRow() {
      row.fields.append(String(decoding: field, as: UTF8.self))
      if row.fields.count > 1 || row.fields.first?.allSatisfy(\.isWhitespace) == false { rows.append(row) }
      field.removeAll(keepingCapacity: true)
      row = Row(line: line)
    }
    while position < bytes.count {
      switch bytes[position] {
      case quote where field.isEmpty:
        let start = line
        position = try quotedField(bytes, from: position + 1, into: &field, line: &line, file: file)
        if position < bytes.count, ![separator, lineFeed, carriageReturn].contains(bytes[position]) {
          throw SluiceError.badInput(
            "text follows the closing quote of the field that began on line \(start)", file: file, line: line,
            remedy: "Double the quotes inside a quoted field.")
        }
        // An empty quoted field is as empty as an unquoted one.
        continue
      case separator:
        row.fields.append(String(decoding: field, as: UTF8.self))
        field.removeAll(keepingCapacity: true)
      case carriageReturn where position + 1 < bytes.count && bytes[position + 1] == lineFeed: break
      case lineFeed, carriageReturn:
        line += 1
        endRow()
      case let byte: field.append(byte)
      }
      if field.count > longestField { throw tooLong(file, row.line) }
      position += 1
    }
    if !field.isEmpty || !row.fields.isEmpty { endRow() }
    return rows
  }

  /// Reads on after an opening quote.
  /// - Returns: the position after the closing one.
  private static func quotedField(
    _ bytes: [UInt8], from start: Int, into field: inout [UInt8], line: inout Int, file: String
  ) throws -> Int {
    let first = line
    var position = start
    while position < bytes.count {
      let byte = bytes[position]
      if byte == quote {
        guard position + 1 < bytes.count, bytes[position + 1] == quote else { return position + 1 }
        position += 1
      }
      if byte == lineFeed { line += 1 }
      field.append(byte)
      if field.count > longestField { throw tooLong(file, first) }
      position += 1
    }
    throw SluiceError.badInput(
      "the quote that opens a field on this line is never closed", file: file, line: first,
      remedy: "Close it; the file may have been cut off.")
  }

  private static func tooLong(_ file: String, _ line: Int) -> SluiceError {
    .badInput(
      "a field is longer than \(longestField) bytes", file: file, line: line,
      remedy: "Shorten it; nothing in this file needs so much text.")
  }

  private static let quote = UInt8(ascii: "\"")
  private static let lineFeed = UInt8(ascii: "\n")
  private static let carriageReturn = UInt8(ascii: "\r")
}
