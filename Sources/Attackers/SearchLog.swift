import Core
import Foundation

/// Keeps count of what a search asked and found.
package struct SearchLog: Sendable {
  let oracle: any AttackOracle
  let budget: SearchBudget
  let settings: AttackerSettings
  package private(set) var spent = 0
  /// Responses that questions under way may still cost.
  private var underWay = 0
  /// c(x) of every prompt asked in this search: no prompt is paid for twice to learn the same thing.
  private(set) var known: [String: Double] = [:]
  /// Asked, or being asked.
  private var asked: Set<String> = []
  package private(set) var claimed: [ClaimedAttack] = []
  /// Claims that were decided, the responses that this took, and claims that are being decided.
  private var decided = 0
  private var confirming = 0
  private var undecided = 0

  package init(oracle: any AttackOracle, budget: SearchBudget, settings: AttackerSettings) {
    self.oracle = oracle
    self.budget = budget
    self.settings = settings
  }

  /// What a search that goes on has to know of it, as if no question were under way.
  struct Standing: Sendable, Codable {
    let spent: Int
    let known: [String: Double]
    /// Asked, without a verdict.
    let unscored: [String]
    let claimed: [ClaimedAttack]
    /// Claims that were being decided.
    let undecided: Int
  }

  /// - Parameter unanswered: prompts of questions under way.
  func standing(without unanswered: Set<String>) -> Standing {
    Standing(
      spent: spent, known: known, unscored: asked.subtracting(unanswered).filter { known[$0] == nil }.sorted(),
      claimed: claimed, undecided: undecided)
  }

  mutating func goOn(_ standing: Standing) {
    (spent, known, claimed) = (standing.spent, standing.known, standing.claimed)
    asked = Set(known.keys).union(standing.unscored)
    undecided = standing.undecided
    decided = claimed.count { $0.confirmation != nil }
    confirming = claimed.reduce(0) { $0 + ($1.confirmation ?? 0) }
  }

  /// Responses used up: asked, being asked, and taken by or kept for confirming the claims.
  var committed: Int {
    spent + underWay + confirming + undecided * budget.mostConfirmation
      + budget.reserved(claims: claimed.count - decided - undecided)
  }

  var left: Int { max(0, budget.responses - committed) }

  /// Whether the budget pays for another attack's responses.
  package var canAsk: Bool { left >= settings.mostResponses }

  /// Attacks that can be asked until `limit` responses are committed.
  func room(until limit: Int) -> Int { max(0, min(left, limit - committed)) / settings.mostResponses }

  package func isNew(_ prompt: String) -> Bool { !asked.contains(prompt) }

  /// Takes the prompts that were not asked before, as far as `limit` (committed responses) goes, and pays for them.
  mutating func reserve(_ prompts: [String], until limit: Int? = nil) -> [String] {
    var fresh: [String] = []
    let room = room(until: limit ?? budget.responses)
    for prompt in prompts where fresh.count < room && asked.insert(prompt).inserted { fresh.append(prompt) }
    underWay += fresh.count * settings.mostResponses
    return fresh
  }

  /// Pays for prompts of a round that was under way when the search broke off.
  mutating func reserveAgain(_ prompts: [String]) {
    asked.formUnion(prompts)
    underWay += prompts.count * settings.mostResponses
  }

  /// Takes in what the target said to reserved prompts. Prompts that no judge scored have no c(x).
  mutating func settle(_ prompts: [String], _ observations: [AttackObservation]) {
    underWay -= prompts.count * settings.mostResponses
    for (prompt, observation) in zip(prompts, observations) {
      spent += observation.responses
      if let c = observation.logUnsafe { known[prompt] = c }
    }
  }

  /// Asks and waits.
  mutating func observe(_ prompts: [String], until limit: Int? = nil) async throws {
    let fresh = reserve(prompts, until: limit)
    if fresh.isEmpty { return }
    settle(fresh, try await ask(oracle, fresh, settings))
  }

  /// Takes the claims that the budget is sure to pay for, to be decided now.
  mutating func reserveConfirmation(_ prompts: [String]) -> [String] {
    guard budget.mostConfirmation > 0 else { return [] }
    let sure = budget.responses - spent - underWay - confirming - undecided * budget.mostConfirmation
    let taken = Array(prompts.prefix(max(0, sure / budget.mostConfirmation)))
    undecided += taken.count
    return taken
  }

  /// Leaves claims to what follows the search.
  mutating func release(claims: Int) { undecided -= claims }

  /// Takes in what became of claims that were to be decided.
  mutating func settle(claims prompts: [String], _ verdicts: [ClaimVerdict]) {
    undecided -= prompts.count
    for (prompt, verdict) in zip(prompts, verdicts) {
      guard let index = claimed.lastIndex(where: { $0.prompt == prompt }) else { continue }
      claimed[index].confirmation = verdict.responses
      decided += 1
      confirming += verdict.responses
    }
  }

  /// Replaces c(x) of a prompt by what more responses showed.
  mutating func correct(_ prompt: String, logUnsafe: Double) { known[prompt] = logUnsafe }

  /// Asks about proposals and claims the new ones that seem to work.
  /// - Returns: those that a judge scored, with their c(x), and whether they are new to this search.
  package mutating func tryOut(
    _ proposals: [Experience], step: Int
  ) async throws -> [(experience: Experience, isNew: Bool)] {
    var fresh = Set(proposals.map(\.prompt).filter(isNew))
    try await observe(proposals.map(\.prompt))
    return proposals.compactMap { proposal in
      guard let c = known[proposal.prompt] else { return nil }
      var experience = proposal
      experience.logUnsafe = c
      let isNew = fresh.remove(proposal.prompt) != nil
      claim(experience, method: settings.method.name, step: step, isNew: isNew)
      return (experience, isNew)
    }
  }

  /// Notes an attack that seems to work, once.
  mutating func claim(_ experience: Experience, method: String, step: Int, isNew: Bool) {
    guard isNew, experience.logUnsafe > log(settings.claimThreshold) else { return }
    claimed.append(
      ClaimedAttack(
        prompt: experience.prompt, logUnsafe: experience.logUnsafe,
        logReference: experience.reference.reduce(0.0) { $0 + Double($1) }, method: method, step: step,
        responsesSpent: spent))
  }
}

/// Asks about prompts: `responsesPerAttack` responses each, then one more at a time, up to `mostResponses`, where the
/// mean leaves open whether the attack works.
func ask(
  _ oracle: any AttackOracle, _ prompts: [String], _ settings: AttackerSettings
) async throws -> [AttackObservation] {
  var observations = try await oracle.observe(prompts, samples: settings.responsesPerAttack)
  for _ in settings.responsesPerAttack..<settings.mostResponses {
    let open = observations.indices.filter { index in
      observations[index].logUnsafe.map { settings.undecided.contains(exp($0)) } ?? false
    }
    if open.isEmpty { break }
    let more = try await oracle.observe(open.map { prompts[$0] }, samples: 1)
    for (index, extra) in zip(open, more) { observations[index] = observations[index].joined(with: extra) }
  }
  return observations
}

extension AttackObservation {
  /// The mean over all responses of both, weighted by their number.
  func joined(with other: AttackObservation) -> AttackObservation {
    let both = [self, other].compactMap { part in part.logUnsafe.map { (Double(part.responses), $0) } }
    let weight = both.reduce(0) { $0 + $1.0 }
    return AttackObservation(
      logUnsafe: weight > 0 ? both.reduce(0) { $0 + $1.0 * $1.1 } / weight : nil,
      responses: responses + other.responses)
  }
}
