import Core
import Testing

@testable import Policies

@Suite("Drivers in policies")
struct AttackerDriverTests {
  private static let driver = "driver: {kind: openai, url: 'https://driver.example/v1', model: d1}"

  private func policy(_ attacker: String) -> String {
    smallPolicy.changing(
      "judges: {confirm:", to: "judges: {reward: {kind: classifier, checkpoint: judge}, confirm:"
    ).adding("attacker: {\(attacker)}").adding("budget: {target_responses: 100}")
  }

  @Test("A driver stands in place of the reference model, with its aims and the published limits")
  func driven() throws {
    let policy = try Workplace().load(policy("method: crescendo, goals: [the word, the code], \(Self.driver)"))
    let attacker = try #require(policy.attacker)
    #expect(attacker.checkpoint == nil && attacker.driver?.kind == "openai")
    #expect(attacker.settings.goals == ["the word", "the code"])
    #expect(attacker.settings.turns == nil && attacker.settings.backtracks == nil)
    #expect(policy.places["targets.driver"] != nil)
    let own = try Workplace().load(self.policy("method: crescendo, checkpoint: new, turns: 4, backtracks: 0"))
    #expect(own.attacker?.driver == nil && own.attacker?.settings.goals == nil)
    let tree = try Workplace().load(self.policy("method: tree, checkpoint: new, turns: 4, branches: 3"))
    #expect(tree.attacker?.settings.turns == 4 && tree.attacker?.settings.branches == 3)
    #expect(own.attacker?.settings.turns == 4 && own.attacker?.settings.backtracks == 0)
  }

  @Test("What is missing, useless or not what it takes is told with what to write")
  func mistakes() throws {
    for (attacker, expected) in [
      ("method: crescendo", "the key 'checkpoint' is missing in attacker"),
      ("method: crescendo, \(Self.driver)", "attacker.driver is told of no aim Add goals"),
      (
        "checkpoint: new, goals: [the word], \(Self.driver)",
        "attacker.driver writes the turns of conversations, and method gflownet holds none"
      ),
      ("method: crescendo, goals: [], \(Self.driver)", "attacker.goals is empty"),
      ("method: crescendo, goals: the word, \(Self.driver)", "goals"),
      ("method: crescendo, goals: [the word], driver: {model: d1}", "the key 'kind' is missing"),
      ("method: crescendo, checkpoint: new, turns: 0", "turns"),
      (
        "checkpoint: new, turns: 4",
        "attacker.turns is about conversations, and method gflownet holds none Set method: crescendo or tree, or"
      ),
      ("checkpoint: new, goals: [the word]", "attacker.goals is about conversations"),
      ("checkpoint: new, branches: 2", "method gflownet holds none Set method: tree, or remove"),
      (
        "method: tree, checkpoint: new, backtracks: 2",
        "attacker.backtracks is a key of method crescendo, and means nothing to tree"
      ),
      (
        "method: crescendo, goals: [the word], branches: 2, \(Self.driver)",
        "attacker.branches is a key of method tree, and means nothing to crescendo"
      ),
      ("method: tree, checkpoint: new, branches: 1", "branches"),
      ("method: tree, \(Self.driver)", "attacker.driver is told of no aim Add goals"),
    ] {
      let found = try Workplace().errors(policy(attacker)).map { "\($0.message) \($0.remedy ?? "")" }
      #expect(found.count == 1 && found[0].contains(expected), "\(attacker): \(found)")
    }
  }
}
