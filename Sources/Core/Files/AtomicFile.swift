#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A file being written under a temporary name beside its final one: a reader sees the old file or the new one, never a
/// part of either.
public struct AtomicFile: ~Copyable {
  /// Who may read a file.
  public enum Access: Sendable {
    /// As the process's mask says; one that is replaced keeps its mode.
    case usual
    /// Its owner alone (0600), even where others could read the file that is replaced.
    case owner
    /// As of a file that was there before.
    case like(FileStatus)
  }

  private let descriptor: Int32
  private let path: String
  private let temporary: String

  /// Calls `body` to write the content, flushes it to the disk and gives it its name; on an error nothing is left behind.
  ///
  /// - Parameters:
  ///   - replaces: whether a regular file may be there; links, folders and devices never are replaced.
  ///   - what: how messages call the file.
  /// - Throws: `SluiceError`: usage (64) for a path that can't name a file, permission (77), I/O (74); what `body` throws.
  public static func write(
    to path: String, what: String = "the file", access: Access = .usual, replaces: Bool = true,
    _ body: (borrowing AtomicFile) throws -> Void
  ) throws {
    let old = FileStatus(path, followsLinks: false)
    if let old {
      if !replaces || old.kind != .regular {
        throw SluiceError.badInput(
          "\(what) can't be written: \(old.kind.description) is there", file: path, remedy: "Name another file.")
      }
    }
    var access = access
    if case .owner = access {} else if let old { access = .like(old) }
    let file = try AtomicFile(path: path, what: what, access: access)
    do {
      try body(file)
      if case .like(let old) = access { file.keep(old) }
      guard fsync(file.descriptor) == 0 else { throw WriteFault.explained(what, path, errno) }
      if replaces {
        guard rename(file.temporary, path) == 0 else { throw WriteFault.explained(what, path, errno) }
      } else {
        try file.takeFreeName(what)
      }
    } catch {
      unlink(file.temporary)
      throw error
    }
    Self.synchronise(folder: path.folderOfPath)
  }

  /// Whether new files can be made in a folder, found out by making one: permissions alone don't tell it of read-only
  /// and special file systems.
  /// - Throws: `SluiceError` as `write` does.
  public static func probe(_ path: String, what: String) throws {
    let file = try AtomicFile(path: path, what: what, access: .owner)
    unlink(file.temporary)
  }

  private static let mark = ".sluice-"
  private static let ending = ".part"

  /// Whether a file's name is that of one which another process began to write.
  public static func isUnfinished(_ name: String) -> Bool {
    name.hasPrefix(mark) && name.hasSuffix(ending) && !name.hasPrefix("\(mark)\(getpid())-")
  }

  private init(path: String, what: String, access: Access) throws {
    self.path = path
    let folder = path.folderOfPath
    let beside = folder.isEmpty ? "" : folder.hasSuffix("/") ? folder : folder + "/"
    // A name of its own, so that a long one stays within what the file system takes; chance keeps two writers apart.
    temporary = "\(beside)\(Self.mark)\(getpid())-\(String(UInt64.random(in: 0 ... .max), radix: 36))\(Self.ending)"
    let mode: mode_t = if case .usual = access { 0o666 } else { 0o600 }
    descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)
    guard descriptor >= 0 else { throw WriteFault.explained(what, path, errno) }
  }

  deinit { close(descriptor) }

  /// - Throws: `SluiceError`: I/O (74) where the disk is full or fails.
  public func append(_ bytes: [UInt8]) throws {
    guard WriteFault.write(bytes, to: descriptor) else { throw WriteFault.explained("the file", path, errno) }
  }

  /// What a file was, its successor is.
  private borrowing func keep(_ old: FileStatus) {
    // Only root can give a file away; else it has this process's owner, as any file that is written anew.
    if old.owner != geteuid() || old.group != getegid() { _ = fchown(descriptor, old.owner, old.group) }
    fchmod(descriptor, old.mode & 0o777)
  }

  /// Unlike a rename, a link never replaces what is there; where the file system has none, an empty file takes the name
  /// first.
  private borrowing func takeFreeName(_ what: String) throws {
    if link(temporary, path) == 0 {
      unlink(temporary)
      return
    }
    switch errno {
    case EPERM, ENOTSUP, EOPNOTSUPP, EMLINK:
      let taken = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
      guard taken >= 0 else { throw WriteFault.explained(what, path, errno) }
      close(taken)
      guard rename(temporary, path) == 0 else { throw WriteFault.explained(what, path, errno) }
    default: throw WriteFault.explained(what, path, errno)
    }
  }

  /// The name is on the disk, too. Some file systems can't do that, and the content is safe without it.
  private static func synchronise(folder: String) {
    let descriptor = open(folder.isEmpty ? "." : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    fsync(descriptor)
    close(descriptor)
  }
}

/// What a failed system call means for the person who named an output.
enum WriteFault {
  static func explained(_ what: String, _ path: String, _ code: Int32) -> SluiceError {
    let message = "\(what) can't be written: \(String(cString: strerror(code)))"
    let place = SourceLocation(file: path)
    return switch code {
    case EACCES, EPERM, EROFS:
      SluiceError(.permission, message, at: place, remedy: "Check the permissions of the file and its folder.")
    case ENOSPC, EDQUOT, EFBIG, EIO, EMFILE, ENFILE, ENOMEM:
      SluiceError(.inputOutput, message, at: place, remedy: "Check the disk and its free space, then run again.")
    case ENAMETOOLONG:
      SluiceError(.usage, "\(what) can't be written: the name is too long", at: place, remedy: "Use a shorter one.")
    default: SluiceError(.usage, message, at: place, remedy: "Check the path.")
    }
  }

  /// Writes all of it.
  /// - Returns: false where that failed; then `errno` says why.
  static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
    var done = 0
    while done < bytes.count {
      let count = bytes.withUnsafeBytes { systemWrite(descriptor, $0.baseAddress?.advanced(by: done), $0.count - done) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      done += count
    }
    return true
  }
}

/// `WriteFault.write` hides the system call of the same name.
private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
  write(descriptor, bytes, count)
}
