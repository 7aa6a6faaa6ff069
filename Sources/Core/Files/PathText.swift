/// Paths as people write them.
public enum PathText {
  /// Why a text can't be used as a path, whatever is on the disk.
  public enum Problem: Error, Hashable, Sendable {
    /// There is no text.
    case empty
    /// It holds a NUL byte, at which the system would stop reading.
    case nul
    /// It begins with a `~` that no shell has replaced; the path.
    case home(String)

    /// The problem, for an error that begins with what the path is for.
    public var message: String {
      switch self {
      case .empty: "the path is empty"
      case .nul: "the path has a NUL character"
      case .home: "~ is not expanded in paths"
      }
    }

    /// What to write instead, one sentence.
    public var remedy: String {
      switch self {
      case .empty, .nul: "Name a file."
      case .home(let path):
        "Write \(path.dropFirst().first == "/" || path == "~" ? "${HOME}\(path.dropFirst())" : "the whole path"), "
          + "or ./\(path) for a file of that name."
      }
    }

    /// - Parameter what: how messages call the file.
    public func explained(_ what: String) -> SluiceError {
      switch self {
      case .home(let path): .badInput("\(what): \(message)", file: path, remedy: remedy)
      case .empty, .nul: SluiceError(.usage, "\(what): \(message)", remedy: remedy)
      }
    }
  }

  /// Nil for a text that may be a path. Shells expand `~` only where they see it first in a word, so that what is left
  /// of it here would name a folder `~` in the current one.
  public static func problem(_ path: String) -> Problem? {
    if path.isEmpty { return .empty }
    if path.utf8.contains(0) { return .nul }
    return path.utf8.first == UInt8(ascii: "~") ? .home(path) : nil
  }
}
