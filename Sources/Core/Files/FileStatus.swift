#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What a path names, as the file system has it at the moment.
public struct FileStatus: Sendable {
  /// What stands behind a name in a folder.
  public enum Kind: Sendable, Hashable {
    /// A symbolic link is one only where it isn't followed.
    case regular, folder, link, pipe, socket, device, unknown

    /// For messages, with its article.
    public var description: String {
      switch self {
      case .regular: "a file"
      case .folder: "a folder"
      case .link: "a symbolic link"
      case .pipe: "a named pipe"
      case .socket: "a socket"
      case .device: "a device"
      case .unknown: "no file of a known kind"
      }
    }
  }

  /// Equal for all names of one file: hard links, and paths through symbolic links.
  public struct Identity: Sendable, Hashable {
    let device: UInt64
    let inode: UInt64
  }

  /// Tells files from folders and the rest.
  public let kind: Kind
  /// Tells files apart, whatever they are called.
  public let identity: Identity
  /// Bytes.
  public let size: Int
  /// Permission bits, set-user-ID and sticky included.
  public let mode: mode_t
  /// The user's number.
  public let owner: uid_t
  /// The group's number.
  public let group: gid_t
  /// How many names the file has.
  public let links: Int
  /// Whether it is the device that takes everything and keeps nothing.
  public let isNull: Bool

  /// - Parameter followsLinks: whether a symbolic link stands for what it leads to.
  /// - Returns: nil where nothing is there, or it can't be seen; `errno` says why.
  public init?(_ path: String, followsLinks: Bool) {
    var status = stat()
    if path.utf8.contains(0) {
      errno = ENOENT
      return nil
    }
    guard (followsLinks ? stat(path, &status) : lstat(path, &status)) == 0 else { return nil }
    self.init(status)
  }

  /// The status of an open file; nil where `descriptor` isn't one.
  public init?(descriptor: Int32) {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { return nil }
    self.init(status)
  }

  private init(_ status: stat) {
    kind =
      switch status.st_mode & S_IFMT {
      case S_IFREG: .regular
      case S_IFDIR: .folder
      case S_IFLNK: .link
      case S_IFIFO: .pipe
      case S_IFSOCK: .socket
      case S_IFCHR, S_IFBLK: .device
      default: .unknown
      }
    identity = Identity(device: UInt64(truncatingIfNeeded: status.st_dev), inode: UInt64(status.st_ino))
    size = Int(clamping: status.st_size)
    mode = status.st_mode & 0o7777
    owner = status.st_uid
    group = status.st_gid
    links = Int(clamping: status.st_nlink)
    var null = stat()
    isNull =
      status.st_mode & S_IFMT == S_IFCHR && stat("/dev/null", &null) == 0 && null.st_mode & S_IFMT == S_IFCHR
      && null.st_rdev == status.st_rdev
  }
}
