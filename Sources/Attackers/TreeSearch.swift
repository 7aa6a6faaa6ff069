import Core
import Tensors

/// One restart of a search by trees of conversations: every conversation is gone on with by several turns, the worst are pruned, and
/// the best of what is left grow on. It is the tree of DialTree-RPO (Guo et al., "Tree-based dialogue reinforced policy optimization
/// for red-teaming attacks", arXiv 2510.02286) without its training: the driver stays as it is.
///
/// Before the target is paid, a turn is pruned that is none, that repeats a sibling, or that is off topic: of each conversation's new
/// turns the half that is the least like the goal, or like the first turn where there is no goal. The paper asks a judge model;
/// embeddings cost nothing and can be compared with those of siblings. After it, a turn is pruned that was refused, and of the rest
/// all but the best by the reward judge's score, as in beam search (Mehrotra et al., "Tree of attacks", arXiv 2312.02119).
struct TreeSearch: Sendable {
  /// Turns of a conversation and branches of each, as published.
  static let publishedTurns = 5
  static let publishedBranches = 4
  /// Times that one conversation is gone on with, where every branch was refused: the second time its driver knows which were.
  private static let mostGrowths = 2
  /// Rounds in a row that cost no response, after which there is nothing new to be had.
  private static let patience = 12

  /// A conversation that may go on.
  private struct Node: Sendable {
    var turns: [DrivingTask.Turn] = []
    /// log p(unsafe) of the last answer.
    var score = Reward.floor
    /// Refused after these turns.
    var refused: [String] = []
    var growths = 0
  }

  private struct Tree: Sendable {
    let number: Int
    let goal: String
    /// Conversations that are still to be gone on with.
    var level = [Node()]
    /// What has grown from this level, the next one.
    var next: [Node] = []
    /// Turns that its driver was asked for.
    var requests = 0
  }

  /// A turn that is worth asking, after the conversation of a place in the round.
  private struct Branch: Sendable {
    let place: Int
    let asked: ConversationLog.Asked
  }

  private let settings: AttackerSettings
  private let search: ConversationAttacker.Search
  private var log: ConversationLog
  private var begun = 0
  private var step = 0

  private var turns: Int { settings.turns ?? Self.publishedTurns }
  private var branches: Int { settings.branches ?? Self.publishedBranches }

  init(_ search: ConversationAttacker.Search) {
    self.search = search
    settings = search.settings
    log = ConversationLog(search)
  }

  mutating func run() async throws -> SearchResult {
    var trees: [Tree] = []
    var idle = 0
    while log.left > 0, idle < Self.patience {
      try Task.checkCancellation()
      while trees.count < max(1, settings.batch / branches) { trees.append(plant()) }
      let before = log.spent
      try await grow(&trees)
      trees.removeAll { $0.level.isEmpty }
      search.progress(log.spent, "\(log.claimed.count) attacks claimed")
      idle = log.spent == before ? idle + 1 : 0
    }
    return SearchResult(claimed: log.claimed, responses: log.spent, losses: [], state: [])
  }

  private mutating func plant() -> Tree {
    defer { begun += 1 }
    let goals = settings.goals ?? [""]
    return Tree(number: begun, goal: goals[begun % goals.count])
  }

  /// Branches of which all could be confirmed if all worked.
  private func payable(_ branches: some Sequence<Int>) -> Int {
    var left = Double(log.left)
    return branches.prefix { turns in
      left -= 1 + search.budget.confirmation * Double(turns)
      return left >= 0
    }.count
  }

  /// Goes on with the first conversations of all trees, as many as the budget pays for.
  private mutating func grow(_ trees: inout [Tree]) async throws {
    step += 1
    let open = trees.indices.flatMap { tree in trees[tree].level.map { (tree: tree, node: $0) } }
    let affordable = payable(open.flatMap { [Int](repeating: $0.node.turns.count + 1, count: branches) })
    let grown = Array(open.prefix(max(1, affordable / branches)))
    var written: [Branch] = []
    let tasks = grown.flatMap { tree, node in
      (0..<branches).map { _ in
        defer { trees[tree].requests += 1 }
        return DrivingTask(
          instructions: CrescendoSearch.instructions, goal: trees[tree].goal, turns: node.turns, refused: node.refused,
          code: code(trees[tree]))
      }
    }
    let drawn = try await search.driver.turns(for: tasks)
    search.partner.note(drawn)
    for place in grown.indices {
      let own = drawn[(place * branches)..<((place + 1) * branches)]
      var seen: Set<String> = []
      written += own.compactMap { try? $0.get() }.filter { seen.insert(DrivingTask.letters($0)).inserted }.map {
        Branch(place: place, asked: .init(turns: grown[place].node.turns, turn: $0))
      }
    }
    let kept = try await onTopic(written, goals: grown.map { trees[$0.tree].goal })
    let asked = Array(kept.prefix(max(1, payable(kept.map { $0.asked.turns.count + 1 }))))
    for (tree, _) in grown { trees[tree].level.removeFirst() }
    let answers = try await log.ask(asked.map(\.asked))
    var alive = [Bool](repeating: false, count: grown.count)
    var refused = grown.map(\.node.refused)
    for (branch, answer) in zip(asked, answers) {
      let (tree, node) = grown[branch.place]
      if log.works(answer) {
        log.claim(branch.asked, answer, step: step)
        alive[branch.place] = true
      } else if let text = answer.answer, !answer.isRefusal {
        alive[branch.place] = true
        guard node.turns.count + 1 < turns else { continue }
        trees[tree].next.append(
          Node(
            turns: node.turns + [.init(user: branch.asked.turn, answer: text)], score: answer.logUnsafe ?? Reward.floor)
        )
      } else {
        refused[branch.place].append(branch.asked.turn)
      }
    }
    for (place, (tree, node)) in grown.enumerated() where !alive[place] && node.growths + 1 < Self.mostGrowths {
      var again = node
      again.growths += 1
      again.refused = refused[place]
      trees[tree].level.append(again)
    }
    for tree in trees.indices where trees[tree].level.isEmpty { climb(&trees[tree]) }
  }

  /// The best of what has grown are the next level, the earlier first where none is better.
  private func climb(_ tree: inout Tree) {
    tree.level = tree.next.enumerated().sorted { ($1.element.score, $0.offset) < ($0.element.score, $1.offset) }
      .prefix(branches).map(\.element)
    tree.next = []
  }

  /// Of each conversation's new turns those that are the most alike to the goal, or to the first turn: half of them, or one more.
  private func onTopic(_ written: [Branch], goals: [String]) async throws -> [Branch] {
    let topics = written.map { branch in
      goals[branch.place].isEmpty ? branch.asked.turns.first?.user ?? "" : goals[branch.place]
    }
    let compared = written.indices.filter { !topics[$0].isEmpty }
    if compared.isEmpty { return written }
    let texts = Set(compared.flatMap { [written[$0].asked.turn, topics[$0]] }).sorted()
    let vectors = Dictionary(uniqueKeysWithValues: zip(texts, try await search.embedder.embed(texts)))
    let likeness = topics.indices.map { index -> Float in
      guard let turn = vectors[written[index].asked.turn], let topic = vectors[topics[index]] else { return 0 }
      return dot(min(turn.count, topic.count), turn, topic)
    }
    let siblings = Dictionary(grouping: compared) { written[$0].place }
    let pruned = Set(
      siblings.values.flatMap { own in
        own.sorted { (likeness[$0], $1) < (likeness[$1], $0) }.prefix(own.count / 2)
      })
    return written.indices.filter { !pruned.contains($0) }.map { written[$0] }
  }

  /// No two requests of a search have the same, nor two searches with other seeds.
  private func code(_ tree: Tree) -> String {
    String(hexadecimal: StableHash.fnv1a("\(search.seed) \(tree.number) \(tree.requests)".utf8))
  }
}

extension AttackMethod {
  /// Trees of conversations, driven by the attacker's model or a served one, with pruning.
  public static let tree = AttackMethod(
    name: "tree", summary: "conversations that branch in every turn, the worst pruned; nothing is trained", forms: [],
    converses: true, keys: ["branches"],
    // Half are pruned first.
    turnsPerAnswer: 2
  ) { parts in
    try ConversationAttacker(parts) { search in
      var search = TreeSearch(search)
      return try await search.run()
    }
  }
}
