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
  public static func hex(_ text: String) -> String { hex(Array(text.utf8)) }

  /// The first 64 bits of a hash, as a key for look-ups; what is found is then compared itself.
  static func key(_ bytes: some Sequence<UInt8>) -> Int64 {
    var hasher = SHA256Stream()
    hasher.update(Array(bytes))
    return Int64(bitPattern: hasher.finishedBytes().prefix(8).reduce(0) { $0 << 8 | UInt64($1) })
  }

  /// The same of a hash in hexadecimal.
  static func key(hex: String) -> Int64 { Int64(bitPattern: UInt64(hex.prefix(16), radix: 16) ?? 0) }

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

  mutating func finishedBytes() -> [UInt8] {
    var digest = [UInt8](repeating: 0, count: Int(crypto_hash_sha256_BYTES))
    crypto_hash_sha256_final(&state, &digest)
    return digest
  }

  mutating func finish() -> String {
    let digest = finishedBytes()
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }
}
