import Core
import Foundation
import GRDB

/// What is copied of a shard's ledger, and as what.
public struct ShardCopying: Sendable {
  /// The part of the run that the ledger has.
  public var shard: Shard
  /// The run in the shard's ledger, and the one that its rows become part of.
  public var source: String
  /// The merged run that its rows become part of.
  public var run: String
  /// The newest hash of the shard's audit chain, which stays in this one as what was copied.
  public var head: String
  /// Keys of searches whose models are known by their run alone, as they are in `run`.
  public var searches: [String: String]
  /// Whether more than one shard may have asked a target a prompt: only one that nobody knew when the work was dealt.
  public var mayCoincide: @Sendable (_ target: String, _ prompt: String) -> Bool

  public init(
    shard: Shard, source: String, run: String, head: String, searches: [String: String],
    mayCoincide: @escaping @Sendable (_ target: String, _ prompt: String) -> Bool = { _, _ in false }
  ) {
    self.shard = shard
    self.source = source
    self.run = run
    self.head = head
    self.searches = searches
    self.mayCoincide = mayCoincide
  }

  /// A scope of the shard's run, in this ledger.
  func scope(_ scope: String) -> String { scope == source ? run : scope }
}

/// How much of a shard is copied: a record of the audit chain in each transaction that copies.
struct ShardProgress: Hashable, Codable, Sendable {
  var shard: String
  var head: String
  /// Rows of the shard up to which all is copied.
  var response: Int64 = 0
  var failure: Int64 = 0
  var isDone = false
}

/// What a ledger is merged of.
public struct MergeRecord: Hashable, Codable, Sendable {
  /// SHA-256 over the resolved policy and every input.
  public var digest: String
  /// The newest hash of each shard's audit chain, in the order of shards.
  public var heads: [String]

  public init(digest: String, heads: [String]) {
    self.digest = digest
    self.heads = heads
  }
}

extension Ledger {
  private static let mergeBegan = "merge began"
  private static let merged = "shard merged"

  /// What this ledger is merged of; nil where it isn't.
  public func mergeRecord() throws -> MergeRecord? {
    try read { db in
      try Row.fetchOne(
        db, sql: "SELECT \(ExactText.read("detail")) FROM audit WHERE kind = ? ORDER BY sequence LIMIT 1",
        arguments: [Self.mergeBegan]
      ).map { try JSONDecoder().decode(MergeRecord.self, from: try $0.get("detail")) }
    }
  }

  /// Notes what this ledger is going to be merged of.
  /// - Parameter now: seconds since 1970.
  public func begin(_ merge: MergeRecord, now: Double) throws {
    try record(kind: Self.mergeBegan, detail: try jsonText(merge), now: now)
  }

  /// Copies responses with their judgments, failures and searches of a shard's run, each transaction with a record of how
  /// much is copied: a copy that was broken off goes on there.
  ///
  /// Two pages of rows are in memory at a time, whatever the shard's size: one is read while the other is written.
  /// - Parameters:
  ///   - now: seconds since 1970.
  ///   - onCopied: called with how many responses were copied.
  /// - Throws: `SluiceError`: unavailable (69) where another shard stored something else in the same place; `CancellationError`.
  public func copy(
    _ copying: ShardCopying, from shard: Ledger, now: Double, onCopied: (Int) -> Void = { _ in }
  ) throws {
    var progress = try self.progress(of: copying)
    var next = ReadAhead { [last = progress.response] in try shard.responsePage(after: last) }
    while !progress.isDone {
      try Task.checkCancellation()
      let responses = try next.value()
      if let last = responses.last?.id { next = ReadAhead { try shard.responsePage(after: last) } }
      let failures = responses.isEmpty ? try shard.failurePage(after: progress.failure) : []
      if responses.isEmpty, failures.isEmpty {
        try copySearches(copying, from: shard)
        progress.isDone = true
      }
      progress.response = responses.last?.id ?? progress.response
      progress.failure = failures.last?.id ?? progress.failure
      try write { db in
        var interning = Interning()
        for response in responses { try Self.insert(response, copying, &interning, db) }
        for failure in failures { try Self.insert(failure, copying, &interning, db) }
        _ = try AuditRecord.append(db, kind: Self.merged, detail: try jsonText(progress), now: now)
      }
      onCopied(responses.count)
    }
  }

  private func progress(of copying: ShardCopying) throws -> ShardProgress {
    let decoder = JSONDecoder()
    return try read { db in
      let rows = try Row.fetchCursor(
        db, sql: "SELECT \(ExactText.read("detail")) FROM audit WHERE kind = ? ORDER BY sequence DESC",
        arguments: [Self.merged])
      while let row = try rows.next() {
        let progress = try decoder.decode(ShardProgress.self, from: try row.get("detail"))
        if progress.shard == copying.shard.description, progress.head == copying.head { return progress }
      }
      return ShardProgress(shard: copying.shard.description, head: copying.head)
    }
  }

  private func copySearches(_ copying: ShardCopying, from shard: Ledger) throws {
    for key in try shard.searches(of: copying.source) {
      guard let search = try shard.search(key) else { continue }
      let own = copying.searches[key] ?? key
      if let known = try self.search(own) {
        guard known == search else { throw Self.contradiction(copying, "the result of a search") }
      } else {
        try storeSearch(own, search, run: copying.run)
      }
    }
  }

  private static func contradiction(_ copying: ShardCopying, _ what: String) -> SluiceError {
    SluiceError(
      .unavailable, "shard \(copying.shard) contradicts another one: both have \(what), and not the same",
      remedy: "No two shards of a run ask the same: run all of them anew, each with a ledger of its own.")
  }

  // MARK: - Writing

  private static func insert(
    _ response: ShardResponse, _ copying: ShardCopying, _ interning: inout Interning, _ db: Database
  ) throws {
    let prompt = try interning.text(response.prompt, db)
    let text = try interning.answer(response.text, db)
    let source = try interning.source(
      response.target, settings: response.settings, scope: copying.scope(response.scope), db)
    try RowStatement(insertion, db).execute(
      .init(prompt), .init(source), .integer(Int64(response.sample)), .init(text),
      .integer(Int64(response.promptTokens)), .integer(Int64(response.completionTokens)), .real(response.latency),
      .integer(try interning.name(response.finishReason, db)), .integer(try interning.name(copying.run, db)))
    let isNew = db.changesCount > 0
    // The first shard's stands, with its judgments.
    if !isNew, copying.mayCoincide(response.target, response.prompt) { return }
    let id =
      try isNew
      ? db.lastInsertedRowID
      : known(response, copying, prompt: prompt, source: source, text: text, &interning, db)
    for judgment in response.judgments {
      try insert(
        judgment.score, of: id, judge: judgment.judge, category: judgment.category,
        scope: copying.scope(judgment.scope), &interning, db)
    }
  }

  /// The row of a response that is there already.
  /// - Throws: `SluiceError` (unavailable) where it, or a judgment of it, is another one.
  private static func known(
    _ response: ShardResponse, _ copying: ShardCopying, prompt: Int64?, source: Int64?, text: Int64?,
    _ interning: inout Interning, _ db: Database
  ) throws -> Int64 {
    let find = try db.cachedStatement(
      sql: "SELECT id, text FROM storedResponses WHERE prompt = ? AND source = ? AND sample = ?")
    guard let known = try Row.fetchOne(find, arguments: [prompt, source, response.sample]),
      try known.get("text") == text
    else { throw contradiction(copying, "a response to one request") }
    let id: Int64 = try known.get("id")
    for judgment in response.judgments {
      let stored = try score(
        of: id, judge: judgment.judge, category: judgment.category, scope: copying.scope(judgment.scope),
        &interning, db)
      if let stored, stored != judgment.score { throw contradiction(copying, "a judgment of one response") }
    }
    return id
  }

  private static func insert(
    _ failure: ShardFailure, _ copying: ShardCopying, _ interning: inout Interning, _ db: Database
  ) throws {
    try insertFailure(
      target: failure.target, prompt: try interning.text(failure.prompt, db), settings: failure.settings,
      sample: failure.sample, kind: failure.kind, message: failure.message, run: copying.run, db)
  }
}
