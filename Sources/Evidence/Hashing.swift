import CLibsodium
import Core
import Foundation

/// SHA-256 by libsodium, as lower-case hexadecimal.
public enum SHA256 {
  /// The hash of some bytes.
  public static func hex(_ bytes: some Sequence<UInt8>) -> String {
    var hasher = SHA256Stream()
    hasher.update(Array(bytes))
    return hasher.finish()
  }

  /// The hash of a text's UTF-8.
  public static func hex(_ text: String) -> String {
    var text = text
    var digest = [UInt8](repeating: 0, count: Int(crypto_hash_sha256_BYTES))
    _ = text.withUTF8 { crypto_hash_sha256(&digest, $0.baseAddress, UInt64($0.count)) }
    return digest.withUnsafeBytes(hexadecimal)
  }

  fileprivate static func hexadecimal(_ digest: UnsafeRawBufferPointer) -> String {
    String(unsafeUninitializedCapacity: 2 * digest.count) { text in
      func digit(_ value: UInt8) -> UInt8 { value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10 }
      for (index, byte) in digest.enumerated() {
        text[2 * index] = digit(byte >> 4)
        text[2 * index + 1] = digit(byte & 15)
      }
      return 2 * digest.count
    }
  }

  /// The hash of a file's contents, as `sha256sum` prints it.
  ///
  /// - Throws: `SluiceError` (usage) when the file can't be read to its end.
  public static func hex(file path: String) throws -> String {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw unreadable(path, errno) }
    defer { close(descriptor) }
    var hasher = SHA256Stream()
    var chunk = [UInt8](repeating: 0, count: 1 << 20)
    while true {
      let count = read(descriptor, &chunk, chunk.count)
      if count == 0 { return hasher.finish() }
      if count > 0 {
        hasher.update(chunk, count: count)
      } else if errno != EINTR {
        // A hash of the part that could be read would be the identity of another file.
        throw unreadable(path, errno)
      }
    }
  }

  static func unreadable(_ path: String, _ code: Int32) -> SluiceError {
    SluiceError(
      .usage, "the file can't be read: \(String(cString: strerror(code)))", at: SourceLocation(file: path),
      remedy: "Check its path and permissions.")
  }
}

/// A hash in progress.
private struct SHA256Stream {
  private var state = crypto_hash_sha256_state()

  init() { crypto_hash_sha256_init(&state) }

  mutating func update(_ bytes: [UInt8], count: Int? = nil) {
    crypto_hash_sha256_update(&state, bytes, UInt64(count ?? bytes.count))
  }

  mutating func finish() -> String {
    var digest = [UInt8](repeating: 0, count: Int(crypto_hash_sha256_BYTES))
    crypto_hash_sha256_final(&state, &digest)
    return digest.withUnsafeBytes(SHA256.hexadecimal)
  }
}
