import Core
import Evidence

/// A report's summary beside the one that the ledger has. Either may lack texts: the ledger after a purge, the report where it
/// wasn't to reveal any; a text that both have has to be the same.
struct SummaryComparison {
  let reported: RunSummary
  let stored: RunSummary
  /// Whether the ledger may lack words that the report has.
  let isPurged: Bool

  /// The first parts of the summary that differ, as JSON names them; nil where none does.
  var difference: String? {
    get throws {
      var (own, other) = (reported.withoutAttacks, stored.withoutAttacks)
      if isPurged, own != other { (own, other) = (reported.withoutTexts, stored.withoutTexts) }
      let differing = try Self.differing(own, other)
      if !differing.isEmpty { return differing.joined(separator: ", ") }
      return texts(of: reported).contains { place, text in texts(of: stored)[place].map { $0 != text } ?? false }
        ? "texts" : nil
    }
  }

  /// Names of members that aren't the same, sorted. Compared as they are stored, so that a number that is none equals itself.
  private static func differing(_ a: RunSummary, _ b: RunSummary) throws -> [String] {
    func members(_ summary: RunSummary) throws -> [String: JSON] {
      let json = try JSON(parsing: Array(try jsonText(summary).utf8))
      return Dictionary((json.members ?? []).map { ($0.key, $0.value) }) { first, _ in first }
    }
    let (a, b) = (try members(a), try members(b))
    return Set(a.keys).union(b.keys).filter { a[$0]?.serialized() != b[$0]?.serialized() }.sorted()
  }

  private func texts(of summary: RunSummary) -> [String: String] {
    let broken = summary.newlyBroken.enumerated().map { ("broken \($0)", $1.prompt) }
    let examples = (summary.tuning?.examples ?? []).enumerated().flatMap { index, example in
      [
        ("prompt \(index)", example.prompt), ("before \(index)", example.before), ("after \(index)", example.after),
      ]
    }
    return Dictionary((broken + examples).compactMap { place, text in text.map { (place, $0) } }) { first, _ in first }
  }
}
