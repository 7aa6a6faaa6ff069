import Foundation
import Testing

@testable import Targets

@Suite("Sockets that libcurl wants to be watched", .timeLimit(.minutes(1)))
struct WatchedSocketsTests {
  /// Two sockets that are connected to each other.
  private struct Pair {
    let own: Int32
    let other: Int32

    init() throws {
      var numbers: [Int32] = [0, 0]
      try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &numbers) == 0)
      (own, other) = (numbers[0], numbers[1])
    }

    func say() { _ = write(other, "x", 1) }

    func hear() {
      var byte: UInt8 = 0
      _ = read(own, &byte, 1)
    }

    func end() {
      close(own)
      close(other)
    }
  }

  /// The sockets that are ready and wanted.
  private func ready(_ watch: SocketWatch, _ sockets: inout WatchedSockets) -> [Int32] {
    var found: [Int32] = []
    _ = watch.wait(atMost: .zero) { socket, _ in if sockets.isWanted(socket) { found.append(socket) } }
    return found
  }

  private func watches(_ socket: Int32, for wanted: SocketWatch.Readiness, _ sockets: inout WatchedSockets) -> Bool {
    sockets.watch(socket, for: wanted)
  }

  /// Whether the kernel tells of anything, wanted or not.
  private func isSilent(_ watch: SocketWatch) -> Bool { !watch.wait(atMost: .zero) { _, _ in } }

  @Test("A kept connection is told of when it is wanted, and of no use when it isn't", arguments: [true, false])
  func kept(isOwn: Bool) throws {
    let watch = try SocketWatch()
    var sockets = WatchedSockets(watch)
    let pair = try Pair()
    defer { pair.end() }
    if isOwn { sockets.opened(pair.own) }
    for _ in 0..<3 {
      #expect(watches(pair.own, for: .readable, &sockets))
      #expect(ready(watch, &sockets).isEmpty)
      pair.say()
      #expect(ready(watch, &sockets) == [pair.own])
      pair.hear()
      sockets.forget(pair.own)
    }
    // What comes while nobody waits, such as the end of an idle connection, is no news, and the kernel says it once at most.
    pair.say()
    #expect(ready(watch, &sockets).isEmpty)
    #expect(isSilent(watch))
    // A later wait is told.
    #expect(watches(pair.own, for: .readable, &sockets))
    #expect(ready(watch, &sockets) == [pair.own])
    #expect(watches(pair.own, for: [.readable, .writable], &sockets))
    #expect(ready(watch, &sockets) == [pair.own])
  }

  @Test("A new socket under the number of a closed one is watched anew")
  func sameNumber() throws {
    let watch = try SocketWatch()
    var sockets = WatchedSockets(watch)
    let first = try Pair()
    sockets.opened(first.own)
    #expect(watches(first.own, for: .readable, &sockets))
    sockets.forget(first.own)
    sockets.closed(first.own)
    let second = try Pair()
    defer {
      first.end()
      second.end()
    }
    // Closes the first one's and takes its number in one step: which number the kernel gives next depends on other tests.
    try #require(dup2(second.own, first.own) == first.own)
    sockets.opened(first.own)
    #expect(watches(first.own, for: .readable, &sockets))
    second.say()
    #expect(ready(watch, &sockets) == [first.own])
  }
}
