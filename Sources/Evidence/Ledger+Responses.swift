import Core
import GRDB

/// What makes a response the same response: asked of the same model, with the same words and settings, as the same
/// sample.
public struct ResponseKey: Hashable, Sendable {
  public let target: String
  public let prompt: String
  public let settings: SamplingSettings
  public let sampleIndex: Int

  public init(target: String, prompt: String, settings: SamplingSettings, sampleIndex: Int) {
    self.target = target
    self.prompt = prompt
    self.settings = settings
    self.sampleIndex = sampleIndex
  }
}

extension Ledger {
  /// The stored responses, in the order of `keys`; nil where there is none.
  public func responses(_ keys: [ResponseKey]) throws -> [Response?] {
    try read { db in
      var settings = SettingsHashes()
      let statement = try db.cachedStatement(
        sql: """
          SELECT r.text, r.promptTokens, r.completionTokens, r.latency, r.finishReason
          FROM responses r JOIN prompts p ON p.id = r.prompt
          WHERE p.hash = ? AND r.target = ? AND r.settings = ? AND r.sample = ?
          """)
      return try keys.map { key in
        try Row.fetchOne(
          statement,
          arguments: [SHA256.hex(key.prompt), key.target, try settings.hash(key.settings), key.sampleIndex]
        ).map { row in
          Response(
            text: row["text"], promptTokens: row["promptTokens"], completionTokens: row["completionTokens"],
            latency: row["latency"], finishReason: row["finishReason"])
        }
      }
    }
  }

  /// Commits outcomes in one transaction. A response already stored under its key stays as it is; failures are noted
  /// beside, and don't keep their request from being asked again.
  /// - Returns: how many responses were new.
  @discardableResult
  public func store(_ outcomes: [(key: ResponseKey, outcome: ResponseOutcome)], run: String) throws -> Int {
    try write { db in
      var settings = SettingsHashes()
      var stored = 0
      for (key, outcome) in outcomes {
        let prompt = try Self.promptID(db, key.prompt)
        let hash = try settings.hash(key.settings)
        switch outcome {
        case .success(let response):
          try db.cachedStatement(
            sql: """
              INSERT INTO responses
              (target, prompt, settings, sample, text, promptTokens, completionTokens, latency, finishReason, run)
              VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
              """
          ).execute(arguments: [
            key.target, prompt, hash, key.sampleIndex, response.text, response.promptTokens,
            response.completionTokens, response.latency, response.finishReason, run,
          ])
          stored += db.changesCount
        case .failure(let failure):
          try db.cachedStatement(
            sql: """
              INSERT INTO failures (target, prompt, settings, sample, kind, message, run) VALUES (?, ?, ?, ?, ?, ?, ?)
              """
          ).execute(arguments: [
            key.target, prompt, hash, key.sampleIndex, failure.kind.rawValue, failure.message, run,
          ])
        }
      }
      return stored
    }
  }

  /// The row of a prompt; texts are stored once.
  static func promptID(_ db: Database, _ text: String) throws -> Int64 {
    let hash = SHA256.hex(text)
    let find = try db.cachedStatement(sql: "SELECT id FROM prompts WHERE hash = ?")
    if let id = try Int64.fetchOne(find, arguments: [hash]) { return id }
    try db.cachedStatement(sql: "INSERT INTO prompts (hash, text) VALUES (?, ?)").execute(arguments: [hash, text])
    return db.lastInsertedRowID
  }
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
  private static func areSame(_ a: SamplingSettings, _ b: SamplingSettings) -> Bool {
    a == b && a.system.map { Array($0.utf8) } == b.system.map { Array($0.utf8) }
      && a.template.map { Array($0.utf8) } == b.template.map { Array($0.utf8) }
  }
}
