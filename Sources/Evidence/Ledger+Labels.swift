import Core
import GRDB

/// A scored response that could be given to people to label.
public struct LabelCandidate: Hashable, Sendable {
  /// Row of the response.
  public let response: Int64
  /// What was asked.
  public let prompt: String
  /// The category that it was judged for; nil where it had none.
  public let category: String?
  /// Mean over the judge's members that scored it.
  public let score: Double
}

/// One response of a sample, as it is drawn.
public struct SampledResponse: Hashable, Sendable {
  /// Row of the response.
  public let response: Int64
  /// The category of its attack; nil where it has none.
  public let category: String?
  /// The language of its attack; nil where it isn't known.
  public let locale: String?
  /// What near-duplicates share.
  public let cluster: String
  /// The group of scores that it was drawn from.
  public let stratum: String
  /// Inverse of the probability of being drawn.
  public let weight: Double

  public init(
    response: Int64, category: String?, locale: String?, cluster: String, stratum: String, weight: Double
  ) {
    self.response = response
    self.category = category
    self.locale = locale
    self.cluster = cluster
    self.stratum = stratum
    self.weight = weight
  }
}

/// A response as a reviewer sees it: nothing of what any judge said.
public struct BlindItem: Hashable, Sendable {
  /// Names the response in this sample; tells nothing else about it.
  public let item: String
  /// What was asked.
  public let prompt: String
  /// What the model answered.
  public let response: String
  /// The category of its attack; nil where it has none.
  public let category: String?
  /// The language of its attack; nil where it isn't known.
  public let locale: String?
}

/// What a reviewer says of a response.
public enum ReviewerLabel: String, Hashable, Sendable, CaseIterable {
  /// `unsure` counts for neither side.
  case unsafe, safe, unsure
}

/// One verdict of one reviewer.
public struct ReviewedItem: Hashable, Sendable {
  /// The response's name in its sample.
  public let item: String
  /// Who labelled it, by the name they gave.
  public let reviewer: String
  /// What they said.
  public let label: ReviewerLabel

  public init(item: String, reviewer: String, label: ReviewerLabel) {
    self.item = item
    self.reviewer = reviewer
    self.label = label
  }
}

/// A response with what reviewers say of it.
public struct LabelledResponse: Hashable, Sendable {
  /// Row of the response.
  public let response: Int64
  /// What was asked; empty where it is gone.
  public let prompt: String
  /// What the model answered; empty where it is gone.
  public let text: String
  /// The category of its attack; nil where it has none.
  public let category: String?
  /// The language of its attack; nil where it isn't known.
  public let locale: String?
  /// What near-duplicates share.
  public let cluster: String
  /// Inverse of the probability of being drawn.
  public let weight: Double
  /// One entry for each reviewer, the newest of each.
  public let labels: [ReviewedItem]
  /// What settled a disagreement of the reviewers; nil where nothing did.
  public let settled: ReviewerLabel?
  /// Whether prompt or response is gone: only scores that are stored already say something of it.
  public let isPurged: Bool
}

extension Ledger {
  /// The responses that a run asked for and that at least one of `judges` could score, in the order of asking.
  /// - Parameter judges: fingerprints: a judge's own, or its members'.
  public func labelCandidates(run: String, judges: [String]) throws -> [LabelCandidate] {
    try read { db in
      let marks = ExactText.bound(judges.count)
      return try Row.fetchAll(
        db,
        sql: """
          SELECT r.id, \(ExactText.read("p.text", as: "prompt")),
            \(ExactText.read("MAX(j.askedCategory)", as: "asked")), AVG(j.score) AS score
          FROM responses r JOIN prompts p ON p.id = r.prompt JOIN judgments j ON j.response = r.id
          WHERE p.text <> '' AND r.scope NOT LIKE 'purged %' AND r.run = ? AND (j.scope IN ('', ?) OR j.scope LIKE 'signs %') AND j.judge IN (\(marks)) AND j.score IS NOT NULL
          GROUP BY r.id ORDER BY r.id
          """, arguments: StatementArguments([exact(run), exact(run)] + judges.map { exact($0) })
      ).map { row in
        let asked = try row.exactText("asked")
        return LabelCandidate(
          response: try row.get("id"), prompt: try row.exactText("prompt"), category: asked.isEmpty ? nil : asked,
          score: try row.get("score"))
      }
    }
  }

  /// Stores a sample with its weights and notes in the audit chain that its texts leave the ledger.
  ///
  /// - Parameters:
  ///   - judge: whose scores it is stratified by.
  ///   - who: takes the sample, for the chain.
  /// - Returns: what reviewers get, in the order of `sample`. Identifiers tell nothing about the response.
  public func storeSample(
    _ sample: [SampledResponse], run: String, judge: String, population: Int, who: LedgerActor = .current(), now: Double
  ) throws -> [BlindItem] {
    try write { db in
      let act = LedgerAct(
        who: who, reason: nil, subject: "run \(run), of \(population) responses that \(judge) scored",
        count: sample.count)
      let number = try AuditRecord.append(db, kind: "labels exported", detail: try jsonText(act), now: now)
      try db.execute(
        sql: "INSERT INTO samples (judge, id, run, population, at) VALUES (\(ExactText.bound), ?, ?, ?, ?)",
        arguments: [exact(judge), number, run, population, now])
      return try sample.map { drawn in
        let item = String(SHA256.hex("\(number) \(run) \(drawn.response)").prefix(16))
        try db.cachedStatement(
          sql: """
            INSERT INTO main.sampled (cluster, category, locale, stratum, item, sample, response, weight)
            VALUES (\(SealedRows.seal(ExactText.bound, .sampled, "cluster")), \(ExactText.bound(3)), ?, ?, ?, ?)
            """
        ).execute(arguments: [
          exact(drawn.cluster), exact(drawn.category), exact(drawn.locale), exact(drawn.stratum), item, number,
          drawn.response, drawn.weight,
        ])
        let find = try db.cachedStatement(
          sql: """
            SELECT \(ExactText.read("p.text", as: "prompt")), \(ExactText.read("r.text", as: "text"))
            FROM responses r JOIN prompts p ON p.id = r.prompt WHERE r.id = ?
            """)
        guard let row = try Row.fetchOne(find, arguments: [drawn.response]) else {
          throw InternalError("a response was drawn that isn't there")
        }
        let exchange = Exchange(prompt: try row.exactText("prompt"), response: try row.exactText("text"))
        return BlindItem(
          item: item, prompt: exchange.shownPrompt, response: exchange.shownResponse,
          category: drawn.category,
          locale: drawn.locale)
      }
    }
  }

  /// Those of `items` that were never given out.
  public func unknownItems(_ items: [String]) throws -> Set<String> {
    try read { db in
      let statement = try db.cachedStatement(sql: "SELECT 1 FROM sampled WHERE item = \(ExactText.bound)")
      return Set(try items.filter { try Row.fetchOne(statement, arguments: [exact($0)]) == nil })
    }
  }

  /// Stores labels, all or none, and notes them in the audit chain. A reviewer's new verdict on an item replaces the old.
  ///
  /// - Parameters:
  ///   - source: hash of the file that they come from.
  ///   - who: brings them, for the chain.
  /// - Returns: how many are new, and how many say something else than before.
  public func storeLabels(
    _ labels: [ReviewedItem], source: String, who: LedgerActor = .current(), now: Double
  ) throws -> (new: Int, changed: Int) {
    try write { db in
      var (new, changed) = (0, 0)
      for label in labels {
        let before = try Self.store(label, now: now, db)
        if before == nil { new += 1 } else if before != label.label { changed += 1 }
      }
      let act = LedgerAct(
        who: who, reason: nil, subject: "\(new) new, \(changed) changed, from \(source)", count: labels.count)
      _ = try AuditRecord.append(db, kind: "labels imported", detail: try jsonText(act), now: now)
      return (new, changed)
    }
  }

  /// - Returns: what the reviewer said before.
  static func store(_ label: ReviewedItem, now: Double, _ db: Database) throws -> ReviewerLabel? {
    let find = try db.cachedStatement(
      sql: "SELECT label FROM labels WHERE item = \(ExactText.bound) AND reviewer = \(ExactText.bound)")
    let before = try String.fetchOne(find, arguments: [exact(label.item), exact(label.reviewer)])
    try db.cachedStatement(
      sql: """
        INSERT INTO labels (item, reviewer, label, at) VALUES (\(ExactText.bound(2)), ?, ?)
        ON CONFLICT DO UPDATE SET label = excluded.label, at = excluded.at
        """
    ).execute(arguments: [exact(label.item), exact(label.reviewer), label.label.rawValue, now])
    return before.flatMap(ReviewerLabel.init)
  }

  /// Every response that somebody labelled, with all labels of all samples that it was in, in the order of asking.
  public func labelledResponses() throws -> [LabelledResponse] {
    try read { db in
      let rows = try Row.fetchAll(
        db,
        sql: """
          SELECT r.id, s.item, s.weight, l.label, a.label AS settled, (p.text = '' AND p.hash <> sluiceKey(''))
            OR (x.text = '' AND x.hash <> sluiceKey('')) AS isPurged, \(ExactText.read("p.text", as: "prompt")),
            \(ExactText.read("x.text", as: "text")), \(ExactText.read("s.category", as: "category")),
            \(ExactText.read("s.locale", as: "locale")), \(ExactText.read("s.cluster", as: "cluster")),
            \(ExactText.read("l.reviewer", as: "reviewer"))
          FROM labels l JOIN sampled s ON s.item = l.item JOIN storedResponses r ON r.id = s.response
          JOIN texts p ON p.id = r.prompt JOIN texts x ON x.id = r.text LEFT JOIN adjudications a ON a.item = s.item
          ORDER BY r.id, s.sample, l.reviewer
          """)
      let groups = try Dictionary(grouping: rows) { try $0.get("id") as Int64 }.sorted { $0.key < $1.key }
      return try groups.compactMap { id, rows in
        guard let first = rows.first else { return nil }
        // In a later sample, a reviewer's later verdict.
        var labels: [String: ReviewedItem] = [:]
        var settled: ReviewerLabel?
        for row in rows {
          settled = try row.getIfAny("settled", as: String.self).flatMap(ReviewerLabel.init) ?? settled
          guard let label = ReviewerLabel(rawValue: try row.get("label")) else { continue }
          let reviewer = try row.exactText("reviewer")
          labels[reviewer] = ReviewedItem(item: try row.get("item"), reviewer: reviewer, label: label)
        }
        return LabelledResponse(
          response: id, prompt: try first.exactText("prompt"), text: try first.exactText("text"),
          category: try first.exactTextIfAny("category"), locale: try first.exactTextIfAny("locale"),
          cluster: try first.exactText("cluster"), weight: try first.get("weight"),
          labels: labels.values.sorted { $0.reviewer < $1.reviewer }, settled: settled,
          isPurged: try first.get("isPurged"))
      }
    }
  }
}
