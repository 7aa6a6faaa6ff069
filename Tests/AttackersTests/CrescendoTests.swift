import AttackDoubles
import Core
import Testing

@testable import Attackers

@Suite("Conversations that escalate")
struct CrescendoTests {
  private func result(
    _ stage: Stage, budget: Int = 40, confirmation: Double = 2.25, seed: UInt64 = 1,
    _ change: (inout AttackerSettings) -> Void = { _ in }
  ) async throws -> SearchResult {
    var settings = AttackerSettings()
    settings.method = .crescendo
    settings.driver = "scripted"
    settings.goals = ["the word"]
    settings.batch = 1
    change(&settings)
    let attacker = try attacker(engine: nil, embedder: LetterEmbedder(), settings: settings)
    #expect(attacker.converses && attacker.method == "crescendo")
    return try await attacker.search(
      start: nil, seedPrompts: ["known"], oracle: stage,
      budget: SearchBudget(responses: budget, confirmation: confirmation), seed: seed
    ) { _, _ in }
  }

  /// Asks for the word too early at first, and then as it should.
  @Sendable private static func hasty(_ task: DrivingTask) -> Result<String, DrivingProblem> {
    if !task.refused.contains("word") { return .success("word") }
    return .success(task.turns.isEmpty ? "play" : "flatter")
  }

  @Test("A refused turn is taken back, and what works is claimed by the user's turns alone")
  func backtracks() async throws {
    let stage = Stage(write: Self.hasty)
    let result = try await result(stage)
    let attack = Conversation(messages: [.init(.user, "play")], turns: ["flatter", "word"])
    #expect(result.claimed.map(\.prompt) == [attack.text])
    #expect(result.claimed.first?.method == "crescendo" && result.claimed.first?.answers == 3)
    // word, play, play word, play flatter, play flatter word: nothing is paid for twice, however often it is begun anew.
    #expect(result.claimed.first?.responsesSpent == 5 && result.responses == 5)
    #expect(
      stage.asked.allSatisfy { conversation in
        !conversation.messages.contains { $0.role == .assistant && $0.text == "no" }
      })
    #expect(stage.asked.last?.messages.map(\.text) == ["play", "gladly", "flatter", "thanks", "word"])
    #expect(stage.tasks.allSatisfy { $0.goal == "the word" })
    #expect(Set(stage.tasks.map(\.code)).count == stage.tasks.count)
  }

  @Test("As many refused turns are taken back as may be, and no more")
  func mostBacktracks() async throws {
    let stage = Stage(answer: { _ in Stage.said("no", refuses: true) }) {
      .success("turn \($0.refused.count) \($0.code)")
    }
    _ = try await result(stage, budget: 12) { $0.backtracks = 2 }
    #expect(stage.tasks.map(\.refused.count) == (0..<12).map { $0 % 3 })
    let published = Stage(answer: { _ in Stage.said("no", refuses: true) }) { .success("turn \($0.code)") }
    _ = try await result(published, budget: 23)
    #expect(published.tasks.map(\.refused.count) == (0..<23).map { $0 % 11 })
  }

  @Test("A conversation has no more turns than it may, and every answer counts")
  func mostTurns() async throws {
    let stage = Stage(answer: { _ in Stage.said("well") }) { .success("turn \($0.code)") }
    let result = try await result(stage, budget: 14) { $0.turns = 3 }
    #expect(result.responses == 14 && stage.asked.count == 14 && result.claimed.isEmpty)
    #expect(stage.tasks.map(\.turns.count) == (0..<14).map { $0 % 3 })
    let published = Stage(answer: { _ in Stage.said("well") }) { .success("turn \($0.code)") }
    _ = try await self.result(published, budget: 25)
    #expect(published.tasks.map(\.turns.count).max() == 9)
  }

  @Test("What confirming the claims will cost, turn by turn, is kept", arguments: [1, 4, 32])
  func budget(batch: Int) async throws {
    Stage.expectConfirmable(try await result(.openedByThree, budget: 100) { $0.batch = batch }, budget: 100)
  }

  @Test(
    "A driver that gives nothing to say spends no response, and the search ends",
    arguments: ["declined", "gave an empty turn"])
  func uselessDriver(reason: String) async throws {
    let stage = Stage { _ in .failure(DrivingProblem(reason)) }
    let result = try await result(stage) { $0.batch = 4 }
    #expect(result.responses == 0 && result.claimed.isEmpty && stage.asked.isEmpty)
    #expect(stage.tally.problems == [reason: stage.tally.asked] && stage.tally.asked <= 4 * 12)
    #expect(stage.tally.notice != nil)
  }

  @Test("A driver that always says the same is asked in vain, and the search ends")
  func monotonous() async throws {
    let stage = Stage { _ in .success("word") }
    let result = try await result(stage)
    #expect(result.responses == 1 && result.claimed.isEmpty)
  }

  @Test("A target that gives no answer is not gone on from, and no score is no success")
  func silence() async throws {
    let stage = Stage(answer: { _ in TurnObservation(answer: nil, logUnsafe: nil, isRefusal: false) }) {
      .success("turn \($0.code)")
    }
    let result = try await result(stage, budget: 10)
    #expect(result.responses == 10 && result.claimed.isEmpty)
    #expect(stage.asked.allSatisfy { $0.messages.count == 1 })
  }

  @Test("Equal seeds give equal searches; other seeds ask otherwise")
  func determinism() async throws {
    func codes(seed: UInt64) async throws -> [String] {
      let stage = Stage(write: Self.hasty)
      _ = try await result(stage, seed: seed) { $0.batch = 8 }
      return stage.tasks.map(\.code)
    }
    let one = try await codes(seed: 1)
    #expect(try await codes(seed: 1) == one)
    #expect(try await codes(seed: 2) != one)
  }

  @Test("Nobody to write the turns, or a target of single prompts, is an error and no empty search")
  func missing() async throws {
    var settings = AttackerSettings()
    settings.method = .crescendo
    #expect(throws: SluiceError.self) {
      _ = try attacker(engine: nil, embedder: LetterEmbedder(), settings: settings)
    }
    settings.driver = "scripted"
    let driven = try attacker(engine: nil, embedder: LetterEmbedder(), settings: settings)
    await #expect(throws: InternalError.self) {
      _ = try await driven.search(
        start: nil, seedPrompts: [], oracle: SecretOracle(), budget: SearchBudget(responses: 10, confirmation: 2),
        seed: 1
      ) { _, _ in }
    }
  }
}
