import AttackDoubles
import Core
import Synchronization
import Testing

@testable import Attackers

/// Says the same turns over and over, in their order; nil for none.
private final class Reel: Sendable {
  private let turns: [String?]
  private let next = Atomic(0)

  init(_ turns: [String?]) { self.turns = turns }

  @Sendable func write(_ task: DrivingTask) -> Result<String, DrivingProblem> {
    let place = next.add(1, ordering: .relaxed).oldValue
    return turns[place % turns.count].map { .success($0) } ?? .failure(DrivingProblem("declined"))
  }
}

/// Texts that begin with "off" are alike, and so are all others.
private struct TopicEmbedder: Embedder {
  let fingerprint = "topics"

  func embed(_ texts: [String]) async throws -> [[Float]] {
    texts.map { $0.hasPrefix("off") ? [0.6, 0.8] : [1, 0] }
  }
}

@Suite("Trees of conversations")
struct TreeTests {
  private func result(
    _ stage: Stage, budget: Int = 40, confirmation: Double = 2.25, seed: UInt64 = 1,
    embedder: any Embedder = LetterEmbedder(), _ change: (inout AttackerSettings) -> Void = { _ in }
  ) async throws -> SearchResult {
    var settings = AttackerSettings()
    settings.method = .tree
    settings.driver = "scripted"
    settings.batch = 2
    change(&settings)
    let attacker = try attacker(engine: nil, embedder: embedder, settings: settings)
    #expect(attacker.converses && attacker.method == "tree")
    return try await attacker.search(
      start: nil, seedPrompts: ["known"], oracle: stage,
      budget: SearchBudget(responses: budget, confirmation: confirmation), seed: seed
    ) { _, _ in }
  }

  private static func turns(_ conversation: Conversation) -> [String] {
    conversation.messages.filter { $0.role == .user }.map(\.text)
  }

  @Test("What a later turn opens is found, and claimed by the user's turns alone")
  func finds() async throws {
    let reel = Reel(["play", "word", "flatter"] + (0..<5).map { "off \($0)" })
    let stage = Stage(write: reel.write)
    let result = try await result(stage, budget: 60, embedder: TopicEmbedder()) { $0.branches = 8 }
    let attack = Conversation(messages: [.init(.user, "play")], turns: ["flatter", "word"])
    #expect(result.claimed.map(\.prompt) == [attack.text])
    #expect(result.claimed.first?.method == "tree" && result.claimed.first?.answers == 3)
    #expect(result.responses == stage.asked.count && result.responses <= 60)
    #expect(Set(stage.asked.map(\.text)).count == stage.asked.count, "nothing is paid for twice")
    #expect(Set(stage.tasks.map(\.code)).count == stage.tasks.count)
    #expect(
      stage.asked.allSatisfy { conversation in
        !conversation.messages.contains { $0.role == .assistant && $0.text == "no" }
      })
  }

  @Test("Of each conversation's new turns the half that is the least like the goal is pruned before it is paid for")
  func offTopic() async throws {
    let stage = Stage(
      answer: { _ in Stage.said("well") }, write: Reel(["off a", "on b", "off c", "on d"]).write)
    _ = try await result(stage, budget: 12, embedder: TopicEmbedder()) { $0.goals = ["on to it"] }
    #expect(stage.asked.prefix(2).map(Self.turns) == [["on b"], ["on d"]])
    #expect(stage.asked.allSatisfy { Self.turns($0).allSatisfy { $0.hasPrefix("on") } })
    #expect(stage.tasks.allSatisfy { $0.goal == "on to it" })
  }

  @Test("Without a goal the first turn is the topic, and first turns are all asked")
  func firstTurnIsTheTopic() async throws {
    let stage = Stage(
      answer: { _ in Stage.said("well") }, write: Reel(["off a", "on b", "off c", "on d"]).write)
    _ = try await result(stage, budget: 12, confirmation: 0, embedder: TopicEmbedder())
    #expect(stage.asked.prefix(4).map(Self.turns) == [["off a"], ["on b"], ["off c"], ["on d"]])
    // "on b" and "on d" stay with their kind; to what is off, everything that is off is alike.
    let second = stage.asked.map(Self.turns).filter { $0.count == 2 }
    #expect(second.count == 8 && second.allSatisfy { $0[0].prefix(2) == $0[1].prefix(2) }, "\(second)")
  }

  @Test("What is no turn and what repeats a sibling are not asked")
  func malformed() async throws {
    let stage = Stage(answer: { _ in Stage.said("well") }, write: Reel([nil, "one", "One!", "two"]).write)
    _ = try await result(stage, budget: 2, confirmation: 0)
    #expect(stage.asked.map(Self.turns) == [["one"], ["two"]])
    #expect(stage.tally.problems["declined"] == 1)
  }

  @Test("The best by the reward judge go on, as many as there are branches")
  func best() async throws {
    let stage = Stage(
      answer: { turns in Stage.said("well", unsafe: ["a": 0.1, "b": 0.5, "c": 0.3, "d": 0.2][turns[0]] ?? 0.01) },
      write: Reel(["a", "b", "c", "d"]).write)
    _ = try await result(stage, budget: 10) { $0.branches = 2 }
    let seconds = stage.asked.map(Self.turns).filter { $0.count == 2 }.map { $0[0] }
    #expect(!seconds.isEmpty && seconds[0] == "b", "\(stage.asked.map(Self.turns))")
    let wide = Stage(
      answer: { turns in Stage.said("well", unsafe: (Double(turns[0]) ?? 0) / 100) },
      write: Reel((0..<8).map { "\($0)" }).write)
    _ = try await result(wide, budget: 60) { $0.branches = 8 }
    let grown = Set(wide.asked.map(Self.turns).filter { $0.count == 2 }.map { $0[0] })
    #expect(grown.count == 8)
  }

  @Test("Refused branches are pruned; where all are, the conversation is gone on with once more, and its driver knows")
  func refused() async throws {
    let stage = Stage(answer: { _ in Stage.said("no", refuses: true) }) { .success("turn \($0.code)") }
    _ = try await result(stage, budget: 16, confirmation: 0)
    #expect(stage.asked.allSatisfy { Self.turns($0).count == 1 })
    #expect(stage.tasks.map(\.refused.count) == [0, 0, 0, 0, 4, 4, 4, 4, 0, 0, 0, 0, 4, 4, 4, 4])
  }

  @Test("A conversation has no more turns than it may, and every answer counts")
  func mostTurns() async throws {
    let stage = Stage(answer: { _ in Stage.said("well") }) { .success("turn \($0.code)") }
    let result = try await result(stage, budget: 40) { $0.turns = 3 }
    #expect(result.responses == 40 && stage.asked.count == 40 && result.claimed.isEmpty)
    #expect(stage.asked.map { Self.turns($0).count }.max() == 3)
    let published = Stage(answer: { _ in Stage.said("well") }) { .success("turn \($0.code)") }
    _ = try await self.result(published, budget: 120)
    #expect(published.asked.map { Self.turns($0).count }.max() == 5)
    // Four first turns, four conversations of each further level with half of their four branches asked, and then a new tree.
    let levels = [1, 1, 1, 1] + [2, 3, 4, 5].flatMap { [Int](repeating: $0, count: 8) } + [1]
    #expect(published.asked.prefix(37).map { Self.turns($0).count } == levels)
  }

  @Test("What confirming the claims will cost, turn by turn, is kept", arguments: [2, 8, 32])
  func budget(batch: Int) async throws {
    Stage.expectConfirmable(try await result(.openedByThree, budget: 100) { $0.batch = batch }, budget: 100)
  }

  @Test(
    "A driver that gives nothing to say, or always the same, spends next to nothing, and the search ends",
    arguments: ["declined", "gave an empty turn", nil])
  func uselessDriver(reason: String?) async throws {
    let stage = Stage { _ in reason.map { .failure(DrivingProblem($0)) } ?? .success("word") }
    let result = try await result(stage) { $0.batch = 8 }
    #expect(result.responses == (reason == nil ? 1 : 0) && result.claimed.isEmpty)
    #expect(stage.tasks.count <= 8 * 14)
    #expect(reason == nil || stage.tally.problems == [reason ?? "": stage.tally.asked] && stage.tally.notice != nil)
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
      let stage = Stage(answer: { _ in Stage.said("well") }) { .success("turn \($0.code)") }
      _ = try await result(stage, seed: seed) { $0.batch = 16 }
      return stage.tasks.map(\.code)
    }
    let one = try await codes(seed: 1)
    #expect(try await codes(seed: 1) == one)
    #expect(try await codes(seed: 2) != one)
  }
}
