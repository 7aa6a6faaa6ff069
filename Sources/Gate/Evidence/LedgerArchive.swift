import Core
import Evidence

/// The ledger as responses and scores see it, in the name of one run.
struct LedgerArchive: ResponseArchive {
  let ledger: Ledger
  let run: String
  let scopes: Scopes

  /// Which responses and verdicts may be reused: those of one scope alone, by fingerprint of model or judge.
  struct Scopes: Sendable {
    var models: [String: String] = [:]
    var judges: [String: String] = [:]
  }

  func stored(_ requests: [TargetRequest], of target: any Target) throws -> [Response?] {
    try ledger.responses(requests.map { key($0, target) }, reusedBy: run)
  }

  func commit(_ outcomes: [(request: TargetRequest, outcome: ResponseOutcome)], of target: any Target) throws {
    try ledger.store(outcomes.map { (key($0.request, target), $0.outcome) }, run: run)
  }

  func failures(_ requests: [TargetRequest], of target: any Target) throws -> [ResponseFailure?] {
    try ledger.failures(requests.map { key($0, target) }, of: run)
  }

  func scores(_ requests: [JudgedRequest], of target: any Target, by judge: any Judge) throws -> [Score?] {
    try ledger.scores(
      requests.map { (key($0.request, target), $0.input.category) }, judge: judge.fingerprint,
      scope: scopes.judges[judge.fingerprint] ?? "")
  }

  func commit(
    _ scores: [(request: JudgedRequest, score: Score)], of target: any Target, by judge: any Judge
  ) throws {
    try ledger.store(
      scores.map { (key($0.request.request, target), $0.request.input.category, $0.score) }, judge: judge.fingerprint,
      scope: scopes.judges[judge.fingerprint] ?? "")
  }

  private func key(_ request: TargetRequest, _ target: any Target) -> ResponseKey {
    ResponseKey(
      target: target.fingerprint, prompt: request.prompt, settings: target.settings, sampleIndex: request.sampleIndex,
      scope: scopes.models[target.fingerprint] ?? (target.identifiesBytes ? "" : run))
  }
}
