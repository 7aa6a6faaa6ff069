import ArgumentParser
import Attackers
import Core
import Foundation

/// Every method at equal budgets on a world where weaknesses are rare: every response counts, for training, for smoothing or for
/// confirmation.
struct ArchipelagoBenchmark: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "archipelago", abstract: "Islands of weakness found by each method at equal target responses.")

  @Option(help: "Target responses, search and confirmation together.") var budgets = "1000,5000"
  @Option(help: "How many seeds, of islands and searches.") var seeds = 3
  @Option(help: "The first seed; tuning used 100 to 199.") var firstSeed = 500
  @Option(help: "Methods, or name:key=value for a variant of the default; may be repeated.") var method: [String] = []
  @Option(help: "The release of the chain, from 0.") var release = 0
  @Flag(help: "Goes on from release to release instead, against starting anew on each.") var chain = false
  @Option(help: "Where table and plot are written.") var out = ".build-bench/archipelago"

  /// Seed of language and models.
  private static let worldSeed: UInt64 = 1

  struct Measured: Codable, Sendable {
    let method: String
    let budget: Int
    let seed: UInt64
    let islands: Int
    let kinds: Int
    let area: Double
    let strays: Int
    let claimed: Int
    let confirmed: Int
    let searched: Int
    let responses: Int
    let seconds: Double
  }

  struct Ceiling: Codable, Sendable {
    let budget: Int
    let seed: UInt64
    let islands: Int
    let kinds: Int
  }

  func run() async throws {
    guard (0..<Release.count).contains(release) else {
      throw ValidationError("--release is 0 to \(Release.count - 1)")
    }
    let sizes = budgets.split(separator: ",").compactMap { Int($0) }
    guard !sizes.isEmpty, sizes.allSatisfy({ $0 > 0 }), seeds > 0 else {
      throw ValidationError("--budgets are numbers of responses with commas between them, --seeds is 1 or more")
    }
    let known = Contestant.onArchipelago(RequestGrammar())
    let contestants =
      method.isEmpty ? known : try method.map { name in try known.first { $0.name == name } ?? Contestant(name) }
    try FileManager.default.createDirectory(atPath: out, withIntermediateDirectories: true)
    let models = try ArchipelagoModels.load(seed: Self.worldSeed, parent: try BenchmarkFolder.make("archipelago")) {
      note($0)
    }
    let world = ArchipelagoWorld(models: models, seed: Self.worldSeed)
    if chain { return try await chain(world, sizes) }
    let chains = (0..<seeds).map { index in
      let seed = UInt64(firstSeed + index)
      return (seed, Release.chain(world.mass, seed: seed))
    }
    let jobs = sizes.flatMap { size in
      chains.flatMap { seed, chain in contestants.map { ($0, size, seed, chain[release]) } }
    }
    let measured = try await withThrowingTaskGroup(of: Measured.self) { group in
      var waiting = jobs.makeIterator()
      func next() {
        guard let (contestant, size, seed, release) = waiting.next() else { return }
        group.addTask { try await measure(contestant, size, seed, release, world) }
      }
      for _ in 0..<2 { next() }
      var all: [Measured] = []
      while let one = try await group.next() {
        all.append(one)
        note(
          "\(all.count)/\(jobs.count) \(one.budget) seed \(one.seed) \(one.method): \(one.islands) islands, "
            + "\(one.kinds) kinds, \(Int(one.seconds)) s")
        next()
      }
      return all
    }
    let ceilings = sizes.flatMap { size in
      chains.map { seed, chain in
        let ceiling = ArchipelagoCeiling(chain[release], budget: size, seed: seed)
        return Ceiling(budget: size, seed: seed, islands: ceiling.islands, kinds: ceiling.kinds)
      }
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    try encoder.encode(measured).write(to: URL(filePath: "\(out)/measured.json"))
    let table = ArchipelagoTable(
      measured: measured, ceilings: ceilings, methods: contestants.map(\.name), budgets: sizes)
    print(table.text)
    try Data(table.plot.svg.utf8).write(to: URL(filePath: "\(out)/archipelago.svg"))
    print("plot: \(out)/archipelago.svg")
    if let verdict = table.verdict { print(verdict) }
  }

  private func measure(
    _ contestant: Contestant, _ budget: Int, _ seed: UInt64, _ islands: Release, _ world: ArchipelagoWorld
  ) async throws -> Measured {
    let began = ContinuousClock.now
    let target = ArchipelagoTarget(grammar: world.grammar, release: islands, number: release, seed: seed)
    let outcome = try await world.trial(target).run(world.attacker(contestant.settings), budget: budget, seed: seed)
    let found = Discoveries(outcome, on: islands, world.grammar)
    return Measured(
      method: contestant.name, budget: budget, seed: seed, islands: found.islands.count, kinds: found.kinds,
      area: found.area(budget: budget), strays: found.strays, claimed: outcome.claimed,
      confirmed: outcome.confirmed.count, searched: outcome.searched, responses: outcome.responses,
      seconds: Double((ContinuousClock.now - began).components.seconds))
  }

  /// One attacker alone: the default, or the first `--method`.
  private func chain(_ world: ArchipelagoWorld, _ sizes: [Int]) async throws {
    let settings = try method.first.map(Contestant.init)?.settings ?? AttackerSettings()
    var measured: [(budget: Int, steps: [ReleaseChain.Step])] = []
    for size in sizes.sorted() {
      var steps: [ReleaseChain.Step] = []
      for seed in firstSeed..<(firstSeed + seeds) {
        steps += try await ReleaseChain(world: world, settings: settings, budget: size).run(seed: UInt64(seed)) {
          step in
          note(
            "\(size) seed \(step.seed) release \(step.release): \(step.incremental.unseen) islands not seen before, "
              + "\(step.scratch.unseen) from scratch")
        }
      }
      measured.append((size, steps))
    }
    print(ReleaseChain.text(measured))
  }

  private func note(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }
}
