import Core
import GRDB
import Synchronization

/// What makes a response the same response: asked of the same model, with the same words and settings, as the same
/// sample.
public struct ResponseKey: Hashable, Sendable {
  /// The model's fingerprint.
  public let target: String
  /// The whole prompt, a conversation in one text.
  public let prompt: String
  /// How the model samples.
  public let settings: SamplingSettings
  /// The place among the responses to one prompt, from 0.
  public let sampleIndex: Int
  /// Where the response holds: empty for a model with an identity, which says the same in every run; the run's identifier
  /// for one that may be another model tomorrow under the same name.
  public let scope: String

  public init(
    target: String, prompt: String, settings: SamplingSettings, sampleIndex: Int, scope: String = ""
  ) {
    self.target = target
    self.prompt = prompt
    self.settings = settings
    self.sampleIndex = sampleIndex
    self.scope = scope
  }

  /// Equal in every byte, as the ledger compares: Swift takes "é" and "e" with an accent for equal, a model doesn't.
  public static func == (a: ResponseKey, b: ResponseKey) -> Bool {
    a.sampleIndex == b.sampleIndex && a.scope == b.scope && a.target.hasSameBytes(as: b.target)
      && a.prompt.hasSameBytes(as: b.prompt) && SettingsHashes.areSame(a.settings, b.settings)
  }
}

/// A response as the ledger has it.
public struct StoredResponse: Hashable, Sendable {
  /// Its row, by which the ledger speaks of it everywhere else.
  public let row: Int64
  /// The run that asked for it.
  public let run: String
  /// What the model answered.
  public let response: Response

  public init(row: Int64, run: String, response: Response) {
    self.row = row
    self.run = run
    self.response = response
  }
}

extension Ledger {
  /// What is stored, in the order of `keys`; nil where nothing is.
  /// - Parameter reader: the run that will rest on it, which its end notes; nil for nobody.
  public func stored(_ keys: [ResponseKey], reusedBy reader: String? = nil) throws -> [StoredResponse?] {
    let stored = try read { db in
      var interning = Interning()
      let statement = try db.cachedStatement(
        sql: """
          SELECT \(ExactText.read("x.text", as: "text")), \(ExactText.read("f.text", as: "finishReason")),
            r.promptTokens, r.completionTokens, r.latency, r.id, n.text AS run
          FROM storedResponses r JOIN texts x ON x.id = r.text JOIN main.names f ON f.id = r.finishReason
            JOIN main.names n ON n.id = r.run
          WHERE r.prompt = ? AND r.source = ? AND r.sample = ?
          """)
      return try keys.map { key -> StoredResponse? in
        guard let source = try interning.source(key, db, storing: false),
          let prompt = try interning.text(key.prompt, db, storing: false)
        else { return nil }
        return try Row.fetchOne(statement, arguments: [prompt, source, key.sampleIndex]).map { row in
          StoredResponse(
            row: try row.get("id"), run: try row.get("run"),
            response: Response(
              text: try row.exactText("text"), promptTokens: try row.get("promptTokens"),
              completionTokens: try row.get("completionTokens"), latency: try row.get("latency"),
              finishReason: try row.exactText("finishReason")))
        }
      }
    }
    if let reader {
      reuse.note(stored.lazy.compactMap(\.self).filter { $0.run != reader }.map(\.row), by: reader)
    }
    return stored
  }

  /// Commits outcomes in one transaction. A response already stored under its key stays as it is; failures are noted
  /// beside, and don't keep their request from being asked again.
  /// - Returns: the row of each response that is stored now, be it this one or the one before; nil for failures.
  /// - Throws: `InternalError` for a response that is to hold for another run alone.
  @discardableResult
  public func store(_ outcomes: [(key: ResponseKey, outcome: ResponseOutcome)], run: String) throws -> [Int64?] {
    try write { db in
      var interning = Interning()
      var settings = SettingsHashes()
      let insert = try RowStatement(Self.insertion, db)
      return try outcomes.map { key, outcome in
        let prompt = try interning.text(key.prompt, db)
        switch outcome {
        case .success(let response):
          guard key.scope.isEmpty || key.scope == run || key.scope.hasPrefix("signs ") else {
            throw InternalError("a response was to be stored in another run's name")
          }
          try insert.execute(
            .init(prompt), .init(try interning.source(key, db)), .integer(Int64(key.sampleIndex)),
            .init(try interning.answer(response.text, db)), .integer(Int64(response.promptTokens)),
            .integer(Int64(response.completionTokens)), .real(response.latency),
            .integer(try interning.name(response.finishReason, db)), .integer(try interning.name(run, db)))
          return db.changesCount > 0 ? db.lastInsertedRowID : try interning.response(key, db)
        case .failure(let failure):
          try Self.insertFailure(
            target: key.target, prompt: prompt, settings: try settings.hash(key.settings), sample: key.sampleIndex,
            kind: failure.kind.rawValue, message: failure.message, run: run, db)
          return nil
        }
      }
    }
  }

  /// Leaves a response alone that is stored already.
  static let insertion = """
    INSERT INTO storedResponses
    (prompt, source, sample, text, promptTokens, completionTokens, latency, finishReason, run)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (prompt, source, sample) DO NOTHING
    """

  /// - Parameters:
  ///   - prompt: row of the text.
  ///   - settings: hash of the sampling settings.
  static func insertFailure(
    target: String, prompt: Int64?, settings: String, sample: Int, kind: String, message: String, run: String,
    _ db: Database
  ) throws {
    try db.cachedStatement(
      sql: """
        INSERT INTO main.failures (target, prompt, sample, kind, run, message, settings)
        SELECT target, prompt, sample, kind, run,
          \(SealedRows.seal("message", .failures, "message", identity: ["run", "prompt", "sample"])),
          \(SealedRows.seal("settings", .failures, "settings"))
        FROM (SELECT \(ExactText.bound) AS target, \(ExactText.bound) AS message, ? AS prompt, ? AS settings,
          ? AS sample, ? AS kind, ? AS run)
        """
    ).execute(arguments: [exact(target), exact(message), prompt, settings, sample, kind, run])
  }

  /// Why requests of a run got no response, the newest failure of each, in the order of `keys`; nil where none is noted.
  ///
  /// The run's failures are read once, however many are asked about.
  public func failures(_ keys: [ResponseKey], of run: String) throws -> [ResponseFailure?] {
    var found = [ResponseFailure?](repeating: nil, count: keys.count)
    try read { db in
      var interning = Interning()
      var settings = SettingsHashes()
      var places: [[UInt8]: [FailedRequest: [Int]]] = [:]
      for (place, key) in keys.enumerated() {
        guard let prompt = try interning.text(key.prompt, db, storing: false) else { continue }
        let request = FailedRequest(prompt: prompt, sample: key.sampleIndex, settings: try settings.hash(key.settings))
        places[Array(key.target.utf8), default: [:]][request, default: []].append(place)
      }
      for (target, wanted) in places {
        let rows = try Row.fetchCursor(
          db,
          sql: """
            SELECT prompt, sample, \(ExactText.read("settings")), kind, \(ExactText.read("message")) FROM failures
            WHERE target = \(ExactText.bound) AND run = ? ORDER BY id
            """, arguments: [exact(String(decoding: target, as: UTF8.self)), run])
        while let row = try rows.next() {
          guard let prompt = try row.getIfAny("prompt", as: Int64.self) else { continue }
          let request = FailedRequest(
            prompt: prompt, sample: try row.get("sample"), settings: try row.exactText("settings"))
          guard let asked = wanted[request] else { continue }
          guard let kind = ResponseFailure.Kind(rawValue: try row.get("kind")) else {
            throw LedgerDamage("a failure is of no known kind")
          }
          let failure = ResponseFailure(kind: kind, message: try row.exactText("message"))
          // In the order of rows: a newer one takes an older one's place.
          for place in asked { found[place] = failure }
        }
      }
    }
    return found
  }

  private struct FailedRequest: Hashable {
    let prompt: Int64
    let sample: Int
    /// Their hash.
    let settings: String
  }
}

/// Hashes of sampling settings, each computed once in a row of requests for the same target.
struct SettingsHashes {
  private typealias Known = (settings: SamplingSettings, hash: String)
  private var last: Known?
  /// Asked for last by any transaction: they are many, and settings few.
  private static let latest = Mutex<Known?>(nil)

  mutating func hash(_ settings: SamplingSettings) throws -> String {
    if let last, Self.areSame(last.settings, settings) { return last.hash }
    let latest = Self.latest.withLock { $0 }
    if let latest, Self.areSame(latest.settings, settings) {
      last = latest
      return latest.hash
    }
    let known = (settings: settings, hash: SHA256.hex(try jsonText(settings)))
    last = known
    Self.latest.withLock { $0 = known }
    return known.hash
  }

  /// Equal in every byte: Swift takes "é" and "e" with an accent for equal, a model doesn't.
  static func areSame(_ a: SamplingSettings, _ b: SamplingSettings) -> Bool {
    a == b && a.system.map { Array($0.utf8) } == b.system.map { Array($0.utf8) }
      && a.template.map { Array($0.utf8) } == b.template.map { Array($0.utf8) }
  }
}
