import Core
import Policies

/// Prompts to train an attacker on: in any format that a suite may have, or one prompt a line.
public enum SeedPrompts {
  /// The prompts in the file's order, and the last user turn of each conversation; repetitions too, where the file is Sluice's own or plain text.
  /// - Throws: `PolicyErrors` with everything that is wrong in the file.
  public static func read(_ path: String, columns: ColumnNames = .usual) throws -> [String] {
    let what = "the file of seed prompts"
    if columns == .usual, let prompts = try plainLines(path, what: what) { return prompts }
    if let file = try PromptFile.foreign(path, columns: columns, what: what, hint: hint) {
      return file.prompts.map { Conversation(text: $0.prompt)?.lastUserTurn ?? $0.prompt }
    }
    return try SuiteFile.read(
      path, keys: SuiteFile.attackKeys + ["tempting"], what: what, hint: hint
    ) { line, _ in
      let asked = try line.asked()
      return Conversation(text: asked)?.lastUserTurn ?? asked
    }
  }

  private static let hint = "Train on a part of it."

  /// Nil for a file that isn't plain text.
  private static func plainLines(_ path: String, what: String) throws -> [String]? {
    do {
      let bytes = try BoundedFile.read(path, what: what, limit: SuiteFile.largestFile, hint: hint)
      guard try FileFormat.of(bytes, file: path, what: what).name == FileFormat.text.name || isUnstructured(bytes, path)
      else { return nil }
      let prompts = try FileFormat.text.records(bytes, file: path).compactMap { record in
        record["prompt"]?.string?.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
          .joined(separator: " ").trimmingBlanks
      }.filter { !$0.isEmpty }
      guard !prompts.isEmpty else {
        throw SluiceError.badInput("\(what) is empty", file: path, line: 1, remedy: "Write one prompt a line.")
      }
      return prompts
    } catch let error as SluiceError {
      throw PolicyErrors([error])
    }
  }

  /// Whether a file without a telling name holds neither objects nor a list: training on braces would be a mistake that
  /// nobody sees.
  private static func isUnstructured(_ bytes: [UInt8], _ path: String) -> Bool {
    let hasName = FileFormat.all.contains { $0.endings.contains { path.lowercased().hasSuffix($0) } }
    let first = bytes.first { ![0x20, 0x09, 0x0a, 0x0d].contains($0) }
    return !hasName && first != UInt8(ascii: "{") && first != UInt8(ascii: "[")
  }
}
