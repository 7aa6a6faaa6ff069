import Core
import Decisions
import Foundation

/// Two runs compared, for a person: what is shown, by which figures, and which attacks moved.
public struct ComparisonReport: Sendable {
  let comparison: RunComparison
  private static let mostMoved = 12

  public init(_ comparison: RunComparison) { self.comparison = comparison }

  public var isComparable: Bool { comparison.obstacles.isEmpty }

  /// All of it for a script, keys sorted; infinite bounds are the strings `inf` and `-inf`.
  /// - Throws: an encoding error, which would be a bug.
  public func json() throws -> [UInt8] {
    struct Document: Encodable {
      let schema = 1
      let comparison: RunComparison
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: JSONReport.infinity, negativeInfinity: JSONReport.minusInfinity, nan: JSONReport.undefined)
    return VisibleText.json(Array(try encoder.encode(Document(comparison: comparison)))) + [UInt8(ascii: "\n")]
  }

  // MARK: - What is shown

  /// The answer in a sentence.
  var headline: String {
    if !isComparable { return "Not comparable" }
    guard let all = comparison.differences.first, let difference = all.difference, all.reading != .open else {
      return "No difference in all attacks together is shown, and none is ruled out"
    }
    let size = Numbers.text(abs(difference.value), .share).dropLast()
    return all.reading == .worse
      ? "More attacks succeed in the second run, by \(size) percentage points"
      : "Fewer attacks succeed in the second run, by \(size) percentage points"
  }

  /// What the interval leaves possible where it shows nothing, and what differs in categories.
  var explanations: [String] {
    if !isComparable { return comparison.obstacles }
    var sentences: [String] = []
    if let all = comparison.differences.first, let difference = all.difference, all.reading == .open {
      sentences.append(
        "The second run may be better by up to \(Self.points(-difference.lower)) or worse by up to "
          + "\(Self.points(difference.upper)): more attacks of other kinds (clusters) would tell.")
    }
    for (reading, word) in [(RunComparison.Reading.worse, "Worse"), (.better, "Better")] {
      let names = comparison.differences.dropFirst().filter { $0.reading == reading }.map(\.title)
      if !names.isEmpty { sentences.append("\(word) in \(names.joined(separator: ", ")).") }
    }
    return sentences
  }

  private static func points(_ x: Double) -> String {
    x.isFinite ? "\(Numbers.text(max(0, x), .share).dropLast()) percentage points" : "any amount"
  }

  var movedSentences: [String] {
    guard isComparable else { return [] }
    return [("newly broken", "more often", comparison.worsened), ("mended", "less often", comparison.improved)].map {
      name, often, moved in
      if moved.isEmpty { return "No attack succeeds \(often) in the second run." }
      let shown = moved.count(where: \.isShown)
      let rest = shown == moved.count ? "" : ", which \(shown == 0 ? "" : "for the others ")may be chance"
      return "\(Numbers.count(shown)) \(shown == 1 ? "attack is" : "attacks are") shown to be \(name); "
        + "\(Numbers.count(moved.count)) succeed \(often) in the second run\(rest)."
    }
  }

  // MARK: - Renderings

  /// For a terminal.
  /// - Parameter width: columns.
  public func text(width: Int = 100) -> String {
    let width = max(40, min(width, 200))
    func wrapped(_ text: String, _ indent: String = "") -> [String] {
      TerminalText.wrapped(PlainText.line(text), to: width - indent.count).map { indent + $0 }
    }
    var lines = wrapped("\(headline)") + explanationsAndSides.flatMap { wrapped($0, "  ") } + [""]
    if !comparison.differences.isEmpty {
      let cells = [Self.header] + comparison.differences.map(\.cells)
      let widths = Self.header.indices.map { column in cells.map { TerminalText.width($0[column]) }.max() ?? 0 }
      lines += cells.map { row in
        let line = zip(row, widths).map { TerminalText.padded($0, to: $1) }.joined(separator: "  ")
        return String(line.reversed().drop { $0 == " " }.reversed())
      }
      lines += wrapped(
        "All differences' intervals together hold with \(Numbers.confidence(comparison.confidence)) confidence, over clusters of attacks."
      )
      lines += [""]
    }
    lines += movedSentences.flatMap { wrapped($0) }
    lines += shownFirst.flatMap { wrapped("\($0.isShown ? "shown" : "maybe")  \($0.line)", "  ") }
    lines += comparison.notices.flatMap { wrapped("note: \($0)") }
    while lines.last == "" { lines.removeLast() }
    return lines.joined(separator: "\n") + "\n"
  }

  /// For a pull request.
  public var markdown: String {
    var text: MarkdownText = "## \(headline)\n\n"
    for sentence in explanationsAndSides { text += "- \(sentence)\n" }
    if !comparison.differences.isEmpty {
      let rows = comparison.differences.map { $0.cells.map { cell -> MarkdownText in "\(cell)" } }
      text += "\n\(MarkdownText.table(Self.header.map { "\($0)" }, rows))\n"
      text +=
        "All differences' intervals together hold with \(Numbers.confidence(comparison.confidence)) confidence, over clusters of attacks.\n"
    }
    for sentence in movedSentences { text += "\n\(sentence)\n" }
    for notice in comparison.notices { text += "\n> **Note:** \(notice)\n" }
    return text.source
  }

  private var explanationsAndSides: [String] {
    explanations
      + [("first", comparison.first), ("second", comparison.second)].map { name, side in
        "\(name): run \(side.run) of \(side.policy), \(side.candidate), "
          + "\(Timestamp(Date(timeIntervalSince1970: side.ended)).short) UTC, \(side.verdict.rawValue)"
          + (side.isObserved ? " (observed only)" : "")
      }
  }

  private static let header = ["attacks", "", "first", "second", "difference", "interval", ""]

  private var shownFirst: [RunComparison.Moved] {
    let moved = comparison.worsened.filter(\.isShown) + comparison.improved.filter(\.isShown)
    let rest = comparison.worsened.filter { !$0.isShown }
    return Array((moved + rest).prefix(Self.mostMoved))
  }
}

extension RunComparison.Difference {
  /// `all`, `passphrase`, `rewritten by base64`.
  var title: String { category ?? transform.map { "rewritten by \($0)" } ?? "all" }

  fileprivate var cells: [String] {
    func rate(_ estimate: Estimate?) -> String {
      estimate.map { $0.n > 0 ? Numbers.text($0.value, .share) : "–" } ?? "–"
    }
    let isMeasured = (difference?.n ?? 0) > 0
    return [
      PlainText.line(title, longest: 60), Numbers.count(attacks), rate(first), rate(second),
      isMeasured ? difference.map { Numbers.text($0.value, .difference) } ?? "–" : "–",
      isMeasured ? difference.map { Numbers.interval($0, .difference) } ?? "–" : "not measured",
      reading == .open ? "not shown" : reading.rawValue,
    ]
  }
}

extension RunComparison.Moved {
  fileprivate var line: String {
    let place = [category, transform].compactMap(\.self).joined(separator: ", ")
    return "\(id) (\(place.isEmpty ? "no category" : place)): unsafe \(firstUnsafe) of \(firstScored), then "
      + "\(secondUnsafe) of \(secondScored), corrected p \(Numbers.probability(adjustedP))"
  }
}
