import Core
import Foundation
import GRDB

/// Finds the numbers under which a ledger stores what many rows share, and remembers them for one transaction.
///
/// - Important: a number may vanish when its transaction is rolled back, so an interning lives no longer than one.
struct Interning {
  private var settings = SettingsHashes()
  private var texts = TextRows()
  private var names: [[UInt8]: Int64] = [:]
  /// The last few of `names`: nearly always it is one of them.
  private var lastNames: [(text: String, id: Int64)] = []
  private var reasons: [[UInt8]: Int64] = [:]
  /// Without an identifier where none is stored.
  private var lastSource: (key: ResponseKey, id: Int64?)?
  private var lastHashed: (target: String, settings: String, scope: String, id: Int64)?
  private var lastText: (text: String, id: Int64)?
  private var lastJudge: (judge: String, category: String, scope: String, id: Int64)?
  private var findResponse: RowStatement?

  /// The number of a short text, which is stored where it is new.
  mutating func name(_ text: String, _ db: Database) throws -> Int64 {
    if let last = lastNames.first(where: { $0.text.hasSameBytes(as: text) }) { return last.id }
    let bytes = Array(text.utf8)
    let id = try names[bytes] ?? Self.name(ExactText.bound, text, db)
    names[bytes] = id
    if lastNames.count == Self.mostLast { lastNames.removeFirst() }
    lastNames.append((text, id))
    return id
  }

  private static let mostLast = 4

  /// The number of a judge's reason, which may quote what it looked at.
  mutating func reason(_ text: String, _ db: Database) throws -> Int64 {
    let bytes = Array(text.utf8)
    if let known = reasons[bytes] { return known }
    let id = try Self.name(SealedRows.seal(ExactText.bound, .names, "text"), text, db)
    // They may be as many as responses.
    if reasons.count < 4096 { reasons[bytes] = id }
    return id
  }

  private static func name(_ value: String, _ text: String, _ db: Database) throws -> Int64 {
    let find = try db.cachedStatement(sql: "SELECT id FROM main.names WHERE text = \(value)")
    if let stored = try Int64.fetchOne(find, arguments: [exact(text)]) { return stored }
    try db.cachedStatement(sql: "INSERT INTO main.names (text) VALUES (\(value))").execute(arguments: [exact(text)])
    return db.lastInsertedRowID
  }

  /// The number of a prompt, which is asked about again and again.
  /// - Parameter isNew: whether to store it where it isn't there; else the result is nil then.
  mutating func text(_ text: String, _ db: Database, storing isNew: Bool = true) throws -> Int64? {
    if let lastText, lastText.text.hasSameBytes(as: text) { return lastText.id }
    guard let id = try texts.id(text, db, storing: isNew) else { return nil }
    lastText = (text, id)
    return id
  }

  /// The number of a response's text, which is stored where it is new.
  mutating func answer(_ text: String, _ db: Database) throws -> Int64? { try texts.id(text, db, storing: true) }

  /// The number of a model under its settings in a scope.
  mutating func source(_ key: ResponseKey, _ db: Database, storing isNew: Bool = true) throws -> Int64? {
    if let lastSource, lastSource.id != nil || !isNew, lastSource.key.hasSameSource(as: key) { return lastSource.id }
    let hash = try settings.hash(key.settings)
    let id = try Self.source(key.target, settings: hash, scope: key.scope, db, storing: isNew)
    lastSource = (key, id)
    return id
  }

  /// The same by the hash of the settings.
  mutating func source(_ target: String, settings hash: String, scope: String, _ db: Database) throws -> Int64? {
    if let lastHashed, lastHashed.target.hasSameBytes(as: target), lastHashed.settings.hasSameBytes(as: hash),
      lastHashed.scope.hasSameBytes(as: scope)
    {
      return lastHashed.id
    }
    let id = try Self.source(target, settings: hash, scope: scope, db)
    if let id { lastHashed = (target, hash, scope, id) }
    return id
  }

  private static func source(
    _ target: String, settings hash: String, scope: String, _ db: Database, storing isNew: Bool = true
  ) throws -> Int64? {
    let arguments: StatementArguments = [exact(target), hash, exact(scope)]
    let sealed = SealedRows.seal("?", .sources, "settings")
    let find = try db.cachedStatement(
      sql: """
        SELECT id FROM main.sources
        WHERE target = \(ExactText.bound) AND settings = \(sealed) AND scope = \(ExactText.bound)
        """)
    if let id = try Int64.fetchOne(find, arguments: arguments) { return id }
    guard isNew else { return nil }
    try db.cachedStatement(
      sql:
        "INSERT INTO main.sources (target, settings, scope) VALUES (\(ExactText.bound), \(sealed), \(ExactText.bound))"
    ).execute(arguments: arguments)
    return db.lastInsertedRowID
  }

  /// The number of a judge that is asked about a category in a scope.
  mutating func judge(
    _ judge: String, category: String, scope: String, _ db: Database, storing isNew: Bool = true
  ) throws -> Int64? {
    if let lastJudge, lastJudge.judge.hasSameBytes(as: judge), lastJudge.category.hasSameBytes(as: category),
      lastJudge.scope.hasSameBytes(as: scope)
    {
      return lastJudge.id
    }
    let arguments: StatementArguments = [exact(judge), exact(category), exact(scope)]
    let find = try db.cachedStatement(
      sql: """
        SELECT id FROM judges
        WHERE judge = \(ExactText.bound) AND askedCategory = \(ExactText.bound) AND scope = \(ExactText.bound)
        """)
    var id = try Int64.fetchOne(find, arguments: arguments)
    if id == nil, isNew {
      try db.cachedStatement(sql: "INSERT INTO judges (judge, askedCategory, scope) VALUES (\(ExactText.bound(3)))")
        .execute(arguments: arguments)
      id = db.lastInsertedRowID
    }
    if let id { lastJudge = (judge, category, scope, id) }
    return id
  }

  /// The number of a stored response; nil where there is none.
  mutating func response(_ key: ResponseKey, _ db: Database) throws -> Int64? {
    guard let source = try source(key, db, storing: false), let prompt = try text(key.prompt, db, storing: false) else {
      return nil
    }
    let find =
      try findResponse
      ?? RowStatement("SELECT id FROM storedResponses WHERE prompt = ? AND source = ? AND sample = ?", db)
    findResponse = find
    return try find.number(.integer(prompt), .integer(source), .integer(Int64(key.sampleIndex)))
  }
}

extension ResponseKey {
  /// Equal in every byte, prompt and sample aside.
  fileprivate func hasSameSource(as other: ResponseKey) -> Bool {
    target.hasSameBytes(as: other.target) && scope.hasSameBytes(as: other.scope)
      && SettingsHashes.areSame(settings, other.settings)
  }
}

/// The rows of prompts and responses; texts are stored once.
///
/// A key of 64 bits finds candidates; the text itself decides.
private struct TextRows {
  private var find: RowStatement?
  private var insert: RowStatement?

  /// - Parameter isNew: whether to store it where it isn't there; else the result is nil then.
  mutating func id(_ text: String, _ db: Database, storing isNew: Bool) throws -> Int64? {
    let find = try find ?? RowStatement(Self.search, db)
    self.find = find
    if let id = try find.number(.text(text), .text(text)) { return id }
    // A text that begins with a NUL left nothing, like one that was purged.
    if let end = text.utf8.firstIndex(of: 0), end > text.startIndex {
      // Version 0.1 cut texts at a NUL, but hashed them whole.
      let cut = String(decoding: text.utf8[..<end], as: UTF8.self)
      if let id = try find.number(.text(text), .text(cut)) {
        if isNew { try Self.complete(id, text, db) }
        return id
      }
    }
    guard isNew else { return nil }
    let insert = try insert ?? RowStatement(Self.insertion, db)
    self.insert = insert
    try insert.execute(.text(text))
    return db.lastInsertedRowID
  }

  private static let search = """
    SELECT id FROM main.texts WHERE hash = sluiceKey(?1) AND \(SealedRows.same("?2", .texts, "text", identity: ["hash"]))
    """

  private static let insertion = """
    INSERT INTO main.texts (hash, text)
    SELECT hash, \(SealedRows.seal("text", .texts, "text", identity: ["hash"]))
    FROM (SELECT sluiceKey(?1) AS hash, ?1 AS text)
    """

  private static func complete(_ id: Int64, _ text: String, _ db: Database) throws {
    _ = try AuditRecord.append(
      db, kind: RowVerification.completion, detail: "\(id)", now: Date().timeIntervalSince1970)
    try db.execute(
      sql:
        "UPDATE main.texts SET text = \(SealedRows.seal(ExactText.bound, .texts, "text", identity: ["hash"])) WHERE id = ?",
      arguments: [exact(text), id])
  }
}
