import ArgumentParser
import Core
import Foundation
import Gate
import Kinds

struct SuiteImportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import", abstract: "Rewrite another tool's suite as Sluice's JSON Lines.",
    discussion: """
      Reads JSON Lines, JSON, CSV, TSV, YAML and plain text. Published suites are told by their columns; for other tables name the \
      columns, or call them prompt, category, locale and cluster. A policy can name such files as suite.seeds too, without importing \
      them.

      Formats:
      \(SuiteImport.formats.map { "  \($0.name): \($0.summary)" }.joined(separator: "\n"))

      Examples:
        sluice suite import behaviors.csv --into seeds.jsonl
        sluice suite import xstest.csv --into seeds.jsonl --benign-into benign.jsonl
        sluice suite import questions.csv --columns prompt=question \\
          --columns category=topic --into seeds.jsonl
      """)

  @Argument(help: "The file to read.", completion: .file())
  var file: String

  @Option(help: "A new file for the attacks.", completion: .file(extensions: ["jsonl"]))
  var into: String?

  @Option(help: "A new file for the harmless questions.", completion: .file(extensions: ["jsonl"]))
  var benignInto: String?

  @Option(help: "The dataset, where its columns don't tell.", completion: .list(SuiteImport.formats.map(\.name)))
  var format = SuiteImport.automatic

  @Option(help: ArgumentHelp("Which column holds what; may be repeated.", valueName: "role=column"))
  var columns: [String] = []

  @Option(help: "The licence of the prompts, by its SPDX identifier.")
  var licence: String?

  @Option(help: ArgumentHelp("A tag for all prompts, as in OWASP:LLM01; may be repeated.", valueName: "tag"))
  var tag: [String] = []

  func validate() throws {
    if into == nil && benignInto == nil { throw ValidationError("Say where to write: --into, --benign-into or both.") }
  }

  func run() throws {
    let suite = try SuiteImport(file, format: format, columns: columns, licence: licence, tags: tag)
    try StandardOutput.write(suite.write(attacks: into, harmless: benignInto))
  }
}

struct SuiteShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Count a suite's attacks, clusters, categories and locales.",
    discussion: """
      Clusters are what verdicts count: near-copies are one. No texts are shown.

      Example:
        sluice suite show seeds.jsonl
      """)

  @OptionGroup var suite: SuiteFileOptions

  func run() throws {
    let overview = try suite.overview()
    try suite.json ? StandardOutput.write(json: JSONText.of(overview)) : StandardOutput.write(overview.text)
  }
}

struct SuiteLintCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lint", abstract: "List what in a suite would weaken a verdict.",
    discussion: """
      Exit code 1 where there is anything: copies, missing categories, placeholders that nobody filled in, hidden characters, very \
      long prompts, one cluster that decides everything.

      Example:
        sluice suite lint seeds.jsonl
      """)

  @OptionGroup var suite: SuiteFileOptions

  func run() throws {
    let overview = try suite.overview()
    try suite.json ? StandardOutput.write(json: JSONText.of(overview)) : StandardOutput.write(overview.lintText)
    if !overview.findings.isEmpty { throw ArgumentParser.ExitCode(1) }
  }
}

struct SuiteDedupeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dedupe", abstract: "Write a suite without the attacks that copy another's wording.",
    discussion: """
      Copies differ in case, punctuation, spacing or a number at either end. A verdict counts them once anyway; without them they \
      aren't paid for.

      Example:
        sluice suite dedupe seeds.jsonl --into thin.jsonl
      """)

  @Argument(help: "The suite file (JSON Lines).", completion: .file(extensions: ["jsonl"]))
  var file: String

  @Option(help: "A new file.", completion: .file(extensions: ["jsonl"]))
  var into: String

  func run() throws {
    let (kept, dropped) = try SuiteDeduplication.write(file, to: into)
    try StandardOutput.write(
      "\(into): \(counted(kept, "attack")) kept, \(counted(dropped, "copy", "copies")) dropped\n")
  }
}

/// What `show` and `lint` take.
struct SuiteFileOptions: ParsableArguments {
  @Argument(help: "The suite file, in any format that suites may have.", completion: .file())
  var file: String

  @Option(help: ArgumentHelp("Which column holds what; may be repeated.", valueName: "role=column"))
  var columns: [String] = []

  @Flag(help: "Print JSON.")
  var json = false

  func overview() throws -> SuiteOverview { try SuiteOverview(file, columns: columns) }
}
