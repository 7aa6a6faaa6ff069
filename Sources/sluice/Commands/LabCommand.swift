import ArgumentParser
import Core
import Foundation
import Gate

struct LabCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lab", abstract: "The embedded lab: small models with known weaknesses.", subcommands: [Build.self])

  struct Build: AsyncParsableCommand, DiagnosedCommand {
    static let configuration = CommandConfiguration(
      commandName: "build",
      abstract: "Train the lab's models from a seed and measure the truth about them.",
      discussion: """
        Examples:
          sluice lab build --into /tmp/lab
          sluice lab build --seed 2 --into build/lab-2

        Takes some minutes on two cores. The same seed gives the same files on the same machine.
        """)

    @Option(help: "Everything is drawn from it.")
    var seed: UInt64 = 1

    @Option(name: .customLong("into"), help: "The folder to write; files of an older build are replaced.")
    var folder = "fixtures/lab"

    @Flag(help: "No progress.")
    var quiet = false

    @OptionGroup(title: "Diagnostics")
    var diagnostics: DiagnosticOptions

    func run() async throws {
      let display = ProgressDisplay(style: .suitable(quiet: quiet))
      try await Laboratory.build(seed: seed, into: folder) { display.show($0) }
      display.finish()
      try StandardOutput.write("the lab is in \(folder)\n")
    }
  }
}
