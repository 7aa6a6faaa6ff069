import ArgumentParser
import Core
import Foundation
import Gate
import Policies

struct RunCommand: AsyncParsableCommand, DiagnosedCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Run a policy: replay, search for fresh attacks, confirm, decide, report.",
    discussion: """
      Examples:
        sluice run policies/release-gate.yaml
        sluice run policies/release-gate.yaml \\
          --set targets.candidate.checkpoint=models/next
        sluice run policies/release-gate.yaml --stages replay,decide
        sluice run policies/release-gate.yaml --resume
        sluice run policies/release-gate.yaml --json > verdict.json
        sluice run policies/release-gate.yaml --shard 2/7 --resume

      Progress goes to standard error, the verdict to standard output, reports to the files that the policy names. \
      Ctrl-C stops the run (a second one at once); whatever was answered stays in the ledger, and --resume goes on \
      without asking it again.

      --shard i/n does one of n parts of a run, in a ledger of its own beside the policy's (ledger.shard-2-of-7.sqlite), and \
      gives no verdict: exit code 0 says that its work is done, and sluice merge decides when all are. --shard auto takes i and n \
      from SLUICE_SHARD, else from Kubernetes (JOB_COMPLETION_INDEX with SLUICE_SHARDS), Slurm (SLURM_ARRAY_TASK_ID, _MIN, \
      _COUNT) or GitLab (CI_NODE_INDEX, CI_NODE_TOTAL); without --shard no variable makes a shard of a run. With --resume a \
      shard begins, goes on or does nothing, as it takes.
      """)

  @Argument(help: "The policy file (YAML).", completion: .file(extensions: ["yaml", "yml"]))
  var policy: String

  @Option(
    name: .customLong("set"),
    help: ArgumentHelp(
      "Override a value of the policy; may be repeated. It is recorded in the reports.", valueName: "key=value"))
  var overrides: [String] = []

  @Option(help: "Run only these stages, separated by commas: replay, benign, regenerate, confirm, transfer, decide.")
  var stages: String?

  @Option(help: "Override the policy's seed.")
  var seed: UInt64?

  @Flag(help: "Go on with the last unfinished run of this policy.")
  var resume = false

  @OptionGroup
  var patience: LedgerPatience

  @Option(help: ArgumentHelp("Do one of n parts of the run, without a verdict; see below.", valueName: "i/n|auto"))
  var shard: String?

  @Flag(help: "Replay the whole suite, also where every check is decided before (for audits).")
  var noEarlyStop = false

  @Flag(help: "Print the JSON report on standard output, and nothing else there.")
  var json = false

  @Flag(help: "No progress; only the verdict.")
  var quiet = false

  @Flag(help: "Also what each check rests on: n, independent units, unscored, confidence, method.")
  var verbose = false

  @OptionGroup(title: "Diagnostics")
  var diagnostics: DiagnosticOptions

  func validate() throws {
    if quiet && verbose { throw ValidationError("Ask for one of --quiet and --verbose.") }
  }

  func run() async throws {
    let display = ProgressDisplay(style: .suitable(quiet: quiet))
    let options = RunOptions(
      policy: policy, overrides: overrides + (noEarlyStop ? ["suite.early_stop=off"] : []),
      stages: try EarlierReports.removing { try stages.map(Stage.list) }, seed: seed, resume: resume,
      resumeCommand: ResumeCommand.text,
      ledgerWait: patience.duration, leave: Interruption.leave)
    let environment = ProcessInfo.processInfo.environment
    if let shard {
      let part = try EarlierReports.removing {
        try shard == Shard.automatic ? Shard(environment: environment) : Shard(shard)
      }
      let report = try await Interruption.ending(display, goOn: options.resumeCommand) {
        try await Pipeline.run(part, options) { display.show($0) }
      }
      if json {
        try StandardOutput.write(json: JSONText.of(report))
      } else {
        try StandardOutput.write(report.text)
      }
      return
    }
    if let text = environment[Shard.variable], !text.isEmpty {
      display.show(
        .notice("\(Shard.variable) is set, and this is a whole run all the same: --shard auto would do that part alone")
      )
    }
    let report = try await Interruption.ending(display, goOn: options.resumeCommand) {
      try await Pipeline.run(options) { display.show($0) }
    }
    try StandardOutput.write(report, json: json, quiet: quiet, verbose: verbose)
    throw ArgumentParser.ExitCode(report.summary.exitCode)
  }
}

/// The command line that goes on where this one stopped.
enum ResumeCommand {
  static var text: String {
    CommandLine.arguments.contains("--resume") ? again : again + " --resume"
  }

  /// The same once more.
  static var again: String { CommandLine.arguments.map(quoted).joined(separator: " ") }

  /// As a POSIX shell needs it.
  private static func quoted(_ word: String) -> String {
    let plain = word.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_./=:,+@%".contains($0)) }
    return plain && !word.isEmpty ? word : "'" + word.replacingOccurrences(of: "'", with: "'\\''") + "'"
  }
}
