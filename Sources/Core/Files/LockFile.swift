#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Files that exist to be locked.
public enum LockFile {
  /// Opens a lock for reading and writing, and makes it where it is missing; its content is left alone. The caller locks
  /// and closes it.
  ///
  /// - Throws: `SluiceError`: usage (64) where anything but a regular file of one name is there, permission (77), I/O
  ///   (74).
  public static func open(_ path: String) throws -> Int32 {
    // Without waiting: opening a pipe or a device could.
    let flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC
    if let kind = FileStatus(path, followsLinks: false)?.kind, kind != .regular { throw occupied(path, kind) }
    let descriptor = openFile(path, flags, 0o600)
    guard descriptor >= 0 else { throw WriteFault.explained("the lock", path, errno) }
    guard let status = FileStatus(descriptor: descriptor), status.kind == .regular, status.links <= 1 else {
      let kind = FileStatus(descriptor: descriptor)?.kind ?? .unknown
      close(descriptor)
      throw occupied(path, kind)
    }
    return descriptor
  }

  private static func occupied(_ path: String, _ kind: FileStatus.Kind) -> SluiceError {
    .badInput(
      "the lock can't be made: \(kind == .regular ? "a file with other names" : kind.description) is there",
      file: path, remedy: "Remove it, or name another path.")
  }
}

/// `LockFile.open` hides the system call of the same name.
private func openFile(_ path: String, _ flags: Int32, _ mode: mode_t) -> Int32 { open(path, flags, mode) }
