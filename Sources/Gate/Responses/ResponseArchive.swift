import Core
import Evidence

/// The part of the ledger that responses and their scores live in.
protocol ResponseArchive: Sendable {
  /// What is stored under each key, in order; nil where the target was never asked (or never answered).
  func stored(_ keys: [ResponseKey], reusedBy run: String?) throws -> [StoredResponse?]

  /// Commits outcomes; when this returns they survive a crash.
  /// - Returns: the row of each response; nil for failures.
  func store(_ outcomes: [(key: ResponseKey, outcome: ResponseOutcome)], run: String) throws -> [Int64?]

  /// Why a run got no response, in the order of keys; nil where nothing is noted.
  func failures(_ keys: [ResponseKey], of run: String) throws -> [ResponseFailure?]

  /// The stored scores for responses, in order; nil where this judge has not looked yet.
  func scores(_ responses: [(row: Int64, category: String?)], judge: String, scope: String) throws -> [Score?]

  /// Commits scores; when this returns they survive a crash.
  func store(_ scores: [(row: Int64, category: String?, score: Score)], judge: String, scope: String) throws
}

extension ResponseArchive {
  /// Notes none.
  func failures(_ keys: [ResponseKey], of run: String) throws -> [ResponseFailure?] { keys.map { _ in nil } }
}

extension Ledger: ResponseArchive {}

/// Which stored responses and verdicts a run may reuse: those of one scope alone, by fingerprint of model or judge.
struct ResponseScopes: Sendable {
  /// In whose name responses are stored.
  var run = ""
  var models: [String: String] = [:]
  var judges: [String: String] = [:]

  func key(_ request: TargetRequest, of target: any Target) -> ResponseKey {
    ResponseKey(
      target: target.fingerprint, prompt: request.prompt, settings: target.settings, sampleIndex: request.sampleIndex,
      scope: models[target.fingerprint] ?? (target.identifiesBytes ? "" : run))
  }
}
