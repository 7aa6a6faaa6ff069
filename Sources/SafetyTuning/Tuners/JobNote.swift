import Core
import Foundation

/// A small JSON file in a job's folder: what a run that goes on needs to know. Never holds a secret.
enum JobNote {
  /// Nil where there is no such file.
  /// - Throws: `SluiceError` (usage) for a file that can't be read: what it knew may have been paid for.
  static func read<Value: Decodable>(_ type: Value.Type, from path: String, remedy: String) throws -> Value? {
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    do {
      return try JSONDecoder().decode(type, from: Data(contentsOf: URL(fileURLWithPath: path)))
    } catch {
      throw SluiceError(
        .usage, "what is known of an earlier tuning job can't be read", at: SourceLocation(file: path), remedy: remedy)
    }
  }

  /// Written beside the place, flushed and moved there; its owner's alone.
  /// - Throws: `SluiceError` (usage) when that fails.
  static func write(_ value: some Encodable, to path: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let bytes = Array(try encoder.encode(value)) + [UInt8(ascii: "\n")]
    let draft = path + ".part"
    unlink(draft)
    let file = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw unwritable(path) }
    let written = Foundation.write(file, bytes, bytes.count) == bytes.count && fsync(file) == 0
    guard close(file) == 0, written, rename(draft, path) == 0 else { throw unwritable(path) }
  }

  private static func unwritable(_ path: String) -> SluiceError {
    SluiceError(
      .usage, "can't write what is known of a tuning job: \(String(cString: strerror(errno)))",
      at: SourceLocation(file: path), remedy: "Check that the folder can be written and the disk isn't full.")
  }
}
