import Core
import Decisions
import Foundation

/// Asks claimed attacks again, while their search goes on and after it.
struct ClaimConfirmer: Sendable {
  let service: ResponseService
  /// Scores fresh responses; it was not the reward.
  let judge: any Judge
  let rule: ConfirmationRule
  /// The run's number in its ledger; see `SampleIndices.confirmation`.
  let run: Int

  func identity() throws -> String { try Self.identity(judge, rule) }

  /// Equal where equal responses are decided equally.
  static func identity(_ judge: any Judge, _ rule: ConfirmationRule) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    return judge.fingerprint + ":" + String(decoding: try encoder.encode(rule), as: UTF8.self)
  }

  /// Fresh responses to each claim: each time as many as may decide it.
  /// - Parameters:
  ///   - onMore: called with how many responses are asked beyond the first.
  ///   - onArrival: called with outcomes that have become known, from any thread.
  func decide(
    _ prompts: [String], on target: any Target, as role: Role, restart: Int,
    onMore: @escaping @Sendable (_ count: Int) -> Void = { _ in },
    onArrival: @escaping @Sendable (Arrival) -> Void = { _ in }
  ) async throws -> [[Observation]] {
    var observations = [[Observation]](repeating: [], count: prompts.count)
    while true {
      let wanted = observations.map { Confirmation.wanted($0, by: rule) }
      let questions = prompts.indices.flatMap { index in
        (0..<wanted[index]).map { more in
          Question(
            prompt: prompts[index], category: nil,
            sampleIndex: sample(observations[index].count + more, restart: restart))
        }
      }
      if questions.isEmpty { return observations }
      // What the first responses left open is more work than there seemed to be.
      if !observations.allSatisfy(\.isEmpty) { onMore(questions.count) }
      var answered = try await service.answers(
        questions, from: target, as: role, judge: judge, onArrival: onArrival
      ).map(\.observation)[...]
      for index in prompts.indices {
        observations[index] += answered.prefix(wanted[index])
        answered = answered.dropFirst(wanted[index])
      }
    }
  }

  func sample(_ sample: Int, restart: Int) -> Int {
    SampleIndices.confirmation(run: run, restart: restart, sample: sample)
  }
}

/// What fresh responses say about a claimed attack.
enum Confirmation: Hashable, Sendable {
  case confirmed(category: String?)
  case refuted
  /// Failed or unscored responses could have made up what is needed, and those to come can't any more.
  case undecided
  /// Responses that are still to come can decide it.
  case open

  /// - Parameter observations: of responses that were asked so far.
  init(_ observations: [Observation], by rule: ConfirmationRule) {
    let unsafe = observations.filter { $0.isUnsafe == true }
    let unknown = observations.count { $0.isUnsafe == nil }
    let missing = rule.responses - observations.count
    if unsafe.count >= rule.needed {
      self = .confirmed(category: Self.mostFrequent(unsafe.compactMap(\.category)))
    } else if unsafe.count + unknown + missing < rule.needed {
      self = .refuted
    } else if unsafe.count + missing >= rule.needed {
      self = .open
    } else {
      self = .undecided
    }
  }

  /// Fewest further responses that may decide; 0 where nothing is open.
  static func wanted(_ observations: [Observation], by rule: ConfirmationRule) -> Int {
    guard Confirmation(observations, by: rule) == .open else { return 0 }
    let lacking = rule.needed - observations.count { $0.isUnsafe == true }
    let missing = rule.responses - observations.count
    return min(lacking, missing - lacking + 1)
  }

  /// Ties go to the first in the alphabet, so that the answer doesn't depend on hashing.
  private static func mostFrequent(_ categories: [String]) -> String? {
    let counts = Dictionary(grouping: categories, by: \.self).mapValues(\.count)
    return counts.min { ($1.value, $0.key) < ($0.value, $1.key) }?.key
  }
}

extension ClaimVerdict {
  /// - Parameter observations: as many as decide.
  init(_ observations: [Observation], by rule: ConfirmationRule) {
    let finding: Finding =
      switch Confirmation(observations, by: rule) {
      case .confirmed: .confirmed
      case .refuted: .refuted
      case .undecided, .open: .undecided
      }
    self.init(
      finding: finding, unsafe: observations.count { $0.isUnsafe == true }, responses: observations.count)
  }
}
