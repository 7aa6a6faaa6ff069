import ArgumentParser
import Core
import Foundation
import Gate
import Kinds
import Policies

struct RunCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Run a policy: replay, search for fresh attacks, confirm, decide, report.",
    discussion: """
      Examples:
        sluice run policies/release-gate.yaml
        sluice run policies/release-gate.yaml --set targets.candidate.checkpoint=models/next
        sluice run policies/release-gate.yaml --stages replay,decide
        sluice run policies/release-gate.yaml --resume
        sluice run policies/release-gate.yaml --json > verdict.json

      Progress goes to standard error, the verdict to standard output, reports to the files that the policy names. \
      Ctrl-C stops the run (a second one at once); whatever was answered stays in the ledger, and --resume goes on \
      without asking it again.
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

  @Option(
    help: ArgumentHelp("Wait so long for a ledger that another run holds, for example 10m.", valueName: "duration"))
  var wait: String?

  @Flag(help: "Replay the whole suite, also where every check is decided before (for audits).")
  var noEarlyStop = false

  @Flag(help: "Print the JSON report on standard output, and nothing else there.")
  var json = false

  @Flag(help: "No progress; only the verdict.")
  var quiet = false

  /// After the first Ctrl-C the process ends within these seconds, in which paid jobs are cancelled and reports written.
  private static let patience = 20.0

  func validate() throws {
    if let wait, Quantities.seconds(wait) == nil {
      throw ValidationError("--wait takes a duration: 90s, 10m, 1h30m.")
    }
  }

  func run() async throws {
    let display = ProgressDisplay(style: .suitable(quiet: quiet))
    let options = RunOptions(
      policy: policy, overrides: overrides + (noEarlyStop ? ["suite.early_stop=off"] : []),
      stages: try stages.map(Stage.list), seed: seed, resume: resume, resumeCommand: ResumeCommand.text,
      ledgerWait: wait.flatMap(Quantities.seconds).map { .seconds($0) },
      leave: { error in
        // Everything is committed already, so leaving without a tidy end loses nothing.
        Failure.write(error)
        _exit(error.exitCode.rawValue)
      })
    let work = Task { try await Pipeline.run(options) { display.show($0) } }
    let interruption = Interruption {
      display.show(.notice("stopping; what was answered is stored (again: stop at once)"))
      work.cancel()
      // Where it had not even begun, nothing listens. A queue of its own gets a thread while work keeps every core busy.
      DispatchQueue(label: "sluice.patience").asyncAfter(deadline: .now() + Self.patience) {
        Failure.write(Pipeline.interrupted(resumeCommand: ResumeCommand.text))
        _exit(Core.ExitCode.interrupted.rawValue)
      }
    }
    let result = await work.result
    withExtendedLifetime(interruption) {}
    display.finish()
    let report = try result.get()
    try StandardOutput.write(report, json: json, quiet: quiet)
    throw ArgumentParser.ExitCode(report.summary.exitCode)
  }
}

/// The command line that goes on where this one stopped.
enum ResumeCommand {
  static var text: String {
    var words = CommandLine.arguments
    if !words.contains("--resume") { words.append("--resume") }
    return words.map(quoted).joined(separator: " ")
  }

  /// As a POSIX shell needs it.
  private static func quoted(_ word: String) -> String {
    let plain = word.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_./=:,+@%".contains($0)) }
    return plain && !word.isEmpty ? word : "'" + word.replacingOccurrences(of: "'", with: "'\\''") + "'"
  }
}
