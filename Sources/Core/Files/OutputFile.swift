#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Files that a command was told to write.
///
/// Only a new or an existing regular file is written. The null device is written through, since that is how one says
/// that an output isn't wanted; every other device, and folders, links, pipes and sockets, are somebody's.
public enum OutputFile {
  /// Whether a file could be written now. Touches nothing.
  ///
  /// - Parameter what: how messages call the file, for example `the report`.
  /// - Throws: `SluiceError`: usage (64) for what is no place for a file, permission (77).
  public static func check(_ path: String, what: String) throws {
    if let problem = PathText.problem(path) { throw problem.explained(what) }
    if path.utf8.last == UInt8(ascii: "/") || [".", ".."].contains(path.lastNameOfPath) {
      throw SluiceError.badInput("\(what): the path names a folder", file: path, remedy: "Name a file in it.")
    }
    if let status = FileStatus(path, followsLinks: false) {
      if status.isNull { return }
      guard status.kind == .regular else { throw occupied(path, what: what, by: status.kind) }
      guard access(path, W_OK) == 0 else { throw WriteFault.explained(what, path, errno) }
      if let folder = FileStatus(existing(folder: path), followsLinks: true), !mayReplace(status, in: folder) {
        throw WriteFault.explained(what, path, EPERM)
      }
    } else if errno != ENOENT && errno != ENOTDIR {
      throw WriteFault.explained(what, path, errno)
    }
    try checkFolder(of: path, what: what)
  }

  /// The same for a file that must not be there yet.
  /// - Parameter remedy: what to do where it is.
  public static func checkNew(_ path: String, what: String, remedy: String) throws {
    if FileStatus(path, followsLinks: false) != nil {
      throw SluiceError.badInput("the file is there already", file: path, remedy: remedy)
    }
    try check(path, what: what)
  }

  /// Makes the folders above a file where they are missing.
  /// - Throws: `SluiceError`: usage (64), permission (77), I/O (74).
  public static func makeFolder(of path: String, what: String) throws {
    try makeFolder(path.folderOfPath, what: what)
  }

  /// The same, and proves that a file can be made there.
  /// - Throws: `SluiceError`: usage (64), permission (77), I/O (74).
  public static func prepare(_ path: String, what: String) throws {
    if FileStatus(path, followsLinks: false)?.isNull == true { return }
    try makeFolder(of: path, what: what)
    try AtomicFile.probe(path, what: what)
  }

  private static func makeFolder(_ folder: String, what: String) throws {
    if folder.isEmpty || FileStatus(folder, followsLinks: true)?.kind == .folder { return }
    try makeFolder(folder.folderOfPath, what: what)
    if mkdir(folder, 0o755) != 0, errno != EEXIST { throw WriteFault.explained(what, folder, errno) }
  }

  /// Writes a file whole or not at all, in a folder that is there.
  ///
  /// - Parameters:
  ///   - access: who may read it; unless it is for its owner alone, one that is replaced keeps its mode.
  ///   - replaces: whether a file may be there.
  /// - Throws: `SluiceError`: usage (64), permission (77), I/O (74); what was there is then as it was.
  public static func write(
    _ bytes: [UInt8], to path: String, what: String, access: AtomicFile.Access = .usual, replaces: Bool = true
  ) throws {
    if replaces, FileStatus(path, followsLinks: false)?.isNull == true { return try writeThrough(bytes, path, what) }
    try AtomicFile.write(to: path, what: what, access: access, replaces: replaces) { try $0.append(bytes) }
  }

  private static func writeThrough(_ bytes: [UInt8], _ path: String, _ what: String) throws {
    let descriptor = open(path, O_WRONLY | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC)
    guard descriptor >= 0 else { throw WriteFault.explained(what, path, errno) }
    defer { close(descriptor) }
    guard WriteFault.write(bytes, to: descriptor) else { throw WriteFault.explained(what, path, errno) }
  }

  // MARK: - Folders

  /// The folder that a file is or will be in has to be one, or to be makeable.
  private static func checkFolder(of path: String, what: String) throws {
    let place = existing(folder: path)
    guard let status = FileStatus(place, followsLinks: true) else { throw WriteFault.explained(what, place, errno) }
    guard status.kind == .folder else {
      throw SluiceError.badInput(
        "\(what) can't be written: \(place) is \(status.kind.description), not a folder", file: path,
        remedy: "Name another path.")
    }
    guard access(place, W_OK | X_OK) == 0 else { throw WriteFault.explained(what, place, errno) }
  }

  /// The nearest folder above a path that is there.
  static func existing(folder path: String) -> String {
    var folder = path.folderOfPath
    while !folder.isEmpty, FileStatus(folder, followsLinks: true) == nil, errno == ENOENT {
      folder = folder.folderOfPath
    }
    return folder.isEmpty ? "." : folder
  }

  /// In a sticky folder a file can only be replaced by its owner, the folder's, or root.
  private static func mayReplace(_ file: FileStatus, in folder: FileStatus) -> Bool {
    folder.mode & 0o1000 == 0 || geteuid() == 0 || file.owner == geteuid() || folder.owner == geteuid()
  }

  private static func occupied(_ path: String, what: String, by kind: FileStatus.Kind) -> SluiceError {
    .badInput(
      "\(what): \(kind.description) is there, and only a regular file is written", file: path,
      remedy: kind == .link ? "Name the file that it leads to, or remove the link." : "Name another file.")
  }
}
