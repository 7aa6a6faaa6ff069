import ArgumentParser
import Core
import Foundation
import Gate
import Reports

struct HistoryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "history",
    abstract: "Verdicts and estimates over the runs in a ledger.",
    discussion: """
      Examples:
        sluice history
        sluice history --policy release-gate --html build/history.html
        sluice history --json | jq '.runs[-1].verdict'
      """)

  @Option(help: "The ledger file.", completion: .file(extensions: ["sqlite"]))
  var ledger = ".sluice/ledger.sqlite"

  @Option(help: "Only runs of the policy with this name.")
  var policy: String?

  @Option(help: "The newest so many runs.")
  var limit = 50

  @Option(help: "Write a page with trend plots here.", completion: .file(extensions: ["html"]))
  var html: String?

  @Option(help: "What people read is in this language (default: that of the newest run's reports).")
  var language: Language?

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    if limit < 1 { throw ValidationError("--limit must be at least 1.") }
  }

  func run() throws {
    let history = try OldRuns(ledger: ledger).history(
      policy: policy, limit: limit, page: html, language: language)
    if json {
      try StandardOutput.write(json: history.json())
    } else {
      // Nothing is cut that another program reads.
      try StandardOutput.write(
        history.text(width: StandardOutput.isTerminal ? StandardOutput.width : .max, language: language))
    }
  }
}

struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Render an old run's reports again, from the ledger.",
    discussion: """
      The files are the ones that the run wrote, byte for byte, unless --language says another language. With --reveal they show attacks and responses in the clear, fresh \
      ones included, and the ledger's audit chain says who asked for that.

      Examples:
        sluice report last
        sluice report 20260301-120000-abcd --html old.html --junit old.xml
        sluice report last --language ja --html report.ja.html
        sluice report last --reveal --reason "triage" --html revealed.html
      """)

  @Argument(help: "The run, as `sluice history` lists it, or `last`.")
  var runID: String

  @Option(help: "The ledger file.", completion: .file(extensions: ["sqlite"]))
  var ledger = ".sluice/ledger.sqlite"

  @Option(help: "Write JUnit XML here.")
  var junit: String?

  @Option(help: "Write the page here.")
  var html: String?

  @Option(help: "Write Markdown here.")
  var markdown: String?

  @Option(name: .customLong("json-file"), help: "Write the JSON report here.")
  var jsonFile: String?

  @Option(help: "Write the SARIF report here.")
  var sarif: String?

  @Option(help: "Write the CSV table here.")
  var csv: String?

  @Option(help: "What people read is in this language (default: that of the run's reports).")
  var language: Language?

  @Flag(help: "Print the JSON report on standard output, and nothing else there.")
  var json = false

  @Flag(help: "Also what each check rests on: n, independent units, unscored, confidence, method.")
  var verbose = false

  @Flag(help: "Show the texts of attacks and responses.")
  var reveal = false

  @Option(help: "Why texts are shown; it is kept in the audit chain.")
  var reason: String?

  func validate() throws {
    if reason != nil && !reveal { throw ValidationError("--reason goes with --reveal.") }
  }

  func run() throws {
    let options: [(Reporter, key: String, path: String?)] = [
      (.junit, "--junit", junit), (.html, "--html", html), (.markdown, "--markdown", markdown),
      (.json, "--json-file", jsonFile), (.sarif, "--sarif", sarif), (.csv, "--csv", csv),
    ]
    let report = try OldRuns(ledger: ledger, revealing: reveal).report(
      runID,
      files: options.compactMap { reporter, key, path in
        path.map { .init(reporter, path: $0, key: key) }
      },
      reveal: reveal ? OldRuns.Reveal(reason: reason) : nil, language: language)
    if json {
      try StandardOutput.write(json: report.json)
    } else {
      try StandardOutput.write(report, quiet: false, verbose: verbose)
    }
  }
}
