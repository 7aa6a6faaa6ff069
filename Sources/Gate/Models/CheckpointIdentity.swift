import Evidence
import LanguageModels

/// What stands for a checkpoint in ledgers and reports.
enum CheckpointIdentity {
  /// The hash of its files; an adapter's holds its base's too, which it is nothing without.
  /// - Throws: `SluiceError` (usage) when it is missing or can't be read in full.
  static func fingerprint(_ path: String) throws -> String {
    let own = try SHA256.fingerprint(folder: path)
    guard let adapted = try AdaptedCheckpoint.at(path) else { return own }
    return SHA256.hex("adapter \(own) on \(try SHA256.fingerprint(folder: adapted.base))")
  }
}
