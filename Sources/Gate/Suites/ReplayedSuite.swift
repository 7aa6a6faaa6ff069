import Core
import Decisions
import Evidence
import Kinds
import Policies
import Suites

/// The known attacks that a policy replays: those of its suite file, each once, and what its transforms make of them.
struct ReplayedSuite {
  let attacks: [Attack]
  /// What is to become of those whose words a model has to find, by identifier.
  let awaited: [AttackID: AwaitedRewriting]
  /// What a reader has to know of them, a sentence each.
  let notices: [String]
  let tags: AttackTags

  /// - Throws: `PolicyErrors` with everything that is wrong in the suite file; `SluiceError` (usage) for columns that can't be.
  init(_ policy: Policy) throws {
    let file = try SuiteFile.attacks(policy.suite.seeds, columns: ColumnNames(policy.suite.columns))
    // One attack, one row: an identifier stands for one prompt everywhere.
    var seen: Set<AttackID> = []
    let written = file.items.filter { seen.insert($0.id).inserted }
    var (attacks, unchanged) = (written, 0)
    var awaited: [AttackID: AwaitedRewriting] = [:]
    for transform in policy.suite.transforms {
      let chain = transform.chain
      if let rewriter = transform.rewriter {
        for attack in written {
          let waiting = attack.awaiting(chain.name, locale: chain.language)
          attacks.append(waiting)
          awaited[waiting.id] = AwaitedRewriting(chain: chain, rewriter: rewriter.role)
        }
        continue
      }
      for attack in written {
        let rewritten = attack.rewritten(by: chain.name, as: Conversation.rewritten(attack.prompt, by: chain.rewritten))
        if seen.insert(rewritten.id).inserted { attacks.append(rewritten) } else { unchanged += 1 }
      }
    }
    self.attacks = attacks
    tags = AttackTags(attacks: file.tags, categories: policy.tags)
    self.awaited = awaited
    var notices = [file.remark].compactMap(\.self)
    if unchanged > 0 {
      notices.append(
        "\(counted(unchanged, "rewritten attack")) of suite.transforms \(unchanged == 1 ? "has" : "have") the text of another "
          + "attack and \(unchanged == 1 ? "is" : "are") left out.")
    }
    self.notices =
      notices + [Self.conversations(in: attacks), Self.idleCategories(policy, attacks)].compactMap(\.self)
  }

  /// Weights and tags of categories that no attack is of; nil where there are none.
  private static func idleCategories(_ policy: Policy, _ attacks: [Attack]) -> String? {
    let declared = Set(policy.weights.keys).union(policy.tags.keys)
    let idle = declared.subtracting(attacks.lazy.compactMap(\.category)).sorted()
    if idle.isEmpty { return nil }
    let names = idle.prefix(8).map(quoted).joined(separator: ", ") + (idle.count > 8 ? ", …" : "")
    return
      "The policy gives a weight or tags to \(counted(idle.count, "category", "categories")) of which the suite has no attack: "
      + "\(names). Categories are told apart by their exact names."
  }

  /// The attacks with the texts that rewriters gave in a run, as its ledger has them; what has none stays as it is.
  func rewritten(in run: String, _ ledger: Ledger) throws -> RewrittenSuite {
    let given = attacks.map { SuiteAttack(attack: $0, foundOn: nil) }
    let planned = awaited.isEmpty ? given : NearCopies(given).attacks
    return RewrittenSuite(
      planned, awaited: awaited,
      texts: try RewritingStage.stored(planned, awaited, of: run, in: ledger),
      written: Set(attacks.lazy.map(\.id).filter { awaited[$0] == nil }))
  }

  /// What they take; nil where every attack is a prompt.
  private static func conversations(in attacks: [Attack]) -> String? {
    let conversations = attacks.compactMap { Conversation(text: $0.prompt) }
    if conversations.isEmpty { return nil }
    let answers = conversations.reduce(0) { $0 + $1.liveTurns }
    let systems = conversations.count { $0.system != nil }
    return
      "\(conversations.count) of \(counted(attacks.count, "attack")) \(conversations.count == 1 ? "is a conversation" : "are conversations"): "
      + "asking each once takes \(counted(answers, "request")), and more where tools are called"
      + (systems == 0 ? "." : "; \(systems) with a system prompt in place of the target's own.")
  }
}
