import Core
import Synchronization
import Targets

/// Counts what a remote judge was asked.
final class JudgeMeter: Sendable {
  private let counts = Mutex(JudgeUsage())

  var usage: JudgeUsage { counts.withLock { $0 } }

  func note(_ outcome: Result<ServerReply, ResponseFailure>) {
    switch outcome {
    case .success(let reply):
      replied(promptTokens: reply.promptTokens, completionTokens: reply.completionTokens, seconds: reply.latency)
    case .failure: failed()
    }
  }

  func replied(promptTokens: Int = 0, completionTokens: Int = 0, seconds: Double) {
    counts.withLock { counts in
      counts.replies += 1
      counts.promptTokens = counts.promptTokens.addingSaturated(promptTokens)
      counts.completionTokens = counts.completionTokens.addingSaturated(completionTokens)
      counts.seconds += seconds
    }
  }

  func failed() { counts.withLock { $0.failures += 1 } }
}
