import ArgumentParser
import Core
import Foundation
import Gate
import Kinds

struct SuiteCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "suite", abstract: "Suites of attacks: import, look at, thin out, and add what searches found.",
    subcommands: [
      SuiteImportCommand.self, SuiteShowCommand.self, SuiteLintCommand.self, SuiteDedupeCommand.self,
      SuiteListCommand.self, SuitePromoteCommand.self,
    ])
}

struct SuiteListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the attacks that searches found.",
    discussion: """
      Replay measures the suite file alone, so that the scale does not move with what searches find. Found attacks are a suite of \
      their own: checks on found.asr, found.regression and found.newly_broken replay them.

      Examples:
        sluice suite list
        sluice suite list --ledger .sluice/weekly.sqlite --json
      """)

  @Option(help: "The ledger file.", completion: .file(extensions: ["sqlite"]))
  var ledger = ".sluice/ledger.sqlite"

  @Flag(help: "Show the attacks' texts.")
  var reveal = false

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let entries = try FoundSuite(ledger: ledger).entries(reveal: reveal)
    if json {
      try StandardOutput.write(json: JSONText.of(entries))
    } else {
      let lines = entries.map { entry in
        ["\(entry.id)", entry.category ?? "no category", entry.method, entry.run ?? "", entry.prompt ?? ""]
          .filter { !$0.isEmpty }.map(VisibleText.line).joined(separator: "  ")
      }
      try StandardOutput.write(
        (lines + ["\(counted(entries.count, "attack")) found by searches"]).joined(separator: "\n") + "\n")
    }
  }
}

struct SuitePromoteCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "promote", abstract: "Move found attacks into the suite file, as a person's decision.",
    discussion: """
      The file gets new lines and so another digest: rates measured before and after are not one trend, and `sluice history` \
      shows them apart.

      Examples:
        sluice suite promote 3fa94c0d12e4b877 --into seeds.jsonl
        sluice suite promote --all --into seeds.jsonl
      """)

  @Argument(help: "Identifiers of attacks, or their beginnings.")
  var ids: [String] = []

  @Flag(help: "All of them.")
  var all = false

  @Option(help: "The suite file (JSON Lines); it must exist.", completion: .file(extensions: ["jsonl"]))
  var into: String

  @Option(help: "The ledger file.", completion: .file(extensions: ["sqlite"]))
  var ledger = ".sluice/ledger.sqlite"

  func validate() throws {
    if ids.isEmpty != all { throw ValidationError("Name attacks by their identifiers, or say --all.") }
  }

  func run() throws {
    let (added, known) = try FoundSuite(ledger: ledger).promote(ids, into: into)
    try StandardOutput.write(
      "\(into): \(counted(added, "attack")) added" + (known > 0 ? ", \(known) were there already" : "") + "\n")
  }
}
