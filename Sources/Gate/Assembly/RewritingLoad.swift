import Core
import Decisions
import Transforms

/// What rewriters would be asked for a plan's attacks, before anything is asked.
struct RewritingLoad {
  /// By the part that the model plays.
  let byRole: [String: PlannedRun.Rewriting]

  init(_ plan: RunPlan) {
    /// What makes a request one that was made before: the steps up to it, and the attack.
    struct Key: Hashable {
      let rewriter: Role
      let steps: ArraySlice<TransformChain.Step>
      let attack: AttackID
    }
    var seen: Set<Key> = []
    var requests: [Role: Int] = [:]
    var tokens: [Role: Int] = [:]
    for attack in plan.suite {
      guard let awaited = plan.awaited[attack.id] else { continue }
      let turns = RewritingPass.turns(of: attack.prompt)
      for (place, step) in awaited.chain.steps.enumerated() {
        guard case .asked(let task) = step else { continue }
        let key = Key(
          rewriter: awaited.rewriter, steps: awaited.chain.steps[...place],
          attack: AttackID(prompt: attack.prompt))
        guard seen.insert(key).inserted else { continue }
        requests[awaited.rewriter, default: 0] += turns.count
        tokens[awaited.rewriter, default: 0] += turns.reduce(0) {
          $0 + Tokens.count(task.request(for: $1, of: attack.prompt))
        }
      }
    }
    byRole = Dictionary(
      requests.map { role, count in
        (
          role.description,
          PlannedRun.Rewriting(requests: count, tokens: Double(tokens[role] ?? 0) / Double(max(1, count)))
        )
      }
    ) { first, _ in first }
  }
}
