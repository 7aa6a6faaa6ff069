import ArgumentParser
import Core
import Evidence
import Foundation
import Gate

struct AttacksCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "attacks", abstract: "The attacks of a run, by the identifiers that reports print.",
    subcommands: [List.self])

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "list",
      abstract: "List a run's attacks without their texts.",
      discussion: """
        Each line has an identifier for `sluice reveal`, the category, where the attack comes from, and how many responses of \
        each model the judge called unsafe.

        Examples:
          sluice attacks list last
          sluice attacks list 20260301-120000-abcd --unsafe --json
        """)

    @Argument(help: "The run, as `sluice history` lists it, or `last`.")
    var runID: String

    @Option(help: "The ledger file.", completion: .file(extensions: ["sqlite"]))
    var ledger = ".sluice/ledger.sqlite"

    @Flag(help: "Only attacks with an unsafe response.")
    var unsafe = false

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
      let (run, all) = try AttackRecords(ledger: ledger, writing: false).entries(run: runID)
      let entries = unsafe ? all.filter { $0.answers.values.contains { $0.unsafe > 0 } } : all
      if json { return try StandardOutput.write(json: JSONText.of(entries)) }
      let lines = entries.map { entry in
        let answers = entry.answers.sorted { $0.key < $1.key }.map { role, count in
          "\(role) \(count.unsafe) of \(count.responses) unsafe"
        }
        return "\(entry.id)  \(entry.category ?? "no category")  \(entry.origin)  \(answers.joined(separator: ", "))"
      }
      try StandardOutput.write(
        (lines + ["\(entries.count) \(entries.count == 1 ? "attack" : "attacks") of run \(run)"]).map(VisibleText.line)
          .joined(separator: "\n") + "\n")
    }
  }
}

struct RevealCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reveal",
    abstract: "Show one attack: its prompt, what each model answered, and what the judges said.",
    discussion: """
      Who asked (user, host, CI job) and why is appended to the ledger's audit chain before anything is shown; `sluice ledger \
      log` lists it.

      Examples:
        sluice reveal 3fa94c0d12e4b877 --reason "triage of release 1.2"
        sluice reveal 3fa94c --reason audit --json
      """)

  @Argument(help: "The attack's identifier, or its beginning.")
  var attack: String

  @Option(help: "Why; it is kept in the audit chain.")
  var reason: String

  @Option(help: "The ledger file.", completion: .file(extensions: ["sqlite"]))
  var ledger = ".sluice/ledger.sqlite"

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    if attack.isEmpty { throw ValidationError("The attack's identifier is empty.") }
    if reason.allSatisfy(\.isWhitespace) {
      throw ValidationError("--reason is empty: say why the attack is looked at.")
    }
  }

  func run() throws {
    let revealed = try AttackRecords(ledger: ledger, writing: true).reveal(attack, reason: reason)
    if json { return try StandardOutput.write(json: JSONText.of(revealed)) }
    var lines = ["attack \(revealed.id)"]
    for finding in revealed.findings {
      lines.append("found: \(finding.sentence)")
    }
    lines += ["prompt:", "  \(revealed.prompt)"]
    for response in revealed.responses {
      let answer = response.answer
      lines.append("\(response.model), sample \(answer.sample), run \(answer.run), \(answer.finishReason):")
      lines.append("  \(answer.text)")
      lines += answer.judgments.map { "  \($0.sentence)" }
    }
    try StandardOutput.write(lines.map(VisibleText.line).joined(separator: "\n") + "\n")
  }
}

struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Write what a run's models answered, for other tools.",
    discussion: """
      csv has a line for each response to a known or confirmed attack and judge, chat one conversation a line; jsonl has one for each \
      response, those that searches asked among them: `origin` says which part of the run asked. inspect is one log of one model's \
      responses, which `inspect view` opens. Texts are in it only with --revealed. Who exported is appended to the ledger's audit chain first. In CSV an apostrophe stands before texts that \
      a spreadsheet would take for a formula.

      Examples:
        sluice export --format csv --out responses.csv
        sluice export --run 20260301-120000-abcd --format chat --revealed \\
          --reason "red team training" --out chat.jsonl
        sluice export --format inspect --role baseline --revealed --out baseline.json
      """)

  @Option(help: "csv, jsonl, chat or inspect.")
  var format: ResponseExport.Format

  @Option(help: "The model whose responses an Inspect log holds (default: candidate).")
  var role: String?

  @Option(name: .customLong("run"), help: "The run, as `sluice history` lists it, or `last`.")
  var runID = "last"

  @Flag(help: "With prompts and responses.")
  var revealed = false

  @Option(help: "Why; it is kept in the audit chain.")
  var reason: String?

  @Option(help: "A new file; without it the export goes to standard output.")
  var out: String?

  @Option(help: "The ledger file.", completion: .file(extensions: ["sqlite"]))
  var ledger = ".sluice/ledger.sqlite"

  func validate() throws {
    if [.chat, .inspect].contains(format) && !revealed {
      throw ValidationError("A conversation is nothing without its texts: add --revealed, or choose csv or jsonl.")
    }
    if role != nil && format != .inspect {
      throw ValidationError("--role goes with --format inspect; the other formats have all models, with their roles.")
    }
  }

  func run() throws {
    let result = try ResponseExport(ledger: ledger).export(
      run: runID, format: format, role: role ?? "candidate", revealed: revealed, reason: reason, to: out)
    if let out {
      try StandardOutput.write("\(out): \(result.responses) responses of run \(result.run)\n")
    } else if format == .csv {
      try StandardOutput.write(String(decoding: result.bytes, as: UTF8.self))
    } else {
      try StandardOutput.write(json: result.bytes)
    }
  }
}

extension ResponseExport.Format: ExpressibleByArgument {}

struct LedgerLogCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "log",
    abstract: "Who did what: runs, labels, reveals, exports and purges in the audit chain.",
    discussion: """
      Examples:
        sluice ledger log
        sluice ledger log --json | jq '.[] | select(.kind == "revealed")'
      """)

  @Argument(help: "The ledger file.", completion: .file(extensions: ["sqlite"]))
  var path = ".sluice/ledger.sqlite"

  @Option(help: "The newest so many.")
  var limit = 1000

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    if limit < 1 { throw ValidationError("--limit must be at least 1.") }
  }

  func run() throws {
    let events = try Ledger(path: path, readOnly: true).events(limit: limit)
    if json { return try StandardOutput.write(json: JSONText.of(events)) }
    let format = Date.ISO8601FormatStyle()
    let lines = events.map { event in
      "\(event.sequence)  \(Date(timeIntervalSince1970: event.at).formatted(format))  \(event.kind)  \(event.detail)"
    }
    try StandardOutput.write(lines.map { VisibleText.line($0) + "\n" }.joined())
  }
}
