import CLibcurl
import Core
import Foundation

/// libcurl's multi handle with its transfers and sockets, driven by events. Lives on the loop's thread alone.
///
/// Handles that have done their work are kept and used again for requests of the same kind, so that a request costs no
/// more than its body; connections are kept by libcurl.
final class TransferEngine {
  private let multi: UnsafeMutableRawPointer
  private let watch: SocketWatch
  fileprivate var sockets: WatchedSockets
  private let certificateAuthorities: String?
  private let mostAtOnce: Int
  /// Places that requests have taken: those under way, and those that wait to try again.
  private var placesTaken = 0
  /// Orders that wait for a place. They leave on this thread, in the turn in which one is given up: a connection is never idle for
  /// as long as another thread takes to think of the next request.
  private var waiting = OrderQueue()
  /// In no order: each knows its place.
  private var active: [CurlTransfer] = []
  private var idle: [CurlTransfer] = []
  /// When libcurl wants to be called although no socket is ready.
  fileprivate var deadline: ContinuousClock.Instant?
  private var isBroken = false

  private let clock = ContinuousClock()

  /// Handles kept for later; each takes a few kilobytes.
  private static let mostIdle = 1_024
  /// Connections kept open. By default libcurl closes most of them whenever few transfers are running.
  private static let mostConnections = 4_096
  /// Largest answer, in bytes, that gives up its place before it is read.
  private static let mostUnread = 64 << 10
  /// How long a wait lasts where nothing has a time of its own: every transfer is looked at then, since libcurl 7.88 may hold
  /// back what came for one HTTP/2 stream while it worked on another, and no event would tell.
  private static let patience = Duration.milliseconds(100)
  private static let patienceWithoutWork = Duration.seconds(60)

  /// - Throws: `InternalError` when libcurl can't be set up.
  init(watch: SocketWatch, certificateAuthorities: String?, mostAtOnce: Int) throws {
    guard let multi = curl_multi_init() else { throw InternalError("libcurl can't be initialised") }
    self.multi = multi
    self.watch = watch
    sockets = WatchedSockets(watch)
    self.certificateAuthorities = certificateAuthorities
    self.mostAtOnce = mostAtOnce
    let context = Unmanaged.passUnretained(self).toOpaque()
    guard sluice_multi_set_callbacks(multi, socketChanged, timerChanged, context) == CURLM_OK,
      sluice_multi_set_long(multi, CURLMOPT_MAXCONNECTS, Self.mostConnections) == CURLM_OK
    else {
      curl_multi_cleanup(multi)
      throw InternalError("libcurl has no event interface")
    }
  }

  /// Nothing is running.
  var isIdle: Bool { active.isEmpty }

  /// - Returns: false where libcurl's state is beyond repair.
  func start(_ orders: [TransferOrder]) -> Bool {
    let before = active.count
    for order in orders {
      if order.place.isTaken.load(ordering: .relaxed) { start(order) } else { waiting.append(order) }
    }
    while placesTaken < mostAtOnce, let order = waiting.popFirst() { start(order) }
    return active.count > before ? expire() : !isBroken
  }

  /// Takes a place back from a request.
  func free(_ place: RequestPlace) {
    if place.isTaken.exchange(false, ordering: .releasing) { placesTaken -= 1 }
  }

  private func start(_ order: TransferOrder) {
    guard !order.flag.isCancelled else {
      order.continuation.resume(throwing: CancellationError())
      return
    }
    guard order.mayLeave() else {
      order.continuation.resume(throwing: RequestKeptBack())
      return
    }
    do {
      let transfer: CurlTransfer
      if let kept = idle.last, kept.isMade(for: order.request) {
        idle.removeLast()
        transfer = kept
      } else {
        transfer = try CurlTransfer(like: order.request, certificateAuthorities: certificateAuthorities)
        guard
          sluice_set_socket_callbacks(
            transfer.handle, socketOpened, socketClosed, Unmanaged.passUnretained(self).toOpaque()) == CURLE_OK
        else { throw InternalError("libcurl doesn't tell of its sockets") }
      }
      try transfer.take(order)
      if !order.place.isTaken.exchange(true, ordering: .releasing) { placesTaken += 1 }
      let code = curl_multi_add_handle(multi, transfer.handle)
      guard code == CURLM_OK else {
        throw TransportFailure(.permanent, "libcurl refused the transfer (\(code.rawValue))")
      }
      transfer.slot = active.count
      active.append(transfer)
    } catch {
      order.continuation.resume(throwing: error)
    }
  }

  /// Ends the transfers that nobody wants any more.
  func dropCancelled() {
    for transfer in active where transfer.isCancelled {
      remove(transfer)
      transfer.finish(throwing: CancellationError())
    }
    for order in waiting.removeCancelled() { order.continuation.resume(throwing: CancellationError()) }
  }

  /// Waits until something happens, lets libcurl work on it, and hands on what has ended.
  /// - Parameter looksOnly: doesn't wait, since there is something else to do.
  /// - Returns: false where libcurl's state is beyond repair.
  func turn(looksOnly: Bool) -> Bool {
    collect()
    var timeout = looksOnly ? .zero : isIdle ? Self.patienceWithoutWork : Self.patience
    if let deadline { timeout = min(timeout, max(.zero, deadline - clock.now)) }
    var running: Int32 = 0
    let happened = watch.wait(atMost: timeout) { socket, what in
      guard sockets.isWanted(socket) else { return }
      note(curl_multi_socket_action(multi, socket, what.rawValue, &running))
    }
    if !happened, !looksOnly, !isIdle { note(curl_multi_perform(multi, &running)) }
    if let deadline, deadline <= clock.now { _ = expire() }
    collect()
    return !isBroken
  }

  /// Lets libcurl do what is due by its clock.
  private func expire() -> Bool {
    deadline = nil
    var running: Int32 = 0
    note(curl_multi_socket_action(multi, Self.noSocket, 0, &running))
    return !isBroken
  }

  /// `CURL_SOCKET_TIMEOUT`
  private static let noSocket: Int32 = -1

  private func note(_ code: CURLMcode) { if code != CURLM_OK { isBroken = true } }

  private func collect() {
    var waiting: Int32 = 0
    while let message = curl_multi_info_read(multi, &waiting) {
      guard message.pointee.msg == CURLMSG_DONE, let handle = message.pointee.easy_handle else { continue }
      // The message dies with the handle's removal, so its result is read first.
      let result = message.pointee.data.result
      guard let owner = sluice_get_owner(handle) else { continue }
      let transfer = Unmanaged<CurlTransfer>.fromOpaque(owner).takeUnretainedValue()
      remove(transfer)
      // The next one leaves before anybody has read this answer, unless many like it would fill the memory.
      if result == CURLE_OK, transfer.hasSucceeded, transfer.bodyBytes <= Self.mostUnread, let place = transfer.place,
        !place.waitsForReader()
      {
        free(place)
      }
      transfer.finish(result)
      if result == CURLE_OK, idle.count < Self.mostIdle { idle.append(transfer) }
    }
    _ = start([])
  }

  /// Takes a transfer out; the last one gets its place.
  private func remove(_ transfer: CurlTransfer) {
    curl_multi_remove_handle(multi, transfer.handle)
    let last = active.removeLast()
    if last !== transfer {
      last.slot = transfer.slot
      active[transfer.slot] = last
    }
  }

  /// Ends everything; the engine can't be used afterwards.
  func close(throwing error: TransportFailure) {
    for transfer in active {
      curl_multi_remove_handle(multi, transfer.handle)
      transfer.finish(throwing: error)
    }
    while let order = waiting.popFirst() { order.continuation.resume(throwing: error) }
    active = []
    idle = []
    curl_multi_cleanup(multi)
  }
}

/// Orders in the order of their coming.
private struct OrderQueue {
  private var orders: [TransferOrder] = []
  /// Index of the next one.
  private var place = 0

  mutating func append(_ order: TransferOrder) { orders.append(order) }

  mutating func popFirst() -> TransferOrder? {
    guard place < orders.count else { return nil }
    defer {
      place += 1
      // Those that have left take memory until then.
      if place == orders.count || place >= 512 {
        orders.removeFirst(place)
        place = 0
      }
    }
    return orders[place]
  }

  mutating func removeCancelled() -> [TransferOrder] {
    let rest = orders[place...]
    (orders, place) = (rest.filter { !$0.flag.isCancelled }, 0)
    return rest.filter { $0.flag.isCancelled }
  }
}

/// libcurl's word on which sockets to watch; `context` is the engine.
private func socketChanged(
  _ handle: UnsafeMutableRawPointer?, _ socket: curl_socket_t, _ what: Int32, _ context: UnsafeMutableRawPointer?,
  _ socketContext: UnsafeMutableRawPointer?
) -> Int32 {
  guard let context else { return -1 }
  let engine = Unmanaged<TransferEngine>.fromOpaque(context).takeUnretainedValue()
  switch what {
  case CURL_POLL_REMOVE: engine.sockets.forget(socket)
  case CURL_POLL_IN: return engine.sockets.watch(socket, for: .readable) ? 0 : -1
  case CURL_POLL_OUT: return engine.sockets.watch(socket, for: .writable) ? 0 : -1
  case CURL_POLL_INOUT: return engine.sockets.watch(socket, for: [.readable, .writable]) ? 0 : -1
  default: break
  }
  return 0
}

/// libcurl's word on a connection's new socket; `context` is the engine. Connections outlive the transfer that they are made for, and
/// none outlives the engine.
private func socketOpened(
  _ context: UnsafeMutableRawPointer?, _ socket: curl_socket_t, _ purpose: curlsocktype
) -> Int32 {
  if let context { Unmanaged<TransferEngine>.fromOpaque(context).takeUnretainedValue().sockets.opened(socket) }
  return CURL_SOCKOPT_OK
}

/// libcurl's wish that a connection's socket be closed; `context` is the engine.
private func socketClosed(_ context: UnsafeMutableRawPointer?, _ socket: curl_socket_t) -> Int32 {
  if let context { Unmanaged<TransferEngine>.fromOpaque(context).takeUnretainedValue().sockets.closed(socket) }
  return close(socket)
}

/// libcurl's word on when it wants to be called; `context` is the engine.
private func timerChanged(
  _ multi: UnsafeMutableRawPointer?, _ milliseconds: Int, _ context: UnsafeMutableRawPointer?
) -> Int32 {
  guard let context else { return -1 }
  let engine = Unmanaged<TransferEngine>.fromOpaque(context).takeUnretainedValue()
  engine.deadline = milliseconds < 0 ? nil : .now + .milliseconds(milliseconds)
  return 0
}
