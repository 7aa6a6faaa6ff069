import Core
import GRDB

/// A response as it is copied from one ledger to another: texts and names instead of numbers.
struct ShardResponse: Sendable {
  struct Judgment: Sendable {
    let judge: String
    let category: String
    let scope: String
    let score: Score
  }

  /// Row in the ledger that it is read from.
  let id: Int64
  let prompt: String
  let target: String
  /// Hash of the sampling settings.
  let settings: String
  let scope: String
  let sample: Int
  let text: String
  let promptTokens: Int
  let completionTokens: Int
  let latency: Double
  let finishReason: String
  var judgments: [Judgment] = []

  /// Bytes of its texts.
  var bytes: Int { prompt.utf8.count + text.utf8.count }
}

/// A request without a response, as it is copied.
struct ShardFailure: Sendable {
  let id: Int64
  let prompt: String
  let target: String
  let settings: String
  let sample: Int
  let kind: String
  let message: String
}

extension Ledger {
  /// Rows, and bytes of text, of a page.
  private static let mostRows = 4_096
  private static let mostBytes = 8 << 20

  /// The next responses of this ledger with all judgments of them; empty at the end.
  func responsePage(after last: Int64) throws -> [ShardResponse] {
    try read { db in
      let rows = try Row.fetchCursor(
        db,
        sql: """
          SELECT r.id, r.sample, r.promptTokens, r.completionTokens, r.latency,
            \(ExactText.read("p.text", as: "prompt")), \(ExactText.read("s.target", as: "target")),
            \(ExactText.read("s.settings", as: "settings")), \(ExactText.read("s.scope", as: "scope")),
            \(ExactText.read("x.text", as: "text")), \(ExactText.read("f.text", as: "finishReason"))
          FROM storedResponses r JOIN sources s ON s.id = r.source JOIN texts p ON p.id = r.prompt
            JOIN texts x ON x.id = r.text JOIN main.names f ON f.id = r.finishReason
          WHERE r.id > ? ORDER BY r.id LIMIT \(Self.mostRows)
          """, arguments: [last])
      var page: [ShardResponse] = []
      var bytes = 0
      while bytes < Self.mostBytes, let row = try rows.next() {
        let response = ShardResponse(
          id: try row.get("id"), prompt: try row.exactText("prompt"), target: try row.exactText("target"),
          settings: try row.exactText("settings"), scope: try row.exactText("scope"), sample: try row.get("sample"),
          text: try row.exactText("text"), promptTokens: try row.get("promptTokens"),
          completionTokens: try row.get("completionTokens"), latency: try row.get("latency"),
          finishReason: try row.exactText("finishReason"))
        bytes += response.bytes
        page.append(response)
      }
      try Self.addJudgments(to: &page, db)
      return page
    }
  }

  private static func addJudgments(to page: inout [ShardResponse], _ db: Database) throws {
    guard let first = page.first, let last = page.last else { return }
    let rows = try Row.fetchCursor(
      db,
      sql: """
        SELECT j.response, j.score, \(ExactText.read("k.judge", as: "judge")),
          \(ExactText.read("k.askedCategory", as: "asked")), \(ExactText.read("k.scope", as: "scope")),
          \(ExactText.read("c.text", as: "category")), \(ExactText.read("w.text", as: "reason"))
        FROM storedJudgments j JOIN judges k ON k.id = j.judge
          LEFT JOIN names c ON c.id = j.category LEFT JOIN names w ON w.id = j.reason
        WHERE j.response BETWEEN ? AND ? ORDER BY j.response, k.judge, k.askedCategory, k.scope
        """, arguments: [first.id, last.id])
    var place = 0
    while let row = try rows.next() {
      let response: Int64 = try row.get("response")
      while place < page.count, page[place].id < response { place += 1 }
      guard place < page.count, page[place].id == response else { continue }
      let score: Score =
        if let probability = try row.getIfAny("score", as: Double.self) {
          .scored(probability, category: try row.exactTextIfAny("category"))
        } else {
          .unscored(reason: try row.exactTextIfAny("reason") ?? "")
        }
      page[place].judgments.append(
        .init(
          judge: try row.exactText("judge"), category: try row.exactText("asked"), scope: try row.exactText("scope"),
          score: score))
    }
  }

  /// The next failures of this ledger; empty at the end.
  func failurePage(after last: Int64) throws -> [ShardFailure] {
    try read { db in
      try Row.fetchAll(
        db,
        sql: """
          SELECT f.id, f.sample, f.kind, \(ExactText.read("p.text", as: "prompt")),
            \(ExactText.read("f.target", as: "target")), \(ExactText.read("f.settings", as: "settings")),
            \(ExactText.read("f.message", as: "message"))
          FROM failures f JOIN texts p ON p.id = f.prompt WHERE f.id > ? ORDER BY f.id LIMIT \(Self.mostRows)
          """, arguments: [last]
      ).map { row in
        ShardFailure(
          id: try row.get("id"), prompt: try row.exactText("prompt"), target: try row.exactText("target"),
          settings: try row.exactText("settings"), sample: try row.get("sample"), kind: try row.get("kind"),
          message: try row.exactText("message"))
      }
    }
  }
}
