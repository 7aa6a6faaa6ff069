import Core
import Foundation

/// Finds programs as a shell does.
public enum ExecutablePath {
  /// - Parameters:
  ///   - what: the program's part, for messages.
  ///   - path: folders separated by colons, as in `PATH`; an empty one is the working directory.
  /// - Throws: `SluiceError` (64) where there is no such program, or none that may be run.
  public static func find(_ name: String, what: String, path: String?) throws -> String {
    guard !name.isEmpty else {
      throw SluiceError(
        .usage, "\(what) is empty", remedy: "Write it as a list: the program, then its arguments.")
    }
    let candidates =
      name.contains("/")
      ? [name]
      : (path ?? "/usr/local/bin:/usr/bin:/bin").split(separator: ":", omittingEmptySubsequences: false)
        .map { ($0.isEmpty ? "." : String($0)) + "/" + name }
    if let found = candidates.first(where: { isFile($0) && access($0, X_OK) == 0 }) {
      return URL(fileURLWithPath: found).standardizedFileURL.path
    }
    if let found = candidates.first(where: isFile) {
      throw SluiceError(
        .usage, "\(what) can't be run: \(found) is not executable", remedy: "chmod +x \(found)")
    }
    throw SluiceError(
      .usage, "\(what) can't be run: there is no program '\(name)'",
      remedy: name.contains("/") ? "Check the path." : "Install it, or write its full path.")
  }

  private static func isFile(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && !isFolder.boolValue
  }
}
