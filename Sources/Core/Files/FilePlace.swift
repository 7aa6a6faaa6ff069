#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Where a path leads, so that two names of one file are seen to be one: through links, `..`, and hard links; also of a
/// file that isn't there yet.
public struct FilePlace: Sendable {
  /// What is there; nil where nothing is.
  public let status: FileStatus?
  /// Absolute, without links as far as the path exists.
  public let path: String

  /// - Parameter path: relative ones start at the current folder.
  public init(_ path: String) {
    status = FileStatus(path, followsLinks: true)
    self.path = Self.resolved(path)
  }

  /// Whether both name one file, be it there already or not.
  public func isSame(as other: FilePlace) -> Bool {
    if let mine = status?.identity, let theirs = other.status?.identity { return mine == theirs }
    return path.hasSameBytes(as: other.path)
  }

  /// Whether this is somewhere below a folder.
  public func isInside(_ folder: FilePlace) -> Bool {
    path.utf8.starts(with: (folder.path == "/" ? "/" : folder.path + "/").utf8)
  }

  /// The same where names that begin with a dot don't count: what is there is no part of a checkpoint.
  public func isVisiblyInside(_ folder: FilePlace) -> Bool {
    let below = path.utf8.dropFirst(folder.path.utf8.count).split(separator: UInt8(ascii: "/"))
    return isInside(folder) && !below.contains { $0.first == UInt8(ascii: ".") }
  }

  private static func resolved(_ path: String) -> String {
    if let real = realpath(path, nil) {
      defer { free(real) }
      return String(cString: real)
    }
    // What isn't there yet is a name in a folder that may not be there either.
    let above = path.folderOfPath
    if above == path || path.isEmpty || path == "." { return path }
    let folder = resolved(above.isEmpty ? "." : above)
    switch path.lastNameOfPath {
    case ".": return folder
    case "..": return folder.folderOfPath
    case let name: return (folder == "/" ? "/" : folder + "/") + name
    }
  }
}
