import Core
import Foundation
import Logging

/// A server with the key to it, and the patience to ask until an answer comes.
///
/// What is sent and what an answer means is its callers' business; what a refusal means is the same for all.
final class ServerConnection: Sendable {
  /// What tells the model at this address from all others, in one line without secrets: declared revision, address with
  /// query, model name, and the protocol's own traits.
  var identity: String { identity(at: endpoint.identity) }

  /// The same for all spellings of the address: what leads to one model has one of these.
  var place: String { identity(at: WebAddress.place(of: endpoint.identity)) }

  private func identity(at address: String) -> String {
    let revision = configuration.shownRevision.map { "@" + Self.escaped($0.replacing("%", with: "%25")) } ?? ""
    let address = configuration.redactor.hashed(address)
    let parts = ["\(name)\(revision)", Self.escaped(address), configuration.shownModel] + traits.map(Self.escaped)
    return parts.joined(separator: "|")
  }

  /// The protocol's, the first word of the identity.
  private let name: String
  /// What else tells models apart, beside address and name.
  private let traits: [String]
  private let configuration: ServerConfiguration
  private let access: ServerAccess
  /// What the identity has as address.
  private let endpoint: ServerEndpoint
  private let refusals: ServerRefusals
  /// The usual call without its body: made once, not for each request.
  private let usualRequest: HTTPRequest
  private let client: RetryingClient
  /// Takes secrets out of everything that the server says.
  let redactor: Redactor
  private let clock: RetryClock
  /// Nil where the server is asked directly.
  private let proxy: ProxySettings.Proxy?

  /// - Parameters:
  ///   - name: of the protocol.
  ///   - traits: what else tells models apart at one address under one name, without secrets.
  ///   - access: to the usual call.
  ///   - knownAs: the address in the identity; nil for that of the usual call.
  ///   - environment: where the proxy is looked up, and `SSL_CERT_FILE` for a private certificate authority.
  ///   - transport: nil for libcurl.
  ///   - retry: nil for the usual back-off with the configuration's number of retries.
  ///   - waits: hears of every pause that the server asks for.
  /// - Throws: `InternalError` when libcurl can't be set up.
  init(
    _ configuration: ServerConfiguration, name: String, traits: [String] = [], access: ServerAccess,
    knownAs: ServerEndpoint? = nil, environment: [String: String],
    transport: (any HTTPTransport)?, retry: RetryPolicy?, clock: RetryClock, waits: @escaping WaitSink = { _ in }
  ) throws {
    self.name = name
    self.traits = traits
    self.configuration = configuration
    self.access = access
    self.endpoint = knownAs ?? access.endpoint
    let endpoint = access.endpoint
    proxy = ProxySettings(environment: environment).proxy(for: endpoint.url)
    redactor = configuration.redactor.union(endpoint.secrets + (proxy?.secrets ?? [])).union(access.secrets)
    self.clock = clock
    refusals = ServerRefusals(
      address: redactor.redacted(endpoint.address), model: configuration.shownModel, secrets: redactor,
      keyVariable: access.keyVariable)
    var usualRequest = HTTPRequest(
      method: access.method, url: endpoint.url,
      headers: Self.headers(access.method, contentType: Self.usualContentType, access),
      bounds: HTTPRequest.Bounds(
        connect: configuration.connectTimeout, total: configuration.timeout, stall: configuration.stallTimeout,
        bodyBytes: configuration.maxResponseBytes))
    usualRequest.proxy = proxy?.address
    usualRequest.files = access.files
    usualRequest.signature = access.signature
    self.usualRequest = usualRequest
    let authorities = environment["SSL_CERT_FILE"].flatMap { $0.isEmpty ? nil : $0 }
    var log = Logger.requests
    log[metadataKey: "server"] = "\(redactor.redacted(endpoint.address))"
    log[metadataKey: "model"] = "\(configuration.shownModel)"
    client = RetryingClient(
      transport: try transport
        ?? CurlTransport(certificateAuthorities: authorities, mostAtOnce: configuration.concurrency),
      policy: retry ?? RetryPolicy(retries: configuration.retries), concurrency: configuration.concurrency,
      requestsPerMinute: configuration.requestsPerMinute,
      failuresBeforeGivingUp: configuration.failuresBeforeGivingUp, clock: clock, waits: waits, log: log)
  }

  /// One try: what to send, how to read the answer, and whether a refusal can be mended by another body.
  struct Attempt<Value: Sendable>: Sendable {
    /// Nil for that of the usual call.
    var method: HTTPRequest.Method?
    /// Below the version; nil for the usual call.
    var path: String?
    var contentType = usualContentType
    var body: [UInt8] = []
    /// Beside those of every request.
    var headers: [HTTPRequest.Header] = []
    /// Instead of the configuration's.
    var timeout: Duration?
    /// Whether it does harm if the same try arrives twice.
    var arrivesOnce = false
    /// Whether an error's status is an answer of this call, and is read as such.
    var expects: @Sendable (HTTPResponse) -> Bool = { _ in false }
    let read: @Sendable (HTTPResponse) throws(MalformedReply) -> Value
    /// What a request has for its answer that a provider's filter stopped; nil where that is an error as any other.
    var blocked: (@Sendable (HTTPResponse, ServerReport) -> Value)?
    /// Called with what the server says for 400 and 422.
    var mends: @Sendable (ServerReport) -> Mending = { _ in .no }
  }

  /// Whether a refused request can be put right.
  enum Mending {
    case no
    /// The next body will be different.
    case yes
    /// Only by changing the policy; says how.
    case byPolicy(String)
  }

  /// - Parameters:
  ///   - seed: of the jitter in the back-off.
  ///   - retries: nil for the configuration's.
  ///   - isAside: whether its fate says nothing of the server's health.
  ///   - privateTexts: prompts and the like; a server's message that repeats one is withheld.
  ///   - attempt: called for each try.
  /// - Throws: `CancellationError` alone.
  func send<Value: Sendable>(
    seed: UInt64, retries: Int?, isAside: Bool = false, privateTexts: [String],
    attempt: @escaping @Sendable () -> Attempt<Value>
  ) async throws -> Result<Value, ResponseFailure> {
    let outcome: Result<Value, ResponseFailure> = try await client.send(
      seed: seed, retries: retries, isAside: isAside
    ) { [self] in
      let attempt = attempt()
      let refusals =
        attempt.path.map { self.refusals.at(redactor.redacted(access.endpoint.call($0).address)) } ?? self.refusals
      return RetryingClient.Attempt(request: request(attempt)) { response in
        let report: ServerReport
        if (200..<300).contains(response.status) || attempt.expects(response) {
          do throws(MalformedReply) {
            return .success(try attempt.read(response))
          } catch {
            guard let said = error.report, said.isError else {
              let message = Self.complaint(error, refusals, privateTexts)
              return .failure(FailedAttempt(.malformed, message, .retrySparingly))
            }
            report = said
          }
        } else {
          report = ServerReport(response.body, refusals.secrets)
        }
        return Self.outcome(of: attempt, response, report, refusals, privateTexts)
      }
    }
    // What the transport says may hold a part of the address.
    return outcome.mapError { ResponseFailure(kind: $0.kind, message: redactor.redacted($0.message)) }
  }

  /// What becomes of an attempt that the server answered with an error.
  private static func outcome<Value>(
    of attempt: Attempt<Value>, _ response: HTTPResponse, _ report: ServerReport, _ refusals: ServerRefusals,
    _ privateTexts: [String]
  ) -> Result<Value, FailedAttempt> {
    let status = (200..<300).contains(response.status) ? report.status : response.status
    if let blocked = attempt.blocked,
      ProviderBlock.explains(report, status: status, privateTexts: privateTexts)
    {
      return .success(blocked(response, report))
    }
    let mending = status == 400 || status == 422 ? attempt.mends(report) : .no
    var hint: String?
    if case .byPolicy(let text) = mending { hint = text }
    let failed = refusals.failure(response, report, hint: hint, privateTexts: privateTexts)
    guard case .yes = mending else { return .failure(failed) }
    return .failure(FailedAttempt(failed.failure.kind, failed.failure.message, .askDifferently))
  }

  private static func complaint(
    _ error: MalformedReply, _ refusals: ServerRefusals, _ privateTexts: [String]
  ) -> String {
    let said = error.report?.text.flatMap { refusals.secrets.presentable($0, privateTexts: privateTexts) }
    return "\(refusals.address): \(error.message)" + (said.map { ": \($0)" } ?? "")
  }

  /// A sentence for reports: the proxy could read the questions. Nil without one.
  var proxyNotice: String? {
    proxy.map { "Requests go through the proxy \($0.shown) (\($0.variable))." }
  }

  /// What the server said within an answer, made fit to be shown; nil where nothing printable is left.
  func presentable(_ said: String, privateTexts: [String]) -> String? {
    redactor.presentable(said, privateTexts: privateTexts)
  }

  /// Waits, by the clock of the pauses between tries.
  func pause(_ length: Duration) async throws { try await clock.sleep(length) }

  /// By the same clock, from any fixed moment.
  var now: Duration { clock.now() }

  /// Without the mark that ends a part of the identity.
  private static func escaped(_ text: String) -> String { text.replacing("|", with: "%7C") }

  /// Requests that are worth giving at a time, of which no more are under way than the configuration's concurrency.
  var width: Int { client.width }

  /// The time limit of a question that nothing depends on.
  var patienceAside: Duration { min(configuration.timeout, .seconds(10)) }

  /// Few tries, since a probe is to answer soon.
  var probeRetries: Int { min(2, configuration.retries) }

  private func request<Value>(_ attempt: Attempt<Value>) -> HTTPRequest {
    var request = usualRequest
    request.body = attempt.body
    request.arrivesOnce = attempt.arrivesOnce
    if let path = attempt.path { request.url = access.endpoint.call(path).url }
    if let timeout = attempt.timeout { request.bounds.total = timeout }
    let method = attempt.method ?? access.method
    if method != request.method || attempt.contentType != Self.usualContentType {
      request.method = method
      request.headers = Self.headers(method, contentType: attempt.contentType, access)
    }
    if !attempt.headers.isEmpty { request.headers += attempt.headers }
    return request
  }

  private static let usualContentType = "application/json"

  /// Those of the access come last, and stand for those of the same name.
  private static func headers(
    _ method: HTTPRequest.Method, contentType: String, _ access: ServerAccess
  ) -> [HTTPRequest.Header] {
    var headers = [HTTPRequest.Header("Accept", "application/json")]
    if method.hasBody { headers.append(HTTPRequest.Header("Content-Type", contentType)) }
    return headers.filter { usual in !access.headers.contains { $0.isCalled(usual.name) } } + access.headers
  }
}

/// Why a body isn't the answer that the protocol promises.
struct MalformedReply: Error {
  /// Never quotes the body.
  let message: String
  /// What the body says instead.
  var report: ServerReport?
}
