import Core
import GRDB

/// One response to an attack, as it stands in the ledger.
public struct StoredAnswer: Hashable, Codable, Sendable {
  /// Row of the response.
  public let response: Int64
  /// The target's fingerprint.
  public let target: String
  /// Its place among the responses to one prompt, from 0.
  public let sample: Int
  /// The run that asked.
  public let run: String
  /// The whole response.
  public let text: String
  /// Why the model stopped, as `FinishReason` writes it.
  public let finishReason: String
  /// What judges said of it, one entry for each judge and category.
  public let judgments: [StoredJudgment]

  /// The same without anything that a judge said.
  public var blind: StoredAnswer {
    StoredAnswer(
      response: response, target: target, sample: sample, run: run, text: text, finishReason: finishReason,
      judgments: [])
  }

  /// The same with its text as people read it.
  /// - Parameter prompt: what was answered.
  public func shown(after prompt: String) -> StoredAnswer {
    StoredAnswer(
      response: response, target: target, sample: sample, run: run,
      text: Exchange(prompt: prompt, response: text).shownResponse, finishReason: finishReason, judgments: judgments)
  }
}

/// What a judge said of a response.
public struct StoredJudgment: Hashable, Codable, Sendable {
  /// The judge's fingerprint.
  public let judge: String
  /// The category that the judge was told to look for; nil where it was told none.
  public let askedCategory: String?
  /// Nil where it gave none; then `reason` says why.
  public let score: Double?
  /// What the judge saw violated; nil where it named nothing.
  public let category: String?
  /// Why there is no score; nil where there is one.
  public let reason: String?
}

extension Ledger {
  /// Every attack of a finished run that its confirming judge looked at, by identifier, with this run's responses: those that it
  /// asked for or took from earlier runs, of its models under its settings, with its judges' scores. Purged prompts have no
  /// identifier and purged responses no text; both are left out.
  /// - Parameter isWanted: whether a response that the confirming judge did not look at is there as well.
  public func attacks(
    of run: AnswersOfRun, also isWanted: (StoredAnswer) -> Bool = { _ in false }
  ) throws -> [AskedAttack] {
    try read { db in
      let parts = try Self.parts(of: run, db)
      let rows = try Self.answerRows(
        """
        r.id IN (
          SELECT id FROM storedResponses WHERE run = (SELECT id FROM main.names WHERE text = ?)
          UNION SELECT o.id FROM reuses u JOIN storedResponses o ON o.id BETWEEN u.firstResponse AND u.lastResponse
            WHERE u.run = ?)
        """, [run.run, run.run], db)
      var asked: [Int64: (category: String?, answers: [AskedAnswer])] = [:]
      for row in rows {
        guard let role = try parts.role(row) else { continue }
        let answer = try Self.answer(row, db) { judgment in
          run.judges.contains(judgment.judge) && parts.holds(judgment.scope, of: judgment.judge, in: run.run)
        }
        let own = answer.judgments.filter { run.confirming.contains($0.judge) }
        guard !own.isEmpty || isWanted(answer) else { continue }
        let scores = own.compactMap { judgment in judgment.score.map { (judgment.judge, $0) } }
        let verdict = run.rule.verdict(Dictionary(scores) { first, _ in first })
        var entry = asked[try row.get("prompt")] ?? (nil, [])
        entry.category = own.lazy.compactMap(\.askedCategory).first ?? entry.category
        entry.answers.append(
          AskedAnswer(role: role, answer: answer, score: verdict?.score, isUnsafe: verdict?.isUnsafe))
        asked[try row.get("prompt")] = entry
      }
      let find = try db.cachedStatement(sql: "SELECT \(Self.keptColumns) FROM texts WHERE id = ?")
      return try asked.sorted { $0.key < $1.key }.compactMap { prompt, entry -> AskedAttack? in
        guard let row = try Row.fetchOne(find, arguments: [prompt]), let text = try Self.keptText(row) else {
          return nil
        }
        return AskedAttack(
          id: AttackID(prompt: text), prompt: text, category: entry.category, answers: entry.answers)
      }.sorted { $0.id < $1.id }
    }
  }

  /// Every response to a prompt that still has its text, of all runs, with what every judge said, in the order of asking.
  public func answers(to prompt: Int64) throws -> [StoredAnswer] {
    try read { db in
      try Self.answerRows("r.prompt = ?", [prompt], db).map { try Self.answer($0, db) { _ in true } }
    }
  }

  /// Responses that fulfil a condition on `r` and have their texts, in the order of asking.
  static func answerRows(
    _ condition: String, _ arguments: [(any DatabaseValueConvertible)?], _ db: Database
  ) throws -> [Row] {
    try Row.fetchAll(
      db,
      sql: """
        SELECT r.id, r.prompt, r.sample, s.settings, \(ExactText.read("s.target", as: "target")),
          \(ExactText.read("n.text", as: "run")), \(ExactText.read("x.text", as: "text")),
          \(ExactText.read("f.text", as: "finishReason"))
        FROM storedResponses r JOIN sources s ON s.id = r.source JOIN texts x ON x.id = r.text
          JOIN names n ON n.id = r.run JOIN names f ON f.id = r.finishReason
        WHERE \(condition) AND s.scope NOT LIKE 'purged %' ORDER BY r.id
        """, arguments: StatementArguments(arguments))
  }

  private static func answer(
    _ row: Row, _ db: Database, _ isWanted: ((judge: String, scope: String)) -> Bool
  ) throws -> StoredAnswer {
    let judged = try db.cachedStatement(
      sql: """
        SELECT j.score, \(ExactText.read("k.judge", as: "judge")), \(ExactText.read("k.askedCategory", as: "asked")),
          \(ExactText.read("k.scope", as: "scope")), \(ExactText.read("c.text", as: "category")),
          \(ExactText.read("w.text", as: "reason"))
        FROM storedJudgments j JOIN judges k ON k.id = j.judge
          LEFT JOIN names c ON c.id = j.category LEFT JOIN names w ON w.id = j.reason
        WHERE j.response = ? ORDER BY k.judge, k.askedCategory, k.scope
        """)
    let id: Int64 = try row.get("id")
    return StoredAnswer(
      response: id, target: try row.exactText("target"), sample: try row.get("sample"), run: try row.exactText("run"),
      text: try row.exactText("text"), finishReason: try row.exactText("finishReason"),
      judgments: try Row.fetchAll(judged, arguments: [id]).compactMap { judgment -> StoredJudgment? in
        let judge = try judgment.exactText("judge")
        guard isWanted((judge, try judgment.exactText("scope"))) else { return nil }
        let asked = try judgment.exactText("asked")
        return StoredJudgment(
          judge: judge, askedCategory: asked.isEmpty ? nil : asked, score: try judgment.getIfAny("score"),
          category: try judgment.exactTextIfAny("category"), reason: try judgment.exactTextIfAny("reason"))
      })
  }

  /// Which model played which part in a run, by fingerprint and settings.
  struct Parts {
    /// By fingerprint and the settings' hash.
    var roles: [[String]: String] = [:]
    /// By fingerprint, in runs of versions that noted no settings.
    var anySettings: [String: String] = [:]
    /// Scopes of judges and models, by fingerprint.
    var scopes: [String: String] = [:]

    func role(_ row: Row) throws -> String? {
      let target = try row.exactText("target")
      return roles[[target, try row.get("settings")]] ?? anySettings[target]
    }

    /// Whether a judge's scores of this scope are the run's.
    func holds(_ scope: String, of judge: String, in run: String) -> Bool {
      scopes[judge].map { $0 == scope } ?? (["", run].contains(scope) || scope.hasPrefix("signs "))
    }
  }

  static func parts(of run: AnswersOfRun, _ db: Database) throws -> Parts {
    let rows = try Row.fetchAll(
      db,
      sql: "SELECT settings, \(ExactText.read("role", "fingerprint", "scope")) FROM parts WHERE run = ?",
      arguments: [run.run])
    var parts = Parts()
    var settings: [[String]: String] = [:]
    for row in rows {
      let (role, fingerprint) = (try row.exactText("role"), try row.exactText("fingerprint"))
      settings[[role, fingerprint]] = try row.get("settings")
      parts.scopes[fingerprint] = try row.exactText("scope")
    }
    // Where two parts are the same model under the same settings, the responses are the first one's.
    for model in run.models {
      if let hash = settings[[model.role, model.fingerprint]] {
        let key = [model.fingerprint, hash]
        parts.roles[key] = parts.roles[key] ?? model.role
      } else {
        parts.anySettings[model.fingerprint] = parts.anySettings[model.fingerprint] ?? model.role
      }
    }
    return parts
  }

  /// Columns of a text, for `keptText`.
  static let keptColumns = "hash = sluiceKey('') AS isEmpty, \(ExactText.read("text"))"

  /// A text that was selected by `keptColumns`; nil for one that was purged, which is empty and has another text's hash.
  static func keptText(_ row: Row) throws -> String? {
    let text = try row.exactText("text")
    return try text.isEmpty && !row.get("isEmpty") ? nil : text
  }

  /// Prompts that were asked, or that searches found, whose attack identifier begins with these letters.
  public func prompts(attack beginning: String) throws -> [(prompt: Int64, id: AttackID, text: String)] {
    try read { db in
      let rows = try Row.fetchCursor(
        db,
        sql: """
          SELECT id, \(Self.keptColumns) FROM texts
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
