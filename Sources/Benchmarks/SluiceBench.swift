import ArgumentParser

/// What `.ci/bench NAME` runs. Not a product: users have no need of it.
@main
struct SluiceBench: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sluice-bench", abstract: "Measurements behind .ci/bench; run from the repository's root.",
    subcommands: [
      AttackerBenchmark.self, ArchipelagoBenchmark.self, PaceBenchmark.self, CoverageBenchmark.self,
      VerdictBenchmark.self,
      IncrementalBenchmark.self, EngineBenchmark.self, UpdatesBenchmark.self, ReplayBenchmark.self, ScaleBenchmark.self,
      LedgerBenchmark.self, LocalBenchmark.self, GateLocalBenchmark.self,
    ])
}
