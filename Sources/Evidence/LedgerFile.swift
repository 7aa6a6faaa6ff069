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
    var isFolder: ObjCBool = false
    let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
    guard !path.isEmpty, !path.hasSuffix("/"), !(exists && isFolder.boolValue) else {
      throw SluiceError(
        .usage, "the ledger's path names a folder", at: SourceLocation(file: path),
        remedy: "Give ledger.path a file name, for example .sluice/ledger.sqlite.")
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
        isFull ? .ioError : .permission, "the ledger's folder can't be made: \(error.localizedDescription)",
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

  /// - Throws: `SluiceError`: permission (77) for a file that others can read; usage (64) for one so short that SQLite
  ///   would take it for an empty database and overwrite it.
  func refuseUnfit() throws {
    let attributes = try? FileManager.default.attributesOfItem(atPath: realPath)
    if let mode = attributes?[.posixPermissions] as? Int, mode & 0o007 != 0 {
      throw SluiceError(
        .permission, "the ledger can be read by anyone on this machine", at: SourceLocation(file: path),
        remedy: "Run: chmod 600 \(path)")
    }
    if let size = attributes?[.size] as? Int, (1..<Self.smallestDatabase).contains(size) {
      throw SluiceError(
        .usage, "the file is no ledger", at: SourceLocation(file: path),
        remedy: "Name another ledger.path. The file was not changed.")
    }
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
      SluiceError(.ioError, message, at: place, remedy: "Make room, then run again.")
    default:
      SluiceError(.usage, message, at: place, remedy: "Check ledger.path.")
    }
  }
}
