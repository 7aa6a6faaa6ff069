import Core
import Foundation
import Synchronization

/// A free port of 127.0.0.1 that no other program is given while it is held.
final class LoopbackPort: Sendable {
  let number: Int
  /// −1 once it was let go.
  private let descriptor: Mutex<Int32>

  /// - Throws: `SluiceError` (unavailable) where the system has no port left.
  init() throws {
    let socket = Self.stream(AF_INET)
    var port = 0
    let isBound =
      socket >= 0
      && Self.bind(socket, port: 0) { address in
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        return getsockname(socket, address, &length) == 0
      } after: {
        port = Int(UInt16(bigEndian: $0.sin_port))
      }
    guard isBound else {
      let code = errno
      if socket >= 0 { close(socket) }
      throw SluiceError(
        .unavailable, "there is no free port on 127.0.0.1 for a server: \(String(cString: strerror(code)))",
        remedy: "Write a port that is free into url and command.")
    }
    number = port
    descriptor = Mutex(socket)
  }

  deinit { letGo() }

  /// To be called just before the server that is to have it is started.
  func letGo() {
    descriptor.withLock { descriptor in
      if descriptor >= 0 { close(descriptor) }
      descriptor = -1
    }
  }

  /// Whether some program listens on the port already, at 127.0.0.1 or ::1.
  static func isTaken(_ port: Int) -> Bool { isBound(port) || answers(port) }

  private static func isBound(_ port: Int) -> Bool {
    let socket = stream(AF_INET)
    guard socket >= 0 else { return false }
    defer { close(socket) }
    // Connections of a server that has ended don't keep the port from the next one.
    var on: Int32 = 1
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
    return !bind(socket, port: UInt16(clamping: port), then: { _ in true }, after: { _ in }) && errno == EADDRINUSE
  }

  /// Whether a connection to ::1 comes about.
  private static func answers(_ port: Int) -> Bool {
    let socket = stream(AF_INET6)
    guard socket >= 0 else { return false }
    defer { close(socket) }
    var address = sockaddr_in6()
    address.sin6_family = sa_family_t(AF_INET6)
    address.sin6_port = UInt16(clamping: port).bigEndian
    address.sin6_addr = in6addr_loopback
    return withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in6>.size)) == 0
      }
    }
  }

  private static func stream(_ family: Int32) -> Int32 {
    #if canImport(Glibc)
      let kind = Int32(SOCK_STREAM.rawValue)
    #else
      let kind = SOCK_STREAM
    #endif
    let socket = Foundation.socket(family, kind, 0)
    if socket >= 0 { _ = fcntl(socket, F_SETFD, FD_CLOEXEC) }
    return socket
  }

  /// Binds a socket to 127.0.0.1:`port`.
  /// - Parameters:
  ///   - then: called with the address in its C form where that worked.
  ///   - after: called with what has become of the address.
  private static func bind(
    _ socket: Int32, port: UInt16, then: (UnsafeMutablePointer<sockaddr>) -> Bool, after: (sockaddr_in) -> Void
  ) -> Bool {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    let size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let result = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        Foundation.bind(socket, pointer, size) == 0 && then(pointer)
      }
    }
    after(address)
    return result
  }
}
