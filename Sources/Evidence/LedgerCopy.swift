import Core
import Foundation

/// A private copy of a ledger and its write-ahead log, for reading where nothing can be written beside them. It vanishes
/// with its owner.
final class LedgerCopy: Sendable {
  let path: String
  private let folder: String

  /// - Throws: `SluiceError`: I/O error (74) where there is no room for it.
  init(of file: LedgerFile) throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-ledger-\(UUID().uuidString)").path
    path = folder + "/ledger.sqlite"
    do {
      try FileManager.default.createDirectory(
        atPath: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
      for suffix in ["", "-wal"] {
        try FileManager.default.copyItem(atPath: file.realPath + suffix, toPath: path + suffix)
      }
    } catch {
      try? FileManager.default.removeItem(atPath: folder)
      throw SluiceError(
        .inputOutput, "the ledger can't be copied for reading: \(error.localizedDescription)",
        at: SourceLocation(file: file.path),
        remedy:
          "Part of it is in its write-ahead log, on media that can't be written: make room in \(folder.folderOfPath) for "
          + "a copy of both, or set TMPDIR.")
    }
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }
}

extension String {
  /// The folder of a path, as system calls take it.
  var folderOrCurrent: String { folderOfPath.isEmpty ? "." : folderOfPath }
}

extension LedgerFile {
  /// Whether SQLite may make its auxiliary files.
  var canBeWrittenBeside: Bool {
    access(realPath.folderOrCurrent, W_OK) == 0
  }

  /// Whether a write-ahead log holds what isn't in the file yet.
  var hasLog: Bool {
    let attributes = try? FileManager.default.attributesOfItem(atPath: realPath + "-wal")
    return (attributes?[.size] as? Int ?? 0) > 0
  }

  /// The file as a URI that tells SQLite that it can't change.
  var unchangingAddress: String {
    let plain = CharacterSet.urlPathAllowed.subtracting(CharacterSet(charactersIn: "?#;"))
    return "file:" + (realPath.addingPercentEncoding(withAllowedCharacters: plain) ?? realPath) + "?immutable=1"
  }
}
