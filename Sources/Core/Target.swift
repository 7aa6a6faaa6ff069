/// How a target samples. Part of a response's identity in the ledger: equal settings, equal cache key.
public struct SamplingSettings: Hashable, Codable, Sendable {
  public var temperature: Double
  public var topP: Double
  public var maxTokens: Int
  /// System prompt, nil for none.
  public var system: String?
  /// Wraps the attack where the target is a plain completion model; `{prompt}` is replaced. Nil for none.
  public var template: String?
  /// Local targets draw from this seed, so that a run repeats exactly; nil for servers, which have no such promise.
  public var seed: UInt64?

  public init(
    temperature: Double = 1, topP: Double = 1, maxTokens: Int = 64, system: String? = nil, template: String? = nil,
    seed: UInt64? = nil
  ) {
    self.temperature = temperature
    self.topP = topP
    self.maxTokens = maxTokens
    self.system = system
    self.template = template
    self.seed = seed
  }
}

/// One response that is wanted: the prompt and which of its samples.
public struct TargetRequest: Hashable, Sendable {
  public let prompt: String
  /// Tells apart the responses to one prompt under one setting.
  public let sampleIndex: Int

  public init(prompt: String, sampleIndex: Int) {
    self.prompt = prompt
    self.sampleIndex = sampleIndex
  }
}

/// One completion of a target.
public struct Response: Hashable, Codable, Sendable {
  public let text: String
  public let promptTokens: Int
  public let completionTokens: Int
  /// Seconds from request to last byte; 0 where batching makes it meaningless.
  public let latency: Double
  /// `stop`, `length`, `content_filter` or as the server says.
  public let finishReason: String

  public init(
    text: String, promptTokens: Int = 0, completionTokens: Int = 0, latency: Double = 0, finishReason: String = "stop"
  ) {
    self.text = text
    self.promptTokens = promptTokens
    self.completionTokens = completionTokens
    self.latency = latency
    self.finishReason = finishReason
  }
}

/// Why one request got no usable response (after retries).
public struct ResponseFailure: Error, Hashable, Codable, Sendable, CustomStringConvertible {
  public enum Kind: String, Codable, Sendable {
    /// No connection, DNS, TLS, reset or time-out.
    case unreachable
    /// The server answered 401 or 403.
    case unauthorised
    /// 429 until retries ran out.
    case rateLimited
    /// 5xx until retries ran out.
    case serverError
    /// Another 4xx: the request itself was refused.
    case rejected
    /// The body was not what the protocol promises (no JSON, half sent, no choices, too large).
    case malformed
  }
  public let kind: Kind
  /// One line for a person; never holds a secret or a model's text.
  public let message: String

  public init(kind: Kind, message: String) {
    self.kind = kind
    self.message = message
  }

  public var description: String { "\(kind.rawValue): \(message)" }

  /// Whether the target as a whole can't be used, rather than this one request.
  public var meansUnavailable: Bool {
    switch kind {
    case .unreachable, .unauthorised, .rateLimited, .serverError: true
    case .rejected, .malformed: false
    }
  }
}

/// What became of one request.
public typealias ResponseOutcome = Result<Response, ResponseFailure>

/// A model under attack.
public protocol Target: Sendable {
  /// What a person calls it: the checkpoint's folder or the served model's name.
  var name: String { get }
  /// Identity of the model for the ledger: a hash of the checkpoint's files, or url + model + system fingerprint.
  var fingerprint: String { get }
  var settings: SamplingSettings { get }
  /// How many requests are best given at once (a batch, or the connections kept busy).
  var preferredBatch: Int { get }

  /// Asks for every request; reports each outcome as it arrives, exactly once for each index, in any order.
  ///
  /// A local target's outcome depends on (prompt, sample index, settings) alone, never on the batch around it.
  /// - Parameter onOutcome: called with the request's index in `requests`.
  /// - Throws: `CancellationError` when the task was cancelled; outcomes already reported stand.
  func respond(
    to requests: [TargetRequest], onOutcome: @escaping @Sendable (_ index: Int, _ outcome: ResponseOutcome) -> Void
  ) async throws

  /// One harmless request that proves the target answers.
  /// - Throws: `ResponseFailure`.
  func probe() async throws
}

extension Target {
  /// All outcomes, in the order of `requests`.
  public func respond(to requests: [TargetRequest]) async throws -> [ResponseOutcome] {
    let collected = OutcomeBox<ResponseOutcome>(count: requests.count)
    try await respond(to: requests) { index, outcome in collected.set(index, outcome) }
    return try collected.finished()
  }
}
