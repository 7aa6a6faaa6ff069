import Core
import GRDB

/// What makes a response the same response: asked of the same model, with the same words and settings, as the same
/// sample.
public struct ResponseKey: Hashable, Sendable {
  public let target: String
  public let prompt: String
  public let settings: SamplingSettings
  public let sampleIndex: Int
  /// Where the response holds: empty for a model with an identity, which says the same in every run; the run's identifier
  /// for one that may be another model tomorrow under the same name.
  public let scope: String

  public init(
    target: String, prompt: String, settings: SamplingSettings, sampleIndex: Int, scope: String = ""
  ) {
    self.target = target
    self.prompt = prompt
    self.settings = settings
    self.sampleIndex = sampleIndex
    self.scope = scope
  }

  /// Equal in every byte, as the ledger compares: Swift takes "é" and "e" with an accent for equal, a model doesn't.
  public static func == (a: ResponseKey, b: ResponseKey) -> Bool {
    a.sampleIndex == b.sampleIndex && a.scope == b.scope && a.target.utf8.elementsEqual(b.target.utf8)
      && a.prompt.utf8.elementsEqual(b.prompt.utf8) && SettingsHashes.areSame(a.settings, b.settings)
  }
}

extension Ledger {
  /// The stored responses, in the order of `keys`; nil where there is none.
  /// - Parameter run: only responses that this run stored count; nil for any run's.
  public func responses(_ keys: [ResponseKey], onlyOf run: String? = nil) throws -> [Response?] {
    try read { db in
      var settings = SettingsHashes()
      var prompts = try PromptRows(db)
      let statement = try db.cachedStatement(sql: Self.findResponse)
      return try keys.map { key in
        // A prompt that was never asked has no responses, and is looked for once for all its samples.
        guard let prompt = try prompts.id(of: key.prompt) else { return nil }
        return try Row.fetchOne(
          statement,
          arguments: [
            exact(key.target), prompt, try settings.hash(key.settings), key.sampleIndex, key.scope, run, run,
          ]
        ).map { row in
          Response(
            text: row.exactText("text"), promptTokens: row["promptTokens"], completionTokens: row["completionTokens"],
            latency: row["latency"], finishReason: row.exactText("finishReason"))
        }
      }
    }
  }

  private static let findResponse = """
    SELECT \(ExactText.read("r.text", as: "text")), \(ExactText.read("r.finishReason", as: "finishReason")),
      r.promptTokens, r.completionTokens, r.latency
    FROM responses r
    WHERE r.target = \(ExactText.bound) AND r.prompt = ? AND r.settings = ? AND r.sample = ? AND r.scope = ?
      AND (? IS NULL OR r.run = ?)
    """

  /// Condition on a response `r` and its prompt `p`, for `arguments`.
  static let isResponse =
    "p.hash = ? AND r.target = \(ExactText.bound) AND r.settings = ? AND r.sample = ? AND r.scope = ?"

  static func arguments(_ key: ResponseKey, _ settings: inout SettingsHashes) throws -> StatementArguments {
    [SHA256.hex(key.prompt), exact(key.target), try settings.hash(key.settings), key.sampleIndex, key.scope]
  }

  /// Commits outcomes in one transaction. A response already stored under its key stays as it is; failures are noted
  /// beside, and don't keep their request from being asked again.
  /// - Returns: how many responses were new.
  @discardableResult
  public func store(_ outcomes: [(key: ResponseKey, outcome: ResponseOutcome)], run: String) throws -> Int {
    try write { db in
      var settings = SettingsHashes()
      var prompts = try PromptRows(db)
      let storeResponse = try db.cachedStatement(sql: Self.storeResponse)
      var stored = 0
      for (key, outcome) in outcomes {
        let prompt = try prompts.idOrNew(of: key.prompt)
        let hash = try settings.hash(key.settings)
        switch outcome {
        case .success(let response):
          try storeResponse.execute(arguments: [
            exact(key.target), exact(response.text), exact(response.finishReason), prompt, hash, key.sampleIndex,
            key.scope, response.promptTokens, response.completionTokens, response.latency, run,
          ])
          stored += db.changesCount
        case .failure(let failure):
          try db.cachedStatement(sql: Self.storeFailure).execute(arguments: [
            exact(key.target), exact(failure.message), prompt, hash, key.sampleIndex, failure.kind.rawValue, run,
          ])
        }
      }
      return stored
    }
  }

  private static let storeResponse = """
    INSERT INTO responses
    (target, text, finishReason, prompt, settings, sample, scope, promptTokens, completionTokens, latency, run)
    VALUES (\(ExactText.bound(3)), ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (target, prompt, settings, sample, scope) DO NOTHING
    """

  private static let storeFailure = """
    INSERT INTO failures (target, message, prompt, settings, sample, kind, run)
    VALUES (\(ExactText.bound(2)), ?, ?, ?, ?, ?)
    """

  /// The row of a prompt; texts are stored once.
  static func promptID(_ db: Database, _ text: String) throws -> Int64 {
    var prompts = try PromptRows(db)
    return try prompts.idOrNew(of: text)
  }
}

/// Rows of prompts, each looked for once in a row of requests for the same prompt.
struct PromptRows {
  private let db: Database
  private let find: Statement
  private var last: (text: String, id: Int64)?

  init(_ db: Database) throws {
    self.db = db
    find = try db.cachedStatement(sql: "SELECT id, length(CAST(text AS BLOB)) AS bytes FROM prompts WHERE hash = ?")
  }

  /// Nil where the prompt was never stored.
  mutating func id(of text: String) throws -> Int64? {
    if let last, last.text.hasSameBytes(as: text) { return last.id }
    guard let row = try Row.fetchOne(find, arguments: [SHA256.hex(text)]) else { return nil }
    last = (text, row["id"])
    return last?.id
  }

  /// Stores the prompt where it isn't there.
  mutating func idOrNew(of text: String) throws -> Int64 {
    if let last, last.text.hasSameBytes(as: text) { return last.id }
    let id = try self.row(of: text)
    last = (text, id)
    return id
  }

  private func row(of text: String) throws -> Int64 {
    let hash = SHA256.hex(text)
    if let row = try Row.fetchOne(find, arguments: [hash]) {
      let id: Int64 = row["id"]
      // Version 0.1 cut texts at a NUL, but hashed them whole.
      if row["bytes"] as Int != text.utf8.count {
        try db.execute(sql: "UPDATE prompts SET text = \(ExactText.bound) WHERE id = ?", arguments: [exact(text), id])
      }
      return id
    }
    try db.cachedStatement(sql: Self.store).execute(arguments: [exact(text), hash])
    return db.lastInsertedRowID
  }

  private static let store = "INSERT INTO prompts (text, hash) VALUES (\(ExactText.bound), ?)"
}

/// Hashes of sampling settings, each computed once in a row of requests for the same target.
struct SettingsHashes {
  private var last: (settings: SamplingSettings, hash: String)?

  mutating func hash(_ settings: SamplingSettings) throws -> String {
    if let last, Self.areSame(last.settings, settings) { return last.hash }
    let hash = SHA256.hex(try jsonText(settings))
    last = (settings, hash)
    return hash
  }

  /// Equal in every byte: Swift takes "é" and "e" with an accent for equal, a model doesn't.
  static func areSame(_ a: SamplingSettings, _ b: SamplingSettings) -> Bool {
    a == b && a.system.map { Array($0.utf8) } == b.system.map { Array($0.utf8) }
      && a.template.map { Array($0.utf8) } == b.template.map { Array($0.utf8) }
  }
}
