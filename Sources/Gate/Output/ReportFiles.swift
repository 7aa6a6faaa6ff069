import Core
import Decisions
import Foundation

/// Writes report files whole or not at all.
struct ReportFiles: Sendable {
  /// Path of each report that is wanted.
  let paths: [String]

  /// Makes the folders and removes what an earlier run left: a killed run must not leave yesterday's pass behind.
  /// - Throws: `SluiceError` (permission) when a folder can't be made or a file not be replaced.
  func prepare() throws {
    for path in paths {
      let folder = path.folderOfPath
      do {
        if !folder.isEmpty {
          try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        }
        if FileManager.default.fileExists(atPath: path) { try FileManager.default.removeItem(atPath: path) }
      } catch {
        throw Self.unwritable(path, error)
      }
      if !FileManager.default.isWritableFile(atPath: folder.isEmpty ? "." : folder) {
        throw Self.unwritable(path, nil)
      }
    }
  }

  /// Writes beside the file and renames, so that a reader never sees half a report.
  static func write(_ bytes: [UInt8], to path: String) throws {
    do {
      try Data(bytes).write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch {
      throw unwritable(path, error)
    }
  }

  private static func unwritable(_ path: String, _ error: (any Error)?) -> SluiceError {
    SluiceError(
      .permission, "the report can't be written" + (error.map { ": \($0.localizedDescription)" } ?? ""),
      at: SourceLocation(file: path), remedy: "Check the path under report: in the policy, and its permissions.")
  }
}
