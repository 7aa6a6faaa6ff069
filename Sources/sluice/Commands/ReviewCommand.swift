import ArgumentParser
import Core
import Evidence
import Foundation
import Kinds
import Review

struct ReviewCommand: AsyncParsableCommand, DiagnosedCommand {
  static let configuration = CommandConfiguration(
    commandName: "review",
    abstract: "Label responses in a browser, on this machine.",
    discussion: """
      Serves a page for the people who label, and prints an address for each of them, which is their way in: pass it to that \
      person alone. The queue is blind to the judge and shows each conversation once; what reviewers disagree about is settled \
      there too. Every label, search and reveal is noted in the ledger's audit chain with the reviewer's name. It goes on with the \
      run's last sample, or draws one; Ctrl-C ends it. Runs can use the ledger meanwhile.

      Examples:
        sluice review --reviewer "Ada Byron"
        sluice review 20260301-120000-abcd --reviewer ada --reviewer grace \\
          --count 400
      """)

  @Argument(help: "The run, as `sluice history` lists it, or `last`.")
  var runID = "last"

  @Option(help: "A person who labels, by name; once for each.")
  var reviewer: [String] = []

  @Option(help: "The ledger file.", completion: .file(extensions: ["sqlite"]))
  var ledger = ".sluice/ledger.sqlite"

  @Option(help: "How many responses a new sample has.")
  var count = 200

  @Option(help: "Seed of the draw.")
  var seed: UInt64 = 1

  @Flag(help: "Draw a new sample although the run has one.")
  var newSample = false

  @Option(help: "The port to listen on (default: any that is free).")
  var port: UInt16 = 0

  @Option(
    name: .customLong("forget-after"),
    help: "How long nobody asks before texts of a sealed ledger leave the memory: 30s, 5m.")
  var forgetAfter = "1m"

  @OptionGroup(title: "Diagnostics")
  var diagnostics: DiagnosticOptions

  func validate() throws {
    if count < 1 { throw ValidationError("--count must be at least 1.") }
    if reviewer.isEmpty {
      throw ValidationError(
        "Name the people who label, each with --reviewer: what a label is worth depends on whose it is.")
    }
    for name in reviewer {
      if name.allSatisfy(\.isWhitespace) { throw ValidationError("--reviewer is empty.") }
      if name.count > 100 || VisibleText.line(name) != name {
        throw ValidationError("--reviewer must be a name of up to 100 characters that can all be seen.")
      }
    }
    if Quantities.seconds(forgetAfter) == nil { throw ValidationError("--forget-after takes a duration: 30s, 5m.") }
    if Set(reviewer).count < reviewer.count { throw ValidationError("The same --reviewer is named twice.") }
  }

  func run() async throws {
    let signals = Interruption.signals.filter { !ProcessSetup.isIgnored($0) }
    let service = ReviewService(
      ledger: ledger, ReviewDesk.Assignment(run: runID, count: count, seed: seed, drawsAnew: newSample),
      reviewers: reviewer, port: port, quiet: .seconds(Quantities.seconds(forgetAfter) ?? 60), signals: signals)
    let work = Task {
      try await service.run { notices in
        for notice in notices { StandardError.note(notice) }
      } onListening: { run, addresses in
        let lines = addresses.map { "\($0.reviewer): \($0.url)\n" }
        try StandardOutput.write(lines.joined() + "Run \(run); Ctrl-C ends the review.\n")
      }
    }
    let interruption = Interruption { work.cancel() }
    do {
      try await work.value
    } catch is CancellationError {
      // What was labelled is on the disk already.
    }
    withExtendedLifetime(interruption) {}
  }
}
