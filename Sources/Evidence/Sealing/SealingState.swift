import Core
import Foundation
import GRDB

/// How a ledger is sealed.
struct SealingState {
  enum Phase: String {
    case open
    /// Being migrated: some texts are sealed, and some are not.
    case sealing
    case sealed, unsealing
  }

  var phase: Phase
  var source: LedgerKeySource
  var derivation: KeyDerivation
  /// The data key under the ledger's.
  var wrapped: [UInt8]

  /// Nil for a ledger that isn't sealed.
  static func read(_ db: Database) throws -> SealingState? {
    guard try db.tableExists("sealing") else { return nil }
    guard
      let row = try Row.fetchOne(
        db, sql: "SELECT state, kind, place, salt, passes, memory, wrapped FROM sealing WHERE wrapped IS NOT NULL")
    else { return nil }
    guard let phase = Phase(rawValue: try row.get("state")),
      let source = LedgerKeySource(kind: try row.get("kind"), place: try row.get("place"))
    else { throw LedgerDamage("how it is sealed can't be read") }
    return SealingState(
      phase: phase, source: source,
      derivation: try KeyDerivation(
        salt: [UInt8](try row.get("salt") as Data), passes: try row.get("passes"), memory: try row.get("memory")),
      wrapped: [UInt8](try row.get("wrapped") as Data))
  }

  /// The state of a ledger that gets sealed, and its data key.
  static func new(_ phase: Phase, by source: LedgerKeySource) throws -> (state: SealingState, dataKey: [UInt8]) {
    let dataKey = WrappedKey.newDataKey()
    return (try SealingState(phase, dataKey, by: source), dataKey)
  }

  init(_ phase: Phase, _ dataKey: [UInt8], by source: LedgerKeySource) throws {
    let derivation = KeyDerivation()
    self.init(
      phase: phase, source: source, derivation: derivation,
      wrapped: WrappedKey.wrap(dataKey, under: try source.key(derivation), derivation))
  }

  private init(phase: Phase, source: LedgerKeySource, derivation: KeyDerivation, wrapped: [UInt8]) {
    (self.phase, self.source, self.derivation, self.wrapped) = (phase, source, derivation, wrapped)
  }

  /// - Parameter given: where the key is; nil for where it was used last.
  /// - Throws: `SluiceError`: permission (77) for another ledger's key, or one that others can read; usage (64) for none.
  func dataKey(_ given: LedgerKeySource?, ledger path: String) throws -> [UInt8] {
    let source = given ?? source
    guard let key = WrappedKey.unwrap(wrapped, under: try source.key(derivation), derivation) else {
      throw SluiceError(
        .permission, "the ledger is sealed, and not by \(source.description)", at: SourceLocation(file: path),
        remedy: "Name the key that it was sealed with. Nothing was changed.")
    }
    return key
  }

  func store(_ db: Database) throws {
    let (kind, place) = source.stored
    try db.execute(
      sql: "UPDATE sealing SET state = ?, kind = ?, place = ?, salt = ?, passes = ?, memory = ?, wrapped = ?",
      arguments: [
        phase.rawValue, kind, place, Data(derivation.salt), derivation.passes, derivation.memory, Data(wrapped),
      ])
  }

  static func storeOpen(_ db: Database) throws {
    try db.execute(
      sql: """
        UPDATE sealing SET state = 'open', kind = NULL, place = NULL, salt = NULL, passes = NULL, memory = NULL,
          wrapped = NULL
        """)
  }
}
