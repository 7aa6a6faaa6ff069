import Core
import Synchronization

/// A ledger that forgets: for studies that repeat everything from a seed.
final class TransientArchive: ResponseArchive {
  private struct State: Sendable {
    var responses: [TargetRequest: Response] = [:]
    var scores: [String: [JudgedRequest: Score]] = [:]
  }

  /// One target for each archive, so a request is key enough.
  private let state = Mutex(State())

  func stored(_ requests: [TargetRequest], of target: any Target) throws -> [Response?] {
    state.withLock { state in requests.map { state.responses[$0] } }
  }

  func commit(_ outcomes: [(request: TargetRequest, outcome: ResponseOutcome)], of target: any Target) throws {
    state.withLock { state in
      for (request, outcome) in outcomes {
        if case .success(let response) = outcome { state.responses[request] = response }
      }
    }
  }

  func scores(_ requests: [JudgedRequest], of target: any Target, by judge: any Judge) throws -> [Score?] {
    state.withLock { state in requests.map { state.scores[judge.fingerprint]?[$0] } }
  }

  func commit(
    _ scores: [(request: JudgedRequest, score: Score)], of target: any Target, by judge: any Judge
  ) throws {
    state.withLock { state in
      for (request, score) in scores { state.scores[judge.fingerprint, default: [:]][request] = score }
    }
  }
}
