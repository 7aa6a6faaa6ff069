/// A ZIP archive with its members as they are, and with whatever a stranger may say of them.
public struct PlainZip: Sendable {
  public struct Member: Sendable {
    public var name: [UInt8]
    public var content: [UInt8]
    public var flags: UInt16 = 0x0800
    /// As in `stat`: a regular file's, or another's.
    public var mode: UInt32 = 0o100644
    /// What the archive says of the content.
    public var checksum: UInt32?

    public init(_ name: String, _ content: String) {
      (self.name, self.content) = (Array(name.utf8), Array(content.utf8))
    }
  }

  public var members: [Member]

  public init(members: [Member]) { self.members = members }

  public var bytes: [UInt8] {
    var (files, directory): ([UInt8], [UInt8]) = ([], [])
    for member in members {
      let offset = UInt32(files.count)
      let checksum = member.checksum ?? Self.crc32(member.content)
      let size = UInt32(member.content.count)
      let common =
        Self.little(member.flags) + Self.little(UInt16(0)) + Self.little(UInt32(0x5D7E_0000)) + Self.little(checksum)
        + Self.little(size) + Self.little(size) + Self.little(UInt16(member.name.count)) + Self.little(UInt16(0))
      files += [0x50, 0x4B, 3, 4] + Self.little(UInt16(20)) + common + member.name + member.content
      directory += [0x50, 0x4B, 1, 2] + Self.little(UInt16(0x0314)) + Self.little(UInt16(20)) + common
      directory += [UInt8](repeating: 0, count: 6) + Self.little(member.mode << 16) + Self.little(offset) + member.name
    }
    let count = Self.little(UInt16(members.count))
    let end = [0x50, 0x4B, 5, 6, 0, 0, 0, 0] + count + count
    return files + directory + end + Self.little(UInt32(directory.count)) + Self.little(UInt32(files.count)) + [0, 0]
  }

  private static func little(_ value: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian, Array.init)
  }

  private static func crc32(_ bytes: [UInt8]) -> UInt32 {
    var sum = UInt32.max
    for byte in bytes {
      sum ^= UInt32(byte)
      for _ in 0..<8 {
        let isOdd = sum & 1 == 1
        sum >>= 1
        if isOdd { sum ^= 0xEDB8_8320 }
      }
    }
    return ~sum
  }
}
