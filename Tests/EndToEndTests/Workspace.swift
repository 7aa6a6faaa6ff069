import Foundation

/// A folder of its own for one test, gone afterwards.
final class Workspace: Sendable {
  let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-e2e-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  @discardableResult
  func write(_ text: String, to name: String) throws -> String { try write(Array(text.utf8), to: name) }

  @discardableResult
  func write(_ bytes: [UInt8], to name: String) throws -> String {
    let file = folder.appendingPathComponent(name)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: file)
    return file.path
  }

  func read(_ name: String) throws -> Data { try Data(contentsOf: folder.appendingPathComponent(name)) }

  /// When a file in a folder was changed last, those aside that are still being written.
  /// - Returns: nil where there is none.
  func newest(in folder: String) -> Date? {
    let files = try? FileManager.default.contentsOfDirectory(
      at: self.folder.appendingPathComponent(folder), includingPropertiesForKeys: [.contentModificationDateKey]
    )
    return files?.filter { $0.pathExtension != "part" }.compactMap {
      try? $0.resourceValues(forKeys: [.contentModificationDateKey]).contentModificationDate
    }
    .max()
  }

  func exists(_ name: String) -> Bool {
    FileManager.default.fileExists(atPath: folder.appendingPathComponent(name).path)
  }

  /// Copies a folder or file of the repository.
  func copy(_ path: String, to name: String) throws {
    try FileManager.default.copyItem(
      at: Binary.root.appendingPathComponent(path), to: folder.appendingPathComponent(name))
  }

  func run(
    _ arguments: String..., environment: [String: String] = [:], atMost seconds: Double = 120
  ) async throws -> Binary.Outcome {
    try await Binary.run(arguments, in: folder, environment: environment, atMost: seconds)
  }

  /// Runs a shell command in which `$SLUICE` is the program.
  func shell(
    _ command: String, environment: [String: String] = [:], atMost seconds: Double = 60
  ) async throws -> Binary.Outcome {
    try await Binary.shell(command, in: folder, environment: environment).outcome(atMost: seconds)
  }

  /// Every regular file of the folder, links not followed.
  func files() -> [URL] {
    let keys: [URLResourceKey] = [.isRegularFileKey]
    let all = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: keys)?.allObjects as? [URL] ?? []
    return all.filter { (try? $0.resourceValues(forKeys: Set(keys)))?.isRegularFile == true }
  }

  func start(_ arguments: String..., environment: [String: String] = [:]) throws -> RunningBinary {
    try Binary.start(arguments, in: folder, environment: environment)
  }

  /// Whether the JUnit report is what both schemas of its consumers (Jenkins, Ant) describe, as `xmllint` sees it.
  func hasValidJUnit() throws -> Bool {
    try ["junit-10.xsd", "windyroad-junit.xsd"].allSatisfy { schema in
      let lint = Process()
      lint.executableURL = URL(fileURLWithPath: "/usr/bin/env")
      lint.arguments = [
        "xmllint", "--noout", "--schema", Binary.root.appendingPathComponent("fixtures/schemas/\(schema)").path,
        folder.appendingPathComponent("out/junit.xml").path,
      ]
      lint.standardError = FileHandle.nullDevice
      try lint.run()
      lint.waitUntilExit()
      return lint.terminationStatus == 0
    }
  }
}
