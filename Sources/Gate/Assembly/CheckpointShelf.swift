import Core
import LanguageModels
import Synchronization
import Targets

/// Loads and hashes each checkpoint once, however many roles it plays.
final class CheckpointShelf: Sendable {
  private let decoders = Mutex<[String: LoadedDecoder]>([:])
  private let fingerprints = Mutex<[String: String]>([:])

  /// - Throws: `SluiceError` (usage) for a checkpoint that is missing or malformed.
  func decoder(_ folder: String) throws -> LoadedDecoder {
    if let known = decoders.withLock({ $0[folder] }) { return known }
    let decoder = LoadedDecoder(
      fingerprint: try fingerprint(folder), model: try CausalLanguageModel.load(folder: folder))
    decoders.withLock { $0[folder] = decoder }
    return decoder
  }

  func fingerprint(_ folder: String) throws -> String {
    if let known = fingerprints.withLock({ $0[folder] }) { return known }
    let fingerprint = try CheckpointIdentity.fingerprint(folder)
    fingerprints.withLock { $0[folder] = fingerprint }
    return fingerprint
  }
}
