import Core
import Decisions
import Foundation
import Logging

/// Proves that everything a run needs is there, before anything is spent.
struct Preflight: Sendable {
  /// Below this much free disk a run doesn't start.
  static let leastFreeBytes = 64 << 20

  let progress: ProgressSink

  /// Asks every model one harmless question, all at once.
  /// - Throws: `SluiceError` (unavailable) naming the first model, in the order of roles, that doesn't answer.
  func probe(_ participants: [Participant]) async throws {
    var distinct: [Participant] = []
    for participant in participants where !distinct.contains(where: { $0.identity == participant.identity }) {
      distinct.append(participant)
    }
    let failures = try await withThrowingTaskGroup(of: (Int, ResponseFailure)?.self) { group in
      for (index, participant) in distinct.enumerated() {
        group.addTask {
          do {
            try await telling("the \(participant.role) target \(participant.target.name)") {
              try await participant.target.probe()
            }
            return nil
          } catch let failure as ResponseFailure {
            return (index, failure)
          }
        }
      }
      return try await group.reduce(into: [:] as [Int: ResponseFailure]) { all, failure in
        if let (index, failure) = failure { all[index] = failure }
      }
    }
    if let (index, failure) = failures.min(by: { $0.key < $1.key }) {
      throw Self.noAnswer(distinct[index], failure)
    }
  }

  /// Asks every judge behind a server about one harmless answer.
  /// - Throws: `SluiceError` (unavailable) naming the first that gives no verdict.
  func probe(_ judges: [any RemoteJudge]) async throws {
    for judge in judges {
      do {
        try await telling("the judge \(judge.name)") { try await judge.probe() }
      } catch let failure as ResponseFailure {
        throw SluiceError(
          .unavailable, "the judge \(judge.name) is unavailable: \(failure.message)",
          remedy: Self.remedy(failure))
      }
    }
  }

  /// Loads what searches need.
  /// - Throws: `SluiceError` naming what can't be had.
  func load(_ attackers: [any Attacker]) async throws {
    for attacker in attackers {
      try await telling("the attacker's engine") { try await attacker.load() }
    }
  }

  /// Says what is waited for where that takes long: servers may have a minute for each try.
  private func telling(_ whom: String, _ probe: () async throws -> Void) async throws {
    let progress = progress
    let ticker = Task {
      var waited = Self.quietWait
      try await Task.sleep(for: waited)
      while true {
        progress(.notice("waiting for \(whom) to answer a first question, for \(waited.components.seconds) s now"))
        try await Task.sleep(for: Self.tellingInterval)
        waited += Self.tellingInterval
      }
    }
    defer { ticker.cancel() }
    let began = ContinuousClock.now
    do {
      try await probe()
    } catch let failure as ResponseFailure {
      Logger.models.error(
        "no answer to a first question", metadata: ["whom": "\(whom)", "kind": "\(failure.kind.rawValue)"])
      throw failure
    }
    Logger.models.info(
      "first question answered", metadata: ["whom": "\(whom)", "seconds": (ContinuousClock.now - began).logged])
  }

  /// A probe that takes no longer is not worth a line.
  private static let quietWait = Duration.seconds(5)
  private static let tellingInterval = Duration.seconds(20)

  private static func noAnswer(_ participant: Participant, _ failure: ResponseFailure) -> SluiceError {
    SluiceError(
      .unavailable, "the \(participant.role) target \(participant.target.name) is unavailable: \(failure.message)",
      remedy: remedy(failure))
  }

  private static func remedy(_ failure: ResponseFailure) -> String {
    if failure.message.contains("max_tokens") {
      return "Raise max_tokens in the policy, or turn the model's reasoning off; nothing was asked yet."
    }
    return switch failure.kind {
    case .unauthorised: "Check the API key and its permissions; nothing was asked yet."
    case .quotaSpent: "Settle the account or use another key; nothing was asked yet."
    case .unreachable: "Check that the server runs and that url is right; nothing was asked yet."
    case .rateLimited, .serverError: "Wait until the server has recovered; nothing was asked yet."
    case .rejected, .malformed, .notServed: "Check url, model and api: the server answers, but not to this request."
    }
  }

  /// - Parameters:
  ///   - folder: where the ledger is.
  ///   - responses: how many the run may add, about 2 KB each.
  /// - Throws: `SluiceError` (interrupted: try again when there is room).
  func checkDisk(folder: String, responses: Int) throws {
    let attributes = try? FileManager.default.attributesOfFileSystem(forPath: folder.isEmpty ? "." : folder)
    guard let free = (attributes?[.systemFreeSize] as? NSNumber)?.int64Value else { return }
    let needed = Int64(Self.leastFreeBytes) + 2_048 * Int64(responses)
    if free < needed {
      throw SluiceError(
        .interrupted,
        "only \(free >> 20) MB of disk are free where the ledger is, and the run may need \(needed >> 20)",
        at: SourceLocation(file: folder), remedy: "Free some space, or set ledger.path to another disk.")
    }
  }
}
