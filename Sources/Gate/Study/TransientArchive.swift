import Core
import Evidence
import Synchronization

/// A ledger that forgets: for studies that repeat everything from a seed.
final class TransientArchive: ResponseArchive {
  private struct ScoreKey: Hashable {
    let row: Int64
    let category: String?
    let judge: String
  }

  private struct State: Sendable {
    var responses: [TargetRequest: StoredResponse] = [:]
    var scores: [ScoreKey: Score] = [:]
  }

  /// One target for each archive, so a request is key enough.
  private let state = Mutex(State())

  func stored(_ keys: [ResponseKey], reusedBy run: String?) throws -> [StoredResponse?] {
    state.withLock { state in keys.map { state.responses[Self.request($0)] } }
  }

  func store(_ outcomes: [(key: ResponseKey, outcome: ResponseOutcome)], run: String) throws -> [Int64?] {
    state.withLock { state in
      outcomes.map { key, outcome in
        guard case .success(let response) = outcome else { return nil }
        let request = Self.request(key)
        let stored =
          state.responses[request]
          ?? StoredResponse(row: Int64(state.responses.count), run: run, response: response)
        state.responses[request] = stored
        return stored.row
      }
    }
  }

  func scores(_ responses: [(row: Int64, category: String?)], judge: String, scope: String) throws -> [Score?] {
    state.withLock { state in
      responses.map { state.scores[ScoreKey(row: $0.row, category: $0.category, judge: judge)] }
    }
  }

  func store(_ scores: [(row: Int64, category: String?, score: Score)], judge: String, scope: String) throws {
    state.withLock { state in
      for (row, category, score) in scores {
        state.scores[ScoreKey(row: row, category: category, judge: judge)] = score
      }
    }
  }

  private static func request(_ key: ResponseKey) -> TargetRequest {
    TargetRequest(prompt: key.prompt, sampleIndex: key.sampleIndex)
  }
}
