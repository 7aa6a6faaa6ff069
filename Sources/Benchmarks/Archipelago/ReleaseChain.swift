import Attackers
import Core
import Foundation
import Gate

/// An attacker that goes on over the archipelago's releases, against one that starts anew on each; both know the attacks that were
/// confirmed so far.
struct ReleaseChain: Sendable {
  let world: ArchipelagoWorld
  let settings: AttackerSettings
  /// Target responses on each release.
  let budget: Int

  struct Found: Codable, Sendable {
    /// Islands confirmed, those of them that no search had confirmed before, and those that the release added.
    let islands: Int
    let unseen: Int
    let added: Int
    let kinds: Int

    fileprivate init(_ discoveries: Discoveries, _ release: Release, seen: Set<Place>, before: Set<Place>) {
      let places = discoveries.islands.map { release.islands[$0.island].place }
      islands = places.count
      unseen = places.count { !seen.contains($0) }
      added = places.count { !before.contains($0) }
      kinds = discoveries.kinds
    }
  }

  /// Both attackers on one release.
  struct Step: Codable, Sendable {
    let seed: UInt64
    let release: Int
    let incremental: Found
    let scratch: Found
  }

  /// Attacks of one release that the suite takes in, at most.
  private static let growth = 100

  /// Every release but the first, which gives the state and the suite to go on from.
  func run(seed: UInt64, report: (Step) -> Void) async throws -> [Step] {
    let releases = Release.chain(world.mass, seed: seed)
    let attacker = try world.attacker(settings)
    var state: [UInt8]?
    var suite: [String] = []
    var seen: Set<Place> = []
    var steps: [Step] = []
    for (number, release) in releases.enumerated() {
      let trial = world.trial(
        ArchipelagoTarget(grammar: world.grammar, release: release, number: number, seed: seed))
      let (start, known, round) = (state, suite, seed &* 1_000 &+ UInt64(number))
      async let going = trial.run(attacker, budget: budget, seed: round, start: start, seedPrompts: known)
      if number > 0 {
        async let anew = trial.run(attacker, budget: budget, seed: round, seedPrompts: known)
        let before = Set(releases[number - 1].islands.map(\.place))
        func found(_ outcome: AttackTrial.Outcome) -> Found {
          Found(Discoveries(outcome, on: release, world.grammar), release, seen: seen, before: before)
        }
        let step = Step(
          seed: seed, release: number, incremental: found(try await going), scratch: found(try await anew))
        steps.append(step)
        report(step)
      }
      let outcome = try await going
      state = outcome.state
      suite += outcome.confirmed.map(\.prompt).filter { !suite.contains($0) }.prefix(Self.growth)
      seen.formUnion(
        Discoveries(outcome, on: release, world.grammar).islands.map { release.islands[$0.island].place })
    }
    return steps
  }

  /// Means by release and over all, and the last line.
  /// - Parameter budgets: all that were measured, in order.
  static func text(_ measured: [(budget: Int, steps: [Step])]) -> String {
    var lines: [String] = []
    for (budget, steps) in measured {
      lines.append("\(budget) responses on each release, means over seeds: incremental | from scratch")
      lines.append("  release     islands          not seen before  added islands    kinds")
      func row(_ name: String, _ own: [Step]) -> String {
        func pair(_ value: (Found) -> Int) -> String {
          String(
            format: "%6.1f |%6.1f", own.map { Double(value($0.incremental)) }.mean,
            own.map { Double(value($0.scratch)) }.mean)
        }
        return "  " + name.padding(toLength: 10, withPad: " ", startingAt: 0)
          + [pair(\.islands), pair(\.unseen), pair(\.added), pair(\.kinds)].joined(separator: "   ")
      }
      for release in 1..<Release.count { lines.append(row("\(release)", steps.filter { $0.release == release })) }
      lines.append(row("all", steps))
    }
    guard let first = measured.first else { return "" }
    // At the smallest budget twice as many islands that were not seen before.
    let unseen = first.steps.map { Double($0.incremental.unseen) }.mean
    let anew = first.steps.map { Double($0.scratch.unseen) }.mean
    lines.append(BenchmarkResult(name: "archipelago-chain", ratio: unseen / max(anew, 0.5), bar: 2).line)
    return lines.joined(separator: "\n")
  }
}
