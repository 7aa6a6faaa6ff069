import Core
import Foundation
import Testing

@testable import Tokenizers

/// What `Fixtures/make_goldens.py` and `make_unigram_goldens.py` recorded with the reference implementations.
struct Goldens: Decodable {
  struct Long: Decodable {
    let unit: String
    let count: Int
  }

  struct Digest: Decodable, Equatable {
    let count: Int
    let fnv1a: String

    init(_ ids: [Int]) {
      count = ids.count
      let bytes = ids.lazy.flatMap { id in (0..<4).map { UInt8(truncatingIfNeeded: id >> (8 * $0)) } }
      fnv1a = String(hexadecimal: StableHash.fnv1a(bytes))
    }
  }

  struct Recorded: Decodable {
    let ids: [[Int]]
    let decoded: [String]
    let drawn: [[Int]]
    let drawnDecoded: [String]
    let long: [Digest]
  }

  let texts: [String]
  let long: [Long]
  let tokenizers: [String: Recorded]

  static func load(_ name: String = "goldens.json") throws -> Goldens {
    try JSONDecoder().decode(Goldens.self, from: Data(contentsOf: Fixtures.url(name)))
  }
}

enum Fixtures {
  static func url(_ name: String) -> URL { Bundle.module.bundleURL.appending(path: "Fixtures/\(name)") }

  static func folder(_ name: String) -> String { url(name).path(percentEncoded: false) }

  static func tokenizer(_ name: String) throws -> Tokenizer { try Tokenizer.load(folder: folder(name)) }

  static func corpus() throws -> [String] {
    try String(contentsOf: url("corpus.txt"), encoding: .utf8).split(separator: "\n").map(String.init)
  }
}

/// A folder that is gone after the test.
struct TemporaryFolder: ~Copyable {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.appending(path: "tokenizers-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func write(_ text: String, as name: String) throws { try write(Array(text.utf8), as: name) }

  func write(_ bytes: [UInt8], as name: String) throws {
    try Data(bytes).write(to: URL(filePath: path + "/" + name))
  }
}

extension String {
  /// Equal as scalars: Swift's `==` lets canonically equivalent strings pass.
  func hasSameScalars(as other: String) -> Bool { unicodeScalars.elementsEqual(other.unicodeScalars) }
}
