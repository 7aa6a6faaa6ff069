import CLibsodium
import Core
import Foundation

/// SHA-256 by libsodium, as lower-case hexadecimal.
public enum SHA256 {
  public static func hex(_ bytes: some Sequence<UInt8>) -> String {
    var hasher = SHA256Stream()
    hasher.update(Array(bytes))
    return hasher.finish()
  }

  public static func hex(_ text: String) -> String { hex(Array(text.utf8)) }

  /// - Throws: `SluiceError` (usage) when the file can't be read.
  public static func hex(file path: String) throws -> String {
    var hasher = SHA256Stream()
    try hasher.update(file: path)
    return hasher.finish()
  }

  /// The identity of a checkpoint: its files' relative names, sizes and contents, in the order of their names.
  ///
  /// Hidden files are left out: tools drop caches there that don't change the model.
  /// - Throws: `SluiceError` (usage) when the folder is missing, empty or can't be read.
  public static func fingerprint(folder: String) throws -> String {
    let unreadable = SluiceError(
      .usage, "the checkpoint folder can't be read", at: SourceLocation(file: folder),
      remedy: "Check the path and its permissions.")
    guard let names = FileManager.default.enumerator(atPath: folder) else { throw unreadable }
    var files: [String] = []
    for case let name as String in names where !name.split(separator: "/").contains(where: { $0.hasPrefix(".") }) {
      var isFolder: ObjCBool = false
      if FileManager.default.fileExists(atPath: folder + "/" + name, isDirectory: &isFolder), !isFolder.boolValue {
        files.append(name)
      }
    }
    guard !files.isEmpty else { throw unreadable }
    var hasher = SHA256Stream()
    for name in files.sorted() {
      hasher.update(Array("\(name.utf8.count):\(name):".utf8))
      try hasher.update(file: folder + "/" + name)
    }
    return hasher.finish()
  }
}

/// A hash in progress.
private struct SHA256Stream {
  private var state = crypto_hash_sha256_state()

  init() { crypto_hash_sha256_init(&state) }

  mutating func update(_ bytes: [UInt8]) {
    crypto_hash_sha256_update(&state, bytes, UInt64(bytes.count))
  }

  mutating func update(file path: String) throws {
    guard let handle = FileHandle(forReadingAtPath: path) else {
      throw SluiceError(
        .usage, "the file can't be read", at: SourceLocation(file: path), remedy: "Check its path and permissions.")
    }
    defer { try? handle.close() }
    var size: UInt64 = 0
    while let chunk = try? handle.read(upToCount: 1 << 20), !chunk.isEmpty {
      update([UInt8](chunk))
      size += UInt64(chunk.count)
    }
    update(withUnsafeBytes(of: size.littleEndian) { Array($0) })
  }

  mutating func finish() -> String {
    var digest = [UInt8](repeating: 0, count: Int(crypto_hash_sha256_BYTES))
    crypto_hash_sha256_final(&state, &digest)
    return digest.map { byte in
      let text = String(byte, radix: 16)
      return byte < 16 ? "0" + text : text
    }.joined()
  }
}
