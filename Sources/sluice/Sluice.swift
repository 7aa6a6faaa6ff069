import ArgumentParser
import Core
import Foundation
import Gate

/// The command line: argument parsing, progress and exit codes; the work is in `Gate`.
struct Sluice: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sluice",
    abstract: "May this model ship? A continuous safety-regression gate for language models.",
    discussion: """
      Examples:
        sluice check policies/release-gate.yaml
        sluice run policies/release-gate.yaml
        sluice run policies/release-gate.yaml \\
          --set targets.candidate.checkpoint=models/next
        sluice decide policies/release-gate.yaml --outcomes outcomes.jsonl
        sluice history
        sluice report last

      Exit codes (`sluice explain CODE` says more):
        \(exitCodes)
      """,
    version: sluiceVersion,
    subcommands: [
      InitCommand.self, RunCommand.self, CheckCommand.self, DoctorCommand.self, PlanCommand.self, DecideCommand.self,
      MergeCommand.self, HistoryCommand.self, CompareCommand.self, ReportCommand.self, SchemaCommand.self,
      ExplainCommand.self,
      ModelCommand.self,
      AttackerCommand.self, LabelsCommand.self, ReviewCommand.self, LedgerCommand.self, SuiteCommand.self,
      AttacksCommand.self,
      RevealCommand.self, ExportCommand.self, AttestCommand.self, LabCommand.self,
    ])

  /// A line a code.
  private static var exitCodes: String {
    Core.ExitCode.allCases.map { code in
      "\(code.rawValue)".padding(toLength: 4, withPad: " ", startingAt: 0) + code.title
    }.joined(separator: "\n  ")
  }
}

@main
enum Main {
  /// Not asynchronous itself: whatever the runtime opens for that would take the number of a closed standard stream.
  static func main() {
    ProcessSetup.perform()
    do {
      try AddressSpace.require()
    } catch {
      Failure.exit(error)
    }
    Task { await perform() }
    dispatchMain()
  }

  private static func perform() async {
    let arguments = Array(CommandLine.arguments.dropFirst())
    var command: any ParsableCommand
    do {
      command = try Sluice.parseAsRoot(arguments)
    } catch {
      if !Sluice.exitCode(for: error).isSuccess { EarlierReports.remove(among: Sluice.configuration.subcommands) }
      Failure.exit(parsing: error)
    }
    do {
      do {
        try Diagnostics.begin(command as? any DiagnosedCommand)
        try OpenFiles.raise()
        try requireProcessor()
      } catch {
        EarlierReports.remove(among: Sluice.configuration.subcommands)
        throw error
      }
      if var asynchronous = command as? any AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
      Failure.leave(Core.ExitCode.pass.rawValue)
    } catch {
      Failure.exit(error)
    }
  }
}
