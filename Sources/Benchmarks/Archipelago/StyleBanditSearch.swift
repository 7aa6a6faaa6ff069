import Attackers
import Core
import Foundation

/// A bandit over styles, after "Red-Bandit" (arXiv 2510.07239): which framing comes next is decided by UCB1 (Auer et al., 2002) on
/// how often its attacks worked; the reference model writes the rest.
///
/// Published are experts that were trained for each style before they meet the target. Here the reference model itself goes on
/// from an opener and the framing, which is the same for requests whose parts are independent.
struct StyleBanditSearch: Sendable {
  private struct Arm {
    /// Attacks made, answered or not.
    var pulls = 0
    var answers = 0
    var successes = 0.0
  }

  private let search: BaselineAttacker.Search
  private let grammar: RequestGrammar
  private let proposer: Proposer
  private var generator: SeededGenerator
  private var log: SearchLog
  private var step = 0
  private var arms = [Arm](repeating: Arm(), count: Slot.framing.count)

  init(_ search: BaselineAttacker.Search, _ grammar: RequestGrammar) {
    self.search = search
    self.grammar = grammar
    proposer = Proposer(search)
    generator = SeededGenerator(seed: search.seed, stream: "search")
    log = SearchLog(oracle: search.oracle, budget: search.budget, settings: search.settings)
  }

  mutating func run() async throws -> SearchResult {
    var idle = 0
    while log.canAsk, idle < GFlowNetSearch.patience {
      try Task.checkCancellation()
      let before = log.spent
      step += 1
      var drafts: [Proposer.Draft] = []
      for _ in 0..<search.settings.batch { drafts += try await request(in: pull()) }
      let proposals = try await proposer.experiences(drafts)
      for (experience, isNew) in try await log.tryOut(proposals, step: step) where isNew {
        guard let framing = grammar.reading(of: experience.prompt).kind?.framing else { continue }
        arms[framing].answers += 1
        arms[framing].successes += exp(experience.logUnsafe)
      }
      search.progress(log.spent, "\(log.claimed.count) attacks claimed")
      idle = log.spent == before ? idle + 1 : 0
    }
    return SearchResult(claimed: log.claimed, responses: log.spent, losses: [], state: [])
  }

  /// The arm with the highest mean + √(2 ln t / n); each is tried once first.
  private mutating func pull() -> Int {
    let whole = Double(arms.reduce(0) { $0 + $1.pulls })
    func bound(_ arm: Arm) -> Double {
      if arm.pulls == 0 { return .infinity }
      let mean = arm.answers > 0 ? arm.successes / Double(arm.answers) : 0
      return mean + (2 * Foundation.log(whole) / Double(arm.pulls)).squareRoot()
    }
    let best = arms.indices.max { bound(arms[$0]) < bound(arms[$1]) } ?? 0
    arms[best].pulls += 1
    return best
  }

  /// A request with a framing: any opener before it, what the reference model says behind it.
  private mutating func request(in framing: Int) async throws -> [Proposer.Draft] {
    let openers = Slot.opener.wordings
    let opener = openers[Int.random(in: openers.indices, using: &generator)].words
    let start = (opener + Slot.framing.wordings[framing].words).joined(separator: " ")
    let tokens = try await proposer.encode([start]).first ?? []
    return try await proposer.continuations(
      of: Array(tokens.prefix(proposer.length(tokens))), seeds: [generator.next()])
  }
}

extension AttackMethod {
  static func styleBandit(_ grammar: RequestGrammar) -> AttackMethod {
    AttackMethod(name: "style-bandit", summary: "UCB over framings") { parts in
      try BaselineAttacker(parts) { search in
        var search = StyleBanditSearch(search, grammar)
        return try await search.run()
      }
    }
  }
}
