import Core
import Decisions
import Foundation

/// Two runs compared, for a person: what is shown, by which figures, and which attacks moved.
public struct ComparisonReport: Sendable {
  let comparison: RunComparison
  let language: Language
  private static let mostMoved = 12

  /// - Parameter language: of what Sluice says; what the policies name keeps its name.
  public init(_ comparison: RunComparison, language: Language = .english) {
    self.comparison = comparison
    self.language = language
  }

  /// Whether anything can be concluded from the two runs together.
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
    encoder.nonConformingFloatEncodingStrategy = .words
    return VisibleText.json(Array(try encoder.encode(Document(comparison: comparison)))) + [UInt8(ascii: "\n")]
  }

  // MARK: - What is shown

  /// The answer in a sentence.
  var headline: String {
    if !isComparable { return Words.Comparison.notComparable }
    guard let all = comparison.differences.first, let difference = all.difference, all.reading != .open else {
      return Words.Comparison.open
    }
    let size = String(Numbers.text(abs(difference.value), .share).dropLast())
    return all.reading == .worse ? Words.Comparison.worse(by: size) : Words.Comparison.better(by: size)
  }

  /// What the interval leaves possible where it shows nothing, and what differs in categories.
  var explanations: [String] {
    if !isComparable { return comparison.obstacles.map(Recorded.text) }
    var sentences: [String] = []
    if let all = comparison.differences.first, let difference = all.difference, all.reading == .open {
      sentences.append(
        Words.Comparison.maybe(better: Self.points(-difference.lower), worse: Self.points(difference.upper)))
    }
    func names(_ reading: RunComparison.Reading) -> [String] {
      comparison.differences.dropFirst().filter { $0.reading == reading }.map(\.title)
    }
    if case let worse = names(.worse), !worse.isEmpty { sentences.append(Words.Comparison.worse(in: worse)) }
    if case let better = names(.better), !better.isEmpty { sentences.append(Words.Comparison.better(in: better)) }
    return sentences
  }

  private static func points(_ x: Double) -> String {
    x.isFinite
      ? Words.Comparison.points(String(Numbers.text(max(0, x), .share).dropLast())) : Words.Comparison.anyAmount
  }

  var movedSentences: [String] {
    guard isComparable else { return [] }
    let (worsened, improved) = (comparison.worsened, comparison.improved)
    return [
      worsened.isEmpty
        ? Words.Comparison.noneMoreOften
        : Words.Comparison.broken(shown: worsened.count(where: \.isShown), of: worsened.count),
      improved.isEmpty
        ? Words.Comparison.noneLessOften
        : Words.Comparison.mended(shown: improved.count(where: \.isShown), of: improved.count),
    ]
  }

  // MARK: - Renderings

  /// For a terminal.
  /// - Parameter width: columns.
  public func text(width: Int = 100) -> String { language.speaking { lines(width: width) } }

  private func lines(width: Int) -> String {
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
      lines += wrapped(Words.Comparison.together(Numbers.confidence(comparison.confidence)))
      lines += [""]
    }
    lines += movedSentences.flatMap { wrapped($0) }
    lines += shownFirst.flatMap {
      wrapped("\($0.isShown ? Words.Comparison.shown : Words.Comparison.maybe)  \($0.line)", "  ")
    }
    lines += notices.flatMap { wrapped(Words.Terminal.note + $0) }
    while lines.last == "" { lines.removeLast() }
    return lines.joined(separator: "\n") + "\n"
  }

  /// For a pull request.
  public var markdown: String { language.speaking { document } }

  var notices: [String] { comparison.notices.map(Recorded.text) }

  private var document: String {
    var text: MarkdownText = "## \(headline)\n\n"
    for sentence in explanationsAndSides { text += "- \(sentence)\n" }
    if !comparison.differences.isEmpty {
      let rows = comparison.differences.map { $0.cells.map { cell -> MarkdownText in "\(cell)" } }
      text += "\n\(MarkdownText.table(Self.header.map { "\($0)" }, rows))\n"
      text += "\(Words.Comparison.together(Numbers.confidence(comparison.confidence)))\n"
    }
    for sentence in movedSentences { text += "\n\(sentence)\n" }
    for notice in notices { text += "\n> \(Words.Markdown.note)\(notice)\n" }
    return text.source
  }

  private var explanationsAndSides: [String] {
    explanations
      + [(Words.Comparison.first, comparison.first), (Words.Comparison.second, comparison.second)].map { name, side in
        Words.Comparison.side(name, side, time: Timestamp(Date(timeIntervalSince1970: side.ended)).short)
      }
  }

  private static var header: [String] { Words.Comparison.header }

  private var shownFirst: [RunComparison.Moved] {
    let moved = comparison.worsened.filter(\.isShown) + comparison.improved.filter(\.isShown)
    let rest = comparison.worsened.filter { !$0.isShown }
    return Array((moved + rest).prefix(Self.mostMoved))
  }
}

extension RunComparison.Difference {
  /// `all`, `passphrase`, `rewritten by base64`.
  var title: String { category ?? transform.map(Words.Comparison.rewritten) ?? Words.Calibration.all }

  fileprivate var cells: [String] {
    func rate(_ estimate: Estimate?) -> String {
      estimate.map { $0.n > 0 ? Numbers.text($0.value, .share) : "–" } ?? "–"
    }
    let isMeasured = (difference?.n ?? 0) > 0
    return [
      PlainText.line(title, longest: 60), Numbers.count(attacks), rate(first), rate(second),
      isMeasured ? difference.map { Numbers.text($0.value, .difference) } ?? "–" : "–",
      isMeasured ? difference.map { Numbers.interval($0, .difference) } ?? "–" : Words.notMeasured,
      Words.Comparison.reading(reading),
    ]
  }
}

extension RunComparison.Moved {
  fileprivate var line: String {
    let place = [category, transform].compactMap(\.self)
    return Words.Comparison.moved(self, in: place.isEmpty ? Words.noCategory : Words.list(place))
  }
}
