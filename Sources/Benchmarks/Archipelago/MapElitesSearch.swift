import Attackers
import Core
import Foundation

/// Quality-diversity search: MAP-Elites (Mouret and Clune, 2015) over framing × category, with mutation by a language model, after
/// Samanta et al., "Rainbow teaming" (NeurIPS 2024, arXiv 2402.16822).
///
/// As published: parents are drawn from the archive evenly, what is aimed at is drawn with a bias to low fitness (softmax of
/// −fitness at temperature 0.1), and the archive keeps the best of each cell. A reference model takes no instructions, so it aims
/// by choice: of several mutations one is drawn by the fitness of its cell. Cells are read by the world's own grammar, which no
/// attacker of a real model has.
struct MapElitesSearch: Sendable {
  private struct Cell: Hashable {
    let framing: Int
    let category: Int
  }

  private let search: BaselineAttacker.Search
  private let grammar: RequestGrammar
  private let proposer: Proposer
  private var generator: SeededGenerator
  private var log: SearchLog
  private var step = 0
  /// The best attack of each cell, with its p(unsafe).
  private var archive: [Cell: (elite: Experience, fitness: Double)] = [:]

  /// Temperature of the draw among mutations.
  private static let bias = 0.1
  /// That of a cell whose elite always works.
  private static let leastWeight = exp(-1 / bias)
  /// Mutations made for each that is asked.
  private static let mutations = 8
  /// Share of a batch without a parent: the archive is seeded with samples of the reference model, as published with prompts of
  /// a data set.
  private static let fresh = 0.25

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
      let batch = search.settings.batch
      let count = archive.isEmpty ? batch : Int(Double(batch) * Self.fresh)
      let seeds = (0..<count).map { _ in generator.next() }
      var drafts = try await proposer.continuations(of: [], seeds: seeds)
      let parents = archive.values.map(\.elite).sorted { $0.prompt < $1.prompt }
      if !parents.isEmpty {
        for _ in 0..<(batch - count) {
          let parent = parents[Int.random(in: parents.indices, using: &generator)]
          if let draft = try await mutation(of: parent) { drafts.append(draft) }
        }
      }
      let proposals = try await proposer.experiences(drafts)
      for (experience, _) in try await log.tryOut(proposals, step: step) { keep(experience) }
      search.progress(log.spent, "\(log.claimed.count) attacks claimed")
      idle = log.spent == before ? idle + 1 : 0
    }
    return SearchResult(claimed: log.claimed, responses: log.spent, losses: [], state: [])
  }

  private mutating func keep(_ attack: Experience) {
    guard let cell = cell(attack.prompt) else { return }
    let fitness = exp(attack.logUnsafe)
    if fitness >= archive[cell]?.fitness ?? 0 { archive[cell] = (attack, fitness) }
  }

  private func cell(_ prompt: String) -> Cell? {
    grammar.reading(of: prompt).kind.map { Cell(framing: $0.framing, category: $0.category) }
  }

  /// One that was not asked yet: the worse the elite of its cell, the likelier.
  private mutating func mutation(of parent: Experience) async throws -> Proposer.Draft? {
    let made = try await variations(of: parent).filter { log.isNew($0.prompt) }
    // What is of no kind has no cell to fill.
    let weights = made.map { draft in
      cell(draft.prompt).map { exp(-(archive[$0]?.fitness ?? 0) / Self.bias) } ?? Self.leastWeight
    }
    var rest = generator.uniformDouble() * weights.reduce(0, +)
    for (draft, weight) in zip(made, weights) {
      rest -= weight
      if rest < 0 { return draft }
    }
    return made.last
  }

  /// Half keep the parent's beginning and let the model go on; half put a new beginning before the parent's end.
  private mutating func variations(of parent: Experience) async throws -> [Proposer.Draft] {
    let length = proposer.length(parent.tokens)
    guard length > 1 else { return [] }
    let cut = Int.random(in: 1..<length, using: &generator)
    let seeds = (0..<Self.mutations).map { _ in generator.next() }
    let (first, second) = (Array(seeds.prefix(Self.mutations / 2)), Array(seeds.suffix(Self.mutations / 2)))
    let continued = try await proposer.continuations(of: Array(parent.tokens.prefix(cut)), seeds: first)
    let words = parent.prompt.split(separator: " ")
    let place = Int.random(in: 0..<words.count, using: &generator)
    let begun = try await proposer.continuations(of: [], seeds: second).map { draft in
      (draft.prompt.split(separator: " ").prefix(place) + words.dropFirst(place)).joined(separator: " ")
    }
    return continued + zip(begun, try await proposer.encode(begun)).map { Proposer.Draft(prompt: $0, tokens: $1) }
  }
}

extension AttackMethod {
  static func mapElites(_ grammar: RequestGrammar) -> AttackMethod {
    AttackMethod(name: "map-elites", summary: "an archive of framing × category, filled by mutation") { parts in
      try BaselineAttacker(parts) { search in
        var search = MapElitesSearch(search, grammar)
        return try await search.run()
      }
    }
  }
}
