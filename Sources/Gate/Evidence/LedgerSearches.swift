import Attackers
import Core
import Decisions
import Evidence
import Foundation

/// The ledger as searches see it, in the name of one run.
struct LedgerSearches: SearchMemory {
  let ledger: Ledger
  let run: String

  func record(for key: SearchKey) throws -> SearchRecord? {
    try ledger.search(try Self.text(key), reusedBy: run).map { try SearchRecord($0) }
  }

  func remember(_ record: SearchRecord, for key: SearchKey) throws {
    try ledger.storeSearch(
      try Self.text(key), StoredSearch(record: try record.encoded(), state: record.result.state), run: run)
    ledger.dropStanding(of: try Self.text(key), run: run)
  }

  func place(for key: SearchKey) throws -> (any StandingPlace)? {
    LedgerStanding(ledger: ledger, search: try Self.text(key), run: run)
  }

  func isOwn(_ key: SearchKey) throws -> Bool { try ledger.searcher(of: try Self.text(key)) == run }

  /// The key as the ledger has it.
  static func text(_ key: SearchKey) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    return SHA256.hex([UInt8](try encoder.encode(key)))
  }
}

/// Beside the ledger, in the name of one run.
private struct LedgerStanding: StandingPlace {
  let ledger: Ledger
  let search: String
  let run: String

  func latest() -> [UInt8]? { ledger.standing(of: search, run: run) }

  func noteGoingOn(_ standing: [UInt8]) throws {
    try ledger.noteStanding(standing, of: search, run: run, now: Date.now.timeIntervalSince1970)
  }

  func keep(_ standing: [UInt8]) throws { try ledger.keepStanding(standing, of: search, run: run) }
}

extension SearchEraser {
  static let searches = SearchEraser(
    record: { bytes, prompts, words in
      guard let record = try? SearchRecord(StoredSearch(record: bytes)) else { return .unreadable }
      return try record.without(prompts, words).map { .edited(try $0.encoded()) } ?? .same
    },
    state: { bytes, prompts in
      do {
        return try StoredAttackerState.without(prompts, in: bytes).map { .edited($0) } ?? .same
      } catch is SluiceError {
        return .unreadable
      }
    })
}

extension SearchRecord {
  /// The same record without some prompts and without some reasons for missing verdicts; nil where it has none of them.
  fileprivate func without(_ prompts: Set<String>, _ words: Set<String>) -> SearchRecord? {
    let words = Set(words.map(OutcomeWords.shown))
    let bare = SearchRecord(
      result: SearchResult(
        claimed: result.claimed.filter { !prompts.contains($0.prompt) }, responses: result.responses,
        losses: result.losses, state: result.state),
      tally: tally.withoutReasons { reason in words.contains(reason) || prompts.contains { reason.contains($0) } },
      proposals: proposals.filter { !prompts.contains($0) }, driving: driving)
    return bare.result.claimed == result.claimed && bare.proposals == proposals && bare.tally == tally ? nil : bare
  }

  private struct Header: Codable {
    var version = 1
    let claimed: [ClaimedAttack]
    let responses: Int
    let losses: [Double]
    let tally: OutcomeCounts
    /// Nil in records of older versions.
    let proposals: [String]?
    /// Nil for searches by single prompts.
    let driving: DrivingTally?
  }

  /// The header's length (8 bytes, little-endian) and a JSON header. The attacker's state is kept apart.
  func encoded() throws -> [UInt8] {
    let encoder = JSONEncoder()
    // A diverged loss is a number too.
    encoder.nonConformingFloatEncodingStrategy = .words
    encoder.outputFormatting = .sortedKeys
    let header = try encoder.encode(
      Header(
        claimed: result.claimed, responses: result.responses, losses: result.losses, tally: tally,
        proposals: proposals, driving: driving))
    return HeadedBytes.joined(Array(header))
  }

  /// - Throws: `SluiceError` (usage) when the bytes are no search record.
  init(_ stored: StoredSearch) throws {
    let damaged = SluiceError(
      .usage, "a search stored in the ledger can't be read",
      remedy: "The ledger is damaged or from another version; restore a copy, or use another ledger.path.")
    guard let bytes = HeadedBytes(stored.record) else { throw damaged }
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .words
    guard let header = try? decoder.decode(Header.self, from: Data(bytes.header)), header.version == 1 else {
      throw damaged
    }
    self.init(
      result: SearchResult(
        claimed: header.claimed, responses: header.responses, losses: header.losses, state: stored.state),
      tally: header.tally, proposals: header.proposals ?? [], driving: header.driving)
  }
}
