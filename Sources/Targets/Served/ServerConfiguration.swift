import Core

/// Where a server is and how it wants to be treated, whatever protocol it speaks.
public struct ServerConfiguration: Hashable, Sendable {
  /// As the policy writes it; what it may leave out is the protocol's business.
  public var url: String
  /// The name under which the server knows the model.
  public var model: String
  /// What the served weights are a version of, in the policy's own words; nil where it doesn't say. A server can't prove
  /// it: it is a promise of those who deploy the model.
  public var revision: String?
  /// The environment variable that holds the key; nil for servers that need none.
  public var apiKeyVariable: String?
  /// Requests in flight, over all calls on one target.
  public var concurrency: Int
  /// Nil for no limit.
  public var requestsPerMinute: Double?
  /// For one try, from start to last byte.
  public var timeout: Duration
  /// For the connection, encryption included.
  public var connectTimeout: Duration
  /// Silence in the middle of a response.
  public var stallTimeout: Duration
  /// Tries after the first.
  public var retries: Int
  /// Bytes of a body after decompression: more is not read.
  public var maxResponseBytes: Int
  /// Bytes of a response's text; nil for what `Response` keeps at most.
  public var maxTextBytes: Int?
  /// After so many requests in a row have failed as unavailable, the rest fail at once.
  public var failuresBeforeGivingUp: Int
  /// How the server is started; nil where it runs already.
  public var serving: Serving?
  /// The secrets that no answer may bring into the ledger, a report or a log; the key of this server and what its address
  /// holds of the kind are added.
  public var redactor = Redactor()

  public init(
    url: String, model: String, revision: String? = nil, apiKeyVariable: String? = nil,
    concurrency: Int = 8, requestsPerMinute: Double? = nil, timeout: Duration = .seconds(60),
    connectTimeout: Duration = .seconds(10),
    stallTimeout: Duration = .seconds(20), retries: Int = 5, maxResponseBytes: Int = 8 << 20,
    failuresBeforeGivingUp: Int = 8
  ) {
    self.url = url
    self.model = model
    self.revision = revision
    self.apiKeyVariable = apiKeyVariable
    self.concurrency = concurrency
    self.requestsPerMinute = requestsPerMinute
    self.timeout = timeout
    self.connectTimeout = connectTimeout
    self.stallTimeout = stallTimeout
    self.retries = retries
    self.maxResponseBytes = maxResponseBytes
    self.failuresBeforeGivingUp = failuresBeforeGivingUp
  }
}

extension ServerConfiguration {
  /// The model's name as reports and the ledger have it: a secret in it stands as a part of its hash, so that two stay
  /// apart.
  public var shownModel: String { redactor.hashed(model) }

  /// The revision as reports and the ledger have it; nil where the policy names none.
  public var shownRevision: String? { revision.map(redactor.hashed) }
}
