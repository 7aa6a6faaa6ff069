import Synchronization
import Targets

/// Answers from a script without any network; the last answer repeats.
final class ScriptedTransport: HTTPTransport {
  private let script: [Result<HTTPResponse, TransportFailure>]
  private let sent = Mutex<[HTTPRequest]>([])

  init(_ script: [Result<HTTPResponse, TransportFailure>]) { self.script = script }

  var requests: [HTTPRequest] { sent.withLock { $0 } }
  var count: Int { requests.count }

  func send(_ request: HTTPRequest) async throws -> HTTPResponse {
    let index = sent.withLock { sent in
      sent.append(request)
      return sent.count - 1
    }
    return try script[min(index, script.count - 1)].get()
  }
}

/// A clock that only its own pauses move on.
final class PausedTime: Sendable {
  private let elapsed = Mutex(Duration.zero)
  var now: Duration { elapsed.withLock { $0 } }

  var clock: RetryClock {
    RetryClock(now: { self.now }, sleep: { pause in self.elapsed.withLock { $0 += pause } })
  }
}
