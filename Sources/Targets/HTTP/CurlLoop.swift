import CLibcurl
import Core
import Foundation
import Synchronization

/// The thread that owns a transfer engine. Everything else talks to it through the inbox.
final class CurlLoop: Sendable {
  private struct Inbox {
    var orders: [TransferOrder] = []
    /// Places that were given up.
    var left: [RequestPlace] = []
    /// Whether a transfer was cancelled since the thread last looked.
    var hasCancelled = false
    var stopping = false
    /// Why nothing is taken any more: the thread has gone.
    var end: TransportFailure?
    /// The thread waits, or is about to, so that news have to wake it.
    var isAsleep = false
  }

  private let inbox = Mutex(Inbox())
  private let watch: SocketWatch
  private let certificateAuthorities: String?
  private let mostAtOnce: Int

  /// libcurl's global state is set up once for the process.
  private static let globalCode = sluice_global_init()

  private static let closed = TransportFailure(.permanent, "the HTTP transport has been closed")

  /// - Throws: `InternalError` when libcurl can't be set up.
  init(certificateAuthorities: String?, mostAtOnce: Int) throws {
    guard CurlLoop.globalCode == CURLE_OK else { throw InternalError("libcurl can't be initialised") }
    watch = try SocketWatch()
    self.certificateAuthorities = certificateAuthorities
    self.mostAtOnce = mostAtOnce
    let thread = Thread { [self] in run() }
    thread.name = "sluice-http"
    thread.start()
  }

  func submit(_ order: TransferOrder) {
    let refusal = tell { inbox -> TransportFailure? in
      if let end = inbox.end ?? (inbox.stopping ? Self.closed : nil) { return end }
      inbox.orders.append(order)
      return nil
    }
    if let refusal { order.continuation.resume(throwing: refusal) }
  }

  /// Lets another request have the place.
  func free(_ place: RequestPlace) { tell { $0.left.append(place) } }

  /// Makes the thread look for transfers whose flag says that they were cancelled.
  func noteCancellation() { tell { $0.hasCancelled = true } }

  func stop() { tell { $0.stopping = true } }

  /// Changes the inbox, and wakes the thread where it would not see that by itself: nearly always it is at work.
  private func tell<Result: Sendable>(_ change: (inout Inbox) -> Result) -> Result {
    let (result, mustRing) = inbox.withLock { inbox in
      let result = change(&inbox)
      defer { inbox.isAsleep = false }
      return (result, inbox.isAsleep)
    }
    if mustRing { watch.ring() }
    return result
  }

  /// The engine is made by the thread that it lives on; where libcurl has none, every order is told so.
  private func run() {
    do {
      let engine = try TransferEngine(
        watch: watch, certificateAuthorities: certificateAuthorities, mostAtOnce: mostAtOnce)
      work(engine)
      refuse(Self.closed)
      engine.close(throwing: Self.closed)
    } catch {
      refuse(TransportFailure(.permanent, "\(error)"))
    }
  }

  private func work(_ engine: TransferEngine) {
    while true {
      let (orders, left, hasCancelled, stopping) = inbox.withLock { inbox in
        defer { (inbox.orders, inbox.left, inbox.hasCancelled, inbox.isAsleep) = ([], [], false, false) }
        return (inbox.orders, inbox.left, inbox.hasCancelled, inbox.stopping)
      }
      for place in left { engine.free(place) }
      guard engine.start(orders) else { break }
      if hasCancelled { engine.dropCancelled() }
      if stopping && engine.isIdle { break }
      let hasNews = inbox.withLock { inbox in
        // Stopping was seen, and the transfers under way are waited for.
        let hasNews = !inbox.orders.isEmpty || !inbox.left.isEmpty || inbox.hasCancelled || inbox.stopping != stopping
        inbox.isAsleep = !hasNews
        return hasNews
      }
      guard engine.turn(looksOnly: hasNews) else { break }
    }
  }

  /// Takes no order from now on, and turns away those that wait.
  private func refuse(_ reason: TransportFailure) {
    let late = inbox.withLock { inbox in
      inbox.end = reason
      defer { inbox.orders = [] }
      return inbox.orders
    }
    for order in late { order.continuation.resume(throwing: reason) }
  }
}
