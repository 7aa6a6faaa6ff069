import ArgumentParser
import Core
import Evidence
import Foundation

struct LedgerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ledger", abstract: "Look into the evidence.",
    subcommands: [
      Show.self, LedgerVerifyCommand.self, LedgerLogCommand.self, LedgerPurgeCommand.self, LedgerSealCommand.self,
      LedgerUnsealCommand.self, LedgerRekeyCommand.self,
    ])

  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "show",
      abstract: "What a ledger holds: responses, judgments, runs and their verdicts.",
      discussion: """
        Examples:
          sluice ledger show
          sluice ledger show build/audit.sqlite --json
        """)

    @Argument(help: "The ledger file.", completion: .file(extensions: ["sqlite"]))
    var path = ".sluice/ledger.sqlite"

    @Flag(help: "Print JSON.")
    var json = false

    @Option(help: "How many runs to list, newest first.")
    var runs = 20

    func validate() throws {
      if runs < 0 { throw ValidationError("--runs can't be negative.") }
    }

    func run() throws {
      let contents = try Ledger(path: path, readOnly: true).contents(limit: runs)
      if json {
        try StandardOutput.write(json: JSONText.of(contents))
      } else {
        try StandardOutput.write(LedgerListing(contents: contents).text)
      }
    }
  }
}

/// A ledger's contents for a person.
struct LedgerListing {
  let contents: LedgerContents

  var text: String {
    var lines = ["\(contents.path)  (\(contents.bytes / 1024) KB)"]
    for name in contents.counts.keys.sorted() { lines.append("  \(name): \(contents.counts[name] ?? 0)") }
    lines.append("  audit head: \(contents.headHash)")
    if !contents.responsesByTarget.isEmpty { lines.append("responses by target:") }
    for (target, count) in contents.responsesByTarget.sorted(by: { $0.key < $1.key }) {
      lines.append("  \(target.prefix(60)): \(count)")
    }
    lines.append(contents.runs.isEmpty ? "no runs" : "runs, newest first:")
    lines += contents.runs.map(Self.line)
    return lines.map(VisibleText.line).joined(separator: "\n") + "\n"
  }

  private static func line(_ run: RunRecord) -> String {
    let verdict = run.verdict.map { "\($0.rawValue) (exit \(run.exitCode ?? 0))" } ?? "unfinished"
    let overrides = run.overrides.isEmpty ? "" : "  " + run.overrides.joined(separator: " ")
    return "  \(run.id)  \(run.policyName)  seed \(run.seed)  \(verdict)\(overrides)"
  }
}
