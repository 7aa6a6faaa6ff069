import Core
import Foundation

/// A value of a tokenizer's file with the way to it, so that an error says which key of which file is wrong.
struct JSONField {
  let value: JSON
  /// `model.merges[3]`; empty for the whole document.
  let name: String
  let file: String

  /// A tokenizer's file larger than this isn't one.
  static let maximumBytes = 256_000_000

  init(value: JSON, name: String, file: String) {
    self.value = value
    self.name = name
    self.file = file
  }

  /// Reads and parses a whole file.
  init(file: String) throws { try self.init(bytes: try TokenizerText.read(file), file: file) }

  init(bytes: [UInt8], file: String) throws {
    do {
      self.init(value: try JSON(parsing: bytes), name: "", file: file)
    } catch let error as JSONSyntaxError {
      throw error.inFile(file, remedy: "The file is damaged: copy or export the tokenizer again.")
    }
  }

  func error(_ message: String, remedy: String? = nil) -> SluiceError {
    SluiceError.badInput(name.isEmpty ? message : "\(name): \(message)", file: file, remedy: remedy)
  }

  func wrongType(_ expected: String) -> SluiceError { error("expected \(expected), found \(value.kind)") }

  /// A member that may be absent or null.
  func optional(_ key: String) -> JSONField? {
    guard let member = value[key], !member.isNull else { return nil }
    return JSONField(value: member, name: name.isEmpty ? key : "\(name).\(key)", file: file)
  }

  func required(_ key: String) throws -> JSONField {
    guard value.members != nil else { throw wrongType("an object") }
    guard let field = optional(key) else { throw error("the key '\(key)' is missing") }
    return field
  }

  func string() throws -> String {
    guard let string = value.string else { throw wrongType("a string") }
    return string
  }

  func integer(in range: ClosedRange<Int>) throws -> Int {
    guard let integer = value.integer else { throw wrongType("an integer") }
    guard range.contains(integer) else {
      throw error("\(integer) isn't from \(range.lowerBound) to \(range.upperBound)")
    }
    return integer
  }

  func bool() throws -> Bool {
    guard let bool = value.bool else { throw wrongType("true or false") }
    return bool
  }

  func bool(_ key: String, default fallback: Bool) throws -> Bool { try optional(key)?.bool() ?? fallback }

  func string(_ key: String, default fallback: String) throws -> String { try optional(key)?.string() ?? fallback }

  func elements() throws -> [JSONField] {
    guard let elements = value.array else { throw wrongType("a list") }
    return elements.enumerated().map { JSONField(value: $0.element, name: "\(name)[\($0.offset)]", file: file) }
  }

  func members() throws -> [JSON.Member] {
    guard let members = value.members else { throw wrongType("an object") }
    return members
  }

  /// The `type` of a component.
  func type() throws -> String { try required("type").string() }
}

/// Reads a tokenizer's text files.
enum TokenizerText {
  static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

  static func read(_ path: String) throws -> [UInt8] {
    try BoundedFile.read(
      path, what: "the tokenizer's file", limit: JSONField.maximumBytes, hint: "Export the tokenizer again.")
  }

  /// The lines of a UTF-8 file, without their ends.
  static func lines(_ path: String) throws -> [String] {
    guard let text = String(validating: try read(path), as: UTF8.self) else {
      throw SluiceError.badInput("the file isn't UTF-8", file: path)
    }
    var lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      line.last == "\r" ? String(line.dropLast()) : String(line)
    }
    if lines.last == "" { lines.removeLast() }
    return lines
  }
}
