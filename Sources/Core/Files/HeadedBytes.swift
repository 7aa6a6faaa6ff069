/// Bytes with a header before them: the header's length first, 8 bytes little-endian.
public struct HeadedBytes {
  /// Mostly JSON.
  public let header: ArraySlice<UInt8>
  /// Everything behind the header.
  public let body: ArraySlice<UInt8>

  /// Divides bytes that `joined` made; nil for others.
  public init?(_ bytes: [UInt8]) {
    guard bytes.count >= 8 else { return nil }
    let length = bytes.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard length <= UInt64(bytes.count - 8) else { return nil }
    let end = 8 + Int(length)
    (header, body) = (bytes[8..<end], bytes[end...])
  }

  /// The header with its length before it and the body behind it.
  public static func joined(_ header: [UInt8], _ body: [UInt8] = []) -> [UInt8] {
    withUnsafeBytes(of: UInt64(header.count).littleEndian) { Array($0) } + header + body
  }
}
