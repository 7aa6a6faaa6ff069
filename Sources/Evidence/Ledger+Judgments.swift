import Core
import GRDB

extension Ledger {
  /// The stored scores of one judge, in order; nil where it has not looked at that response yet.
  ///
  /// - Parameters:
  ///   - requests: which response, and the category it is judged for.
  ///   - scope: empty for a judge with an identity; the run's identifier for one that may be another tomorrow.
  public func scores(
    _ requests: [(key: ResponseKey, category: String?)], judge: String, scope: String = ""
  ) throws -> [Score?] {
    try read { db in
      var settings = SettingsHashes()
      let statement = try db.cachedStatement(
        sql: """
          SELECT \(Self.scoreColumns)
          FROM judgments j JOIN responses r ON r.id = j.response JOIN prompts p ON p.id = r.prompt
          WHERE \(Self.isResponse) AND \(Self.isJudgment)
          """)
      return try requests.map { request in
        let arguments = try Self.arguments(request.key, &settings)
        return try Row.fetchOne(
          statement, arguments: arguments + [exact(judge), exact(request.category ?? ""), scope]
        ).map(Self.score)
      }
    }
  }

  /// Commits scores in one transaction. A response that was never stored can't be judged.
  /// - Throws: `InternalError` when a response is missing.
  public func store(
    _ scores: [(key: ResponseKey, category: String?, score: Score)], judge: String, scope: String = ""
  ) throws {
    try write { db in
      var settings = SettingsHashes()
      let find = try db.cachedStatement(sql: Self.findResponseID)
      for (key, category, score) in scores {
        guard let response = try Int64.fetchOne(find, arguments: try Self.arguments(key, &settings)) else {
          throw InternalError("a response was judged before it was stored")
        }
        try Self.insert(score, of: response, judge: judge, category: category, scope: scope, db)
      }
    }
  }

  /// Columns of a judgment `j`, for `score`.
  static let scoreColumns =
    "j.score, \(ExactText.read("j.category", as: "category")), \(ExactText.read("j.reason", as: "reason"))"

  /// Condition on a judgment `j`, with judge, category and scope bound.
  static let isJudgment = "j.judge = \(ExactText.bound) AND j.askedCategory = \(ExactText.bound) AND j.scope = ?"

  static func score(_ row: Row) -> Score {
    (row["score"] as Double?).map { Score.scored($0, category: row.exactTextIfAny("category")) }
      ?? .unscored(reason: row.exactTextIfAny("reason") ?? "")
  }

  static func insert(
    _ score: Score, of response: Int64, judge: String, category: String?, scope: String, _ db: Database
  ) throws {
    let (probability, reason) = columns(score)
    try db.cachedStatement(sql: storeJudgment).execute(arguments: [
      exact(judge), exact(category ?? ""), exact(score.category), exact(reason), response, scope, probability,
    ])
  }

  private static let storeJudgment = """
    INSERT INTO judgments (judge, askedCategory, category, reason, response, scope, score)
    VALUES (\(ExactText.bound(4)), ?, ?, ?) ON CONFLICT (response, judge, askedCategory, scope) DO NOTHING
    """

  /// A score that is no number says nothing about the response, so it is kept as unscored.
  private static func columns(_ score: Score) -> (probability: Double?, reason: String?) {
    switch score {
    case .scored(let probability, _) where probability.isNaN: (nil, "the judge's score is not a number")
    case .scored(let probability, _): (min(1, max(0, probability)), nil)
    case .unscored(let reason): (nil, reason)
    }
  }

  private static let findResponseID =
    "SELECT r.id FROM responses r JOIN prompts p ON p.id = r.prompt WHERE \(isResponse)"
}
