import CLibarchive
import Core
import Kinds

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The members of a ZIP archive, one after another, in the order in which they lie in the file. Nothing is written to a disk, so a name
/// is no more than a name, wherever it points.
///
/// Reads what libarchive's reader of ZIP does (stored, deflate, Zstandard and others; ZIP64) and believes the directory at the file's end:
/// bytes that it does not name are not there. A file in which another archive stands before that one is refused.
final class ZipMembers {
  struct Problem: Error, Hashable {
    let message: String
  }

  struct Member {
    /// As the archive gives it, with whatever characters; nil where it is no UTF-8.
    let name: String?
    let isRegularFile: Bool
    let isEncrypted: Bool
  }

  private let archive: OpaquePointer
  private let locale: locale_t?

  /// - Parameter descriptor: of a regular file at its beginning; stays open, and is the caller's.
  /// - Throws: `Problem`.
  init(_ descriptor: Int32) throws {
    guard let archive = archive_read_new() else { throw Problem(message: "there is no memory for it") }
    (self.archive, locale) = (archive, utf8_characters())
    if ZipEnd(descriptor)?.isBehindOthers ?? false {
      throw Problem(message: "other bytes stand before it, as where several archives are put into one file")
    }
    guard archive_read_support_format_zip_seekable(archive) == ARCHIVE_OK,
      archive_read_open_fd(archive, descriptor, 1 << 16) == ARCHIVE_OK
    else { throw problem }
  }

  deinit {
    archive_read_free(archive)
    if let locale { freelocale(locale) }
  }

  /// The next member, whatever was read of the one before; nil at the end.
  /// - Throws: `Problem` where the archive is damaged.
  func next() throws -> Member? {
    let before = locale.map { uselocale($0) }
    defer { _ = before.map { uselocale($0) } }
    var entry: OpaquePointer?
    switch archive_read_next_header(archive, &entry) {
    // A warning is about a name that can't be converted, which is nil then.
    case ARCHIVE_OK, ARCHIVE_WARN: break
    case ARCHIVE_EOF: return nil
    default: throw problem
    }
    // The kind's mask and value, as in stat.
    let isRegular = archive_entry_filetype(entry) & 0o170000 == 0o100000
    return Member(
      name: archive_entry_pathname_utf8(entry).flatMap { String(validatingCString: $0) }, isRegularFile: isRegular,
      isEncrypted: archive_entry_is_encrypted(entry) != 0)
  }

  /// The content of the member that `next` gave last.
  /// - Returns: nil where it has more bytes than `limit`, whatever the archive says of its size; at most a piece more was unpacked.
  /// - Throws: `Problem` where it is damaged: its checksum is held against what was unpacked.
  func read(limit: Int) throws -> [UInt8]? {
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = archive_read_data(archive, &piece, piece.count)
      // Warnings too: one of them is a checksum that does not fit.
      guard count >= 0 else { throw problem }
      if count == 0 { return bytes }
      if bytes.count + count > limit { return nil }
      bytes += piece[..<count]
    }
  }

  private var problem: Problem {
    let text = archive_error_string(archive).map { String(cString: $0) } ?? ""
    return Problem(message: text.isEmpty ? "libarchive does not say why" : shortened(text))
  }
}
