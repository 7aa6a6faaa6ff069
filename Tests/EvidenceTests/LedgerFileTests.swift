import Core
import Foundation
import GRDB
import Testing

@testable import Evidence

@Suite("The ledger's file")
struct LedgerFileTests {
  @Test("a second writer is told who holds the ledger, by any name of it; a reader is not kept out")
  func locking() throws {
    let place = Place()
    do {
      let ledger = try Ledger(path: place.path)
      _ = try ledger.beginRun(identity, now: 1)
      let link = place.folder + "/link.sqlite"
      try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: place.path)
      for name in [place.path, link] {
        let error = #expect(throws: SluiceError.self) { _ = try Ledger(path: name) }
        #expect(error?.exitCode == .interrupted && error?.message.contains("\(getpid())") == true)
      }
      #expect(try Ledger(path: place.path, readOnly: true).runs().count == 1)
      _ = try ledger.beginRun(identity, now: 2)
    }
    _ = try Ledger(path: place.path)
  }

  @Test("files are private, those that SQLite adds too; a world-readable ledger is refused with 77")
  func permissions() throws {
    let place = Place()
    let files = FileManager.default
    do {
      let ledger = try Ledger(path: place.path)
      _ = try ledger.beginRun(identity, now: 1)
      for name in try files.contentsOfDirectory(atPath: place.folder + "/a") {
        #expect(try files.attributesOfItem(atPath: place.folder + "/a/" + name)[.posixPermissions] as? Int == 0o600)
      }
    }
    for folder in ["", "/a"] {
      #expect(try files.attributesOfItem(atPath: place.folder + folder)[.posixPermissions] as? Int == 0o700)
    }
    for mode in [0o644, 0o606] {
      try files.setAttributes([.posixPermissions: mode], ofItemAtPath: place.path)
      for readOnly in [false, true] {
        let error = #expect(throws: SluiceError.self) { _ = try Ledger(path: place.path, readOnly: readOnly) }
        #expect(error?.exitCode == .permission && error?.remedy?.contains("chmod 600") == true)
      }
    }
  }

  @Test("a file that is no ledger is refused and left as it was", arguments: [1, 40, 9_000])
  func notALedger(size: Int) throws {
    let place = Place()
    try FileManager.default.createDirectory(atPath: place.folder + "/a", withIntermediateDirectories: true)
    let text = String(repeating: "x", count: size)
    try text.write(toFile: place.path, atomically: true, encoding: .utf8)
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: place.path)
    for readOnly in [false, true] {
      let error = #expect(throws: SluiceError.self) { _ = try Ledger(path: place.path, readOnly: readOnly) }
      #expect(error?.exitCode == .usage)
    }
    #expect(try String(contentsOfFile: place.path, encoding: .utf8) == text)
  }

  @Test("another program's database is refused and left as it was")
  func foreign() throws {
    let place = Place()
    try FileManager.default.createDirectory(atPath: place.folder + "/a", withIntermediateDirectories: true)
    do {
      let queue = try DatabaseQueue(path: place.path)
      try queue.write { try $0.execute(sql: "CREATE TABLE recipes (id INTEGER PRIMARY KEY)") }
    }
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: place.path)
    let before = try SHA256.hex(file: place.path)
    let error = #expect(throws: SluiceError.self) { _ = try Ledger(path: place.path) }
    #expect(error?.exitCode == .usage && error?.message.contains("no ledger") == true)
    #expect(try SHA256.hex(file: place.path) == before)
  }

  @Test("a ledger of a newer version is refused and left as it was")
  func newer() throws {
    let place = Place()
    do {
      let ledger = try Ledger(path: place.path)
      try ledger.write { try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('99: what comes later')") }
    }
    let before = try SHA256.hex(file: place.path)
    for readOnly in [false, true] {
      let error = #expect(throws: SluiceError.self) { _ = try Ledger(path: place.path, readOnly: readOnly) }
      #expect(error?.exitCode == .usage && error?.message.contains("newer version") == true)
    }
    #expect(try SHA256.hex(file: place.path) == before)
  }

  @Test("damage inside a ledger is named, whether it shows on opening or later")
  func damaged() throws {
    let place = Place()
    do {
      let ledger = try Ledger(path: place.path)
      let run = try ledger.beginRun(identity, now: 1)
      try ledger.store((0..<500).map { (key("prompt \($0)"), .success(Response(text: "text"))) }, run: run)
    }
    let handle = try #require(FileHandle(forWritingAtPath: place.path))
    let size = try handle.seekToEnd()
    // Every page but the first few, which hold the schema.
    for page in stride(from: UInt64(8 * 4096), to: size, by: 4096) {
      try handle.seek(toOffset: page)
      try handle.write(contentsOf: Data(repeating: 0xA5, count: 4096))
    }
    try handle.close()
    let error = #expect(throws: SluiceError.self) {
      let ledger = try Ledger(path: place.path)
      _ = try ledger.responses((0..<500).map { key("prompt \($0)") })
      _ = try ledger.contents()
    }
    #expect(error?.exitCode == .usage && error?.message.contains("damaged") == true)
  }

  @Test("a full disk is named, takes back the whole group, and keeps what was stored")
  func full() throws {
    let place = Place()
    do {
      let ledger = try Ledger(path: place.path)
      let run = try ledger.beginRun(identity, now: 1)
      try ledger.store([(key("a"), .success(Response(text: "kept")))], run: run)
      // SQLite answers a full disk and a full database with the same code, from the same place.
      try ledger.database.writeWithoutTransaction { db in
        let pages = try Int.fetchOne(db, sql: "PRAGMA page_count") ?? 0
        try db.execute(sql: "PRAGMA max_page_count = \(pages + 4)")
      }
      let long = String(repeating: "long ", count: 2000)
      let group = (0..<20).map { (key("b", $0), ResponseOutcome.success(Response(text: "\(long)\($0)"))) }
      let error = #expect(throws: SluiceError.self) { try ledger.store(group, run: run) }
      #expect(error?.exitCode == .ioError && error?.remedy?.contains("--resume") == true)
      #expect(try ledger.responses([key("a"), key("b")]).map { $0?.text } == ["kept", nil])
    }
    let later = try Ledger(path: place.path)
    #expect(try later.responses([key("a"), key("b")]).map { $0?.text } == ["kept", nil])
    try later.verifyAudit()
  }

  @Test("a path that can't be a ledger is a usage error; a reader makes nothing")
  func paths() throws {
    let place = Place()
    try FileManager.default.createDirectory(atPath: place.folder, withIntermediateDirectories: true)
    try "".write(toFile: place.folder + "/file", atomically: true, encoding: .utf8)
    for path in [place.folder, place.folder + "/new/", ""] {
      let error = #expect(throws: SluiceError.self) { _ = try Ledger(path: path) }
      #expect(error?.exitCode == .usage)
    }
    #expect(throws: SluiceError.self) { _ = try Ledger(path: place.folder + "/file/ledger.sqlite") }
    let error = #expect(throws: SluiceError.self) { _ = try Ledger(path: place.path, readOnly: true) }
    #expect(error?.exitCode == .usage)
    #expect(try FileManager.default.contentsOfDirectory(atPath: place.folder) == ["file"])
  }

  @Test("after a run's end the file alone holds everything")
  func alone() throws {
    let place = Place()
    let ledger = try Ledger(path: place.path)
    let run = try ledger.beginRun(identity, now: 1)
    try ledger.store([(key("a"), .success(Response(text: "t")))], run: run)
    try ledger.finishRun(run, summary: summary(.pass), now: 2)
    let copy = place.folder + "/copy.sqlite"
    try FileManager.default.copyItem(atPath: place.path, toPath: copy)
    #expect(try Ledger(path: copy, readOnly: true).responses([key("a")]).map { $0?.text } == ["t"])
  }
}
