import CLibcurl
import Core
import Foundation
import Synchronization

/// The thread that owns a multi handle. Everything else talks to it through the inbox and `curl_multi_wakeup`.
final class CurlLoop: Sendable {
  private struct Inbox {
    var orders: [TransferOrder] = []
    var stopping = false
    /// Nil once the thread has let go of it; only `curl_multi_wakeup` may be called on it from other threads.
    var multi: UnsafeMutableRawPointer?
  }

  private let inbox: Mutex<Inbox>
  private let certificateAuthorities: String?

  /// libcurl's global state is set up once for the process.
  private static let globalCode = sluice_global_init()

  init(certificateAuthorities: String?) throws {
    guard CurlLoop.globalCode == CURLE_OK, let multi = curl_multi_init() else {
      throw InternalError("libcurl can't be initialised")
    }
    self.certificateAuthorities = certificateAuthorities
    inbox = Mutex(Inbox(multi: multi))
    let thread = Thread { [self] in run() }
    thread.name = "sluice-http"
    thread.start()
  }

  func submit(_ order: TransferOrder) {
    let accepted = inbox.withLock { inbox in
      guard inbox.multi != nil, !inbox.stopping else { return false }
      inbox.orders.append(order)
      return true
    }
    if accepted {
      wake()
    } else {
      order.continuation.resume(throwing: TransportFailure(.permanent, "the HTTP transport has been closed"))
    }
  }

  /// Makes the thread look at its inbox and tickets now.
  func wake() {
    inbox.withLock { inbox in
      if let multi = inbox.multi { curl_multi_wakeup(multi) }
    }
  }

  func stop() {
    inbox.withLock { $0.stopping = true }
    wake()
  }

  private func run() {
    guard let multi = inbox.withLock({ $0.multi }) else { return }
    var active: [UnsafeMutableRawPointer: CurlTransfer] = [:]
    while true {
      let (orders, stopping) = inbox.withLock { inbox in
        defer { inbox.orders = [] }
        return (inbox.orders, inbox.stopping)
      }
      for order in orders { start(order, on: multi, active: &active) }
      for (handle, transfer) in active where transfer.flag.isCancelled {
        curl_multi_remove_handle(multi, handle)
        active[handle] = nil
        transfer.finish(throwing: CancellationError())
      }
      var running: Int32 = 0
      let code = curl_multi_perform(multi, &running)
      collect(from: multi, active: &active)
      if code != CURLM_OK || (stopping && active.isEmpty) { break }
      // The time limit only bounds the damage of a lost wake-up; libcurl's own timers shorten it where needed.
      curl_multi_poll(multi, nil, 0, active.isEmpty ? 60_000 : 1_000, nil)
    }
    close(multi, active)
  }

  private func start(
    _ order: TransferOrder, on multi: UnsafeMutableRawPointer, active: inout [UnsafeMutableRawPointer: CurlTransfer]
  ) {
    guard !order.flag.isCancelled else {
      order.continuation.resume(throwing: CancellationError())
      return
    }
    do {
      let transfer = try CurlTransfer(order, certificateAuthorities: certificateAuthorities)
      let code = curl_multi_add_handle(multi, transfer.handle)
      guard code == CURLM_OK else {
        transfer.finish(throwing: TransportFailure(.permanent, "libcurl refused the transfer (\(code.rawValue))"))
        return
      }
      active[transfer.handle] = transfer
    } catch {
      order.continuation.resume(throwing: error)
    }
  }

  private func collect(
    from multi: UnsafeMutableRawPointer, active: inout [UnsafeMutableRawPointer: CurlTransfer]
  ) {
    var waiting: Int32 = 0
    while let message = curl_multi_info_read(multi, &waiting) {
      guard message.pointee.msg == CURLMSG_DONE, let handle = message.pointee.easy_handle else { continue }
      // The message dies with the handle's removal, so its result is read first.
      let result = message.pointee.data.result
      curl_multi_remove_handle(multi, handle)
      active.removeValue(forKey: handle)?.finish(result)
    }
  }

  private func close(_ multi: UnsafeMutableRawPointer, _ active: [UnsafeMutableRawPointer: CurlTransfer]) {
    let late = inbox.withLock { inbox in
      inbox.multi = nil
      defer { inbox.orders = [] }
      return inbox.orders
    }
    let closed = TransportFailure(.permanent, "the HTTP transport has been closed")
    for order in late { order.continuation.resume(throwing: closed) }
    for (handle, transfer) in active {
      curl_multi_remove_handle(multi, handle)
      transfer.finish(throwing: closed)
    }
    curl_multi_cleanup(multi)
  }
}
