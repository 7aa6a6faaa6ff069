import Core
import GRDB

extension Ledger {
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
        ).map(Self.score)
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
        let response = try Self.responseID(db, key, &settings)
        try Self.insert(score, of: response, judge: judge, category: category, db)
      }
    }
  }

  static func score(_ row: Row) -> Score {
    (row["score"] as Double?).map { Score.scored($0, category: row["category"]) }
      ?? .unscored(reason: (row["reason"] as String?) ?? "")
  }

  static func insert(
    _ score: Score, of response: Int64, judge: String, category: String?, _ db: Database
  ) throws {
    let (probability, reason) = columns(score)
    try db.cachedStatement(
      sql: """
        INSERT INTO judgments (response, judge, askedCategory, score, category, reason)
        VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
        """
    ).execute(arguments: [response, judge, category ?? "", probability, score.category, reason])
  }

  /// A score that is no number says nothing about the response, so it is kept as unscored.
  private static func columns(_ score: Score) -> (probability: Double?, reason: String?) {
    switch score {
    case .scored(let probability, _) where probability.isNaN: (nil, "the judge's score is not a number")
    case .scored(let probability, _): (min(1, max(0, probability)), nil)
    case .unscored(let reason): (nil, reason)
    }
  }

  private static func responseID(_ db: Database, _ key: ResponseKey, _ settings: inout SettingsHashes) throws -> Int64 {
    let find = try db.cachedStatement(
      sql: """
        SELECT r.id FROM responses r JOIN prompts p ON p.id = r.prompt
        WHERE p.hash = ? AND r.target = ? AND r.settings = ? AND r.sample = ?
        """)
    let arguments: StatementArguments = [
      SHA256.hex(key.prompt), key.target, try settings.hash(key.settings), key.sampleIndex,
    ]
    guard let id = try Int64.fetchOne(find, arguments: arguments) else {
      throw InternalError("a response was judged before it was stored")
    }
    return id
  }
}
