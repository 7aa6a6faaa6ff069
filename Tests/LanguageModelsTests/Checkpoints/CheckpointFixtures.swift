import Foundation
import Testing

@testable import LanguageModels

/// What `Fixtures/make_safetensors.py` recorded with the reference library.
enum CheckpointFixtures {
  struct Tensor: Decodable {
    let shape: [Int]
    /// float32 bit patterns of the elements as the file's type holds them.
    let bits: [UInt32]
    /// The same before the rounding to the file's type.
    let source: [UInt32]

    var values: [Float] { source.map(Float.init(bitPattern:)) }
  }

  static func path(_ name: String) -> String {
    Bundle.module.bundleURL.appending(path: "Fixtures/\(name)").path(percentEncoded: false)
  }

  static func values(_ name: String) throws -> [String: Tensor] {
    let data = try Data(contentsOf: URL(filePath: path("values.json")))
    let recorded = try JSONDecoder().decode([String: [String: Tensor]].self, from: data)
    return try #require(recorded[name])
  }

  static func bytes(_ path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(filePath: path))) }
}

/// A folder that is gone after the test.
struct CheckpointFolder: ~Copyable {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.appending(path: "checkpoint-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Writes a file and gives its path.
  @discardableResult
  func write(_ bytes: [UInt8], as name: String) throws -> String {
    try Data(bytes).write(to: URL(filePath: path + "/" + name))
    return path + "/" + name
  }

  @discardableResult
  func write(_ text: String, as name: String) throws -> String { try write(Array(text.utf8), as: name) }

  /// A safetensors file of a header as it stands and zeros for data.
  func safetensors(header: String, dataBytes: Int, as name: String = "model.safetensors") throws -> String {
    let length = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Array($0) }
    return try write(length + Array(header.utf8) + [UInt8](repeating: 0, count: dataBytes), as: name)
  }
}
