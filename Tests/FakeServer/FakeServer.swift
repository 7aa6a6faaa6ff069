import Foundation
import Synchronization

/// A real HTTP/1.1 server on a loopback port, for tests: it answers as a closure says, and it can misbehave in ways that
/// well-behaved server libraries refuse to (half-sent bodies, resets, silence, endless bodies).
///
/// One thread accepts, one serves each connection; connections are kept alive.
public final class FakeServer: Sendable {
  /// - Parameter index: how many requests came before this one.
  public typealias Answer = @Sendable (_ request: FakeRequest, _ index: Int) -> FakeReply
  /// Whether to end the connection with a TCP reset in the middle of a request's body.
  /// - Parameter request: without its body. Such a request is not among `requests`.
  public typealias Cut = @Sendable (_ request: FakeRequest) -> Bool

  private struct State {
    var requests: [FakeRequest] = []
    var inFlight = 0
    var peakInFlight = 0
    var connections: Set<Int32> = []
    var connectionsOpened = 0
    var stopped = false
  }

  public let port: UInt16
  private let listener: Int32
  private let answer: Answer
  private let cuts: Cut
  private let state = Mutex(State())

  public var url: String { "http://127.0.0.1:\(port)" }
  /// Everything that was asked, in order of arrival.
  /// A copy of their own for the callers: what is shared until one side writes looks like a race to ThreadSanitizer.
  public var requests: [FakeRequest] { state.withLock { $0.requests.map(\.self) } }
  /// The largest number of requests that were unanswered at one moment.
  public var peakInFlight: Int { state.withLock { $0.peakInFlight } }
  public var connectionsOpened: Int { state.withLock { $0.connectionsOpened } }

  /// - Parameter port: 0 for a free one.
  public init(port: UInt16 = 0, cutting cuts: @escaping Cut = { _ in false }, _ answer: @escaping Answer) throws {
    let (listener, port) = try LoopbackSocket.listen(port: port)
    self.listener = listener
    self.port = port
    self.answer = answer
    self.cuts = cuts
    Thread { [self] in accept() }.start()
  }

  /// A port on which nothing listens (it was free a moment ago).
  public static func deadPort() throws -> UInt16 {
    let (listener, port) = try LoopbackSocket.listen()
    close(listener)
    return port
  }

  /// Whether anything on 127.0.0.1 accepts connections to `port`.
  public static func listens(on port: UInt16) -> Bool { LoopbackSocket.connects(to: port) }

  /// Ends all connections; requests in flight get no answer.
  public func stop() {
    shutdown(listener, Int32(SHUT_RDWR))
    state.withLock { state in
      state.stopped = true
      // Under the lock: a moment later one may be closed, and its number another file's.
      for connection in state.connections { shutdown(connection, Int32(SHUT_RDWR)) }
    }
  }

  /// Runs `body` with a server, and stops it whatever happens.
  public static func run<Result>(
    cutting cuts: @escaping Cut = { _ in false }, answering answer: @escaping Answer,
    _ body: (FakeServer) async throws -> Result
  ) async throws -> Result {
    let server = try FakeServer(cutting: cuts, answer)
    defer { server.stop() }
    return try await body(server)
  }

  private var isStopped: Bool { state.withLock { $0.stopped } }

  private func accept() {
    while true {
      let connection = Foundation.accept(listener, nil, nil)
      guard connection >= 0 else { break }
      let welcome = state.withLock { state in
        guard !state.stopped else { return false }
        state.connections.insert(connection)
        state.connectionsOpened += 1
        return true
      }
      guard welcome else {
        close(connection)
        break
      }
      Thread { [self] in
        serve(connection)
        _ = state.withLock { $0.connections.remove(connection) }
        close(connection)
      }.start()
    }
    close(listener)
  }

  private func serve(_ connection: Int32) {
    var reader = RequestReader(connection)
    while let request = reader.next(cutting: cuts) {
      let index = state.withLock { state in
        state.requests.append(request)
        state.inFlight += 1
        state.peakInFlight = max(state.peakInFlight, state.inFlight)
        return state.requests.count - 1
      }
      var reply = answer(request, index)
      while case .after(let seconds, let next) = reply {
        wait(seconds)
        reply = next
      }
      // Counted as answered before the bytes leave: the client may ask again faster than this thread runs on.
      state.withLock { $0.inFlight -= 1 }
      guard send(reply, to: connection) else { return }
    }
  }

  private func wait(_ seconds: Double) {
    let end = ContinuousClock.now + .seconds(seconds)
    while ContinuousClock.now < end, !isStopped {
      Thread.sleep(forTimeInterval: min(0.02, max(0.001, (end - ContinuousClock.now) / .seconds(1))))
    }
  }

  /// - Returns: whether the connection can carry another request.
  private func send(_ reply: FakeReply, to connection: Int32) -> Bool {
    switch reply {
    case .whole(let status, let headers, let body):
      return LoopbackSocket.send(FakeReply.head(status, headers, length: body.count) + body, to: connection)
    case .halfBody(let body):
      _ = LoopbackSocket.send(FakeReply.head(200, [], length: body.count) + body.prefix(body.count / 2), to: connection)
    case .stall(let body, let seconds):
      _ = LoopbackSocket.send(FakeReply.head(200, [], length: body.count) + body.prefix(body.count / 2), to: connection)
      wait(seconds)
    case .drip(let body, let seconds):
      guard LoopbackSocket.send(FakeReply.head(200, [], length: body.count), to: connection) else { return false }
      for byte in body {
        guard !isStopped, LoopbackSocket.send([byte], to: connection) else { return false }
        wait(seconds)
      }
    case .endless(let bytes, let announced):
      let head = FakeReply.head(200, announced ? [] : ["Connection: close"], length: announced ? bytes : nil)
      guard LoopbackSocket.send(head, to: connection) else { return false }
      let piece = [UInt8](repeating: UInt8(ascii: " "), count: 1 << 16)
      var left = bytes
      while left > 0, !isStopped, LoopbackSocket.send(Array(piece.prefix(left)), to: connection) { left -= piece.count }
    case .reset: LoopbackSocket.resetOnClose(connection)
    case .hangUp: break
    case .after: break
    }
    return false
  }
}
