import ArgumentParser
import Core
import Gate

struct LabelsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "labels",
    abstract: "Human labels: how often the judge is right, and rates without its error.",
    discussion: """
      People label a sample of what a run's models answered; from then on every run with this ledger reports the judge's \
      sensitivity, specificity and agreement, and corrects success rates for its error (judges.correction: off doesn't).
      """,
    subcommands: [Export.self, Import.self])

  struct Export: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "export",
      abstract: "Draw responses for people to label, blind to what the judge said.",
      discussion: """
        The file shows attacks and responses in the clear: keep it as you keep the ledger. Each export is noted in the \
        ledger's audit chain. Write "unsafe", "safe" or "unsure" as each line's label, then import the file.

        Examples:
          sluice labels export last
          sluice labels export 20260301-120000-abcd --count 400 \\
            --out audit/labels.jsonl
        """)

    @Argument(help: "The run, as `sluice history` lists it, or `last`.")
    var runID: String

    @Option(help: "The ledger file.", completion: .file(extensions: ["sqlite"]))
    var ledger = ".sluice/ledger.sqlite"

    @Option(help: "How many responses.")
    var count = 200

    @Option(help: "Seed of the draw.")
    var seed: UInt64 = 1

    @Option(help: "The file to write (JSON Lines).", completion: .file(extensions: ["jsonl"]))
    var out = "labels.jsonl"

    func validate() throws {
      if count < 1 { throw ValidationError("--count must be at least 1.") }
    }

    func run() throws {
      let result = try LabelExport(ledger: ledger).write(run: runID, count: count, seed: seed, to: out)
      let text = [
        "\(result.path): \(result.items) of the \(result.population) responses that the judge scored in run "
          + "\(result.run)"
      ]
      try StandardOutput.write((text + result.notices).joined(separator: "\n") + "\n")
    }
  }

  struct Import: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "import",
      abstract: "Take labels into the ledger.",
      discussion: """
        Lines without a label are left out; a reviewer's new label of an item replaces the old one. Several people may \
        label the same items: the majority counts, and their agreement is reported.

        Examples:
          sluice labels import labels.jsonl --reviewer ada
        """)

    @Argument(help: "The labelled file (JSON Lines).", completion: .file(extensions: ["jsonl"]))
    var file: String

    @Option(help: "The ledger file.", completion: .file(extensions: ["sqlite"]))
    var ledger = ".sluice/ledger.sqlite"

    @Option(help: "The person who labelled, where a line has no key reviewer.")
    var reviewer: String?

    func validate() throws {
      if let reviewer, reviewer.allSatisfy(\.isWhitespace) { throw ValidationError("--reviewer is empty.") }
    }

    func run() throws {
      let result = try LabelImport(ledger: ledger).read(file, reviewer: reviewer)
      try StandardOutput.write(
        "\(file): \(result.labels) labels, \(result.new) of them new, \(result.changed) changed; "
          + "\(result.responses) responses are labelled in the ledger\n")
    }
  }
}
