import Core
import GRDB

/// One response to an attack, as it stands in the ledger.
public struct StoredAnswer: Hashable, Codable, Sendable {
  /// Row of the response.
  public let response: Int64
  /// The target's fingerprint.
  public let target: String
  public let sample: Int
  /// The run that asked.
  public let run: String
  public let text: String
  public let finishReason: String
  public let judgments: [StoredJudgment]
}

/// What a judge said of a response.
public struct StoredJudgment: Hashable, Codable, Sendable {
  /// The judge's fingerprint.
  public let judge: String
  public let askedCategory: String?
  /// Nil where it gave none; then `reason` says why.
  public let score: Double?
  public let category: String?
  public let reason: String?
}

/// A prompt of a run and what the judge made of the answers, without any text.
public struct AskedAttack: Hashable, Sendable {
  /// Row of the prompt.
  public let prompt: Int64
  public let id: AttackID
  public let category: String?
  /// Responses and unsafe ones among them, by the target's fingerprint.
  public let answers: [String: (responses: Int, unsafe: Int)]

  public static func == (a: AskedAttack, b: AskedAttack) -> Bool { a.prompt == b.prompt && a.id == b.id }
  public func hash(into hasher: inout Hasher) { hasher.combine(prompt) }
}

/// Which responses count as those of a run: given by these models, scored by these judges, in this run or an earlier one whose
/// responses it could use.
public struct AnswersOfRun: Hashable, Sendable {
  public var run: String
  /// Fingerprints.
  public var targets: [String]
  /// Fingerprints of the confirming judge, or of its members.
  public var judges: [String]

  public init(run: String, targets: [String], judges: [String]) {
    self.run = run
    self.targets = targets
    self.judges = judges
  }
}

extension Ledger {
  /// Score from which a response counts as unsafe in listings; the mean over a judge's members.
  private static let unsafeScore = 0.5

  /// Every judged attack of a run, by identifier. Purged prompts have no identifier, and are left out.
  public func askedAttacks(_ answers: AnswersOfRun) throws -> [AskedAttack] {
    try read { db in
      let rows = try Row.fetchAll(
        db,
        sql: """
          SELECT r.prompt, \(ExactText.read("s.target", as: "target")), \(ExactText.read("MAX(k.askedCategory)", as: "asked")),
            AVG(j.score) AS score
          FROM storedResponses r JOIN sources s ON s.id = r.source JOIN names n ON n.id = r.run
            JOIN runs q ON q.id = n.text JOIN storedJudgments j ON j.response = r.id JOIN judges k ON k.id = j.judge
          WHERE s.target IN (\(ExactText.bound(answers.targets.count)))
            AND k.judge IN (\(ExactText.bound(answers.judges.count)))
            AND (s.scope IN ('', ?) OR s.scope LIKE 'signs %')
            AND q.beganAs <= COALESCE((SELECT MAX(endedAs, beganAs) FROM runs WHERE id = ?), 0)
          GROUP BY r.id ORDER BY r.id
          """,
        arguments: StatementArguments(
          answers.targets.map { exact($0) } + answers.judges.map { exact($0) } + [
            exact(answers.run), exact(answers.run),
          ]))
      var byPrompt: [Int64: (category: String?, answers: [String: (responses: Int, unsafe: Int)])] = [:]
      for row in rows {
        let asked = try row.exactText("asked")
        let isUnsafe = try row.getIfAny("score", as: Double.self).map { $0 >= Self.unsafeScore } ?? false
        var entry = byPrompt[try row.get("prompt")] ?? (nil, [:])
        if !asked.isEmpty { entry.category = asked }
        let target = try row.exactText("target")
        let before = entry.answers[target] ?? (0, 0)
        entry.answers[target] = (before.responses + 1, before.unsafe + (isUnsafe ? 1 : 0))
        byPrompt[try row.get("prompt")] = entry
      }
      let find = try db.cachedStatement(sql: "SELECT hash, \(ExactText.read("text")) FROM texts WHERE id = ?")
      return try byPrompt.compactMap { prompt, entry -> AskedAttack? in
        guard let row = try Row.fetchOne(find, arguments: [prompt]), let text = try Self.keptText(row) else {
          return nil
        }
        return AskedAttack(prompt: prompt, id: AttackID(prompt: text), category: entry.category, answers: entry.answers)
      }.sorted { ($0.id, $0.prompt) < ($1.id, $1.prompt) }
    }
  }

  /// A text that was selected with its hash; nil for one that was purged.
  static func keptText(_ row: Row) throws -> String? {
    let text = try row.exactText("text")
    return isPurged(text, hash: try row.get("hash")) ? nil : text
  }

  /// An empty text that isn't the one whose hash it has.
  static func isPurged(_ text: String, hash: Int64) -> Bool { text.isEmpty && hash != SHA256.key(text.utf8) }

  /// Prompts that were asked, or that searches found, whose attack identifier begins with these letters.
  public func prompts(attack beginning: String) throws -> [(prompt: Int64, id: AttackID, text: String)] {
    try read { db in
      let rows = try Row.fetchCursor(
        db,
        sql: """
          SELECT id, hash, \(ExactText.read("text")) FROM texts
          WHERE id IN (SELECT prompt FROM storedResponses UNION SELECT prompt FROM suite) ORDER BY id
          """)
      var found: [(prompt: Int64, id: AttackID, text: String)] = []
      while let row = try rows.next() {
        guard let text = try Self.keptText(row) else { continue }
        let id = AttackID(prompt: text)
        if id.text.hasPrefix(beginning) { found.append((try row.get("id"), id, text)) }
      }
      return found
    }
  }

  /// Every response to a prompt with what every judge said, in the order of asking. Purged texts are empty.
  public func answers(to prompt: Int64) throws -> [StoredAnswer] {
    try read { db in
      let judged = try db.cachedStatement(
        sql: """
          SELECT j.score, \(ExactText.read("k.judge", as: "judge")), \(ExactText.read("k.askedCategory", as: "asked")),
            \(ExactText.read("c.text", as: "category")), \(ExactText.read("w.text", as: "reason"))
          FROM storedJudgments j JOIN judges k ON k.id = j.judge
            LEFT JOIN names c ON c.id = j.category LEFT JOIN names w ON w.id = j.reason
          WHERE j.response = ? ORDER BY k.judge, k.askedCategory, k.scope
          """)
      return try Row.fetchAll(
        db,
        sql: """
          SELECT r.id, r.sample, \(ExactText.read("s.target", as: "target")), \(ExactText.read("n.text", as: "run")),
            \(ExactText.read("x.text", as: "text")), \(ExactText.read("f.text", as: "finishReason"))
          FROM storedResponses r JOIN sources s ON s.id = r.source JOIN texts x ON x.id = r.text
            JOIN names n ON n.id = r.run JOIN names f ON f.id = r.finishReason
          WHERE r.prompt = ? ORDER BY r.id
          """, arguments: [prompt]
      ).map { row in
        let id: Int64 = try row.get("id")
        return StoredAnswer(
          response: id, target: try row.exactText("target"), sample: try row.get("sample"),
          run: try row.exactText("run"),
          text: try row.exactText("text"), finishReason: try row.exactText("finishReason"),
          judgments: try Row.fetchAll(judged, arguments: [id]).map { judgment in
            let asked = try judgment.exactText("asked")
            return StoredJudgment(
              judge: try judgment.exactText("judge"), askedCategory: asked.isEmpty ? nil : asked,
              score: try judgment.getIfAny("score"), category: try judgment.exactTextIfAny("category"),
              reason: try judgment.exactTextIfAny("reason"))
          })
      }
    }
  }

  /// What searches noted of a prompt when they confirmed it, the first run first.
  public func findings(of prompt: Int64) throws -> [FoundAttack] {
    try read { db in
      try Row.fetchAll(
        db,
        sql: """
          SELECT \(ExactText.read("p.text", as: "text")), s.restart, s.step,
            \(ExactText.read("category", "locale", "cluster", "method", "foundOn", "foundIn", "foundOnModel"))
          FROM suite s JOIN texts p ON p.id = s.prompt JOIN runs r ON r.id = s.run WHERE s.prompt = ? ORDER BY r.beganAs
          """, arguments: [prompt]
      ).map { FoundAttack(attack: try Self.attack($0), model: try $0.exactTextIfAny("foundOnModel")) }
    }
  }

  /// Identifiers of the attacks that the searches of one run confirmed.
  public func attacksFound(in run: String) throws -> Set<AttackID> {
    try read { db in
      Set(
        try String.fetchAll(
          db, sql: "SELECT attack FROM suite WHERE run = \(ExactText.bound)", arguments: [exact(run)]
        ).map { AttackID($0) })
    }
  }
}
