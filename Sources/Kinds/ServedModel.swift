/// What has to be known beforehand of a model behind a server: how much it is asked at a time, and how long that takes.
public struct ServedModel: Hashable, Sendable {
  /// The name under which the server knows the model.
  public let name: String
  /// What identifies the served bytes; nil where nobody says.
  public let revision: String?
  /// Whether the server itself says what identifies them.
  public var tellsRevision = false
  /// Requests in flight.
  public let concurrency: Int
  /// Nil for no limit.
  public let requestsPerMinute: Int?
  /// Seconds that one reply usually takes; nil where the policy doesn't say.
  public var latency: Double?
  /// Longest reply.
  public var maxTokens: Int
  /// What every request carries beside the transcript.
  public var overhead: String
  /// Whether it is asked once for each turn of a conversation's answers.
  public var takesTurnsApart = false

  public init(
    name: String, revision: String?, concurrency: Int, requestsPerMinute: Int?, latency: Double? = nil,
    maxTokens: Int = 0,
    overhead: String = ""
  ) {
    self.name = name
    self.revision = revision
    self.concurrency = concurrency
    self.requestsPerMinute = requestsPerMinute
    self.latency = latency
    self.maxTokens = maxTokens
    self.overhead = overhead
  }
}
