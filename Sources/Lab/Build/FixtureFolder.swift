import Core
import Foundation

/// Writes the lab's text files.
struct FixtureFolder: Sendable {
  let path: String

  func file(_ name: String) -> String { path + "/" + name }

  /// - Throws: `SluiceError` where the file can't be written.
  func write(_ text: String, to name: String) throws {
    let path = file(name)
    do {
      try FileManager.default.createDirectory(
        atPath: path.folderOfPath, withIntermediateDirectories: true)
      try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch {
      throw SluiceError.badInput(
        "can't write the file: \(error.localizedDescription)", file: path,
        remedy: "Check the folder, its permissions and the free space.")
    }
  }

  /// One document a line.
  func write(lines: [JSON], to name: String) throws {
    try write(lines.map { $0.serialized() + "\n" }.joined(), to: name)
  }
}
