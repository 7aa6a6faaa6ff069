import CZlib
import Core

/// Blobs of the ledger, compressed by zlib (RFC 1950).
enum Compression {
  /// Bytes of the largest blob that is unpacked: a damaged length must not take all memory.
  private static let largest = 1 << 30

  /// - Returns: nil where the bytes don't get shorter.
  static func packed(_ bytes: [UInt8]) -> [UInt8]? {
    var length = compressBound(uLong(bytes.count))
    var packed = [UInt8](repeating: 0, count: Int(length))
    guard compress2(&packed, &length, bytes, uLong(bytes.count), 9) == Z_OK, length < bytes.count else { return nil }
    return Array(packed.prefix(Int(length)))
  }

  /// - Parameter size: in bytes, of the result.
  /// - Throws: `LedgerDamage` where they don't unpack to that size.
  static func unpacked(_ packed: [UInt8], size: Int) throws -> [UInt8] {
    let damage = LedgerDamage("a compressed record in it can't be unpacked")
    guard (0...largest).contains(size) else { throw damage }
    var bytes = [UInt8](repeating: 0, count: size)
    var length = uLong(size)
    guard uncompress(&bytes, &length, packed, uLong(packed.count)) == Z_OK, length == size else { throw damage }
    return bytes
  }
}
