import Core

/// The part of the ledger that responses and their scores live in.
protocol ResponseArchive: Sendable {
  /// What is stored for each request, in order; nil where the target was never asked (or never answered).
  func stored(_ requests: [TargetRequest], of target: any Target) throws -> [Response?]

  /// Commits outcomes; when this returns they survive a crash.
  func commit(_ outcomes: [(request: TargetRequest, outcome: ResponseOutcome)], of target: any Target) throws

  /// Why this run got no response to each request, in order; nil where nothing is noted.
  func failures(_ requests: [TargetRequest], of target: any Target) throws -> [ResponseFailure?]

  /// The stored scores for responses, in order; nil where this judge has not looked yet.
  func scores(_ requests: [JudgedRequest], of target: any Target, by judge: any Judge) throws -> [Score?]

  func commit(_ scores: [(request: JudgedRequest, score: Score)], of target: any Target, by judge: any Judge) throws
}

extension ResponseArchive {
  /// Notes none.
  func failures(_ requests: [TargetRequest], of target: any Target) throws -> [ResponseFailure?] {
    requests.map { _ in nil }
  }
}

/// A response as a judge sees it: which one, its text, and the category it is judged for.
struct JudgedRequest: Hashable, Sendable {
  let request: TargetRequest
  let input: JudgeInput
}
