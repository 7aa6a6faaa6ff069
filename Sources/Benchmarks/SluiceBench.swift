import ArgumentParser
import Logging

/// What `.ci/bench NAME` runs. Not a product: users have no need of it.
@main
struct SluiceBench: AsyncParsableCommand {
  static func main() async {
    // Without it a server's story stands between the rows of a table.
    LoggingSystem.bootstrap { _ in SwiftLogNoOpLogHandler() }
    await main(nil)
  }

  static let configuration = CommandConfiguration(
    commandName: "sluice-bench", abstract: "Measurements behind .ci/bench; run from the repository's root.",
    subcommands: [
      AttackerBenchmark.self, ArchipelagoBenchmark.self, PaceBenchmark.self, CoverageBenchmark.self,
      VerdictBenchmark.self,
      IncrementalBenchmark.self, EngineBenchmark.self, UpdatesBenchmark.self, ReplayBenchmark.self, ScaleBenchmark.self,
      LedgerBenchmark.self, LocalBenchmark.self, GateLocalBenchmark.self, SearchBenchmark.self,
    ])
}
