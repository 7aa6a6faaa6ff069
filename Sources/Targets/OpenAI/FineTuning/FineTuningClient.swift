import Core
import Foundation

/// Speaks the files and fine-tuning calls of an OpenAI-compatible service (`/v1/files`, `/v1/fine_tuning/jobs`).
public final class FineTuningClient: Sendable {
  /// The service, its key and its limits.
  public let configuration: OpenAIConfiguration
  private let connection: ServerConnection

  private static let jobs = "fine_tuning/jobs"

  /// - Parameters:
  ///   - configuration: its `model` is what is tuned; its `api` means nothing here.
  ///   - environment: where the API key is looked up, and `SSL_CERT_FILE` for a private certificate authority.
  ///   - transport: nil for libcurl.
  ///   - retry: nil for the usual back-off with the configuration's number of retries.
  /// - Throws: `SluiceError` (64) for a URL that can't be used or a key that isn't there; `InternalError`.
  public init(
    _ configuration: OpenAIConfiguration, environment: [String: String] = ProcessInfo.processInfo.environment,
    transport: (any HTTPTransport)? = nil, retry: RetryPolicy? = nil, clock: RetryClock = .continuous
  ) throws {
    self.configuration = configuration
    // One call at a time, by a tuner with an outage limit of its own: giving up is not this client's business.
    var patient = configuration
    patient.failuresBeforeGivingUp = .max
    connection = try ServerConnection(
      openAI: patient.server, path: Self.jobs, environment: environment, transport: transport, retry: retry,
      clock: clock)
  }

  /// As `OpenAIClient.identity`.
  public var identity: String { connection.identity }

  /// Uploads training data. Sent again where it fails: a file that arrived twice costs nothing.
  /// - Parameter timeout: for one try.
  /// - Returns: the file's identifier.
  /// - Throws: `CancellationError` alone.
  public func upload(
    _ file: [UInt8], name: String, timeout: Duration, privateTexts: [String]
  ) async throws -> Result<String, ResponseFailure> {
    let seed = StableHash.fnv1a(file)
    var random = SeededGenerator(seed: seed, stream: "multipart boundary")
    let form = MultipartForm(fields: [("purpose", "fine-tune")], file: file, fileName: name, using: &random)
    return try await connection.send(seed: seed, retries: nil, privateTexts: privateTexts) {
      ServerConnection.Attempt(path: "files", contentType: form.contentType, body: form.body, timeout: timeout) {
        [self] response throws(MalformedReply) in
        try Self.identifier(json(response)["id"], of: "file")
      }
    }
  }

  /// Starts a job. One try only: where the answer is lost, the job may run all the same, and only `jobs` can tell.
  /// - Throws: `CancellationError` alone.
  public func create(
    _ order: FineTuningOrder, privateTexts: [String]
  ) async throws -> Result<FineTuningJob, ResponseFailure> {
    let body = order.body(model: configuration.model)
    return try await connection.send(seed: order.seed, retries: 0, privateTexts: privateTexts) {
      ServerConnection.Attempt(body: body, arrivesOnce: true) { [self] response throws(MalformedReply) in
        try FineTuningJob(json(response))
      }
    }
  }

  /// - Parameter retries: nil for the configuration's.
  /// - Returns: nil for a job that the service doesn't know.
  /// - Throws: `CancellationError` alone.
  public func job(_ id: String, retries: Int? = nil) async throws -> Result<FineTuningJob?, ResponseFailure> {
    try await connection.send(seed: StableHash.fnv1a(id.utf8), retries: retries, privateTexts: []) {
      ServerConnection.Attempt(method: .get, path: Self.path(of: id), expects: { $0.status == 404 }) {
        [self] response throws(MalformedReply) in
        response.status == 404 ? nil : try FineTuningJob(json(response))
      }
    }
  }

  /// The newest jobs, up to a hundred; those that make no sense are left out.
  /// - Throws: `CancellationError` alone.
  public func jobs() async throws -> Result<[FineTuningJob], ResponseFailure> {
    try await connection.send(seed: 0, retries: nil, privateTexts: []) {
      ServerConnection.Attempt(method: .get) { [self] response throws(MalformedReply) in
        guard let list = try json(response)["data"]?.array else {
          throw MalformedReply(message: "the list of jobs has no 'data'")
        }
        return list.compactMap { try? FineTuningJob($0) }
      }
    }
  }

  /// Asks the service to stop a job.
  /// - Parameter timeout: for one try; there are two.
  /// - Throws: `CancellationError` alone.
  public func cancel(_ id: String, timeout: Duration) async throws -> Result<Void, ResponseFailure> {
    try await connection.send(seed: StableHash.fnv1a(id.utf8), retries: 1, privateTexts: []) {
      ServerConnection.Attempt(path: Self.path(of: id) + "/cancel", timeout: timeout) { _ in () }
    }
  }

  /// Why a job failed, in the service's words made fit to be shown; nil where it says nothing.
  public func reason(of job: FineTuningJob, privateTexts: [String]) -> String? {
    job.reason.flatMap { connection.presentable($0, privateTexts: privateTexts) }
  }

  private static func path(of id: String) -> String {
    let plain = CharacterSet(charactersIn: "-._~").union(.alphanumerics)
    return "\(jobs)/" + (id.addingPercentEncoding(withAllowedCharacters: plain) ?? id)
  }

  private func json(_ response: HTTPResponse) throws(MalformedReply) -> JSON {
    let json = try ForeignJSON.object(response.body, connection.redactor)
    let report = ServerReport(json)
    if report.isError, json["id"] == nil, json["data"] == nil {
      throw MalformedReply(message: "the response reports an error", report: report)
    }
    return json
  }

  /// An identifier ends up in addresses and files, so it is held to what identifiers look like.
  static func identifier(_ json: JSON?, of what: String) throws(MalformedReply) -> String {
    guard let id = json?.string else { throw MalformedReply(message: "the \(what) has no 'id'") }
    let isVisible = id.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f }
    guard isVisible, (1...200).contains(id.utf8.count), id != ".", id != ".." else {
      throw MalformedReply(message: "the \(what)'s 'id' is no identifier")
    }
    return id
  }
}
