import Core
import LanguageModels
import Logging
import Synchronization
import Targets

/// Loads and hashes each checkpoint once, however many roles it plays.
final class CheckpointShelf: Sendable {
  private struct Key: Hashable {
    let folder: String
    let precision: WeightPrecision
  }

  private let decoders = Mutex<[Key: LoadedDecoder]>([:])
  private let fingerprints = Mutex<[String: String]>([:])

  /// - Parameter precision: of the weights at least: what is here in float32 serves as `stored`, whose results are the same bits.
  /// - Throws: `SluiceError` (usage) for a checkpoint that is missing or malformed.
  func decoder(_ folder: String, _ precision: WeightPrecision) throws -> LoadedDecoder {
    // Without an adapter both are the same.
    let isPlain = try precision == .frozen && AdaptedCheckpoint.at(folder) == nil
    let own = Key(folder: folder, precision: isPlain ? .stored : precision)
    let known = decoders.withLock { decoders in
      (precision == .frozen ? nil : decoders[Key(folder: folder, precision: .float32)]) ?? decoders[own]
    }
    if let known { return known }
    let fingerprint = try fingerprint(folder)
    let decoder = LoadedDecoder(
      fingerprint: fingerprint,
      model: try Logger.loading(folder, ["precision": "\(precision)", "sha256": "\(fingerprint)"]) {
        try CausalLanguageModel.load(folder: folder, precision: precision)
      })
    decoders.withLock { $0[own] = decoder }
    return decoder
  }

  func fingerprint(_ folder: String) throws -> String {
    if let known = fingerprints.withLock({ $0[folder] }) { return known }
    let began = ContinuousClock.now
    let fingerprint = try CheckpointIdentity.fingerprint(folder)
    Logger.models.debug(
      "checkpoint hashed", metadata: ["checkpoint": "\(folder)", "seconds": (ContinuousClock.now - began).logged])
    fingerprints.withLock { $0[folder] = fingerprint }
    return fingerprint
  }
}
