import Core
import Decisions
import Evidence
import Suites

/// A part of a run that asks nothing which another part asks: all of it goes to one shard.
struct ShardUnit: Hashable, Sendable {
  /// A search of some models in one restart.
  struct Search: Hashable, Sendable {
    let role: Role
    let restart: Int
  }

  let name: String
  /// Places in the plan's suite, and among its harmless questions.
  var attacks: [Int] = []
  var questions: [Int] = []
  /// With their confirmation.
  var searches: [Search] = []
  /// Responses that it is expected to take.
  var cost = 0
}

/// How a run is dealt to its shards: from the policy and its inputs alone, so that every shard computes the same.
///
/// Attacks go by cluster, with the harmless questions of the same wording; searches by model and restart, with their
/// confirmation. Units are sorted by cost, the largest first, then by name, and dealt in turn.
struct ShardDeal: Sendable {
  /// In the order of dealing.
  let units: [ShardUnit]
  /// The suite file's attacks in the plan's order, copies of one wording told.
  let attacks: [SuiteAttack]

  /// - Parameter plan: before its models were asked for anything: what servers say of themselves must not change the deal.
  init(_ plan: RunPlan) {
    // By wording alone: embeddings may differ in their last digits from machine to machine.
    attacks = Self.attacks(of: plan)
    var units = Units()
    var clusters: [AttackID: String] = [:]
    if plan.stages.contains(.replay) {
      for (place, attack) in attacks.enumerated() {
        let name = "cluster \(attack.unit.text)"
        clusters[attack.attack.id] = name
        let answers = Conversation(text: attack.attack.prompt)?.liveTurns ?? 1
        units.add(name, cost: answers * plan.replay.responses * plan.replayed.count) { $0.attacks.append(place) }
      }
    }
    if plan.stages.contains(.benign) {
      for (place, question) in plan.benign.enumerated() {
        let id = AttackID(prompt: question.prompt)
        let name = clusters[id] ?? "benign \(id.text)"
        units.add(name, cost: plan.benignResponses * plan.replayed.count) { $0.questions.append(place) }
      }
    }
    if let search = plan.search, plan.stages.contains(.regenerate) {
      let budget = Effort(plan, search).budget.responses
      for restart in 0..<search.restarts {
        for participant in plan.searched {
          // One model in two parts answers both from the same samples.
          let twins = plan.searched.filter { $0.identity == participant.identity }.map(\.role.description)
          units.add("search \(twins.joined(separator: "+")) \(restart + 1)", cost: budget) {
            $0.searches.append(.init(role: participant.role, restart: restart))
          }
        }
      }
    }
    self.units = units.all.sorted { ($1.cost, $0.name) < ($0.cost, $1.name) }
  }

  /// The plan's attacks, copies of one wording told.
  static func attacks(of plan: RunPlan) -> [SuiteAttack] {
    NearCopies(plan.suite.map { SuiteAttack(attack: $0, foundOn: nil) }).attacks
  }

  /// What one shard has to do.
  func units(of shard: Shard) -> [ShardUnit] {
    stride(from: shard.index - 1, to: units.count, by: shard.count).map { units[$0] }
  }

  /// SHA-256 over all units: equal for equal deals.
  var digest: String {
    SHA256.hex(
      units.map { unit in
        let parts = [
          unit.name, "\(unit.cost)", "\(unit.attacks)", "\(unit.questions)",
          unit.searches.map { "\($0.role) \($0.restart)" }.joined(separator: ","),
        ]
        return parts.map { "\($0.utf8.count):\($0)" }.joined()
      }.joined(separator: "\n"))
  }

  /// Units by name.
  private struct Units {
    var all: [ShardUnit] = []
    private var places: [String: Int] = [:]

    mutating func add(_ name: String, cost: Int, _ change: (inout ShardUnit) -> Void) {
      let place = places[name] ?? all.count
      if place == all.count {
        places[name] = place
        all.append(ShardUnit(name: name))
      }
      all[place].cost += cost
      change(&all[place])
    }
  }
}
