import Core
import GRDB

extension Ledger {
  /// The stored scores of one judge, in order; nil where it has not looked at that response yet.
  ///
  /// - Parameters:
  ///   - responses: their rows, and the category that each is judged for.
  ///   - scope: empty for a judge with an identity; the run's identifier for one that may be another tomorrow.
  public func scores(
    _ responses: [(row: Int64, category: String?)], judge: String, scope: String = ""
  ) throws -> [Score?] {
    try read { db in
      var interning = Interning()
      return try responses.map { response, category in
        try Self.score(of: response, judge: judge, category: category, scope: scope, &interning, db)
      }
    }
  }

  /// Commits scores of stored responses in one transaction; one that the judge gave before stays.
  public func store(
    _ scores: [(row: Int64, category: String?, score: Score)], judge: String, scope: String = ""
  ) throws {
    try write { db in
      var interning = Interning()
      for (response, category, score) in scores {
        try Self.insert(score, of: response, judge: judge, category: category, scope: scope, &interning, db)
      }
    }
  }

  /// A judge's score of a response by its number; nil where it has not looked yet.
  static func score(
    of response: Int64, judge: String, category: String?, scope: String, _ interning: inout Interning, _ db: Database
  ) throws -> Score? {
    guard let judge = try interning.judge(judge, category: category ?? "", scope: scope, db, storing: false) else {
      return nil
    }
    let find = try db.cachedStatement(
      sql: """
        SELECT j.score, \(ExactText.read("c.text", as: "category")), \(ExactText.read("w.text", as: "reason"))
        FROM storedJudgments j LEFT JOIN names c ON c.id = j.category LEFT JOIN names w ON w.id = j.reason
        WHERE j.response = ? AND j.judge = ?
        """)
    return try Row.fetchOne(find, arguments: [response, judge]).map { row in
      if let score = try row.getIfAny("score", as: Double.self) {
        return .scored(score, category: try row.exactTextIfAny("category"))
      }
      return .unscored(reason: try row.exactTextIfAny("reason") ?? "")
    }
  }

  static func insert(
    _ score: Score, of response: Int64, judge: String, category: String?, scope: String, _ interning: inout Interning,
    _ db: Database
  ) throws {
    let (probability, reason) = columns(score)
    try RowStatement(judgmentInsertion, db).execute(
      .integer(response), .init(try interning.judge(judge, category: category ?? "", scope: scope, db)),
      probability.map { .real($0) } ?? .null, .init(try score.category.map { try interning.name($0, db) }),
      .init(try reason.map { try interning.reason($0, db) }))
  }

  private static let judgmentInsertion = """
    INSERT INTO storedJudgments (response, judge, score, category, reason) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (response, judge) DO NOTHING
    """

  /// A score that is no number says nothing about the response, so it is kept as unscored.
  private static func columns(_ score: Score) -> (probability: Double?, reason: String?) {
    switch score {
    case .scored(let probability, _) where probability.isNaN: (nil, "the judge's score is not a number")
    case .scored(let probability, _): (min(1, max(0, probability)), nil)
    case .unscored(let reason): (nil, reason)
    }
  }
}
