import Attackers
import Core
import Foundation
import Lab
import LanguageModels
import Synchronization
import Testing

@testable import sluice_bench

/// Models that trained briefly: enough to write sentences.
private enum Brief {
  static let world = Result {
    let parent = FileManager.default.temporaryDirectory.appendingPathComponent("archipelago-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: parent) }
    try FileManager.default.createDirectory(at: parent, withIntermediateDirectories: true)
    let schedules = ArchipelagoModels.Schedules(
      attacker: Schedule(steps: 250, batch: 16, learningRate: 3e-3, warmup: 20),
      embedder: Schedule(steps: 60, batch: 16, learningRate: 3e-3, warmup: 10))
    let trained = try ArchipelagoModels.load(seed: 1, parent: parent, schedules: schedules) { _ in }
    // What is there is loaded, not trained again.
    let loaded = try ArchipelagoModels.load(seed: 1, parent: parent, schedules: schedules) { _ in
      Issue.record("trained again")
    }
    #expect(loaded.attacker.weights.values == trained.attacker.weights.values)
    #expect(try FileManager.default.contentsOfDirectory(atPath: parent.path).count == 1)
    return ArchipelagoWorld(models: loaded, seed: 1)
  }
}

/// Complies with one framing, or with all, and remembers what it was asked.
private final class FramingOracle: AttackOracle {
  private let grammar = RequestGrammar()
  private let weak: Int?
  private let prompts = Mutex<[String]>([])

  /// - Parameter weak: the framing, nil for all.
  init(weak: Int?) { self.weak = weak }

  var asked: [String] { prompts.withLock { $0 } }

  /// Of those that are of a kind.
  var kinds: [RequestKind] { asked.compactMap { grammar.reading(of: $0).kind } }

  func observe(_ prompts: [String], samples: Int) async throws -> [AttackObservation] {
    self.prompts.withLock { $0 += prompts }
    return prompts.map { prompt in
      let works = grammar.reading(of: prompt).kind.map { $0.framing == weak ?? $0.framing } ?? false
      return AttackObservation(logUnsafe: log(works ? 0.95 : 0.03), responses: samples)
    }
  }
}

@Suite(.serialized) struct OpponentTests {
  private static let budget = SearchBudget(responses: 600, confirmation: 2.25)
  private static let opponents = ["map-elites", "style-bandit"]

  private func search(_ name: String, _ oracle: FramingOracle, seed: UInt64 = 1) async throws -> SearchResult {
    let world = try Brief.world.get()
    let contestant = try #require(Contestant.onArchipelago(world.grammar).first { $0.name == name })
    return try await world.attacker(contestant.settings).search(
      start: nil, seedPrompts: [], oracle: oracle, budget: Self.budget, seed: seed
    ) { _, _ in }
  }

  @Test func theBriefModelWritesTheLanguage() async throws {
    let oracle = FramingOracle(weak: 0)
    _ = try await search("sft", oracle)
    #expect(oracle.kinds.count > oracle.asked.count / 2)
  }

  @Test(arguments: opponents) func opponentsKeepTheirBudgetAndRepeatThemselves(_ name: String) async throws {
    let first = FramingOracle(weak: 3)
    let result = try await search(name, first)
    // Claims are made a batch at a time; confirming has no room for those of the last one at worst.
    let batch = AttackerSettings().batch
    #expect(result.responses + Self.budget.reserved(claims: result.claimed.count - batch) <= Self.budget.responses)
    #expect(result.responses == first.asked.count)
    #expect(Set(first.asked).count == first.asked.count)
    let second = FramingOracle(weak: 3)
    #expect(try await search(name, second).claimed == result.claimed)
    #expect(second.asked == first.asked)
    let other = FramingOracle(weak: 3)
    _ = try await search(name, other, seed: 2)
    #expect(other.asked != first.asked)
  }

  @Test(arguments: opponents) func opponentsClaimWhatWorks(_ name: String) async throws {
    let oracle = FramingOracle(weak: 3)
    let result = try await search(name, oracle)
    let grammar = RequestGrammar()
    #expect(!result.claimed.isEmpty)
    #expect(result.claimed.allSatisfy { grammar.reading(of: $0.prompt).kind?.framing == 3 })
  }

  @Test func theBanditAsksForTheStyleThatWorks() async throws {
    let oracle = FramingOracle(weak: 3)
    _ = try await search("style-bandit", oracle)
    let late = oracle.kinds.suffix(oracle.kinds.count / 2)
    #expect(late.count { $0.framing == 3 } > late.count / 3)
  }

  @Test func whereEverythingWorksTheArchiveFillsMoreCellsThanSampling() async throws {
    func cells(_ name: String) async throws -> Int {
      let oracle = FramingOracle(weak: nil)
      _ = try await search(name, oracle)
      return Set(oracle.kinds.map { [$0.framing, $0.category] }).count
    }
    let (archive, sampling) = (try await cells("map-elites"), try await cells("sft"))
    #expect(Double(archive) > 1.2 * Double(sampling), "\(archive) and \(sampling)")
  }
}
