import Core
import Foundation
import GRDB
import Testing

@testable import Evidence

@Suite("Where searches stand, beside the ledger")
struct StandingFileTests {
  private let folder = FileManager.default.temporaryDirectory.appending(path: "sluice-standing-\(UUID().uuidString)")

  private func ledger(sealed: Bool = false) throws -> Ledger {
    try FileManager.default.createDirectory(
      at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    let key = folder.appending(path: "key").path
    if sealed, !FileManager.default.fileExists(atPath: key) {
      try Data(String(repeating: "a7", count: 32).utf8).write(to: URL(filePath: key))
      try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: key)
    }
    return try Ledger(path: folder.appending(path: "l.sqlite").path, key: sealed ? .file(key) : nil)
  }

  private var files: [URL] {
    (try? FileManager.default.contentsOfDirectory(
      at: folder.appending(path: "l.sqlite.searches"), includingPropertiesForKeys: nil)) ?? []
  }

  private let text = Array("the lamp's passphrase is asked for here".utf8)

  @Test("are kept by run and search, for the owner alone, sealed as the ledger is", arguments: [false, true])
  func kept(_ sealed: Bool) throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let ledger = try ledger(sealed: sealed)
    #expect(ledger.standing(of: "s", run: "r") == nil)
    try ledger.keepStanding(text, of: "s", run: "r")
    try ledger.keepStanding(text + text, of: "s", run: "r")
    try ledger.keepStanding([], of: "t", run: "r")
    #expect(ledger.standing(of: "s", run: "r") == text + text && ledger.standing(of: "t", run: "r") == [])
    #expect(ledger.standing(of: "s", run: "other") == nil && ledger.standing(of: "u", run: "r") == nil)
    #expect(files.count == 2)
    for file in files {
      let mode = try FileManager.default.attributesOfItem(atPath: file.path)[.posixPermissions] as? Int
      #expect(mode == 0o600 && file.lastPathComponent.count == 32)
      #expect(try Data(contentsOf: file).range(of: Data("passphrase".utf8)) == nil || !sealed)
    }
    // What a killed process was about to write goes with the next search that is done; this process's own may be under way.
    let part = folder.appending(path: "l.sqlite.searches/.sluice-1-abc.part")
    let own = folder.appending(path: "l.sqlite.searches/.sluice-\(getpid())-abc.part")
    for file in [part, own] { try Data("passphrase".utf8).write(to: file) }
    ledger.dropStanding(of: "t", run: "r")
    #expect(!FileManager.default.fileExists(atPath: part.path) && files.count == 2)
    try FileManager.default.removeItem(at: own)
    ledger.dropStanding(of: "s", run: "r")
    #expect(!FileManager.default.fileExists(atPath: folder.appending(path: "l.sqlite.searches").path))
  }

  @Test("are nothing once a byte is another, and one search's is no other's", arguments: [false, true])
  func changed(_ sealed: Bool) throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let ledger = try ledger(sealed: sealed)
    try ledger.keepStanding(text, of: "s", run: "r")
    let file = try #require(files.first)
    let bytes = try Data(contentsOf: file)
    for place in [0, 8, 40, bytes.count / 2, bytes.count - 1] {
      var other = bytes
      other[place] ^= 1
      try other.write(to: file)
      #expect(ledger.standing(of: "s", run: "r") == nil, "byte \(place)")
    }
    try bytes.dropLast().write(to: file)
    #expect(ledger.standing(of: "s", run: "r") == nil)
    try bytes.write(to: file)
    #expect(ledger.standing(of: "s", run: "r") == text)
    try ledger.keepStanding([1], of: "t", run: "r")
    let second = try #require(files.first { $0.lastPathComponent != file.lastPathComponent })
    try bytes.write(to: second)
    #expect(ledger.standing(of: "t", run: "r") == nil)
    for (mode, isOwn) in [(0o600, true), (0o644, true), (0o620, false), (0o666, false)] {
      try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file.path)
      #expect((ledger.standing(of: "s", run: "r") == text) == isOwn, "\(mode)")
    }
  }

  @Test("are read from regular files alone, and a link in the folder's place is left alone")
  func links() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let ledger = try ledger()
    try ledger.keepStanding(text, of: "s", run: "r")
    let file = try #require(files.first)
    let elsewhere = folder.appending(path: "elsewhere")
    try FileManager.default.moveItem(at: file, to: elsewhere)
    try FileManager.default.createSymbolicLink(at: file, withDestinationURL: elsewhere)
    #expect(ledger.standing(of: "s", run: "r") == nil)
    try FileManager.default.removeItem(at: file.deletingLastPathComponent())
    let other = folder.appending(path: "others")
    try FileManager.default.createDirectory(at: other, withIntermediateDirectories: false)
    try FileManager.default.createSymbolicLink(at: file.deletingLastPathComponent(), withDestinationURL: other)
    #expect(throws: SluiceError.self) { try ledger.keepStanding(text, of: "s", run: "r") }
    #expect(try FileManager.default.contentsOfDirectory(atPath: other.path).isEmpty)
  }

  @Test("are noted in the audit chain by their digest once a search goes on from them")
  func noted() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let ledger = try ledger()
    try ledger.noteStanding(text, of: "s", run: "r", now: 1)
    let last = try ledger.read { db in
      try Row.fetchOne(db, sql: "SELECT kind, detail FROM audit ORDER BY sequence DESC LIMIT 1")
    }
    let record = try #require(last)
    let (kind, detail): (String, String) = (record["kind"], record["detail"])
    #expect(kind == "search goes on" && detail.hasPrefix("r ") && detail.hasSuffix(SHA256.hex(text)))
  }

  @Test("are gone once a purge or sealing is asked for: texts may be in them")
  func forgotten() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let act = LedgerAct(who: LedgerActor(user: "ada", host: "h"), reason: nil, subject: "s")
    do {
      let ledger = try ledger()
      try ledger.keepStanding(text, of: "s", run: "r")
      try Data().write(to: folder.appending(path: "l.sqlite.searches/somebody's"))
      try Data().write(to: folder.appending(path: "l.sqlite.searches/.sluice-1-abc.part"))
      _ = try ledger.purge(
        .run("none"), keepsSuite: false,
        eraser: SearchEraser(record: { _, _, _ in .same }, state: { _, _ in .same }), act: act, now: 1)
      #expect(files.map(\.lastPathComponent) == ["somebody's"])
      try ledger.keepStanding(text, of: "s", run: "r")
    }
    let key = folder.appending(path: "key").path
    try Data(String(repeating: "a7", count: 32).utf8).write(to: URL(filePath: key))
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: key)
    try Ledger.seal(path: folder.appending(path: "l.sqlite").path, key: .file(key), act: act, now: 2)
    #expect(files.map(\.lastPathComponent) == ["somebody's"])
    try Ledger(path: folder.appending(path: "l.sqlite").path, key: .file(key)).keepStanding(text, of: "s", run: "r")
    #expect(files.count == 2)
    try Ledger.unseal(path: folder.appending(path: "l.sqlite").path, key: .file(key), act: act, now: 3)
    #expect(files.map(\.lastPathComponent) == ["somebody's"])
  }
}
