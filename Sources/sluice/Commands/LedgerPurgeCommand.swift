import ArgumentParser
import Core
import Evidence
import Foundation
import Gate
import Kinds
import Policies

struct LedgerPurgeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "purge",
    abstract: "Take texts out of a ledger for good.",
    discussion: """
      Prompts, responses, reasons and what searches remember are gone from the file and its log; counts, scores, hashes and the \
      audit chain stay, and `sluice ledger verify` holds. Texts that other runs use stay with those. The chain says who purged \
      what. Copies of the ledger that lie elsewhere are yours to remove.

      Examples:
        sluice ledger purge --older-than 90d --keep-suite
        sluice ledger purge --run 20260301-120000-abcd --reason "request 4711"
        sluice ledger purge --attack 3fa94c0d12e4b877
      """)

  @Argument(help: "The ledger file.", completion: .file(extensions: ["sqlite"]))
  var path = ".sluice/ledger.sqlite"

  @Option(help: "Texts of runs that ended longer ago: 90d.")
  var olderThan: String?

  @Option(name: .customLong("run"), help: "Texts of one run.")
  var runID: String?

  @Option(help: "One attack and every response to it, by its identifier.")
  var attack: String?

  @Flag(help: "Keep the prompts that searches found, for replay.")
  var keepSuite = false

  @Option(help: "Why; it is kept in the audit chain.")
  var reason: String?

  func validate() throws {
    if [olderThan, runID, attack].compactMap(\.self).count != 1 {
      throw ValidationError("Say what to purge: --older-than, --run or --attack.")
    }
    if attack?.isEmpty == true || runID?.isEmpty == true {
      throw ValidationError("An identifier is empty: name the attack or run whose texts are to go.")
    }
    if let olderThan, Quantities.seconds(olderThan) == nil {
      throw ValidationError("--older-than takes a duration: 90d, 12h.")
    }
  }

  func run() throws {
    let subject: LedgerRetention.Subject =
      if let runID { .run(runID) } else if let attack { .attack(attack) } else {
        .olderThan(olderThan.flatMap(Quantities.seconds) ?? 0)
      }
    let purged = try LedgerRetention(ledger: path).purge(subject, keepsSuite: keepSuite, reason: reason)
    var lines = [
      "\(path): \(purged.texts) texts of \(purged.runs) runs purged, \(purged.searches) records of searches"
    ]
    if purged.kept > 0 { lines.append("\(purged.kept) texts stay: other runs use them, or the suite keeps them") }
    lines += purged.copies.map { "the copy \($0) still holds what it held: remove it where that is to go too" }
    try StandardOutput.write(lines.map(VisibleText.line).joined(separator: "\n") + "\n")
  }
}
