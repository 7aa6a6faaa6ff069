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

  /// The stored scores of one judge, in order; nil where it has not looked at that response yet.
  ///
  /// - Parameter requests: which response, and the category it is judged for.
  public func scores(_ requests: [(key: ResponseKey, category: String?)], judge: String) throws -> [Score?] {
    try read { db in
      var settings = SettingsHashes()
      let statement = try db.cachedStatement(
        sql: """
          SELECT j.score, j.category, j.reason
          FROM judgments j JOIN responses r ON r.id = j.response JOIN prompts p ON p.id = r.prompt
          WHERE p.hash = ? AND r.target = ? AND r.settings = ? AND r.sample = ? AND j.judge = ? AND j.askedCategory = ?
          """)
      return try requests.map { request in
        try Row.fetchOne(
          statement,
          arguments: [
            SHA256.hex(request.key.prompt), request.key.target, try settings.hash(request.key.settings),
            request.key.sampleIndex, judge, request.category ?? "",
          ]
        ).map { row in
          (row["score"] as Double?).map { Score.scored($0, category: row["category"]) }
            ?? .unscored(reason: (row["reason"] as String?) ?? "")
        }
      }
    }
  }

  /// Commits scores in one transaction. A response that was never stored can't be judged.
  /// - Throws: `InternalError` when a response is missing.
  public func store(
    _ scores: [(key: ResponseKey, category: String?, score: Score)], judge: String
  ) throws {
    try write { db in
      var settings = SettingsHashes()
      for (key, category, score) in scores {
        let reason: String? = if case .unscored(let reason) = score { reason } else { nil }
        try db.cachedStatement(
          sql: """
            INSERT INTO judgments (response, judge, askedCategory, score, category, reason)
            SELECT r.id, ?, ?, ?, ?, ? FROM responses r JOIN prompts p ON p.id = r.prompt
            WHERE p.hash = ? AND r.target = ? AND r.settings = ? AND r.sample = ?
            ON CONFLICT DO NOTHING
            """
        ).execute(arguments: [
          judge, category ?? "", score.unsafeProbability.map { min(1, max(0, $0)) }, score.category, reason,
          SHA256.hex(key.prompt), key.target, try settings.hash(key.settings), key.sampleIndex,
        ])
      }
    }
  }

  private static func promptID(_ db: Database, _ text: String) throws -> Int64 {
    let hash = SHA256.hex(text)
    let find = try db.cachedStatement(sql: "SELECT id FROM prompts WHERE hash = ?")
    if let id = try Int64.fetchOne(find, arguments: [hash]) { return id }
    try db.cachedStatement(sql: "INSERT INTO prompts (hash, text) VALUES (?, ?)").execute(arguments: [hash, text])
    return db.lastInsertedRowID
  }
}

/// Hashes of sampling settings, each computed once in a transaction.
private struct SettingsHashes {
  private var known: [SamplingSettings: String] = [:]

  mutating func hash(_ settings: SamplingSettings) throws -> String {
    if let hash = known[settings] { return hash }
    let hash = SHA256.hex(try jsonText(settings))
    known[settings] = hash
    return hash
  }
}
