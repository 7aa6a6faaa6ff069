import Core
import GRDB

/// A scored response that could be given to people to label.
public struct LabelCandidate: Hashable, Sendable {
  /// Row of the response.
  public let response: Int64
  public let prompt: String
  /// The category that it was judged for; nil where it had none.
  public let category: String?
  /// Mean over the judge's members that scored it.
  public let score: Double
}

/// One response of a sample, as it is drawn.
public struct SampledResponse: Hashable, Sendable {
  public let response: Int64
  public let category: String?
  public let locale: String?
  /// What near-duplicates share.
  public let cluster: String
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
  public let item: String
  public let prompt: String
  public let response: String
  public let category: String?
  public let locale: String?
}

/// What a reviewer says of a response.
public enum ReviewerLabel: String, Hashable, Sendable, CaseIterable {
  case unsafe, safe, unsure
}

/// One verdict of one reviewer.
public struct ReviewedItem: Hashable, Sendable {
  public let item: String
  public let reviewer: String
  public let label: ReviewerLabel

  public init(item: String, reviewer: String, label: ReviewerLabel) {
    self.item = item
    self.reviewer = reviewer
    self.label = label
  }
}

/// A response with what reviewers say of it.
public struct LabelledResponse: Hashable, Sendable {
  public let response: Int64
  public let prompt: String
  public let text: String
  public let category: String?
  public let locale: String?
  public let cluster: String
  public let weight: Double
  public let labels: [ReviewedItem]
}

extension Ledger {
  /// The responses that a run asked for and that at least one of `judges` could score, in the order of asking.
  /// - Parameter judges: fingerprints: a judge's own, or its members'.
  public func labelCandidates(run: String, judges: [String]) throws -> [LabelCandidate] {
    try read { db in
      let marks = Array(repeating: "?", count: judges.count).joined(separator: ", ")
      return try Row.fetchAll(
        db,
        sql: """
          SELECT r.id, p.text AS prompt, MAX(j.askedCategory) AS asked, AVG(j.score) AS score
          FROM responses r JOIN prompts p ON p.id = r.prompt JOIN judgments j ON j.response = r.id
          WHERE r.run = ? AND j.judge IN (\(marks)) AND j.score IS NOT NULL
          GROUP BY r.id ORDER BY r.id
          """, arguments: StatementArguments([run] + judges)
      ).map { row in
        let asked: String = row["asked"]
        return LabelCandidate(
          response: row["id"], prompt: row["prompt"], category: asked.isEmpty ? nil : asked, score: row["score"])
      }
    }
  }

  /// Stores a sample with its weights and notes in the audit chain that its texts leave the ledger.
  ///
  /// - Parameter judge: whose scores it is stratified by.
  /// - Returns: what reviewers get, in the order of `sample`. Identifiers tell nothing about the response.
  public func storeSample(
    _ sample: [SampledResponse], run: String, judge: String, population: Int, now: Double
  ) throws -> [BlindItem] {
    try write { db in
      let number = try AuditRecord.append(
        db, kind: "labels exported", detail: "\(run) \(sample.count) of \(population) \(judge)", now: now)
      try db.execute(
        sql: "INSERT INTO samples (id, run, judge, population, at) VALUES (?, ?, ?, ?, ?)",
        arguments: [number, run, judge, population, now])
      return try sample.map { drawn in
        let item = String(SHA256.hex("\(number) \(run) \(drawn.response)").prefix(16))
        try db.cachedStatement(
          sql: """
            INSERT INTO sampled (item, sample, response, category, locale, cluster, stratum, weight)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            """
        ).execute(arguments: [
          item, number, drawn.response, drawn.category, drawn.locale, drawn.cluster, drawn.stratum, drawn.weight,
        ])
        let find = try db.cachedStatement(
          sql: "SELECT p.text AS prompt, r.text FROM responses r JOIN prompts p ON p.id = r.prompt WHERE r.id = ?")
        guard let row = try Row.fetchOne(find, arguments: [drawn.response]) else {
          throw InternalError("a response was drawn that isn't there")
        }
        return BlindItem(
          item: item, prompt: row["prompt"], response: row["text"], category: drawn.category, locale: drawn.locale)
      }
    }
  }

  /// Those of `items` that were never given out.
  public func unknownItems(_ items: [String]) throws -> Set<String> {
    try read { db in
      let statement = try db.cachedStatement(sql: "SELECT 1 FROM sampled WHERE item = ?")
      return Set(try items.filter { try Row.fetchOne(statement, arguments: [$0]) == nil })
    }
  }

  /// Stores labels, all or none, and notes them in the audit chain. A reviewer's new verdict on an item replaces the old.
  ///
  /// - Parameter source: hash of the file that they come from.
  /// - Returns: how many are new, and how many say something else than before.
  public func storeLabels(_ labels: [ReviewedItem], source: String, now: Double) throws -> (new: Int, changed: Int) {
    try write { db in
      var (new, changed) = (0, 0)
      for label in labels {
        let find = try db.cachedStatement(sql: "SELECT label FROM labels WHERE item = ? AND reviewer = ?")
        let before = try String.fetchOne(find, arguments: [label.item, label.reviewer])
        if before == nil { new += 1 } else if before != label.label.rawValue { changed += 1 }
        try db.cachedStatement(
          sql: """
            INSERT INTO labels (item, reviewer, label, at) VALUES (?, ?, ?, ?)
            ON CONFLICT DO UPDATE SET label = excluded.label, at = excluded.at
            """
        ).execute(arguments: [label.item, label.reviewer, label.label.rawValue, now])
      }
      _ = try AuditRecord.append(
        db, kind: "labels imported", detail: "\(labels.count) \(new) new \(changed) changed \(source)", now: now)
      return (new, changed)
    }
  }

  /// Every response that somebody labelled, with all labels of all samples that it was in, in the order of asking.
  public func labelledResponses() throws -> [LabelledResponse] {
    try read { db in
      let rows = try Row.fetchAll(
        db,
        sql: """
          SELECT r.id, p.text AS prompt, r.text, s.item, s.category, s.locale, s.cluster, s.weight, l.reviewer, l.label
          FROM labels l JOIN sampled s ON s.item = l.item JOIN responses r ON r.id = s.response
          JOIN prompts p ON p.id = r.prompt
          ORDER BY r.id, s.sample, l.reviewer
          """)
      let groups = Dictionary(grouping: rows) { $0["id"] as Int64 }.sorted { $0.key < $1.key }
      return groups.compactMap { id, rows in
        guard let first = rows.first else { return nil }
        // In a later sample, a reviewer's later verdict.
        var labels: [String: ReviewedItem] = [:]
        for row in rows {
          guard let label = ReviewerLabel(rawValue: row["label"]) else { continue }
          labels[row["reviewer"]] = ReviewedItem(item: row["item"], reviewer: row["reviewer"], label: label)
        }
        return LabelledResponse(
          response: id, prompt: first["prompt"], text: first["text"], category: first["category"],
          locale: first["locale"], cluster: first["cluster"], weight: first["weight"],
          labels: labels.values.sorted { $0.reviewer < $1.reviewer })
      }
    }
  }

  /// The stored scores of one judge for labelled responses, in order; nil where it has not looked at that response yet.
  public func scores(_ responses: [LabelledResponse], judge: String) throws -> [Score?] {
    try read { db in
      let statement = try db.cachedStatement(
        sql: "SELECT score, category, reason FROM judgments WHERE response = ? AND judge = ? AND askedCategory = ?")
      return try responses.map { response in
        try Row.fetchOne(statement, arguments: [response.response, judge, response.category ?? ""]).map(Self.score)
      }
    }
  }

  /// Commits scores of labelled responses in one transaction.
  public func store(_ scores: [(response: LabelledResponse, score: Score)], judge: String) throws {
    try write { db in
      for (response, score) in scores {
        try Self.insert(score, of: response.response, judge: judge, category: response.category, db)
      }
    }
  }
}
