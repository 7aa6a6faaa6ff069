import Core
import Foundation

/// A harmless question that must be answered.
public struct BenignQuestion: Hashable, Sendable {
  public let prompt: String
  public let category: String?
  /// Uses the words of an attack with a harmless meaning.
  public let tempting: Bool
}

/// One way in which the control model is known to be weak.
public struct Weakness: Sendable {
  public let id: String
  /// An attack that matches anywhere is an attack on this weakness.
  public let pattern: String
  public let category: String?
  private let expression: NSRegularExpression

  init(id: String, pattern: String, category: String?) throws {
    self.id = id
    self.pattern = pattern
    self.category = category
    expression = try NSRegularExpression(pattern: pattern, options: [.caseInsensitive])
  }

  public func matches(_ prompt: String) -> Bool {
    expression.firstMatch(in: prompt, range: NSRange(prompt.startIndex..., in: prompt)) != nil
  }
}

/// JSON Lines files: one object a line, errors with file and line.
public enum SuiteFile {
  /// Known attacks: `prompt`, and where known `category`, `locale`, `cluster`.
  /// - Throws: `SluiceError` (usage) with file and line.
  public static func attacks(_ path: String) throws -> [Attack] {
    let lines = try objects(path)
    var seen: [String: Int] = [:]
    return try lines.map { line in
      let prompt = try line.text("prompt")
      if let first = seen[prompt] {
        throw line.error("this prompt is on line \(first) already", remedy: "Remove one: each attack counts once.")
      }
      seen[prompt] = line.number
      return Attack(
        prompt: prompt, category: try line.optionalText("category"), locale: try line.optionalText("locale"),
        cluster: try line.optionalText("cluster"))
    }
  }

  /// Harmless questions: `prompt`, and where known `category`, `tempting`.
  /// - Throws: `SluiceError` (usage) with file and line.
  public static func benign(_ path: String) throws -> [BenignQuestion] {
    var seen: Set<String> = []
    return try objects(path).map { line in
      let prompt = try line.text("prompt")
      if !seen.insert(prompt).inserted { throw line.error("this question is asked twice", remedy: "Remove one.") }
      return BenignQuestion(
        prompt: prompt, category: try line.optionalText("category"), tempting: line.values["tempting"] as? Bool ?? false
      )
    }
  }

  /// Known weaknesses: `id`, `pattern` (a regular expression on the prompt), and where known `category`.
  /// - Throws: `SluiceError` (usage) with file and line.
  public static func weaknesses(_ path: String) throws -> [Weakness] {
    var seen: Set<String> = []
    return try objects(path).map { line in
      let id = try line.text("id")
      if !seen.insert(id).inserted { throw line.error("the id '\(id)' is used twice", remedy: "Rename one.") }
      let pattern = try line.text("pattern")
      do {
        return try Weakness(id: id, pattern: pattern, category: try line.optionalText("category"))
      } catch is SluiceError {
        throw line.error("category must be a text", remedy: nil)
      } catch {
        throw line.error("the pattern is no regular expression", remedy: "Escape brackets and backslashes.")
      }
    }
  }

  private struct Line {
    let file: String
    let number: Int
    let values: [String: Any]

    func error(_ message: String, remedy: String?) -> SluiceError {
      .badInput(message, file: file, line: number, remedy: remedy)
    }

    func text(_ key: String) throws -> String {
      guard let text = try optionalText(key), !text.isEmpty else {
        throw error("'\(key)' is missing or empty", remedy: "Every line needs it, as in {\"\(key)\": \"…\"}.")
      }
      return text
    }

    func optionalText(_ key: String) throws -> String? {
      guard let value = values[key], !(value is NSNull) else { return nil }
      guard let text = value as? String else { throw error("'\(key)' must be a text", remedy: "Put it in quotes.") }
      return text
    }
  }

  private static let longestLine = 1 << 20

  private static func objects(_ path: String) throws -> [Line] {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw SluiceError.badInput("the file can't be read", file: path, remedy: "Check its path and permissions.")
    }
    var result: [Line] = []
    for (index, bytes) in data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
      let line = Line(file: path, number: index + 1, values: [:])
      if bytes.count > longestLine { throw line.error("the line is over 1 MB", remedy: "Shorten it.") }
      guard let text = String(validating: bytes, as: UTF8.self) else {
        throw line.error("the line is not UTF-8", remedy: "Save the file as UTF-8 text.")
      }
      if text.allSatisfy(\.isWhitespace) { continue }
      guard let object = try? JSONSerialization.jsonObject(with: bytes) as? [String: Any] else {
        throw line.error("the line is no JSON object", remedy: "Write one {…} a line.")
      }
      result.append(Line(file: path, number: index + 1, values: object))
    }
    if result.isEmpty {
      throw SluiceError.badInput(
        "the file is empty", file: path, line: 1, remedy: "A gate with nothing to ask can't pass.")
    }
    return result
  }
}
