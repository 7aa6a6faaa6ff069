import Core
import Foundation
import Testing

@testable import Evidence

@Suite("Hashes")
struct HashTests {
  @Test("SHA-256 agrees with the standard's example")
  func standard() {
    // FIPS 180-4 example, with no size suffix: a plain hash of bytes.
    #expect(SHA256.hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
  }

  @Test("a file's hash is that of its bytes, over any number of reads; a missing file has none")
  func file() throws {
    let place = Place()
    try FileManager.default.createDirectory(atPath: place.folder, withIntermediateDirectories: true)
    let bytes = (0..<2_500_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    try Data(bytes).write(to: URL(fileURLWithPath: place.folder + "/f"))
    #expect(try SHA256.hex(file: place.folder + "/f") == SHA256.hex(bytes))
    #expect(throws: SluiceError.self) { try SHA256.hex(file: place.folder + "/none") }
    #expect(throws: SluiceError.self) { try SHA256.hex(file: place.folder) }
  }

  @Test("a checkpoint's fingerprint changes with a name, a byte or a boundary, and not with hidden files")
  func fingerprint() throws {
    let place = Place()
    let files = FileManager.default
    func write(_ name: String, _ text: String) throws {
      try files.createDirectory(atPath: place.folder, withIntermediateDirectories: true)
      try text.write(toFile: place.folder + "/" + name, atomically: true, encoding: .utf8)
    }
    try write("a", "12")
    try write("b", "3")
    let first = try SHA256.fingerprint(folder: place.folder)
    try write(".cache", "x")
    #expect(try SHA256.fingerprint(folder: place.folder) == first)
    try write("a", "1")
    try write("b", "23")
    #expect(try SHA256.fingerprint(folder: place.folder) != first)
    #expect(throws: SluiceError.self) { try SHA256.fingerprint(folder: place.folder + "/none") }
  }

  @Test("a cache of links has the fingerprint of a plain copy; a circle of links is an error, not a hang")
  func links() throws {
    let place = Place()
    let files = FileManager.default
    for folder in ["plain/sub", "blobs", "linked/sub"] {
      try files.createDirectory(atPath: place.folder + "/" + folder, withIntermediateDirectories: true)
    }
    for (name, text) in [("config.json", "{}"), ("sub/weights", "0123")] {
      try text.write(toFile: place.folder + "/plain/" + name, atomically: true, encoding: .utf8)
      let blob = place.folder + "/blobs/" + SHA256.hex(text)
      try text.write(toFile: blob, atomically: true, encoding: .utf8)
      try files.createSymbolicLink(atPath: place.folder + "/linked/" + name, withDestinationPath: blob)
    }
    try files.createSymbolicLink(
      atPath: place.folder + "/current", withDestinationPath: place.folder + "/linked")
    let plain = try SHA256.fingerprint(folder: place.folder + "/plain")
    #expect(try SHA256.fingerprint(folder: place.folder + "/current") == plain)
    #expect(try SHA256.fingerprint(folder: place.folder + "/plain/sub") != plain)
    try files.createSymbolicLink(
      atPath: place.folder + "/linked/sub/up", withDestinationPath: place.folder + "/linked")
    #expect(throws: SluiceError.self) { try SHA256.fingerprint(folder: place.folder + "/linked") }
  }
}
