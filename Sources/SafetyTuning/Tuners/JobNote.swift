import Core
import Foundation

/// A small JSON file in a job's folder: what a run that goes on needs to know. Never holds a secret.
enum JobNote {
  /// Nil where there is no such file.
  /// - Throws: `SluiceError` (usage) for a file that can't be read: what it knew may have been paid for.
  static func read<Value: Decodable>(_ type: Value.Type, from path: String, remedy: String) throws -> Value? {
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    do {
      let bytes = try BoundedFile.read(path, what: "the note", limit: 1 << 20, hint: remedy)
      return try JSONDecoder().decode(type, from: Data(bytes))
    } catch {
      throw SluiceError(
        .usage, "what is known of an earlier tuning job can't be read", at: SourceLocation(file: path), remedy: remedy)
    }
  }

  /// Written beside the place, flushed and moved there; its owner's alone.
  /// - Throws: `SluiceError` when that fails.
  static func write(_ value: some Encodable, to path: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let bytes = Array(try encoder.encode(value)) + [UInt8(ascii: "\n")]
    try OutputFile.write(bytes, to: path, what: "what is known of a tuning job", access: .owner)
  }
}
