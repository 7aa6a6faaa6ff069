import Core
import Foundation

/// Writes the lab's text files.
struct FixtureFolder: Sendable {
  let path: String

  static let truth = "truth.json"

  func file(_ name: String) -> String { path + "/" + name }

  /// Whether the lab may be written here: a folder that is new, empty, or holds an older build. Somebody's suite and
  /// models have the same names as the lab's.
  /// - Throws: `SluiceError` (usage, permission).
  func requireOwn() throws {
    try OutputFile.check(file(Self.truth), what: "the lab")
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    if names.isEmpty { return }
    let bytes = try? BoundedFile.read(file(Self.truth), what: "the lab", limit: 1 << 20, hint: "")
    if let bytes, (try? JSON(parsing: bytes))?["prompts_per_cell"] != nil { return }
    throw SluiceError.badInput(
      "the folder is there already and holds no finished lab, so nothing in it is replaced", file: path,
      remedy: "Name another folder; what an interrupted build left can be removed.")
  }

  /// - Throws: `SluiceError` where the file can't be written.
  func write(_ text: String, to name: String) throws {
    let path = file(name)
    try OutputFile.makeFolder(of: path, what: name)
    try OutputFile.write(Array(text.utf8), to: path, what: name)
  }

  /// One document a line.
  func write(lines: [JSON], to name: String) throws {
    try write(lines.map { $0.serialized() + "\n" }.joined(), to: name)
  }
}
