import Core
import GRDB

/// One response of a sample, as a queue needs it: without its texts.
public struct ReviewItem: Hashable, Sendable {
  /// Names the response in its sample.
  public let item: String
  /// Row of the response.
  public let response: Int64
  /// Rows of prompt and response: equal numbers mean equal texts.
  public let prompt: Int64
  /// Row of the response's text.
  public let text: Int64
  /// The category of its attack; nil where it has none.
  public let category: String?
  /// The language of its attack; nil where it isn't known.
  public let locale: String?
  /// What near-duplicates share.
  public let cluster: String
  /// Inverse of the probability of being drawn.
  public let weight: Double

  public init(
    item: String, response: Int64, prompt: Int64, text: Int64, category: String? = nil, locale: String? = nil,
    cluster: String, weight: Double = 1
  ) {
    self.item = item
    self.response = response
    self.prompt = prompt
    self.text = text
    self.category = category
    self.locale = locale
    self.cluster = cluster
    self.weight = weight
  }
}

/// What somebody said of an item, and when.
public struct DatedLabel: Hashable, Sendable {
  /// The response's name in its sample.
  public let item: String
  /// Who labelled it.
  public let reviewer: String
  /// What they said.
  public let label: ReviewerLabel
  /// Seconds since 1970.
  public let at: Double

  public init(item: String, reviewer: String, label: ReviewerLabel, at: Double) {
    self.item = item
    self.reviewer = reviewer
    self.label = label
    self.at = at
  }
}

/// A sample with what people said of it.
public struct ReviewSample: Hashable, Sendable {
  /// Counts the samples of a ledger, from 1.
  public let number: Int
  /// The run that the responses are of.
  public let run: String
  /// Those whose texts are there, in an order that tells nothing about them.
  public let items: [ReviewItem]
  /// One for each item and reviewer, the oldest first.
  public let labels: [DatedLabel]
  /// At most one for an item.
  public let adjudications: [DatedLabel]

  public init(number: Int, run: String, items: [ReviewItem], labels: [DatedLabel], adjudications: [DatedLabel]) {
    self.number = number
    self.run = run
    self.items = items
    self.labels = labels
    self.adjudications = adjudications
  }
}

extension Ledger {
  /// Kinds of what the audit chain says of reviews.
  private static let labelled = "labelled"
  private static let withdrawn = "label withdrawn"
  private static let adjudicated = "adjudicated"

  /// The number of the newest sample of a run; nil where none was drawn.
  public func newestSample(of run: String) throws -> Int? {
    try read { db in
      try Int.fetchOne(
        db, sql: "SELECT MAX(id) FROM samples WHERE run = \(ExactText.bound)", arguments: [exact(run)])
    }
  }

  /// A sample as it stands. Items whose prompt or response was purged are left out.
  public func reviewSample(_ number: Int) throws -> ReviewSample {
    try read { db in
      guard
        let run = try Row.fetchOne(
          db, sql: "SELECT \(ExactText.read("run")) FROM samples WHERE id = ?", arguments: [number])
      else { throw LedgerDamage("a sample that was drawn is gone") }
      let items = try Row.fetchAll(
        db,
        sql: """
          SELECT s.response, r.prompt, r.text, s.weight, \(ExactText.read("s.item", as: "item")),
            \(ExactText.read("s.category", as: "category")), \(ExactText.read("s.locale", as: "locale")),
            \(ExactText.read("s.cluster", as: "cluster"))
          FROM sampled s JOIN storedResponses r ON r.id = s.response
            JOIN main.texts p ON p.id = r.prompt JOIN main.texts x ON x.id = r.text
          WHERE s.sample = ? AND NOT (p.text = '' AND p.hash <> sluiceKey(''))
            AND NOT (x.text = '' AND x.hash <> sluiceKey(''))
          ORDER BY s.item
          """, arguments: [number]
      ).map { row in
        ReviewItem(
          item: try row.exactText("item"), response: try row.get("response"), prompt: try row.get("prompt"),
          text: try row.get("text"), category: try row.exactTextIfAny("category"),
          locale: try row.exactTextIfAny("locale"), cluster: try row.exactText("cluster"),
          weight: try row.get("weight"))
      }
      return ReviewSample(
        number: number, run: try run.exactText("run"), items: items,
        labels: try Self.datedLabels("labels", of: number, db),
        adjudications: try Self.datedLabels("adjudications", of: number, db))
    }
  }

  /// Whether the confirming judge of a run calls the responses of a sample unsafe, by row; those without its score are left out.
  public func verdicts(of run: AnswersOfRun, sample: Int) throws -> [Int64: Bool] {
    try read { db in
      let parts = try Self.parts(of: run, db)
      // No text is read: the process that asks may keep none in its memory.
      let rows = try Row.fetchCursor(
        db,
        sql: """
          SELECT j.response, j.score, \(ExactText.read("k.judge", as: "judge")), \(ExactText.read("k.scope", as: "scope"))
          FROM storedJudgments j JOIN judges k ON k.id = j.judge JOIN storedResponses r ON r.id = j.response
            JOIN main.sources s ON s.id = r.source
          WHERE j.response IN (SELECT response FROM main.sampled WHERE sample = ?) AND s.scope NOT LIKE 'purged %'
          ORDER BY k.judge, k.askedCategory, k.scope
          """, arguments: [sample])
      var scores: [Int64: [String: Double]] = [:]
      while let row = try rows.next() {
        let (response, judge): (Int64, String) = (try row.get("response"), try row.exactText("judge"))
        guard let score = try row.getIfAny("score", as: Double.self), run.confirming.contains(judge),
          try parts.holds(row.exactText("scope"), of: judge, in: run.run), scores[response]?[judge] == nil
        else { continue }
        scores[response, default: [:]][judge] = score
      }
      return scores.compactMapValues { run.rule.verdict($0)?.isUnsafe }
    }
  }

  private static func datedLabels(_ table: String, of sample: Int, _ db: Database) throws -> [DatedLabel] {
    try Row.fetchAll(
      db,
      sql: """
        SELECT l.label, l.at, \(ExactText.read("l.item", as: "item")), \(ExactText.read("l.reviewer", as: "reviewer"))
        FROM \(table) l JOIN sampled s ON s.item = l.item WHERE s.sample = ? ORDER BY l.at, l.item
        """, arguments: [sample]
    ).compactMap { row in
      guard let label = ReviewerLabel(rawValue: try row.get("label")) else { return nil }
      return DatedLabel(
        item: try row.exactText("item"), reviewer: try row.exactText("reviewer"), label: label, at: try row.get("at"))
    }
  }

  /// Prompt and response of an item.
  public func texts(of item: ReviewItem) throws -> (prompt: String, response: String) {
    try read { db in
      let find = try db.cachedStatement(sql: "SELECT \(ExactText.read("text")) FROM texts WHERE id = ?")
      guard let prompt = try Row.fetchOne(find, arguments: [item.prompt]),
        let response = try Row.fetchOne(find, arguments: [item.text])
      else { throw LedgerDamage("a response that was drawn is gone") }
      let exchange = Exchange(prompt: try prompt.exactText("text"), response: try response.exactText("text"))
      return (exchange.shownPrompt, exchange.shownResponse)
    }
  }

  /// What reviewers noted beside their labels of an item, by reviewer.
  public func notes(of item: String) throws -> [(reviewer: String, note: String)] {
    try read { db in
      try Row.fetchAll(
        db,
        sql: """
          SELECT \(ExactText.read("reviewer", "note")) FROM labelNotes WHERE item = \(ExactText.bound)
          ORDER BY reviewer
          """, arguments: [exact(item)]
      ).map { (try $0.exactText("reviewer"), try $0.exactText("note")) }
    }
  }

  /// Stores a reviewer's label of items that have the same texts, and a note beside the first; on the disk when it returns.
  /// - Parameters:
  ///   - note: nil for none; one that is there goes.
  ///   - now: seconds since 1970.
  public func label(_ labels: [ReviewedItem], note: String?, who: LedgerActor, now: Double) throws {
    guard let first = labels.first else { return }
    try writeDurably { db in
      try Self.note(Self.labelled, labels, who, now, db)
      for label in labels { _ = try Self.store(label, now: now, db) }
      try Self.remove(from: .labelNotes, [first], db)
      guard let note else { return }
      let sealed = SealedRows.seal("note", .labelNotes, "note", identity: ["item", "reviewer"])
      try db.cachedStatement(
        sql: """
          INSERT INTO main.labelNotes (item, reviewer, note) SELECT item, reviewer, \(sealed)
          FROM (SELECT \(ExactText.bound) AS item, \(ExactText.bound) AS reviewer, \(ExactText.bound) AS note)
          """
      ).execute(arguments: [exact(first.item), exact(first.reviewer), exact(note)])
    }
  }

  /// Takes a reviewer's labels back, with the notes beside them.
  public func withdraw(_ labels: [ReviewedItem], who: LedgerActor, now: Double) throws {
    try writeDurably { db in
      try Self.note(Self.withdrawn, labels, who, now, db)
      try Self.remove(from: .labels, labels, db)
      try Self.remove(from: .labelNotes, labels, db)
    }
  }

  /// Settles what reviewers disagree about.
  public func adjudicate(_ labels: [ReviewedItem], who: LedgerActor, now: Double) throws {
    try writeDurably { db in
      try Self.note(Self.adjudicated, labels, who, now, db)
      for label in labels {
        try db.cachedStatement(
          sql: """
            INSERT INTO adjudications (item, reviewer, label, at) VALUES (\(ExactText.bound(2)), ?, ?)
            ON CONFLICT DO UPDATE SET reviewer = excluded.reviewer, label = excluded.label, at = excluded.at
            """
        ).execute(arguments: [exact(label.item), exact(label.reviewer), label.label.rawValue, now])
      }
    }
  }

  /// What was said is not in it: other reviewers may read the log.
  private static func note(
    _ kind: String, _ labels: [ReviewedItem], _ who: LedgerActor, _ now: Double, _ db: Database
  ) throws {
    guard let first = labels.first else { return }
    let act = LedgerAct(who: who, reason: nil, subject: "item \(first.item) by \(first.reviewer)", count: labels.count)
    _ = try AuditRecord.append(db, kind: kind, detail: try jsonText(act), now: now)
  }

  private static func remove(from table: ChainedTable, _ labels: [ReviewedItem], _ db: Database) throws {
    for label in labels {
      try db.cachedStatement(
        sql: "DELETE FROM main.\(table.name) WHERE item = \(ExactText.bound) AND reviewer = \(ExactText.bound)"
      ).execute(arguments: [exact(label.item), exact(label.reviewer)])
    }
  }
}
