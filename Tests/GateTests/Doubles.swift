import Core
import Evidence
import Synchronization

@testable import Decisions
@testable import Gate

/// A target whose answers the test decides; counts what it was asked.
final class ScriptedTarget: Target {
  let name: String
  let fingerprint: String
  let settings: SamplingSettings
  let preferredBatch: Int
  let identifiesBytes = true
  private let answer: @Sendable (TargetRequest) -> ResponseOutcome
  private let probing: @Sendable () throws -> Void
  private let asked = Mutex<[TargetRequest]>([])

  init(
    name: String = "scripted", fingerprint: String = "scripted", preferredBatch: Int = 8,
    probe: @escaping @Sendable () throws -> Void = {},
    answer: @escaping @Sendable (TargetRequest) -> ResponseOutcome
  ) {
    self.name = name
    self.fingerprint = fingerprint
    self.settings = SamplingSettings()
    self.preferredBatch = preferredBatch
    self.answer = answer
    probing = probe
  }

  var requests: [TargetRequest] { asked.withLock { $0 } }

  func respond(
    to requests: [TargetRequest], onOutcome: @escaping @Sendable (Int, ResponseOutcome) -> Void
  ) async throws {
    for (index, request) in requests.enumerated() {
      try Task.checkCancellation()
      asked.withLock { $0.append(request) }
      onOutcome(index, answer(request))
    }
  }

  func probe() async throws { try probing() }
}

/// Says "unsafe" with the probability that the test's rule gives to the response's text.
struct ScriptedJudge: Judge {
  let name = "scripted"
  var fingerprint = "scripted"
  let threshold = 0.5
  let rule: @Sendable (JudgeInput) -> Score

  func score(_ inputs: [JudgeInput]) async throws -> [Score] { inputs.map(rule) }
}

/// A ledger in memory that can be made to fail.
final class MemoryArchive: ResponseArchive {
  struct Full: Error {}

  private struct State: Sendable {
    var responses: [ResponseKey: StoredResponse] = [:]
    var scores: [String: [Int64: Score]] = [:]
    var capacity = Int.max
  }

  private let state = Mutex(State())

  /// How many more responses fit.
  func limit(_ capacity: Int) { state.withLock { $0.capacity = capacity } }

  var count: Int { state.withLock { $0.responses.count } }

  func stored(_ keys: [ResponseKey], reusedBy run: String?) throws -> [StoredResponse?] {
    state.withLock { state in keys.map { state.responses[$0] } }
  }

  func store(_ outcomes: [(key: ResponseKey, outcome: ResponseOutcome)], run: String) throws -> [Int64?] {
    try state.withLock { state in
      try outcomes.map { key, outcome in
        guard case .success(let response) = outcome else { return nil }
        if state.responses.count >= state.capacity { throw Full() }
        let row = state.responses[key]?.row ?? Int64(state.responses.count + 1)
        state.responses[key] = StoredResponse(row: row, run: run, response: response)
        return row
      }
    }
  }

  func scores(_ responses: [(row: Int64, category: String?)], judge: String, scope: String) throws -> [Score?] {
    state.withLock { state in responses.map { state.scores[judge]?[$0.row] } }
  }

  func store(_ scores: [(row: Int64, category: String?, score: Score)], judge: String, scope: String) throws {
    state.withLock { state in for (row, _, score) in scores { state.scores[judge, default: [:]][row] = score } }
  }
}

extension ResponseService {
  func observations(
    _ questions: [Question], from target: any Target, as role: Role, judge: any Judge,
    measuring measure: Reading.Measure = .safety
  ) async throws -> [Observation] {
    try await answers(questions, from: target, as: role, judge: judge, measuring: measure).map(\.observation)
  }
}

/// Proposes numbered prompts until the budget is used up, and claims those that the judge calls unsafe.
struct CountingAttacker: Attacker {
  let method = "counting"
  let fingerprint = "counting"
  /// Whether each claim is confirmed at once.
  var confirms = false
  let searches = SearchCount()

  final class SearchCount: Sendable {
    private let count = Mutex(0)
    func add() { count.withLock { $0 += 1 } }
    var value: Int { count.withLock { $0 } }
  }

  func search(
    start: [UInt8]?, seedPrompts: [String], oracle: any AttackOracle, budget: SearchBudget, seed: UInt64,
    checkpoints: (any SearchCheckpoints)?, progress: @escaping @Sendable (Int, String) -> Void
  ) async throws -> SearchResult {
    searches.add()
    var claimed: [ClaimedAttack] = []
    var number = 0
    while number + budget.reserved(claimed) < budget.responses {
      let prompt = "attack \(seed) \(number)"
      let observation = try await oracle.observe([prompt], samples: 1)[0]
      if let c = observation.logUnsafe, c > -0.5 {
        claimed.append(
          ClaimedAttack(
            prompt: prompt, logUnsafe: c, logReference: -10, method: method, step: number, responsesSpent: number + 1,
            confirmation: confirms ? try await oracle.confirm([prompt])?.first?.responses : nil))
      }
      number += 1
      progress(number, "")
    }
    return SearchResult(claimed: claimed, responses: number, losses: [], state: [UInt8(seed & 0xff)])
  }

}
