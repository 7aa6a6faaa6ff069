import Core
import Foundation
import Testing

/// A folder of its own for one test, gone afterwards.
private final class Shelf {
  let path = FileManager.default.temporaryDirectory.appending(path: "sluice-core-\(UUID().uuidString)").path

  init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func write(_ text: String, to name: String) throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: path + "/" + name))
  }

  func text(_ name: String) -> String? {
    FileManager.default.contents(atPath: path + "/" + name).map { String(decoding: $0, as: UTF8.self) }
  }

  var names: [String] { (try? FileManager.default.contentsOfDirectory(atPath: path).sorted()) ?? [] }
}

@Suite("Files by their names")
struct FileTests {
  @Test("Two names of one file are seen to be one, also before the file is there")
  func places() throws {
    let shelf = try Shelf()
    let files = FileManager.default
    try files.createDirectory(atPath: shelf.path + "/d", withIntermediateDirectories: true)
    try shelf.write("a", to: "a")
    try shelf.write("a", to: "b")
    try files.linkItem(atPath: shelf.path + "/a", toPath: shelf.path + "/hard")
    try files.createSymbolicLink(atPath: shelf.path + "/soft", withDestinationPath: "d/../a")
    try files.createSymbolicLink(atPath: shelf.path + "/into", withDestinationPath: "d")
    func place(_ name: String) -> FilePlace { FilePlace(shelf.path + "/" + name) }
    for name in ["hard", "soft", "d/../a", "./a", "into/../a", "//a"] {
      #expect(place("a").isSame(as: place(name)), "\(name)")
    }
    #expect(!place("a").isSame(as: place("b")))
    for name in ["into/new", "d/./new", "d/none/../new", "into//new"] {
      #expect(place("d/new").isSame(as: place(name)), "\(name)")
    }
    #expect(!place("new").isSame(as: place("d/new")) && !place("d/é").isSame(as: place("d/e\u{301}")))
    #expect(place("into/x/y").isInside(place("d")) && place("d").isInside(FilePlace("/")))
    #expect(!place("d").isInside(place("d")) && !place("dd").isInside(place("d")))
    #expect(place("d/x").isVisiblyInside(place("d")) && !place("d/.git/x").isVisiblyInside(place("d")))
  }

  @Test("Writing replaces regular files alone, keeps their mode, and leaves nothing behind")
  func writing() throws {
    let shelf = try Shelf()
    let files = FileManager.default
    try shelf.write("old", to: "file")
    #expect(chmod(shelf.path + "/file", 0o640) == 0)
    try files.createSymbolicLink(atPath: shelf.path + "/link", withDestinationPath: "file")
    try files.createDirectory(atPath: shelf.path + "/folder", withIntermediateDirectories: true)
    for name in ["link", "folder"] {
      let error = #expect(throws: SluiceError.self) {
        try OutputFile.write([65], to: shelf.path + "/" + name, what: "the report")
      }
      #expect(error?.exitCode == .usage)
    }
    let taken = #expect(throws: SluiceError.self) {
      try OutputFile.write([65], to: shelf.path + "/file", what: "the labels", replaces: false)
    }
    #expect(taken?.exitCode == .usage)
    #expect(throws: CancellationError.self) {
      try AtomicFile.write(to: shelf.path + "/file") { file in
        try file.append([1, 2, 3])
        throw CancellationError()
      }
    }
    #expect(shelf.text("file") == "old" && shelf.names == ["file", "folder", "link"])
    try OutputFile.write(Array("new".utf8), to: shelf.path + "/file", what: "the report")
    try OutputFile.write([65], to: shelf.path + "/private", what: "the labels", access: .owner, replaces: false)
    #expect(shelf.text("file") == "new" && shelf.text("private") == "A")
    for (name, mode) in [("file", 0o640), ("private", 0o600)] {
      #expect(try files.attributesOfItem(atPath: shelf.path + "/" + name)[.posixPermissions] as? Int == mode)
    }
    #expect(shelf.names == ["file", "folder", "link", "private"])
    try OutputFile.write([65], to: "/dev/null", what: "the report")
  }

  @Test(
    "A folder that can't be made is told before anything is written",
    arguments: ["file/x", "file/x/y", "x/\u{0}y", "x/"])
  func checking(name: String) throws {
    let shelf = try Shelf()
    try shelf.write("", to: "file")
    let error = #expect(throws: SluiceError.self) { try OutputFile.check(shelf.path + "/" + name, what: "the report") }
    #expect(error?.exitCode == .usage && error?.remedy != nil)
    #expect(shelf.names == ["file"])
  }

  @Test("A file that is just as large as allowed is read, and not one byte more; one without a size, too")
  func bounds() throws {
    let shelf = try Shelf()
    try shelf.write(String(repeating: "a", count: 200_000), to: "a")
    func read(_ path: String, _ limit: Int) throws -> Int {
      try BoundedFile.read(path, what: "the file", limit: limit, hint: "Split it.").count
    }
    #expect(try read(shelf.path + "/a", 200_000) == 200_000)
    let error = #expect(throws: SluiceError.self) { _ = try read(shelf.path + "/a", 199_999) }
    #expect(error?.message == "the file is larger than 199999 bytes" && error?.remedy == "Split it.")
    #expect(try read("/proc/self/status", 100_000) > 100)
    #expect(throws: SluiceError.self) { _ = try read("/proc/self/status", 100) }
  }

  @Test(
    "The last part of a path",
    arguments: [("a/b", "b"), ("a/b//", "b"), ("b", "b"), ("/", ""), ("", ""), ("a/..", "..")])
  func lastName(path: String, name: String) { #expect(path.lastNameOfPath == name) }
}
