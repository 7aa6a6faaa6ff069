import Core

/// Prompts to train an attacker on: JSON Lines as a suite has them, or one prompt a line.
public enum SeedPrompts {
  /// The prompts in the file's order, repetitions included.
  /// - Throws: `PolicyErrors` with everything that is wrong in the file.
  public static func read(_ path: String) throws -> [String] {
    let what = "the file of seed prompts"
    if try isJSON(path, what: what) {
      return try SuiteFile.read(
        path, keys: ["prompt", "category", "locale", "cluster", "id", "tempting"], what: what, hint: hint
      ) { line, _ in try line.text("prompt") }
    }
    let bytes = try BoundedFile.read(path, what: what, limit: SuiteFile.largestFile, hint: hint)
    var prompts: [String] = []
    for (index, slice) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
      func error(_ message: String, _ remedy: String, column: Int? = nil) -> SluiceError {
        SluiceError(
          .usage, message, at: SourceLocation(file: path, line: index + 1, column: column), remedy: remedy)
      }
      guard slice.count <= SuiteFile.longestLine else {
        throw error("the line is longer than \(SuiteFile.longestLine) bytes", "Write one prompt a line.")
      }
      let text: String
      do {
        text = try TextDecoding.text(slice)
      } catch {
        throw SluiceError(
          .usage, "the line is not UTF-8", at: SourceLocation(file: path, line: index + 1, column: error.column),
          remedy: "Save the file as UTF-8 text.")
      }
      let prompt = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).joined(separator: " ")
      if !prompt.allSatisfy(\.isWhitespace) { prompts.append(prompt.trimmingBlanks) }
    }
    guard !prompts.isEmpty else {
      throw SluiceError.badInput("\(what) is empty", file: path, line: 1, remedy: "Write one prompt a line.")
    }
    return prompts
  }

  private static let hint = "Train on a part of it."

  /// By the name, else by the first character: training on the braces would be a mistake that nobody sees.
  private static func isJSON(_ path: String, what: String) throws -> Bool {
    if path.hasSuffix(".jsonl") { return true }
    let bytes = try BoundedFile.read(path, what: what, limit: SuiteFile.largestFile, hint: hint)
    return bytes.first { ![0x20, 0x09, 0x0a, 0x0d].contains($0) } == UInt8(ascii: "{")
  }
}

extension String {
  fileprivate var trimmingBlanks: String {
    let start = drop(while: \.isWhitespace)
    guard let end = start.lastIndex(where: { !$0.isWhitespace }) else { return "" }
    return String(start[...end])
  }
}
