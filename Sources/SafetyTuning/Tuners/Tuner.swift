import Core

/// Makes a safety-tuned variant of a model from a data set.
public protocol Tuner: Sendable {
  /// `local`, `fine-tuning-api` or `command`.
  var kind: String { get }
  /// Identity of everything that shapes a variant except its data and seed: the model that is tuned and the settings.
  var fingerprint: String { get }
  /// Whether it needs `TuningJob.dataFile`; else the data in memory are enough.
  var readsDataFile: Bool { get }

  /// Tunes; returns when the variant can be asked.
  ///
  /// A job that is given again (after an interruption) goes on where it can: what was paid for is in its folder.
  /// - Throws: `TuningFailure` where this variant can't be had and others may; `SluiceError` where none can;
  ///   `CancellationError`, after whatever runs elsewhere was stopped.
  func tune(_ job: TuningJob, progress: @escaping @Sendable (_ note: String) -> Void) async throws -> TunedModel
}

extension Tuner {
  public var readsDataFile: Bool { true }
}

/// One variant to make.
public struct TuningJob: Sendable {
  /// For people: `gflownet-mle`, `all`, …
  public let variant: String
  /// What the variant learns.
  public let data: TuningData
  /// Exists, is this job's alone, and holds the data set as `TuningData.fileName` for tuners that read it.
  public let folder: String
  /// What shuffling and initial weights derive from.
  public let seed: UInt64

  public init(variant: String, data: TuningData, folder: String, seed: UInt64) {
    self.variant = variant
    self.data = data
    self.folder = folder
    self.seed = seed
  }

  /// The data set in the common chat format.
  public var dataFile: String { folder + "/" + TuningData.fileName }
}

/// Where a variant can be asked.
public enum TunedModel: Hashable, Codable, Sendable {
  /// A checkpoint folder in Hugging Face layout.
  case checkpoint(String)
  /// A model that the candidate's server serves under this name.
  case served(String)
}

/// Why there is no variant. The gate reports it and goes on with the others.
public struct TuningFailure: Error, Hashable, Codable, Sendable, CustomStringConvertible {
  /// What kept the variant from being made.
  public enum Cause: String, Codable, Sendable {
    /// The tuner ended with an error.
    case crashed
    /// It took longer than the policy allows.
    case timedOut = "timed-out"
    /// It ended well and named no model, or one that can't be loaded.
    case noModel = "no-model"
    /// It would cost more than the policy allows.
    case tooExpensive = "too-expensive"
    /// Its server refused or stayed away.
    case unavailable
    /// There was nothing to tune on.
    case noData = "no-data"
  }

  /// What kept it from being made.
  public let cause: Cause
  /// One sentence without a full stop, never with a secret or a model's text.
  public let message: String

  /// Makes a failure of its cause and a sentence without a full stop.
  public init(_ cause: Cause, _ message: String) {
    self.cause = cause
    self.message = message
  }

  public var description: String { message }
}
