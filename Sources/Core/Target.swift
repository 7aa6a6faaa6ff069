/// How a target samples. Part of a response's identity in the ledger: equal settings, equal cache key.
public struct SamplingSettings: Hashable, Codable, Sendable {
  /// Softens the distribution over tokens; 0 takes the likeliest token each time.
  public var temperature: Double
  /// Probability mass of the likeliest tokens that sampling is limited to (nucleus sampling), up to 1.
  public var topP: Double
  /// Most tokens of one response.
  public var maxTokens: Int
  /// System prompt, nil for none.
  public var system: String?
  /// Wraps the attack where the target is a plain completion model; `{prompt}` is replaced. Nil for none.
  public var template: String?
  /// Local targets draw from this seed, so that a run repeats exactly; nil for servers, which have no such promise.
  public var seed: UInt64?
  /// Most bytes of a response's text, in UTF-8; nil for `Response.usualMaxBytes`. What is cut there is another response than under another
  /// limit.
  public var maxBytes: Int?

  public init(
    temperature: Double = 1, topP: Double = 1, maxTokens: Int = 64, system: String? = nil, template: String? = nil,
    seed: UInt64? = nil, maxBytes: Int? = nil
  ) {
    self.temperature = temperature
    self.topP = topP
    self.maxTokens = maxTokens
    self.system = system
    self.template = template
    self.seed = seed
    self.maxBytes = maxBytes == Response.usualMaxBytes ? nil : maxBytes
  }
}

/// One response that is wanted: the prompt and which of its samples.
public struct TargetRequest: Hashable, Sendable {
  /// A prompt, or the text of a `Conversation`.
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
  /// What the model answered; turns of a conversation in one text.
  public let text: String
  /// Tokens that were read, as the server or the tokenizer counts them.
  public let promptTokens: Int
  /// Tokens that were made.
  public let completionTokens: Int
  /// Seconds from request to last byte; 0 where batching makes it meaningless.
  public let latency: Double
  /// One of `FinishReason`, or another word of the server's.
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

/// Why a target can't be asked a conversation.
public struct ConversationObjection: Hashable, Sendable {
  /// To complete "The target can't be asked it: …".
  public let reason: String
  /// How to change the suite or the target, one sentence.
  public let remedy: String

  /// Takes what is wrong, after the target's name, and what to do.
  public init(_ reason: String, remedy: String) { (self.reason, self.remedy) = (reason, remedy) }
}

/// What became of one request.
public typealias ResponseOutcome = Result<Response, ResponseFailure>

/// A model under attack.
public protocol Target: Sendable {
  /// What a person calls it: the checkpoint's folder or the served model's name.
  var name: String { get }
  /// Identity of the model for the ledger: a hash of the checkpoint's files, or url, model and declared revision.
  var fingerprint: String { get }
  /// The fingerprint, equal for every spelling of where one served model is.
  var place: String { get }
  /// What the policy says it is a version of (`revision:`), or a local checkpoint's digest; nil where nobody says.
  var declaredRevision: String? { get }
  /// Whether `fingerprint` names the bytes that answer. Where it does not, another model may answer tomorrow under the same
  /// fingerprint, and a stored response is no evidence about it.
  var identifiesBytes: Bool { get }
  /// What the policy asked for and the server wouldn't take, one sentence each; known after the first answer.
  var notices: [String] { get }
  /// How the target samples, which its answers are stored under.
  var settings: SamplingSettings { get }
  /// How many requests are best given at once (a batch, or the connections kept busy).
  var preferredBatch: Int { get }
  /// How many of them are on their way at once.
  var inFlight: Int { get }
  /// Whether outcomes come in batches, many at the same moment.
  var answersInBatches: Bool { get }

  /// Why it can't be asked a conversation as it is; nil where it can. It is never asked a part of one instead.
  func objection(to conversation: Conversation) -> ConversationObjection?

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

  /// What the server tells of the model behind the name, as far as is known by now. Takes seconds at most; whatever goes
  /// wrong leaves signs out.
  /// - Throws: `CancellationError` alone.
  func signs() async throws -> ServerSigns
}

extension Target {
  public var place: String { fingerprint }
  public var inFlight: Int { preferredBatch }
  public var answersInBatches: Bool { false }
  public var declaredRevision: String? { nil }
  public var identifiesBytes: Bool { declaredRevision != nil }
  public var notices: [String] { [] }
  public func signs() async throws -> ServerSigns { ServerSigns() }

  public func objection(to conversation: Conversation) -> ConversationObjection? {
    ConversationObjection("it takes single prompts", remedy: "Name another target, or another suite.")
  }

  /// All outcomes, in the order of `requests`.
  public func respond(to requests: [TargetRequest]) async throws -> [ResponseOutcome] {
    let collected = OutcomeBox<ResponseOutcome>(count: requests.count)
    try await respond(to: requests) { index, outcome in collected.set(index, outcome) }
    return try collected.finished()
  }
}
