import Core
import FlyingFox
import Foundation
import Synchronization

/// Serves the review page on this machine alone.
public final class ReviewServer: Sendable {
  private let server: HTTPServer
  private let entrance = Entrance()
  private let activity = Activity()
  private let passes: [RequestGuard.Pass]

  /// Seconds that an answer may take: a long search in a large run.
  private static let patience = 120.0

  init(_ desk: ReviewDesk, passes: [RequestGuard.Pass], port: UInt16) throws {
    self.passes = passes
    let site = ReviewSite(desk, entrance: entrance)
    server = HTTPServer(
      address: try sockaddr_in.inet(ip4: "127.0.0.1", port: port), timeout: Self.patience, logger: .disabled,
      handler: ClosureHTTPHandler { [activity] request in
        try await activity.during { HTTPResponse(await site.answer(try await PageRequest(request))) }
      })
  }

  /// Serves until its task is cancelled, or until it has answered and nobody has asked for a while.
  /// - Parameters:
  ///   - quiet: how long nobody asks before it ends; nil where it goes on.
  ///   - onListening: called with each reviewer's address once the addresses answer.
  /// - Returns: the port that it had.
  /// - Throws: `SluiceError` (usage) for a port that is taken or not allowed; what `onListening` throws.
  @discardableResult
  public func run(
    quiet: Duration? = nil,
    onListening: @escaping @Sendable (_ addresses: [(reviewer: String, url: String)]) throws -> Void
  ) async throws -> UInt16 {
    do {
      return try await withThrowingTaskGroup(of: UInt16?.self) { group in
        group.addTask {
          try await self.server.run()
          return nil
        }
        group.addTask {
          try await self.server.waitUntilListening()
          let port = await self.port
          try onListening(self.open(port))
          try await self.activity.end(after: quiet)
          return port
        }
        defer { group.cancelAll() }
        return try await group.next().flatMap(\.self) ?? 0
      }
    } catch {
      if error is SluiceError || Task.isCancelled && error is CancellationError { throw error }
      if Task.isCancelled { throw CancellationError() }
      throw SluiceError(
        .usage, "the port can't be used: \(error.localizedDescription)",
        remedy: "Name another with --port, or leave it out.")
    }
  }

  private var port: UInt16 {
    get async {
      if case .ip4(_, let port) = await server.listeningAddress { port } else { 0 }
    }
  }

  /// Lets reviewers in.
  private func open(_ port: UInt16) -> [(reviewer: String, url: String)] {
    entrance.open(RequestGuard(port: port, passes: passes))
    return passes.map { ($0.reviewer, "http://127.0.0.1:\(port)/\($0.token)/") }
  }
}

/// When somebody was answered last.
private final class Activity: Sendable {
  private struct State {
    var underWay = 0
    var last: ContinuousClock.Instant?
  }

  private let state = Mutex(State())

  func during<Result: Sendable>(_ work: @Sendable () async throws -> Result) async rethrows -> Result {
    state.withLock { $0.underWay += 1 }
    defer {
      state.withLock {
        $0.underWay -= 1
        $0.last = .now
      }
    }
    return try await work()
  }

  /// Returns once an answer is as old as that and no other is under way; never for nil.
  func end(after quiet: Duration?) async throws {
    guard let quiet else { return try await Task.sleep(for: .seconds(Int32.max)) }
    while true {
      let (underWay, last) = state.withLock { ($0.underWay, $0.last) }
      let left = last.map { quiet - ($0.duration(to: .now)) } ?? quiet
      if underWay == 0, last != nil, left <= .zero { return }
      try await Task.sleep(for: max(left, .milliseconds(50)))
    }
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
