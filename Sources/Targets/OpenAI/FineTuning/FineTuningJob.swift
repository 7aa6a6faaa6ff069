import Core

/// What a fine-tuning service says of one of its jobs.
public struct FineTuningJob: Hashable, Sendable {
  /// How far a job is.
  public enum State: Hashable, Sendable {
    /// Waiting or at work, in the service's own word.
    case live(String)
    /// Done; the model is served.
    case succeeded
    /// Ended without a model.
    case failed
    /// Ended at somebody's word.
    case cancelled
  }

  /// The service's name for the job.
  public let id: String
  /// How far it is.
  public let state: State
  /// The file that it learns from.
  public let trainingFile: String?
  /// The name under which the result is served; nil until there is one.
  public let model: String?
  /// What the service bills; nil until it knows.
  public let trainedTokens: Int?
  /// The service's own words for why the job failed, as they came; `FineTuningClient.reason` makes them fit to be shown.
  let reason: String?

  /// Reads an object of `/v1/fine_tuning/jobs`. Statuses that aren't known are those of a live job.
  init(_ json: JSON) throws(MalformedReply) {
    guard case .object = json else { throw MalformedReply(message: "the response is \(json.kind), not a JSON object") }
    id = try FineTuningClient.identifier(json["id"], of: "job")
    guard let status = json["status"]?.string else { throw MalformedReply(message: "the job has no 'status'") }
    switch status.lowercased() {
    case "succeeded", "completed": state = .succeeded
    case "failed", "error": state = .failed
    case "cancelled", "canceled": state = .cancelled
    default: state = .live(ForeignMessage(String(status.prefix(40)), privateTexts: [])?.text ?? "at work")
    }
    trainingFile = json["training_file"]?.string
    model = json["fine_tuned_model"]?.string.flatMap { $0.isEmpty ? nil : $0 }
    trainedTokens = json["trained_tokens"]?.integer.flatMap { $0 >= 0 ? $0 : nil }
    reason = json["error"]?["message"]?.string ?? json["error"]?.string
  }

  /// Whether it still waits or works.
  public var isLive: Bool {
    if case .live = state { true } else { false }
  }
}

/// What a fine-tuning job is asked for.
public struct FineTuningOrder: Hashable, Sendable {
  /// Where the hyperparameters go in the request.
  public enum Form: String, CaseIterable, Sendable {
    /// `method: {type: supervised, supervised: {hyperparameters: …}}`
    case method
    /// `hyperparameters: …`, as services had it before 2025.
    case topLevel = "top-level"
  }

  /// Identifier of the uploaded file.
  public var trainingFile: String
  /// Becomes part of the tuned model's name; what services don't allow there is left out.
  public var suffix: String
  /// Seed of the service's training.
  public var seed: UInt64
  /// Passes over the training file.
  public var epochs: Int
  /// Nil leaves it to the service.
  public var batch: Int?
  /// Nil leaves it to the service.
  public var learningRateMultiplier: Double?
  /// Where the hyperparameters go in the request.
  public var form = Form.method

  public init(trainingFile: String, suffix: String, seed: UInt64, epochs: Int) {
    self.trainingFile = trainingFile
    self.suffix = suffix
    self.seed = seed
    self.epochs = epochs
  }

  func body(model: String) -> [UInt8] {
    var settings = [JSON.Member("n_epochs", .integer(epochs))]
    if let batch { settings.append(JSON.Member("batch_size", .integer(batch))) }
    if let learningRateMultiplier {
      settings.append(JSON.Member("learning_rate_multiplier", .number(learningRateMultiplier)))
    }
    let hyperparameters = JSON.Member("hyperparameters", .object(settings))
    var members = [
      JSON.Member("model", .string(model)), JSON.Member("training_file", .string(trainingFile)),
      // 31 bits: the smallest range among servers.
      JSON.Member("seed", .integer(Int(seed >> 33))),
    ]
    // Eighteen characters is the least that services take.
    let suffix = suffix.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" }.prefix(18)
    if !suffix.isEmpty { members.append(JSON.Member("suffix", .string(String(suffix)))) }
    switch form {
    case .topLevel: members.append(hyperparameters)
    case .method:
      let method = [JSON.Member("type", .string("supervised")), JSON.Member("supervised", .object([hyperparameters]))]
      members.append(JSON.Member("method", .object(method)))
    }
    return JSON.object(members).serializedBytes()
  }
}
