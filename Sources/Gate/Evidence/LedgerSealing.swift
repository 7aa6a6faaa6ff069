import Core
import Evidence
import Foundation

/// Seals ledgers and opens them for good; the audit chain says who did it.
public enum LedgerSealing {
  /// - Parameters:
  ///   - key: where the key is; nil to go on with what was broken off.
  /// - Returns: copies of the ledger beside it, which still hold every text in the clear.
  /// - Throws: `SluiceError`: usage (64) for a ledger that is sealed already; permission (77) for another key.
  public static func seal(
    ledger path: String, key: LedgerKeySource?, reason: String?, who: LedgerActor = .current(), now: Date = Date()
  ) throws -> [String] {
    try requireExistence(path)
    return try Ledger.seal(path: path, key: key, act: act(who, reason, "texts sealed"), now: now.timeIntervalSince1970)
  }

  /// - Parameter key: where the key is; nil for where it was used last.
  /// - Throws: `SluiceError`: usage (64) for a ledger that isn't sealed; permission (77) for another key.
  public static func unseal(
    ledger path: String, key: LedgerKeySource?, reason: String?, who: LedgerActor = .current(), now: Date = Date()
  ) throws {
    try requireExistence(path)
    try Ledger.unseal(path: path, key: key, act: act(who, reason, "texts unsealed"), now: now.timeIntervalSince1970)
  }

  /// - Parameters:
  ///   - old: where the present key is; nil for where it was used last.
  ///   - new: where the next one is.
  /// - Throws: `SluiceError`: usage (64) for a ledger that isn't sealed; permission (77) for another key.
  public static func rekey(
    ledger path: String, old: LedgerKeySource?, new: LedgerKeySource, reason: String?,
    who: LedgerActor = .current(), now: Date = Date()
  ) throws {
    try requireExistence(path)
    try Ledger.rekey(
      path: path, old: old, new: new, act: act(who, reason, "another key"), now: now.timeIntervalSince1970)
  }

  private static func act(_ who: LedgerActor, _ reason: String?, _ subject: String) -> LedgerAct {
    LedgerAct(who: who, reason: reason, subject: subject)
  }

  private static func requireExistence(_ path: String) throws {
    guard FileManager.default.fileExists(atPath: path) else {
      throw SluiceError.badInput(
        "the ledger isn't there", file: path, remedy: "Run a policy first, or name its ledger.")
    }
  }
}
