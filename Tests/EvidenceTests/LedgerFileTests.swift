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
      #expect(error?.exitCode == .inputOutput && error?.remedy?.contains("--resume") == true)
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

  @Test("a lock's name that is taken by a folder, a link, a pipe or somebody's file is told, and that is left alone")
  func foreignLocks() throws {
    let files = FileManager.default
    for kind in ["folder", "link", "link to nothing", "pipe", "text", "hard link"] {
      let place = Place()
      try files.createDirectory(atPath: place.folder + "/a", withIntermediateDirectories: true)
      let (lock, other) = (place.path + ".lock", place.folder + "/other")
      try Data((kind == "hard link" ? "" : "precious").utf8).write(to: URL(fileURLWithPath: other))
      switch kind {
      case "folder": try files.createDirectory(atPath: lock + "/inner", withIntermediateDirectories: true)
      case "link": try files.createSymbolicLink(atPath: lock, withDestinationPath: other)
      case "link to nothing": try files.createSymbolicLink(atPath: lock, withDestinationPath: place.folder + "/none")
      case "pipe": #expect(mkfifo(lock, 0o600) == 0)
      case "text": try files.copyItem(atPath: other, toPath: lock)
      default: try files.linkItem(atPath: other, toPath: lock)
      }
      let before = try Data(contentsOf: URL(fileURLWithPath: other))
      let error = #expect(throws: SluiceError.self, "\(kind)") { _ = try Ledger(path: place.path) }
      #expect(error?.exitCode == .usage && error?.remedy != nil, "\(kind): \(error?.description ?? "")")
      #expect(error?.location?.file.hasSuffix("/a/ledger.sqlite.lock") == true, "\(kind)")
      #expect(try Data(contentsOf: URL(fileURLWithPath: other)) == before, "\(kind)")
      #expect(try files.contentsOfDirectory(atPath: place.folder + "/a") == ["ledger.sqlite.lock"], "\(kind)")
      #expect(!files.fileExists(atPath: place.folder + "/none"))
      if kind == "text" { #expect(files.contents(atPath: lock) == Data("precious".utf8)) }
    }
  }

  @Test("a folder in which others could replace the ledger, and a ledger that they could change, are refused with 77")
  func replaceable() throws {
    let place = Place()
    let (path, folder) = (place.path, place.folder + "/a")
    _ = try Ledger(path: path)
    func refusals() -> [SluiceError?] {
      [false, true].map { readOnly in
        do {
          _ = try Ledger(path: path, readOnly: readOnly)
          return nil
        } catch {
          return error as? SluiceError
        }
      }
    }
    for mode in [0o777, 0o775, 0o722, 0o720, 0o702] as [mode_t] {
      #expect(chmod(folder, mode) == 0)
      for error in refusals() {
        #expect(error?.exitCode == .permission, "\(mode)")
        #expect(error?.remedy?.contains("chmod go-w \(folder)") == true, "\(error?.description ?? "")")
      }
    }
    // As in /tmp: whose file it is, decides.
    for mode in [0o1777, 0o755, 0o700] as [mode_t] {
      #expect(chmod(folder, mode) == 0)
      #expect(refusals() == [nil, nil], "\(mode)")
    }
    #expect(chmod(path, 0o660) == 0)
    #expect(refusals().allSatisfy { $0?.exitCode == .permission })
    #expect(chmod(path, 0o600) == 0)
    guard geteuid() == 0 else { return }
    // Another user's folder; then another user's ledger in it, which root may look at and not rely on.
    #expect(chown(folder, 4321, 4321) == 0)
    #expect(refusals().allSatisfy { $0?.exitCode == .permission && $0?.remedy?.contains("chown 0 ") == true })
    #expect(chown(path, 4321, 4321) == 0)
    #expect(refusals().map { $0?.exitCode } == [.permission, nil])
  }

  @Test("what SQLite would write beside the ledger goes through no link, and a ledger is no pipe, device or dead link")
  func besides() throws {
    let files = FileManager.default
    for suffix in ["-wal", "-shm", "-journal"] {
      let place = Place()
      let path = place.path
      _ = try Ledger(path: path)
      let other = place.folder + "/other"
      try Data("precious".utf8).write(to: URL(fileURLWithPath: other))
      try files.createSymbolicLink(atPath: path + suffix, withDestinationPath: other)
      for readOnly in [false, true] {
        let error = #expect(throws: SluiceError.self) { _ = try Ledger(path: path, readOnly: readOnly) }
        #expect(error?.exitCode == .usage && error?.message.contains("symbolic link") == true)
      }
      #expect(files.contents(atPath: other) == Data("precious".utf8))
    }
    let place = Place()
    try files.createDirectory(atPath: place.folder, withIntermediateDirectories: true)
    #expect(mkfifo(place.folder + "/pipe", 0o600) == 0)
    try files.createSymbolicLink(atPath: place.folder + "/dead", withDestinationPath: place.folder + "/none")
    for path in [place.folder + "/pipe", place.folder + "/dead", "/dev/null", "/dev/zero", "~/ledger.sqlite"] {
      for readOnly in [false, true] {
        let error = #expect(throws: SluiceError.self) { _ = try Ledger(path: path, readOnly: readOnly) }
        #expect(error?.exitCode == .usage, "\(path): \(error?.description ?? "")")
      }
    }
    #expect(try files.contentsOfDirectory(atPath: place.folder).sorted() == ["dead", "pipe"])
  }
}
