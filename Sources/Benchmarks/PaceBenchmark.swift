import ArgumentParser
import Attackers
import Core
import Foundation
import Gate

/// How long a search takes with a slow remote target, against the longer of its two halves alone.
struct PaceBenchmark: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pace", abstract: "Overlap of training with a target of 200 ms latency behind 32 connections.")

  @Option(help: "Target responses.") var budget = 5_000
  @Option(help: "Seconds that one response takes.") var latency = 0.2
  @Option(help: "Responses under way at once.") var connections = 32
  @Option(help: "Batches in flight.") var inFlight = 4

  func run() async throws {
    let lab = try await LabTargets()
    var settings = AttackerSettings()
    settings.batchesInFlight = inFlight
    let attacker = try lab.attacker(settings)
    let budget = SearchBudget(responses: budget, confirmation: 0)

    // What the target says is recorded first, so that its computing doesn't count as training.
    let recorded = Recording(target: try lab.target("assistant-1.0", seed: 900), judge: lab.reward)
    let answers = try await search(attacker, recorded, budget).responses
    let memory = recorded.memory
    let alone = try await seconds { _ = try await search(attacker, Replayed(memory: memory), budget) }
    let paced = Paced(memory: memory, latency: latency, connections: connections)
    let together = try await seconds { _ = try await search(attacker, paced, budget) }
    let target = Double(answers) * latency / Double(connections)
    let ratio = together / max(alone, target)
    print("responses \(answers), \(inFlight) batches in flight")
    print(String(format: "target alone    %7.1f s (%.0f ms, %d connections)", target, latency * 1000, connections))
    print(String(format: "training alone  %7.1f s", alone))
    print(String(format: "together        %7.1f s, %.0f %% of connections busy", together, 100 * target / together))
    print(String(format: "pace ratio=%.2f bar=1.30 %@", ratio, ratio <= 1.3 ? "ok" : "short"))
  }

  private func search(
    _ attacker: any Attacker, _ oracle: any AttackOracle, _ budget: SearchBudget
  ) async throws -> SearchResult {
    try await attacker.search(start: nil, seedPrompts: [], oracle: oracle, budget: budget, seed: 900) { _, _ in }
  }

  private func seconds(_ work: () async throws -> Void) async throws -> Double {
    let began = ContinuousClock.now
    try await work()
    let taken = ContinuousClock.now - began
    return Double(taken.components.seconds) + Double(taken.components.attoseconds) * 1e-18
  }
}
