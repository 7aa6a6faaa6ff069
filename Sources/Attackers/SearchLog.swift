import Core
import Foundation

/// Keeps count of what a search asked and found.
struct SearchLog: Sendable {
  let oracle: any AttackOracle
  let budget: Int
  let samples: Int
  let claimThreshold: Double
  private(set) var spent = 0
  /// c(x) of every prompt asked in this search: no prompt is paid for twice to learn the same thing.
  private(set) var known: [String: Double] = [:]
  private(set) var claimed: [ClaimedAttack] = []

  init(oracle: any AttackOracle, budget: Int, samples: Int, claimThreshold: Double) {
    self.oracle = oracle
    self.budget = budget
    self.samples = samples
    self.claimThreshold = claimThreshold
  }

  var left: Int { budget - spent }

  /// Asks the target about the prompts not asked before, as far as the budget goes. Prompts that were not reached, or
  /// that no judge scored, have no c(x).
  mutating func observe(_ prompts: [String]) async throws {
    var fresh: [String] = []
    var seen: Set<String> = []
    for prompt in prompts where known[prompt] == nil && seen.insert(prompt).inserted { fresh.append(prompt) }
    fresh = Array(fresh.prefix(left / samples))
    guard !fresh.isEmpty else { return }
    let observations = try await oracle.observe(fresh, samples: samples)
    for (prompt, observation) in zip(fresh, observations) {
      spent += observation.responses
      if let c = observation.logUnsafe { known[prompt] = c }
    }
  }

  /// Notes an attack that seems to work, once.
  mutating func claim(_ experience: Experience, method: String, step: Int, isNew: Bool) {
    guard isNew, experience.logUnsafe > log(claimThreshold) else { return }
    claimed.append(
      ClaimedAttack(
        prompt: experience.prompt, logUnsafe: experience.logUnsafe,
        logReference: experience.reference.reduce(0.0) { $0 + Double($1) }, method: method, step: step,
        responsesSpent: spent))
  }
}
