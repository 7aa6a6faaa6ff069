import Core
import Logging

/// Who is asked, as far as a collector has to know.
struct Respondent: Sendable {
  /// Requests that may fail from one short outage.
  let concurrency: Int
  /// Requests that are on their way at once.
  let inFlight: Int
  /// Whether a reply that comes after a silence is followed by others at the same moment.
  var answersInBatches = false
  let probe: @Sendable () async throws -> Void
  /// What it is, what its replies are, and what tells it apart, in a log.
  var kind = "target"
  var replies = "responses"
  var logged: Logger.Metadata = [:]
  /// What a person is told where it is lost.
  let isLost: @Sendable (ResponseFailure) -> SluiceError
}

extension Respondent {
  init(_ target: any Target, as role: Role) {
    self.init(
      concurrency: target.preferredBatch, inFlight: target.inFlight, answersInBatches: target.answersInBatches,
      probe: target.probe,
      logged: ["role": "\(role)", "target": "\(target.name)"]
    ) { failure in
      SluiceError(
        .unavailable, "the \(role) target \(target.name) is unavailable: \(failure.message)",
        remedy: failure.isFinal
          ? "Check the API key, its permissions and its quota; nothing that was already answered is asked again (--resume)."
          : "Everything answered so far is stored; run again with --resume when the target is back.")
    }
  }

  init(_ judge: any RemoteJudge) {
    self.init(
      concurrency: judge.preferredBatch, inFlight: judge.inFlight, probe: judge.probe, kind: "judge", replies: "scores",
      logged: ["judge": "\(judge.name)"]
    ) { failure in
      SluiceError(
        .unavailable, "the judge \(judge.name) is unavailable: \(failure.message)",
        remedy: failure.isFinal
          ? "Check the API key, its permissions and its quota; no response that was already judged is judged again."
          : "Everything judged so far is stored; run again with --resume when the judge is back.")
    }
  }
}
