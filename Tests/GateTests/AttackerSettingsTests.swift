import Attackers
import Foundation
import Policies
import Testing

@testable import Decisions
@testable import Gate

@Suite("A policy's attacker")
struct AttackerSettingsTests {
  private static let path = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../../policies/release-gate.yaml").path

  private func settings(_ overrides: [String] = []) throws -> AttackerSettings {
    let policy = try Policy.load(
      path: Self.path, overrides: overrides.map { "attacker.\($0)" }, environment: [:], checksFiles: false)
    return try #require(policy.attacker).settings
  }

  @Test("what a policy leaves out is what the settings start with")
  func defaults() throws {
    var start = AttackerSettings()
    start.screenPool = 8  // the release gate's own
    #expect(try settings() == start)
  }

  @Test("each word becomes its setting")
  func words() throws {
    #expect(try settings(["log_z=linear"]).logZ == .linear)
    #expect(try settings(["objective=tb"]).objective == .trajectoryBalance)
    #expect(try settings(["reward=min-k"]).reward == .minK)
    #expect(try settings(["replay_fraction=0.25"]).replayFraction == 0.25)
    #expect(try settings(["updates_per_batch=3"]).updatesPerBatch == 3)
    #expect(try settings(["replay_duplicates=embedding"]).replay.duplicates == .embedding)
    #expect(try settings(["replay_sampling=mixture"]).replay.sampling == .mixture)
    #expect(try settings(["replay_refresh=submodular"]).replay.refresh == .submodular)
    #expect(try settings(["exploration=0.1"]).explorationShare == 0.1)
    #expect(try settings(["exploration_temperature=3"]).explorationTemperature == 3)
    #expect(try settings(["screen_pool=5"]).screenPool == 5)
  }
}
