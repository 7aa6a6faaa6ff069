import Core

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The record at the end of a ZIP archive, which says where its directory is ("End of central directory record" in PKWARE's
/// APPNOTE.TXT, 4.3.16; ZIP64's in 4.3.14 and 4.3.15).
struct ZipEnd {
  /// Whether the directory lies behind where it is said to be: then the archive doesn't begin where the file does.
  let isBehindOthers: Bool

  private static let record: [UInt8] = [0x50, 0x4B, 0x05, 0x06]
  private static let locator: [UInt8] = [0x50, 0x4B, 0x06, 0x07]
  private static let record64: [UInt8] = [0x50, 0x4B, 0x06, 0x06]
  /// Bytes of the record, and of the longest comment behind it.
  private static let (recordSize, longestComment) = (22, 0xFFFF)
  private static let (locatorSize, record64Size) = (20, 56)

  /// - Parameter descriptor: of a regular file; its position stays as it is.
  /// - Returns: nil where there is no such record.
  init?(_ descriptor: Int32) {
    guard let size = FileStatus(descriptor: descriptor)?.size else { return nil }
    let start = max(0, size - Self.recordSize - Self.longestComment)
    guard let tail = Self.bytes(descriptor, at: start, count: size - start), tail.count >= Self.recordSize,
      let place = (0...tail.count - Self.recordSize).last(where: { tail[$0...].starts(with: Self.record) })
    else { return nil }
    let before = place - Self.locatorSize
    guard before >= 0, tail[before...].starts(with: Self.locator) else {
      isBehindOthers = start + place > Self.number(tail[(place + 12)...], 4) + Self.number(tail[(place + 16)...], 4)
      return
    }
    // The record of ZIP64 ends where the locator begins; 12 bytes of it are not in its size.
    let end = Self.number(tail[(before + 8)...], 8)
    guard let record = Self.bytes(descriptor, at: end, count: Self.record64Size), record.starts(with: Self.record64),
      Self.number(record[4...], 8) == start + before - end - 12
    else {
      isBehindOthers = true
      return
    }
    let (sum, isOver) = Self.number(record[40...], 8).addingReportingOverflow(Self.number(record[48...], 8))
    isBehindOthers = isOver || end > sum
  }

  /// Little-endian; the largest number for what is larger.
  private static func number(_ bytes: ArraySlice<UInt8>, _ count: Int) -> Int {
    Int(clamping: bytes.prefix(count).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
  }

  /// - Returns: nil where the file ends before.
  private static func bytes(_ descriptor: Int32, at place: Int, count: Int) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: count)
    var filled = 0
    while filled < count {
      let read = bytes.withUnsafeMutableBytes { buffer in
        pread(descriptor, buffer.baseAddress?.advanced(by: filled), count - filled, off_t(place + filled))
      }
      if read < 0, errno == EINTR { continue }
      guard read > 0 else { return nil }
      filled += read
    }
    return bytes
  }
}
