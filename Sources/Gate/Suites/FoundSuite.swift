import Core
import Evidence
import Foundation
import Suites

/// The attacks that searches found: a suite of their own in the ledger, until a person moves some into the suite file.
public struct FoundSuite {
  /// An attack that a search found.
  public struct Entry: Hashable, Codable, Sendable {
    /// The attack's identifier.
    public let id: AttackID
    /// The kind of harm that the judge saw; nil where it named none.
    public let category: String?
    /// The group that it was put in; nil where it is alone.
    public let cluster: String?
    /// The attack method that found it.
    public let method: String
    /// The run that found it.
    public let run: String?
    /// The text, a conversation turn by turn; nil unless it was asked for.
    public var prompt: String?
  }

  private let ledger: Ledger

  /// - Throws: `SluiceError` where there is no such ledger, or it can't be read.
  public init(ledger path: String) throws { ledger = try Ledger(path: path, readOnly: true) }

  /// Found attacks, those of earlier runs first.
  /// - Parameter reveal: whether texts are shown.
  public func entries(reveal: Bool) throws -> [Entry] {
    try ledger.foundAttacks().map { found in
      let attack = found.attack
      return Entry(
        id: attack.id, category: attack.category, cluster: attack.cluster, method: attack.provenance.method,
        run: attack.provenance.run, prompt: reveal ? Conversation.shown(attack.prompt) : nil)
    }
  }

  /// Appends found attacks to a suite file, which then has another digest: rates before and after are not one trend.
  ///
  /// - Parameters:
  ///   - ids: of the attacks, or the beginnings of them; empty for all.
  ///   - path: of a suite file that exists. It is replaced whole or not at all.
  /// - Returns: how many were added, and how many the file had already.
  /// - Throws: `SluiceError` (usage) for an identifier that is not there, and for a file that is no suite.
  public func promote(_ ids: [String], into path: String) throws -> (added: Int, known: Int) {
    try OutputFile.check(path, what: "the suite file")
    let found = try ledger.foundAttacks().map(\.attack)
    let chosen = try ids.isEmpty ? found : ids.flatMap { try Self.matching($0, in: found, ledger: ledger.path) }
    let suite = try SuiteFile.attacks(path)
    if let remark = suite.remark {
      throw SluiceError.badInput(
        "attacks can be added to Sluice's own JSON Lines only; \(remark)", file: path,
        remedy: "Convert the suite first: sluice suite import \(path) --into suite.jsonl.")
    }
    let present = Set(suite.items.map(\.id))
    var seen = present
    let new = chosen.filter { seen.insert($0.id).inserted }
    var bytes = try BoundedFile.read(
      path, what: "the suite file", limit: SuiteFile.largestFile, hint: "Split the suite; a run replays all of it.")
    if let last = bytes.last, last != UInt8(ascii: "\n") { bytes.append(UInt8(ascii: "\n")) }
    for attack in new { bytes += Array(Self.line(attack).utf8) + [UInt8(ascii: "\n")] }
    if !new.isEmpty { try OutputFile.write(bytes, to: path, what: "the suite file") }
    return (new.count, Set(chosen.map(\.id)).intersection(present).count)
  }

  private static func matching(_ id: String, in found: [Attack], ledger: String) throws -> [Attack] {
    let matches = found.filter { $0.id.text.hasPrefix(id) }
    guard matches.count == 1 else {
      throw SluiceError(
        .usage,
        matches.isEmpty
          ? "no search found an attack \(id)" : "\(matches.count) found attacks begin with \(id)",
        at: SourceLocation(file: ledger), remedy: "sluice suite list shows their identifiers.")
    }
    return matches
  }

  private static func line(_ attack: Attack) -> String {
    let more = [("category", attack.category), ("locale", attack.locale), ("cluster", attack.cluster)]
      .compactMap { name, value in value.map { JSON.Member(name, .string($0)) } }
    return JSON.object(Conversation.members(of: attack.prompt) + more).serialized()
  }
}
