import Core
import Evidence
import LanguageModels

/// What stands for a checkpoint in ledgers and reports.
enum CheckpointIdentity {
  /// The hash of its files; an adapter's holds its base's too, which it is nothing without.
  /// - Throws: `SluiceError` (usage) when it is missing or can't be read in full.
  static func fingerprint(_ path: String) throws -> String {
    let own = try files(path)
    guard let adapted = try AdaptedCheckpoint.at(path) else { return own }
    return SHA256.hex("adapter \(own) on \(try files(adapted.base))")
  }

  /// A split model is the same whichever of its shards is named.
  private static func files(_ path: String) throws -> String {
    let shards = path.hasSuffix(".gguf") ? try GGUFShards.paths(of: path) : [path]
    if shards.count == 1 { return try SHA256.fingerprint(folder: path) }
    return SHA256.hex("shards " + (try shards.map { try SHA256.fingerprint(folder: $0) }.joined(separator: " ")))
  }
}
