import Core

/// Sends messages that a server only has to take: a bounded number of times, for a bounded time, and nowhere else than to its address.
public struct MessageSender: Sendable {
  private let transport: any HTTPTransport
  private let policy: RetryPolicy
  private let patience: Duration
  private let clock: RetryClock
  private let proxies: ProxySettings

  /// - Parameters:
  ///   - patience: for one message, all tries and pauses together.
  ///   - environment: where the proxy is looked up.
  public init(
    transport: any HTTPTransport, environment: [String: String],
    policy: RetryPolicy = RetryPolicy(retries: 3, longestPause: .seconds(10), longestRequestedPause: .seconds(20)),
    patience: Duration = .seconds(60), clock: RetryClock = .continuous
  ) {
    self.transport = transport
    self.policy = policy
    self.patience = patience
    self.clock = clock
    proxies = ProxySettings(environment: environment)
  }

  /// libcurl, with the private certificate authority that `SSL_CERT_FILE` names, as for models.
  /// - Throws: `InternalError` when libcurl can't be set up.
  public init(environment: [String: String]) throws {
    let authorities = environment["SSL_CERT_FILE"].flatMap { $0.isEmpty ? nil : $0 }
    self.init(transport: try CurlTransport(certificateAuthorities: authorities), environment: environment)
  }

  /// - Parameters:
  ///   - seed: of the jitter.
  ///   - request: made anew for each try, so that it can bear its time.
  /// - Returns: nil where the server took it; else why not, one line without the address or anything of the message.
  public func send(seed: UInt64, _ request: () -> HTTPRequest) async -> String? {
    var random = SeededGenerator(seed: seed, stream: "message")
    let start = clock.now()
    var attempt = 0
    while true {
      attempt += 1
      var request = request()
      request.proxy = proxies.proxy(for: request.url)?.address
      let left = patience - (clock.now() - start)
      request.bounds.total = min(request.bounds.total, left)
      let failed: (why: String, mayHelp: Bool, retryAfter: Duration?)
      do {
        let response = try await transport.send(request)
        if (200..<300).contains(response.status) { return nil }
        let isPassing = [408, 425, 429].contains(response.status) || response.status >= 500
        failed = ("status \(response.status)", isPassing, response.retryAfter)
      } catch let failure as TransportFailure {
        failed = (failure.message, ![.permanent, .tooLarge].contains(failure.cause), nil)
      } catch {
        return "it was interrupted"
      }
      let tries = attempt == 1 ? "" : " (\(attempt) tries)"
      guard failed.mayHelp, attempt <= policy.retries else { return failed.why + tries }
      let pause = policy.pause(afterAttempt: attempt, retryAfter: failed.retryAfter, using: &random)
      guard clock.now() - start + pause < patience else { return failed.why + tries }
      do { try await clock.sleep(pause) } catch { return "it was interrupted" }
    }
  }
}
