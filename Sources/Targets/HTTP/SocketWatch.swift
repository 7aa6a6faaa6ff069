import CLibcurl
import Core
import Foundation

/// Waits for sockets to become readable or writable, or for another thread's call (Linux's epoll).
///
/// Its cost doesn't grow with the sockets watched, unlike that of `poll`.
final class SocketWatch: Sendable {
  /// What a socket is ready for, as libcurl puts it.
  struct Readiness: OptionSet {
    let rawValue: Int32
    static let readable = Readiness(rawValue: 1)
    static let writable = Readiness(rawValue: 2)
    static let broken = Readiness(rawValue: 4)
  }

  private let epoll: Int32
  private let bell: Int32

  private static let mostAtOnce = 512

  /// - Throws: `InternalError` where the process has no descriptor left.
  init() throws {
    epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
    bell = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
    guard epoll >= 0, bell >= 0, control(EPOLL_CTL_ADD, bell, EPOLLIN.rawValue) else {
      let reason = String(cString: strerror(errno))
      for descriptor in [epoll, bell] where descriptor >= 0 { close(descriptor) }
      throw InternalError("the HTTP transport can't be set up: \(reason)")
    }
  }

  deinit {
    close(bell)
    close(epoll)
  }

  /// Ends the wait that is going on, else the next one. From any thread.
  func ring() {
    var one: UInt64 = 1
    _ = write(bell, &one, MemoryLayout<UInt64>.size)
  }

  /// Watches a socket for what `wanted` says, from now on.
  /// - Returns: false where the kernel won't.
  func watch(_ socket: Int32, for wanted: Readiness) -> Bool {
    var events: UInt32 = 0
    if wanted.contains(.readable) { events |= EPOLLIN.rawValue }
    if wanted.contains(.writable) { events |= EPOLLOUT.rawValue }
    // A closed socket leaves by itself, so its number may be there or not, whatever was asked before.
    if control(EPOLL_CTL_ADD, socket, events) { return true }
    return errno == EEXIST && control(EPOLL_CTL_MOD, socket, events)
  }

  func forget(_ socket: Int32) { _ = control(EPOLL_CTL_DEL, socket, 0) }

  private func control(_ operation: Int32, _ socket: Int32, _ events: UInt32) -> Bool {
    var event = epoll_event()
    event.events = events
    event.data.fd = socket
    return epoll_ctl(epoll, operation, socket, &event) == 0
  }

  /// Waits for at most `timeout` and calls `ready` for each socket.
  /// - Parameter timeout: rounded up to milliseconds; zero only looks.
  /// - Returns: whether anything was ready, or somebody rang.
  func wait(atMost timeout: Duration, _ ready: (_ socket: Int32, _ what: Readiness) -> Void) -> Bool {
    let milliseconds = timeout <= .zero ? 0 : Int32(clamping: timeout.wholeMilliseconds)
    return withUnsafeTemporaryAllocation(of: epoll_event.self, capacity: Self.mostAtOnce) { events in
      let count = epoll_wait(epoll, events.baseAddress, Int32(events.count), milliseconds)
      for index in 0..<max(0, Int(count)) {
        let event = events[index]
        if event.data.fd == bell {
          var rung: UInt64 = 0
          _ = read(bell, &rung, MemoryLayout<UInt64>.size)
          continue
        }
        var what: Readiness = []
        if event.events & EPOLLIN.rawValue != 0 { what.insert(.readable) }
        if event.events & EPOLLOUT.rawValue != 0 { what.insert(.writable) }
        if event.events & (EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0 { what.insert(.broken) }
        ready(event.data.fd, what)
      }
      return count > 0
    }
  }
}
