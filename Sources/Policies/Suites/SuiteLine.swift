import Core

/// One object of a JSON Lines file.
struct SuiteLine {
  let file: String
  let number: Int
  private let object: JSON

  /// - Returns: nil for a line without anything on it.
  /// - Throws: `SluiceError` (usage) with file, line and, for broken JSON, column.
  init?(_ bytes: ArraySlice<UInt8>, file: String, number: Int, keys: [String]) throws {
    self.file = file
    self.number = number
    func error(_ message: String, _ remedy: String, column: Int? = nil) -> SluiceError {
      SluiceError(.usage, message, at: SourceLocation(file: file, line: number, column: column), remedy: remedy)
    }
    if bytes.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0d }) { return nil }
    if bytes.count > SuiteFile.longestLine {
      throw error(
        "the line is longer than \(SuiteFile.longestLine) bytes", "Shorten it; nothing in this file needs so much text."
      )
    }
    let text: String
    do {
      text = try TextDecoding.text(bytes)
    } catch {
      throw SluiceError(
        .usage, "the line is not UTF-8", at: SourceLocation(file: file, line: number, column: error.column),
        remedy: "Save the file as UTF-8 text.")
    }
    do {
      object = try JSON(parsing: Array(text.utf8), limits: JSON.Limits(depth: 8, values: 1000))
    } catch let problem as JSONSyntaxError {
      throw error(
        "the line is not JSON: \(problem.message)", "Write one {…} a line, as in {\"\(keys[0])\": \"…\"}.",
        column: problem.column)
    }
    guard let members = object.members else {
      throw error("the line is \(object.kind), not an object", "Write one {…} a line, as in {\"\(keys[0])\": \"…\"}.")
    }
    for member in members where !keys.contains(member.key) {
      throw error("unknown key \(quoted(member.key))", suggestion(for: member.key, among: keys, called: "The keys are"))
    }
  }

  func error(_ message: String, remedy: String) -> SluiceError {
    .badInput(message, file: file, line: number, remedy: remedy)
  }

  func text(_ key: String) throws -> String {
    guard let text = try optionalText(key) else {
      throw error("'\(key)' is missing", remedy: "Every line needs it, as in {\"\(key)\": \"…\"}.")
    }
    return text
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
}
