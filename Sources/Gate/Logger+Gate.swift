import Logging

extension Logger {
  /// The life of a run: what it begins with, its stages, its end.
  static let run = Logger(label: "sluice.run")
  /// What the ledger had, and what was committed to it.
  static let ledger = Logger(label: "sluice.ledger")
  /// Searches for attacks.
  static let search = Logger(label: "sluice.search")
  /// Checkpoints, and whether models and judges answer.
  static let models = Logger(label: "sluice.models")
  /// Files of reports, and services that are told of a verdict.
  static let reports = Logger(label: "sluice.reports")

  /// Notes which checkpoint was loaded, and in what time.
  /// - Throws: what `load` throws.
  static func loading<Loaded>(
    _ checkpoint: String, _ more: Metadata = [:], _ load: () throws -> Loaded
  ) rethrows -> Loaded {
    let began = ContinuousClock.now
    let loaded = try load()
    let seconds = (ContinuousClock.now - began).logged
    models.info(
      "checkpoint loaded", metadata: more.merging(["checkpoint": "\(checkpoint)", "seconds": seconds]) { $1 })
    return loaded
  }

  /// Whether an event of this level is written anywhere.
  func writes(_ level: Level) -> Bool { logLevel <= level }
}

extension Duration {
  /// For the metadata of a log, in seconds, to the millisecond.
  var logged: Logger.MetadataValue { .stringConvertible((inSeconds * 1_000).rounded() / 1_000) }
}

extension Int {
  /// For the metadata of a log.
  var logged: Logger.MetadataValue { .stringConvertible(self) }
}
