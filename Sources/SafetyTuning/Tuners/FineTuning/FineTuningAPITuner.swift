import Core
import Foundation
import Kinds
import Targets

/// Tunes through an OpenAI-compatible fine-tuning service: uploads the data set, starts a job, waits for its model.
///
/// The service is asked to stop a job whose run is interrupted or takes too long. What was started is noted in the job's
/// folder, so that a run that goes on waits for the job that is paid for and never starts a second one beside it.
public struct FineTuningAPITuner: Tuner {
  /// Which service tunes, with what, and within which bounds.
  public struct Settings: Hashable, Sendable {
    /// As published (Lee et al., ICLR 2025, appendix on safety tuning).
    public var epochs = 2
    /// Examples in one gradient step; nil leaves it to the service.
    public var batch: Int?
    /// Nil leaves it to the service.
    public var learningRateMultiplier: Double?
    /// Where the service looks for the three above.
    public var form = FineTuningOrder.Form.method
    /// Between two looks at a job in the beginning; grows to six times that.
    public var pollInterval = Duration.seconds(10)
    /// From upload to model, in this run; nil waits for ever.
    public var timeLimit: Duration? = .seconds(6 * 3600)
    /// For one attempt to upload the data set.
    public var uploadTimeout = Duration.seconds(600)
    /// How long the service may stay away in the middle of a job.
    public var outageLimit = Duration.seconds(1800)
    /// How long an interrupted run waits for the service to stop a job.
    public var cancelTimeout = Duration.seconds(10)
    /// In the currency of the price; nil for no limit.
    public var costLimit: Double?
    /// Price of a million tokens of training, as the service charges it.
    public var pricePerMillionTokens: Double?

    public init() {}
  }

  public let kind = "fine-tuning-api"
  public let fingerprint: String
  private let client: FineTuningClient
  private let settings: Settings
  private let clock: RetryClock

  /// - Parameters:
  ///   - configuration: its `model` is the one that is tuned.
  ///   - environment: where the API key is looked up, and `SSL_CERT_FILE` for a private certificate authority.
  ///   - transport: nil for libcurl.
  ///   - retry: nil for the usual back-off with the configuration's number of retries.
  ///   - clock: of pauses and limits.
  /// - Throws: `SluiceError` (64) for a URL that can't be used, a key that isn't there, or settings that make no sense;
  ///   `InternalError`.
  public init(
    _ configuration: OpenAIConfiguration, settings: Settings = Settings(),
    environment: [String: String] = ProcessInfo.processInfo.environment, transport: (any HTTPTransport)? = nil,
    retry: RetryPolicy? = nil, clock: RetryClock = .continuous
  ) throws {
    try Self.check(settings)
    client = try FineTuningClient(
      configuration, environment: environment, transport: transport, retry: retry, clock: clock)
    self.settings = settings
    self.clock = clock
    let shape = [
      "epochs \(settings.epochs)", settings.batch.map { "batch \($0)" },
      settings.learningRateMultiplier.map { "rate \($0)" },
    ]
    fingerprint = "fine-tuning-api|\(client.identity)|" + shape.compactMap(\.self).joined(separator: ", ")
  }

  private static func check(_ settings: Settings) throws {
    func refuse(_ message: String, _ remedy: String) -> SluiceError { SluiceError(.usage, message, remedy: remedy) }
    guard settings.epochs >= 1, settings.batch.map({ $0 >= 1 }) ?? true,
      settings.learningRateMultiplier.map({ $0 > 0 && $0.isFinite }) ?? true
    else {
      throw refuse("epochs, batch and learning rate multiplier of a fine-tuning job must be above 0", "Correct them.")
    }
    guard settings.costLimit.map({ $0 > 0 && $0.isFinite }) ?? true,
      settings.pricePerMillionTokens.map({ $0 >= 0 && $0.isFinite }) ?? true
    else {
      throw refuse("the cost limit or the price of fine-tuning is no amount of money", "Correct them.")
    }
    guard settings.costLimit == nil || settings.pricePerMillionTokens != nil else {
      throw refuse(
        "a cost limit for fine-tuning needs the price of a million training tokens",
        "Add the price that the service charges, or remove the limit.")
    }
  }

  public func tune(_ job: TuningJob, progress: @escaping @Sendable (String) -> Void) async throws -> TunedModel {
    guard !job.data.examples.isEmpty else { throw TuningFailure(.noData, "the data set has no example") }
    let tuning = RemoteTuning(
      client: client, settings: settings, clock: clock, job: job, fingerprint: fingerprint, progress: progress)
    return .served(try await tuning.run())
  }
}

extension TunerKind {
  static let fineTuningAPI = TunerKind(
    name: "fine-tuning-api", summary: "a fine-tuning service",
    keys: [
      epochs,
      PolicyKey(name: "poll", shape: .duration, fallback: "10s", help: "Between looks at a job."),
      PolicyKey(name: "price", shape: .number(0...1e9), help: "Of a million training tokens."),
      PolicyKey(
        name: "cost_limit", shape: .number(0...1e9), help: "Data sets that would cost more aren't sent (needs price)."),
      timeLimit,
    ] + OpenAIConfiguration.keys, tunes: { $0.recipe.asking(served: $0.recipe.name) != nil }
  ) { section, problems in
    problems.require(
      !section.has("cost_limit") || section.has("price"), "\(section.described).cost_limit needs price",
      at: section.place(of: "cost_limit"), remedy: "State what a million training tokens cost.")
    var settings = FineTuningAPITuner.Settings()
    settings.epochs = section.integer("epochs")
    settings.pollInterval = section.duration("poll") ?? settings.pollInterval
    settings.timeLimit = section.duration("time_limit")
    settings.costLimit = section.optionalNumber("cost_limit")
    settings.pricePerMillionTokens = section.optionalNumber("price")
    return FineTuningAPITuner.Recipe(configuration: OpenAIConfiguration(section), settings: settings)
  }
}

extension FineTuningAPITuner {
  struct Recipe: TunerRecipe {
    let configuration: OpenAIConfiguration
    let settings: Settings

    func make(tuning candidate: TargetChoice, _ context: TargetContext) throws -> any Tuner {
      try FineTuningAPITuner(configuration.redacting(context.redactor), settings: settings)
    }
  }
}
