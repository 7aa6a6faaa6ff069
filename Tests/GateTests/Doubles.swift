import Core
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

  private struct Key: Hashable {
    let fingerprint: String
    let settings: SamplingSettings
    let request: TargetRequest
  }

  private struct State: Sendable {
    var responses: [Key: Response] = [:]
    var scores: [String: [Key: Score]] = [:]
    var capacity = Int.max
  }

  private let state = Mutex(State())

  /// How many more responses fit.
  func limit(_ capacity: Int) { state.withLock { $0.capacity = capacity } }

  var count: Int { state.withLock { $0.responses.count } }

  func stored(_ requests: [TargetRequest], of target: any Target) throws -> [Response?] {
    state.withLock { state in requests.map { state.responses[key($0, target)] } }
  }

  func commit(_ outcomes: [(request: TargetRequest, outcome: ResponseOutcome)], of target: any Target) throws {
    try state.withLock { state in
      for (request, outcome) in outcomes {
        guard case .success(let response) = outcome else { continue }
        if state.responses.count >= state.capacity { throw Full() }
        state.responses[key(request, target)] = response
      }
    }
  }

  func scores(_ requests: [JudgedRequest], of target: any Target, by judge: any Judge) throws -> [Score?] {
    state.withLock { state in requests.map { state.scores[judge.fingerprint]?[key($0.request, target)] } }
  }

  func commit(
    _ scores: [(request: JudgedRequest, score: Score)], of target: any Target, by judge: any Judge
  ) throws {
    state.withLock { state in
      for (request, score) in scores {
        state.scores[judge.fingerprint, default: [:]][key(request.request, target)] = score
      }
    }
  }

  private func key(_ request: TargetRequest, _ target: any Target) -> Key {
    Key(fingerprint: target.fingerprint, settings: target.settings, request: request)
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
