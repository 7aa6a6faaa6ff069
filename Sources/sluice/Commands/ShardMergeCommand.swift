import ArgumentParser
import Core
import Foundation
import Gate
import Policies

struct MergeCommand: AsyncParsableCommand, DiagnosedCommand {
  static let configuration = CommandConfiguration(
    commandName: "merge",
    abstract: "Put the shards of a run together, decide, report.",
    discussion: """
      Examples:
        sluice merge .sluice/ledger.shard-*.sqlite --into .sluice/ledger.sqlite
        sluice merge shards/*.sqlite --into .sluice/audit.sqlite \\
          --policy policies/weekly-audit.yaml

      Each file is the ledger of a shard (sluice run POLICY --shard i/n). All are verified and held against each other and against \
      the policy and its files, which have to be here; then their responses, judgments and searches are copied into a new ledger, \
      and the verdict and the reports are those of a run that asked all of it itself. What only all shards together can say is asked \
      here: second looks where suite.confirm_responses isn't stated, transfer, safety tuning.

      A shard that is missing, unfinished, given twice, changed or of another run is named, and the exit code is 69: there is no verdict \
      on a part. A merge that was broken off goes on when the same command is given again.
      """)

  @Argument(help: "The shards' ledgers, in any order.", completion: .file(extensions: ["sqlite"]))
  var shards: [String]

  @Option(help: "The ledger that they become: a new file.", completion: .file(extensions: ["sqlite"]))
  var into: String

  @Option(help: "The policy file, where it isn't at the path that the shards were given.", completion: .file())
  var policy: String?

  @Option(
    name: .customLong("set"),
    help: ArgumentHelp(
      "Repeat a value of the policy that holds a secret, which ledgers don't keep; may be repeated.",
      valueName: "key=value"))
  var overrides: [String] = []

  @OptionGroup
  var patience: LedgerPatience

  @Flag(help: "Print the JSON report on standard output, and nothing else there.")
  var json = false

  @Flag(help: "No progress; only the verdict.")
  var quiet = false

  @OptionGroup(title: "Diagnostics")
  var diagnostics: DiagnosticOptions

  func run() async throws {
    let display = ProgressDisplay(style: .suitable(quiet: quiet))
    let options = MergeOptions(
      shards: shards, into: into, policy: policy, overrides: overrides, command: ResumeCommand.again,
      ledgerWait: patience.duration, leave: Interruption.leave)
    let report = try await Interruption.ending(display, goOn: options.command) {
      try await Pipeline.merge(options) { display.show($0) }
    }
    try StandardOutput.write(report, json: json, quiet: quiet)
    throw ArgumentParser.ExitCode(report.summary.exitCode)
  }
}
