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

  /// The first 64 bits of a hash, as a key for look-ups; what is found is then compared itself.
  static func key(_ bytes: some Sequence<UInt8>) -> Int64 {
    func key(_ bytes: UnsafeBufferPointer<UInt8>) -> Int64 {
      withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Int(crypto_hash_sha256_BYTES)) { digest in
        guard let start = digest.baseAddress else { return 0 }
        crypto_hash_sha256(start, bytes.baseAddress, UInt64(bytes.count))
        return Int64(bigEndian: UnsafeRawPointer(start).loadUnaligned(as: Int64.self))
      }
    }
    return bytes.withContiguousStorageIfAvailable(key) ?? Array(bytes).withUnsafeBufferPointer(key)
  }

  /// The 32 bytes of a hash in lower-case hexadecimal; nil for what is none.
  static func bytes(hex: String) -> [UInt8]? {
    guard hex.utf8.count == 2 * Int(crypto_hash_sha256_BYTES) else { return nil }
    var digits: [UInt8] = []
    for digit in hex.utf8 {
      switch digit {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digits.append(digit - UInt8(ascii: "0"))
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digits.append(digit - UInt8(ascii: "a") + 10)
      default: return nil
      }
    }
    return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
  }

  /// A hash of 32 bytes in lower-case hexadecimal; nil for what is none.
  static func hex(of hash: [UInt8]) -> String? {
    hash.count == Int(crypto_hash_sha256_BYTES) ? hash.withUnsafeBytes(hexadecimal) : nil
  }

  /// The same of a hash in hexadecimal.
  static func key(hex: String) -> Int64 { Int64(bitPattern: UInt64(hex.prefix(16), radix: 16) ?? 0) }

  /// The hash of a file's contents, as `sha256sum` prints it.
  ///
  /// - Parameter limit: bytes that are read at most, of files that have a bound.
  /// - Throws: `SluiceError` (usage) for what is no regular file, can't be read to its end, or is larger.
  public static func hex(file path: String, limit: Int = .max) throws -> String {
    let (descriptor, status) = try BoundedFile.open(path, what: "the file")
    defer { close(descriptor) }
    var hasher = SHA256Stream()
    var chunk = [UInt8](repeating: 0, count: 1 << 20)
    var left = limit
    while status.size <= limit, left >= 0 {
      let count = BoundedFile.read(descriptor, &chunk)
      if count == 0 { return hasher.finish() }
      // A hash of the part that could be read would be the identity of another file.
      if count < 0 { throw BoundedFile.unreadable(path, what: "the file", errno) }
      hasher.update(chunk, count: count)
      left -= count
    }
    throw SluiceError.badInput("the file is larger than \(limit) bytes", file: path, remedy: "Use a smaller one.")
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
    finishedBytes().withUnsafeBytes(SHA256.hexadecimal)
  }
}
