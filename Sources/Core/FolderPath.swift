extension String {
  /// The folder that a path's last part is in: `a` of `a/b`, `/` of `/b`, nothing of a bare name.
  ///
  /// Foundation's `deletingLastPathComponent` (of Swift 6.3 on Linux) traps on names of one character.
  public var folderOfPath: String {
    let bytes = Array(utf8)
    let slash = UInt8(ascii: "/")
    let isRooted = bytes.first == slash
    guard let last = bytes.lastIndex(where: { $0 != slash }) else { return isRooted ? "/" : "" }
    guard let cut = bytes[...last].lastIndex(of: slash) else { return "" }
    guard let end = bytes[..<cut].lastIndex(where: { $0 != slash }) else { return "/" }
    return String(decoding: bytes[...end], as: UTF8.self)
  }

  /// A path's last part: `b` of `a/b` and `a/b/`, nothing of `/`.
  public var lastNameOfPath: String {
    let slash = UInt8(ascii: "/")
    return utf8.split(separator: slash).last.map { String(decoding: $0, as: UTF8.self) } ?? ""
  }
}
