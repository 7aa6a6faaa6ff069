import Foundation

/// The few socket calls that the server needs.
enum LoopbackSocket {
  struct Failure: Error {
    let call: String
    let code: Int32
  }

  /// A listening socket on a port of 127.0.0.1, 0 for a free one.
  static func listen(port wanted: UInt16 = 0) throws -> (socket: Int32, port: UInt16) {
    let socket = stream()
    guard socket >= 0 else { throw Failure(call: "socket", code: errno) }
    if wanted > 0 {
      // Connections of a server before it don't keep the port.
      var on: Int32 = 1
      setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
    }
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    var port: UInt16 = 0
    let bound = withAddress(port: wanted) { address, size in
      bind(socket, address, size) == 0 && Foundation.listen(socket, 256) == 0
        && getsockname(socket, address, &length) == 0
    } after: {
      port = UInt16(bigEndian: $0.sin_port)
    }
    guard bound else {
      defer { close(socket) }
      throw Failure(call: "bind", code: errno)
    }
    return (socket, port)
  }

  static func connects(to port: UInt16) -> Bool {
    guard let socket = connected(to: port) else { return false }
    close(socket)
    return true
  }

  /// Nil where nothing listens.
  static func connected(to port: UInt16) -> Int32? {
    let socket = stream()
    guard socket >= 0 else { return nil }
    let isConnected = withAddress(port: port) { address, size in
      connect(socket, address, size) == 0
    } after: { _ in
    }
    if isConnected { return socket }
    close(socket)
    return nil
  }

  private static func stream() -> Int32 {
    socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
  }

  /// Calls `body` with the C form of 127.0.0.1:`port`, and `after` with what it has become.
  private static func withAddress(
    port: UInt16, _ body: (UnsafeMutablePointer<sockaddr>, socklen_t) -> Bool, after: (sockaddr_in) -> Void
  ) -> Bool {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    let size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let result = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, size) }
    }
    after(address)
    return result
  }

  /// - Returns: false when the other side has gone.
  static func send(_ bytes: [UInt8], to socket: Int32) -> Bool {
    var sent = 0
    while sent < bytes.count {
      let count = bytes[sent...].withUnsafeBytes {
        Foundation.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      sent += count
    }
    return true
  }

  /// Makes the socket's closing a TCP reset.
  static func resetOnClose(_ socket: Int32) {
    var option = linger(l_onoff: 1, l_linger: 0)
    setsockopt(socket, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
  }
}

/// Reads one HTTP/1.1 request after another from a connection.
struct RequestReader {
  private let socket: Int32
  private var buffer: [UInt8] = []

  init(_ socket: Int32) { self.socket = socket }

  /// Nil at the end of the connection, or where `cuts` has ended it.
  mutating func next(cutting cuts: FakeServer.Cut) -> FakeRequest? {
    let blank = Array("\r\n\r\n".utf8)
    var head: Range<Int>?
    while head == nil {
      head = buffer.firstRange(of: blank)
      if head == nil, !fill() { return nil }
    }
    guard let head else { return nil }
    let lines = String(decoding: buffer[..<head.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
    let first = lines[0].split(separator: " ")
    guard first.count >= 2 else { return nil }
    let headers = lines.dropFirst().compactMap { line -> (name: String, value: String)? in
      guard let colon = line.firstIndex(of: ":") else { return nil }
      let value = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
      return (line[..<colon].lowercased(), value)
    }
    let length = headers.first { $0.name == "content-length" }.flatMap { Int($0.value) } ?? 0
    func request(_ body: [UInt8]) -> FakeRequest {
      FakeRequest(method: String(first[0]), path: String(first[1]), headers: headers, body: body)
    }
    if length > 0, cuts(request([])) {
      while buffer.count < head.upperBound + length / 2 { guard fill() else { return nil } }
      LoopbackSocket.resetOnClose(socket)
      return nil
    }
    while buffer.count < head.upperBound + length { guard fill() else { return nil } }
    let body = Array(buffer[head.upperBound..<head.upperBound + length])
    buffer.removeFirst(head.upperBound + length)
    return request(body)
  }

  private mutating func fill() -> Bool {
    var piece = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = recv(socket, &piece, piece.count, 0)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      buffer += piece.prefix(count)
      return true
    }
  }
}
