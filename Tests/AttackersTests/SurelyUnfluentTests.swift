import AttackDoubles
import Core
import LanguageModels
import Synchronization
import Testing

@testable import Attackers

@Suite("Proposals that nobody would write, told by how they were sampled")
struct SurelyUnfluentTests {
  private func search(_ engine: TellingEngine, _ change: (inout AttackerSettings) -> Void = { _ in }) async throws
    -> SearchResult
  {
    var settings = AttackerSettings()
    settings.batch = 8
    settings.loraRank = 2
    settings.screenPool = 8
    settings.smoothingSteps = 3
    // Hot enough for much that nobody would write.
    settings.explorationTemperature = 4
    change(&settings)
    let attacker = try GFlowNetAttacker(engine: engine, embedder: LetterEmbedder(), settings: settings)
    return try await attacker.search(
      start: nil, seedPrompts: [], oracle: SecretOracle(), budget: SearchBudget(responses: 80, confirmation: 0), seed: 3
    ) { _, _ in }
  }

  @Test("aren't scored, and the search is the same to the bit")
  func sameSearch() async throws {
    let model = try labReference.get()
    let (telling, silent) = (TellingEngine(model, tells: true), TellingEngine(model, tells: false))
    let (first, second) = (try await search(telling), try await search(silent))
    #expect(first.claimed == second.claimed && first.losses == second.losses && first.state == second.state)
    // The threshold's own samples are scored by both.
    let (few, many) = (telling.scored - 256, silent.scored - 256)
    #expect(few < many * 9 / 10, "\(few) of \(many)")
  }

  @Test("are asked where the policy wants so, and then scored")
  func unfluentWanted() async throws {
    let model = try labReference.get()
    let (telling, silent) = (TellingEngine(model, tells: true), TellingEngine(model, tells: false))
    _ = try await (search(telling) { $0.skipsUnfluent = false }, search(silent) { $0.skipsUnfluent = false })
    #expect(telling.scored == silent.scored)
  }

  @Test("are only those whose likeliest reading is below the threshold")
  func bound() {
    var settings = AttackerSettings()
    (settings.minK, settings.minTokens) = (3, 2)
    let reward = Reward(settings: settings, threshold: -4)
    func isSure(_ sampled: [Float], finished: Bool = false) -> Bool {
      reward.isSurelyUnfluent(sampled, tokens: sampled.count, finished: finished)
    }
    #expect(isSure([-9, -9, -9, -1]) && !isSure([-4, -4, -4, -1]) && isSure([-1]))
    // What rounding may have moved is left to the reference model.
    #expect(!isSure([-4.4, -4.4, -4.4]) && isSure([-4.6, -4.6, -4.6]))
    // An end token that was certain lifts the mean of a short sample.
    #expect(isSure([-5, -5]) && !isSure([-5, -5], finished: true))
    for end in [Float(0), -1, -20] {
      #expect(!reward.isFluent([-9, -9, -9, end], tokens: 3) && isSure([-9, -9, -9], finished: true))
    }
  }
}

/// The lab's engine, which counts what the reference model scores, and tells log p of samples or doesn't.
private final class TellingEngine: AttackerEngine {
  private let engine: LocalEngine
  private let tells: Bool
  private let count = Mutex(0)

  init(_ model: CausalLanguageModel, tells: Bool) {
    engine = LocalEngine(model, fingerprint: "lab")
    self.tells = tells
  }

  /// Sequences that the reference model scored.
  var scored: Int { count.withLock { $0 } }

  var fingerprint: String { engine.fingerprint }
  var reference: any EnginePolicy {
    TellingPolicy(policy: engine.reference, tells: tells) { more in self.count.withLock { $0 += more } }
  }
  func describe() async throws -> EngineDescription { engine.describe() }
  func encode(_ texts: [String], addingSpecialTokens: Bool) async throws -> [[Int32]] {
    engine.encode(texts, addingSpecialTokens: addingSpecialTokens)
  }
  func decode(_ sequences: [[Int32]]) async throws -> [String] { engine.decode(sequences) }
  func policy(_ training: PolicyTraining) async throws -> any EnginePolicy {
    TellingPolicy(policy: try engine.policy(training), tells: tells) { _ in }
  }
}

private struct TellingPolicy: EnginePolicy {
  let policy: any EnginePolicy
  let tells: Bool
  let score: @Sendable (Int) -> Void

  func sample(_ request: SampleRequest) async throws -> [EngineSample] {
    let samples = try await policy.sample(request)
    return tells ? samples : samples.map(\.withoutLogProbabilities)
  }
  func logProbabilities(_ sequences: [[Int32]], after prefix: [Int32]) async throws -> [[Float]] {
    score(sequences.count)
    return try await policy.logProbabilities(sequences, after: prefix)
  }
  func step(
    _ sequences: [[Int32]], after prefix: [Int32], loss: ([[Float]]) -> (value: Double, slopes: [[Float]])
  ) async throws -> Double { try await policy.step(sequences, after: prefix, loss: loss) }
  func promptState(_ prefix: [Int32]) async throws -> [Float] { try await policy.promptState(prefix) }
  func parameters() async throws -> [Float] { try await policy.parameters() }
  func restore(_ parameters: [Float]) async throws { try await policy.restore(parameters) }
}
