import Core
import Kinds

/// One object of a JSON Lines file.
struct SuiteLine {
  /// Bytes of a line: no model reads a longer prompt.
  static let longest = 1 << 20

  let file: String
  let number: Int
  private let object: JSON

  /// - Returns: nil for a line without anything on it.
  /// - Throws: `SluiceError` (usage) with file, line and, for broken JSON, column.
  init?(_ bytes: ArraySlice<UInt8>, file: String, number: Int, keys: [String]) throws {
    self.file = file
    self.number = number
    guard
      let members = try Self.object(
        bytes, file: file, number: number, example: keys[0], limits: JSON.Limits(depth: 32, values: 20_000))
    else { return nil }
    object = .object(members)
    for member in members where !keys.contains(member.key) {
      throw error(
        "unknown key \(quoted(member.key))", remedy: suggestion(for: member.key, among: keys, called: "The keys are"))
    }
  }

  /// The members of the object on a line.
  /// - Parameter example: the key that a line is shown with.
  /// - Returns: nil for a line without anything on it.
  /// - Throws: `SluiceError` (usage) with file, line and, for broken JSON, column.
  static func object(
    _ bytes: ArraySlice<UInt8>, file: String, number: Int, example: String,
    limits: JSON.Limits = JSON.Limits(depth: 64, values: 100_000)
  ) throws -> [JSON.Member]? {
    guard let text = try text(bytes, file: file, number: number) else { return nil }
    let remedy = "Write one {…} a line, as in {\"\(example)\": \"…\"}."
    let object: JSON
    do {
      object = try JSON(parsing: Array(text.utf8), limits: limits)
    } catch let problem as JSONSyntaxError {
      throw SluiceError(
        .usage, "the line is not JSON: \(problem.message)",
        at: SourceLocation(file: file, line: number, column: problem.column), remedy: remedy)
    }
    guard let members = object.members else {
      throw SluiceError.badInput("the line is \(object.kind), not an object", file: file, line: number, remedy: remedy)
    }
    return members
  }

  /// The text on a line, without a carriage return at its end.
  /// - Returns: nil for a line without anything on it.
  /// - Throws: `SluiceError` (usage) with file, line and, for bytes that are no UTF-8, column.
  static func text(_ bytes: ArraySlice<UInt8>, file: String, number: Int) throws -> String? {
    if bytes.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0d }) { return nil }
    if bytes.count > longest {
      throw SluiceError.badInput(
        "the line is longer than \(longest) bytes", file: file, line: number,
        remedy: "Shorten it; nothing in this file needs so much text.")
    }
    do {
      return try TextDecoding.text(bytes.last == 0x0d ? bytes.dropLast() : bytes)
    } catch {
      throw SluiceError(
        .usage, "the line is not UTF-8", at: SourceLocation(file: file, line: number, column: error.column),
        remedy: "Save the file as UTF-8 text.")
    }
  }

  func has(_ key: String) -> Bool { object[key] != nil }

  func error(_ message: String, remedy: String) -> SluiceError {
    .badInput(message, file: file, line: number, remedy: remedy)
  }

  func text(_ key: String) throws -> String {
    guard let text = try optionalText(key) else {
      throw error("'\(key)' is missing", remedy: "Every line needs it, as in {\"\(key)\": \"…\"}.")
    }
    return text
  }

  /// The prompt, or the text of the conversation on the line.
  /// - Throws: `SluiceError` (usage) for a line that has neither, or more than one.
  func asked() throws -> String {
    try ConversationReader(object) { error($0, remedy: $1) }.text { try text("prompt") }
  }

  func optionalText(_ key: String) throws -> String? {
    guard let value = object[key], !value.isNull else { return nil }
    guard let text = value.string else {
      throw error("'\(key)' must be a text, not \(value.kind)", remedy: "Put it in quotes.")
    }
    if text.allSatisfy(\.isWhitespace) {
      throw error("'\(key)' is empty", remedy: "Write a text, or leave the key out.")
    }
    return text
  }

  func optionalBool(_ key: String) throws -> Bool? {
    guard let value = object[key], !value.isNull else { return nil }
    guard let bool = value.bool else {
      throw error("'\(key)' must be true or false, not \(value.kind)", remedy: "Write it without quotes.")
    }
    return bool
  }

  func optionalNumber(_ key: String, within range: ClosedRange<Double>) throws -> Double? {
    guard let value = object[key], !value.isNull else { return nil }
    guard let number = value.double else {
      throw error("'\(key)' must be a number, not \(value.kind)", remedy: "Write it without quotes.")
    }
    guard range.contains(number) else {
      throw error(
        "'\(key)' is outside \(range.lowerBound) to \(range.upperBound)", remedy: "Check the scale that wrote it.")
    }
    return number
  }

  func optionalInteger(_ key: String, within range: ClosedRange<Int>) throws -> Int? {
    guard let number = try optionalNumber(key, within: Double(range.lowerBound)...Double(range.upperBound)) else {
      return nil
    }
    guard let integer = Int(exactly: number) else {
      throw error("'\(key)' must be a whole number", remedy: "Count from \(range.lowerBound).")
    }
    return integer
  }

  /// - Throws: `SluiceError` (usage) where what describes the line is of the wrong kind.
  /// - Returns: the tags, each once; empty where there are none.
  @discardableResult
  func checkAnnotations() throws -> [String] {
    for key in ["source", "licence"] { _ = try optionalText(key) }
    guard let tags = object["tags"], !tags.isNull else { return [] }
    guard let list = tags.array, list.allSatisfy({ $0.string != nil }) else {
      throw error("'tags' must be a list of texts", remedy: "Write \"tags\": [\"…\"].")
    }
    var seen: Set<String> = []
    return list.compactMap(\.string).filter { !$0.isEmpty && seen.insert($0).inserted }
  }
}
