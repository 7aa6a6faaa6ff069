import CLibcurl

/// The sockets that libcurl wants to be watched, and what the kernel watches them for. Lives on the loop's thread alone.
///
/// A connection that is done with a request has the next one in a moment, so that what was watched goes on being watched: a kept
/// connection costs the kernel no call. What is ready although nobody waits for it is forgotten then.
struct WatchedSockets {
  private struct State {
    /// What the kernel watches it for; empty where it doesn't.
    var watched: SocketWatch.Readiness = []
    var wanted: SocketWatch.Readiness = []
    /// Whether `closed` will be called before its number is another socket's.
    var isOwn = false
  }

  private let watch: SocketWatch
  /// By the socket's number.
  private var states: [State] = []

  init(_ watch: SocketWatch) { self.watch = watch }

  /// A connection's socket, whose end is told by `closed`.
  mutating func opened(_ socket: Int32) { change(socket) { $0 = State(isOwn: true) } }

  /// The kernel forgets what is closed.
  mutating func closed(_ socket: Int32) { change(socket) { $0 = State() } }

  /// - Returns: false where the kernel won't.
  mutating func watch(_ socket: Int32, for wanted: SocketWatch.Readiness) -> Bool {
    let watch = watch
    return change(socket) { state in
      state.wanted = wanted
      if state.isOwn, state.watched == wanted { return true }
      guard watch.watch(socket, for: wanted) else { return false }
      state.watched = wanted
      return true
    }
  }

  mutating func forget(_ socket: Int32) {
    let watch = watch
    change(socket) { state in
      state.wanted = []
      if state.isOwn { return }
      watch.forget(socket)
      state.watched = []
    }
  }

  /// Whether somebody waits for the socket, which is ready; where nobody does, it is watched no more.
  mutating func isWanted(_ socket: Int32) -> Bool {
    let watch = watch
    return change(socket) { state in
      if !state.wanted.isEmpty { return true }
      watch.forget(socket)
      state.watched = []
      return false
    }
  }

  @discardableResult
  private mutating func change<Result>(_ socket: Int32, _ body: (inout State) -> Result) -> Result {
    let index = Int(max(0, socket))
    if index >= states.count { states += Array(repeating: State(), count: index + 1 - states.count) }
    return body(&states[index])
  }
}
