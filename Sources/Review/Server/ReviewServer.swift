import Core
import FlyingFox
import Foundation
import Synchronization

/// Serves the review page on this machine alone.
public final class ReviewServer: Sendable {
  private let server: HTTPServer
  private let entrance = Entrance()
  private let passes: [RequestGuard.Pass]

  /// Seconds that an answer may take: a long search in a large run.
  private static let patience = 120.0

  /// - Parameters:
  ///   - reviewers: each gets an address of their own, which says who they are.
  ///   - port: 0 for any that is free.
  public init(_ desk: ReviewDesk, reviewers: [String], port: UInt16) throws {
    passes = reviewers.map { RequestGuard.Pass(reviewer: $0, token: RequestGuard.newToken()) }
    let site = ReviewSite(desk, entrance: entrance)
    server = HTTPServer(
      address: try sockaddr_in.inet(ip4: "127.0.0.1", port: port), timeout: Self.patience, logger: .disabled,
      handler: ClosureHTTPHandler { request in HTTPResponse(await site.answer(try await PageRequest(request))) })
  }

  /// Serves until its task is cancelled.
  /// - Parameter onListening: called with each reviewer's address once the addresses answer.
  /// - Throws: `SluiceError` (usage) for a port that is taken or not allowed; what `onListening` throws.
  public func run(
    onListening: @escaping @Sendable (_ addresses: [(reviewer: String, url: String)]) throws -> Void
  ) async throws {
    do {
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await self.server.run() }
        group.addTask {
          try await self.server.waitUntilListening()
          try onListening(await self.open())
          // The server is what ends the group.
          try await Task.sleep(for: .seconds(Int32.max))
        }
        defer { group.cancelAll() }
        try await group.next()
      }
    } catch {
      if error is SluiceError || Task.isCancelled && error is CancellationError { throw error }
      if Task.isCancelled { throw CancellationError() }
      throw SluiceError(
        .usage, "the port can't be used: \(error.localizedDescription)",
        remedy: "Name another with --port, or leave it out.")
    }
  }

  /// Lets reviewers in.
  private func open() async -> [(reviewer: String, url: String)] {
    guard case .ip4(_, let port) = await server.listeningAddress else { return [] }
    entrance.open(RequestGuard(port: port, passes: passes))
    return passes.map { ($0.reviewer, "http://127.0.0.1:\(port)/\($0.token)/") }
  }
}

/// The way in, closed until it is known where the server listens.
final class Entrance: Sendable {
  private let state = Mutex<RequestGuard?>(nil)

  func open(_ entrance: RequestGuard) { state.withLock { $0 = entrance } }

  func outcome(of request: PageRequest) -> RequestGuard.Outcome {
    state.withLock { $0 }?.outcome(of: request) ?? .refused
  }
}

extension PageRequest {
  /// Takes no more of a body than the page's script sends: what is longer, or doesn't say how long it is, is left out.
  fileprivate init(_ request: HTTPRequest) async throws {
    self.init(
      method: request.method.rawValue, path: request.target.path(),
      query: Dictionary(request.query.map { ($0.name, $0.value) }) { first, _ in first },
      host: request.headers[.host], origin: request.headers[HTTPHeader("Origin")],
      fetchSite: request.headers[HTTPHeader("Sec-Fetch-Site")], contentType: request.headers[.contentType])
    if let count = request.bodySequence.count, count <= ReviewSite.largestBody {
      body = [UInt8](try await request.bodyData)
    }
  }
}

extension HTTPResponse {
  fileprivate init(_ reply: PageReply) {
    var headers: [HTTPHeader: String] = [.contentType: reply.type]
    for (name, value) in PageReply.headers { headers[HTTPHeader(name)] = value }
    self.init(
      statusCode: HTTPStatusCode(reply.status, phrase: reply.status == 200 ? "OK" : "Not done"),
      headers: HTTPHeaders(headers), body: Data(reply.body))
  }
}
