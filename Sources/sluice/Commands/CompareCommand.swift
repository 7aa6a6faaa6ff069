import ArgumentParser
import Core
import Foundation
import Gate
import Reports

extension Language: ExpressibleByArgument {}

struct CompareCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Compare two runs attack by attack: what got worse, what got better, and what is not known.",
    discussion: """
      The candidates' answers to the suite are paired by attack, with the gate's own statistics: intervals over clusters of attacks \
      that hold together, missing answers counted against either conclusion. Nothing is asked, and the ledger stays as it is. Where \
      no difference is shown, the interval says how large one may still be.

      Runs with another suite, another judge or other sampling can't be compared, nor can runs that share their responses: the \
      reasons are printed, and the exit code is 2.

      Exit codes:
        0 compared, whatever the difference   2 not comparable   64 no such run or ledger, or the suite is not at hand

      Examples:
        sluice compare 20260301-120000-abcd last
        sluice compare 20260301-120000-abcd last \\
          --html build/compare.html
        sluice compare 20260301-120000-abcd last --json \\
          | jq '.comparison.differences[0]'
        sluice compare 20260301-120000-abcd last --markdown >> "$GITHUB_STEP_SUMMARY"
        sluice compare 20260301-120000-abcd last --ledger old.sqlite \\
          --other-ledger new.sqlite
      """)

  @Argument(help: "The first run, as `sluice history` lists it, or `last`.")
  var first: String

  @Argument(help: "The second run, which is compared with the first.")
  var second: String

  @Option(help: "The ledger file.", completion: .file(extensions: ["sqlite"]))
  var ledger = ".sluice/ledger.sqlite"

  @Option(help: "The second run's ledger (default: the same).", completion: .file(extensions: ["sqlite"]))
  var otherLedger: String?

  @Option(help: "The suite's file, where the run's policy can't be read any more.")
  var suite: String?

  @Option(help: "Confidence with which the intervals of all differences hold together.")
  var confidence = 0.95

  @Flag(help: "Compare also where sampling, template or system prompt differ, as a part of the model.")
  var anySettings = false

  @Option(help: "What is written for people is in this language (default: that of the second run's reports).")
  var language: Language?

  @Option(help: "Write the comparison as a page here, whatever is printed.", completion: .file(extensions: ["html"]))
  var html: String?

  @Flag(help: "Print JSON.")
  var json = false

  @Flag(help: "Print Markdown.")
  var markdown = false

  func validate() throws {
    if !(confidence >= 0.5 && confidence < 1) {
      throw ValidationError("--confidence must be at least 0.5 and below 1.")
    }
    if json && markdown { throw ValidationError("Ask for one of --json and --markdown.") }
  }

  func run() async throws {
    let comparing = try RunComparing(
      first, second, ledger: ledger, other: otherLedger,
      RunComparing.Options(
        confidence: confidence, anySettings: anySettings, suite: suite, page: html, language: language))
    let report = ComparisonReport(try await comparing.comparison(), language: comparing.language)
    if json {
      try StandardOutput.write(json: report.json())
    } else {
      try StandardOutput.write(markdown ? report.markdown : report.text(width: StandardOutput.width))
    }
    if !report.isComparable { throw ArgumentParser.ExitCode(Core.ExitCode.inconclusive.rawValue) }
  }
}
