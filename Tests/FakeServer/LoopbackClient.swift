import Foundation

/// Sends what no well-behaved client would.
public enum LoopbackClient {
  public struct Reply: Sendable {
    public let status: Int
    /// Names in lower case.
    public let headers: [String: String]
    public let body: [UInt8]

    public var text: String { String(decoding: body, as: UTF8.self) }
  }

  /// One request on a connection of its own.
  /// - Parameters:
  ///   - lines: the request's head, without its ends of lines; `Connection: close` and the body's length are added.
  /// - Returns: nil where nothing, or no HTTP, comes back.
  public static func ask(port: UInt16, _ lines: [String], body: [UInt8] = []) -> Reply? {
    guard let socket = LoopbackSocket.connected(to: port) else { return nil }
    defer { close(socket) }
    let own = ["Connection: close"] + (body.isEmpty ? [] : ["Content-Length: \(body.count)"])
    guard LoopbackSocket.send(Array(((lines + own).joined(separator: "\r\n") + "\r\n\r\n").utf8) + body, to: socket)
    else { return nil }
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = recv(socket, &piece, piece.count, 0)
      if count < 0, errno == EINTR { continue }
      if count <= 0 { break }
      bytes += piece.prefix(count)
    }
    guard let head = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
    let first = String(decoding: bytes[..<head.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
    guard let status = first[0].split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else { return nil }
    let headers = first.dropFirst().compactMap { line -> (String, String)? in
      guard let colon = line.firstIndex(of: ":") else { return nil }
      return (line[..<colon].lowercased(), line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces))
    }
    return Reply(
      status: status, headers: Dictionary(headers) { first, _ in first }, body: Array(bytes[head.upperBound...]))
  }
}
