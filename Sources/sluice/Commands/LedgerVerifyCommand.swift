import ArgumentParser
import Core
import Evidence
import Foundation
import Gate

struct LedgerVerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Hold a ledger against its audit chain, and against reports.",
    discussion: """
      Every row that a run stores is digested into a chain of records, and the chain's newest hash, its head, is in every \
      report. This finds rows and records that were edited, removed, inserted or swapped since; with a report, or a head from \
      one, also a chain whose end was cut or that was written anew, and another ledger.

      Exit codes:
        0 the ledger is what its chain and the reports say   1 it isn't: each finding is a line
        64 no ledger of this version, or no report   77 a ledger that others can read or replace

      Examples:
        sluice ledger verify
        sluice ledger verify .sluice/ledger.sqlite --report build/junit.xml
        sluice ledger verify --head 1f0e4a77…
      """)

  @Argument(help: "The ledger file.", completion: .file(extensions: ["sqlite"]))
  var path = ".sluice/ledger.sqlite"

  @Option(help: "A head hash (64 hexadecimal digits) that the chain must contain; may be repeated.")
  var head: [String] = []

  @Option(help: "A report that the ledger must agree with (JUnit, JSON, HTML or Markdown); may be repeated.")
  var report: [String] = []

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    for head in head where head.count != 64 || !head.allSatisfy({ "0123456789abcdef".contains($0) }) {
      throw ValidationError("--head takes 64 hexadecimal digits, as reports print them.")
    }
  }

  private static let most = 100

  func run() throws {
    let result = try LedgerAudit.verify(ledger: path, heads: head, reports: report)
    if json {
      try StandardOutput.write(json: JSONText.of(result))
    } else {
      try StandardOutput.write(text(result).map(VisibleText.line).joined(separator: "\n") + "\n")
    }
    if !result.findings.isEmpty { throw ArgumentParser.ExitCode(Core.ExitCode.fail.rawValue) }
  }

  private func text(_ result: LedgerVerification) -> [String] {
    let extent = "\(result.rows) rows, \(result.records) records of the audit chain, head \(result.head)"
    if result.findings.isEmpty {
      let older = result.coversOlderFrom.map {
        "rows that an older version wrote are covered from record \($0) on; that they were the same before, nothing says"
      }
      return ["\(result.path): verified: \(extent)"] + [older].compactMap(\.self)
    }
    let more = result.findings.count - Self.most
    return ["\(result.path): NOT what its audit chain says: \(extent)"]
      + result.findings.prefix(Self.most).map { "  \($0)" } + (more > 0 ? ["  … and \(more) more"] : [])
  }
}
