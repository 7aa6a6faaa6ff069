import Core
import Foundation

/// The ledger's place on disk: a private file in a private folder.
struct LedgerFile {
  /// As the policy names it.
  let path: String
  /// Without links, so that two names of one ledger have one lock.
  let realPath: String

  /// - Throws: `SluiceError` (usage) for a path that can't name a file.
  init(path: String) throws {
    self.path = path
    if let problem = PathText.problem(path) { throw problem.explained("the ledger") }
    let kind = FileStatus(path, followsLinks: true)?.kind
    if path.utf8.last == UInt8(ascii: "/") || kind == .folder {
      throw SluiceError(
        .usage, "the ledger's path names a folder", at: SourceLocation(file: path),
        remedy: "Give ledger.path a file name, for example .sluice/ledger.sqlite.")
    }
    // SQLite would wait for the other end of a pipe.
    if let kind, kind != .regular { throw Self.noLedger(path, kind) }
    if kind == nil, FileStatus(path, followsLinks: false) != nil {
      throw SluiceError.badInput(
        "the ledger's path is a link to nothing", file: path, remedy: "Remove the link, or make what it leads to.")
    }
    realPath = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
  }

  /// - Throws: `SluiceError` (usage) when there is no ledger to read.
  func requireExistence() throws {
    guard FileManager.default.fileExists(atPath: realPath) else {
      throw SluiceError(
        .usage, "there is no ledger", at: SourceLocation(file: path), remedy: "Run a policy first, or name its ledger.")
    }
  }

  func makeFolder() throws {
    let folder = realPath.folderOfPath
    guard !FileManager.default.fileExists(atPath: folder) else { return }
    do {
      try FileManager.default.createDirectory(
        atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch {
      let isFull = [.fileWriteOutOfSpace, .fileWriteUnknown].contains((error as? CocoaError)?.code)
      throw SluiceError(
        isFull ? .inputOutput : .permission, "the ledger's folder can't be made: \(error.localizedDescription)",
        at: SourceLocation(file: path.folderOfPath),
        remedy: "Check ledger.path and the permissions above it.")
    }
  }

  /// Makes the file before SQLite sees it, so that it is never readable by others, not even for a moment.
  ///
  /// A file that is there is left alone: closing any descriptor of it would drop the locks that SQLite holds for another
  /// connection of this process (POSIX record locks belong to the process).
  func create() throws {
    let descriptor = open(realPath, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    if descriptor >= 0 {
      close(descriptor)
    } else if errno != EEXIST {
      throw Self.unopenable(path, errno)
    }
  }

  /// Looks at names and modes alone, so that nothing is touched.
  ///
  /// - Parameter readOnly: somebody else's ledger may be read where its owner keeps it.
  /// - Throws: `SluiceError`: permission (77) for a ledger that others can read or replace; usage (64) for a file so
  ///   short that SQLite would take it for an empty database and overwrite it, and for what is no file beside it.
  func refuseUnfit(readOnly: Bool) throws {
    let file = FileStatus(realPath, followsLinks: true)
    if let file {
      if file.mode & 0o007 != 0 {
        throw refused(
          "the ledger can be read by anyone on this machine",
          "Run: chmod 600 \(path) (where a CI cache restores it with another mode, as a step between the restore and "
            + "this one).")
      }
      if file.mode & 0o020 != 0 {
        throw refused("the ledger can be changed by others than its owner", "Run: chmod 600 \(path)")
      }
      if !readOnly, !Self.isTrusted(file.owner) {
        throw refused("the ledger belongs to another user", "Run: chown \(geteuid()) \(path)")
      }
      if (1..<Self.smallestDatabase).contains(file.size) {
        throw SluiceError(
          .usage, "the file is no ledger", at: SourceLocation(file: path),
          remedy: "Name another ledger.path. The file was not changed.")
      }
    }
    try refuseUnfitFolder(owner: readOnly ? file?.owner : nil)
    for suffix in ["-wal", "-shm", "-journal"] {
      if let kind = FileStatus(realPath + suffix, followsLinks: false)?.kind, kind != .regular {
        throw Self.noLedger(realPath + suffix, kind)
      }
    }
  }

  /// A folder in which others may rename files is one in which they may put a ledger of theirs.
  /// - Parameter owner: another user who may own it.
  private func refuseUnfitFolder(owner: uid_t?) throws {
    let above = realPath.folderOfPath
    let folder = above.isEmpty ? "." : above
    guard let status = FileStatus(folder, followsLinks: true) else { return }
    // In a sticky folder only a file's owner may move it.
    if status.mode & 0o022 != 0, status.mode & 0o1000 == 0 {
      throw refused(
        "others can replace the ledger: they may write to its folder \(folder)",
        "Run: chmod go-w \(folder), or give the ledger a folder of its own, as in .sluice/ledger.sqlite.")
    }
    if !Self.isTrusted(status.owner), status.owner != owner {
      throw refused(
        "another user can replace the ledger: its folder \(folder) is theirs",
        "Run: chown \(geteuid()) \(folder), or give the ledger a folder of its own.")
    }
  }

  /// Root can do anything anyway.
  private static func isTrusted(_ owner: uid_t) -> Bool { owner == geteuid() || owner == 0 }

  private func refused(_ message: String, _ remedy: String) -> SluiceError {
    SluiceError(.permission, message, at: SourceLocation(file: path), remedy: remedy)
  }

  private static func noLedger(_ path: String, _ kind: FileStatus.Kind) -> SluiceError {
    .badInput(
      "the ledger can't be kept there: \(kind.description), and no regular file", file: path,
      remedy: "Name another ledger.path. Nothing was changed.")
  }

  /// One page of the smallest size that SQLite knows, in bytes.
  private static let smallestDatabase = 512

  /// What a failed `open` means for the person who named the file.
  static func unopenable(_ path: String, _ code: Int32) -> SluiceError {
    let message = "the ledger can't be opened: \(String(cString: strerror(code)))"
    let place = SourceLocation(file: path)
    return switch code {
    case EACCES, EPERM, EROFS:
      SluiceError(.permission, message, at: place, remedy: "Check the permissions of the file and its folder.")
    case ENOSPC, EDQUOT, EFBIG, EIO, EMFILE, ENFILE:
      SluiceError(.inputOutput, message, at: place, remedy: "Make room, then run again.")
    default:
      SluiceError(.usage, message, at: place, remedy: "Check ledger.path.")
    }
  }
}
