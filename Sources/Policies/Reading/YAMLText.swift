import Core
import Kinds
import Yams

/// From YAML text to a tree with places, within bounds.
public struct YAMLText {
  /// What a text may hold.
  public struct Bounds: Sendable {
    /// Nodes after aliases are followed.
    let nodes: Int
    /// Values that the text is estimated at, see `YAMLBounds`.
    let estimate: Double
    /// What to do with a larger text, one sentence.
    let remedy: String

    /// Bounds for what a person writes by hand: policies and sites.
    static let handwritten = Bounds(
      nodes: 20_000, estimate: YAMLBounds.mostValues,
      remedy: "At most 20000 values and \(deepest) levels; write values out instead of nesting aliases.")
    /// Bounds for lists of prompts; ten thousand with their categories are estimated at a tenth of them.
    public static let data = Bounds(
      nodes: 1_000_000, estimate: 2_000_000,
      remedy: "Write values out instead of nesting aliases, and large lists as JSON Lines.")
  }

  static let deepest = 32

  /// The tree of a text; nil where it holds no document.
  ///
  /// - Parameters:
  ///   - file: what places in the text are called.
  ///   - bounds: beyond which the text is refused before it is composed.
  /// - Throws: `SluiceError` (usage) with the place of the first thing that keeps the text from being one YAML document whose
  ///   mappings have each key once.
  public static func node(_ text: String, file: String, within bounds: Bounds) throws -> PolicyNode? {
    try node(text, file: file, hasLines: true, bounds: bounds)
  }

  /// - Parameter hasLines: false for a value from the command line, which has no line and column worth telling.
  static func node(
    _ text: String, file: String, hasLines: Bool = true, bounds: Bounds = .handwritten
  ) throws -> PolicyNode? {
    let reader = YAMLText(file: file, hasLines: hasLines, text: text, bounds: bounds)
    if let problem = YAMLBounds.problem(text.utf8, mostValues: bounds.estimate) { throw reader.explain(problem) }
    let root: Node?
    do {
      // The basic resolver leaves scalars alone: each key knows what it takes, and `off` is no boolean by itself.
      root = try Yams.compose(yaml: text, .basic, .default, .utf8)
    } catch let error as YamlError {
      throw reader.explain(error)
    }
    guard let root else { return nil }
    var count = 0
    return try reader.convert(root, depth: 0, count: &count)
  }

  private let file: String
  private let hasLines: Bool
  private let text: String
  private let bounds: Bounds

  private func place(_ mark: Mark?) -> SourceLocation { place(line: mark?.line, column: mark?.column) }

  private func place(line: Int?, column: Int?) -> SourceLocation {
    hasLines ? SourceLocation(file: file, line: line, column: column) : SourceLocation(file: file)
  }

  private func convert(_ node: Node, depth: Int, count: inout Int) throws -> PolicyNode {
    count += 1
    let place = place(node.mark)
    if count > bounds.nodes || depth > Self.deepest { throw tooLarge(at: place) }
    switch node {
    case .scalar(let scalar):
      let quoted = scalar.style != .plain
      let isNull = !quoted && ["", "~", "null", "Null", "NULL"].contains(scalar.string)
      return PolicyNode(content: isNull ? .null : .scalar(scalar.string, quoted: quoted), place: place)
    case .sequence(let items):
      return PolicyNode(
        content: .sequence(try items.map { try convert($0, depth: depth + 1, count: &count) }), place: place)
    case .mapping(let mapping):
      let entries = try mapping.map { key, value in
        count += 1
        guard let name = key.scalar?.string else {
          throw SluiceError(
            .usage, "a key must be plain text", at: self.place(key.mark),
            remedy: "Write it as name: value, without brackets around the name.")
        }
        return PolicyNode.Entry(
          key: name, place: self.place(key.mark), value: try convert(value, depth: depth + 1, count: &count))
      }
      return PolicyNode(content: .mapping(entries), place: place)
    case .alias:
      throw SluiceError(
        .usage, "an alias stands where nothing was anchored", at: place, remedy: "Write the value out.")
    }
  }

  private func tooLarge(at place: SourceLocation) -> SluiceError {
    SluiceError(
      .usage, "the YAML is too deep or too large once its aliases are followed", at: place, remedy: bounds.remedy)
  }

  private func explain(_ problem: YAMLBounds.Problem) -> SluiceError {
    switch problem {
    case .tooManyValues: tooLarge(at: place(line: 1, column: 1))
    case .tooDeep(let line): tooLarge(at: place(line: line, column: YAMLBounds.widestIndentation + 1))
    case .controlCharacter(let line, let column):
      SluiceError(
        .usage, "not YAML: a control character", at: place(line: line, column: column),
        remedy: "Remove it; inside double quotes it can be written as an escape such as \\x07.")
    }
  }

  private func explain(_ error: YamlError) -> SluiceError {
    switch error {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _):
      return SluiceError(.usage, "not YAML: \(problem)", at: place(mark), remedy: remedy(at: mark))
    case .composer(let context, let problem, let mark, _):
      let second = context?.text.contains("single document") ?? false
      return second
        ? SluiceError(
          .usage, "a second YAML document starts here", at: place(mark), remedy: "Keep one document in a file.")
        : SluiceError(.usage, "not YAML: \(problem)", at: place(mark), remedy: remedy(at: mark))
    case .duplicatedKeysInMapping(let duplicates, let context):
      let names = duplicates.sorted().map(quoted).joined(separator: ", ")
      return SluiceError(
        .usage, "the key \(names) is given twice in one mapping", at: place(context.mark),
        remedy: "Keep one: which of them counts would be a guess.")
    case .reader(let problem, let offset, _, _):
      return SluiceError(
        .usage, "not YAML: \(problem)", at: offset.map(place) ?? place(nil), remedy: "Save the file as UTF-8 text.")
    default:
      return SluiceError(.usage, "not YAML: \(error)", at: place(nil), remedy: "Mend the YAML.")
    }
  }

  private func remedy(at mark: Mark) -> String {
    let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    let line = lines.indices.contains(mark.line - 1) ? lines[mark.line - 1] : ""
    if line.prefix(while: \.isWhitespace).contains("\t") { return "Indent with spaces: this line has a tab." }
    if line.contains("${") {
      return "Inside { } and [ ], put ${VAR} in quotes: \"${VAR}\"."
    }
    return "Mend the YAML there (indentation with spaces, brackets and quotes closed)."
  }

  /// The place of a character counted from the start of the text.
  private func place(_ offset: Int) -> SourceLocation {
    var (line, column) = (1, 1)
    for character in text.prefix(offset) {
      if character.isNewline { (line, column) = (line + 1, 1) } else { column += 1 }
    }
    return place(line: line, column: column)
  }
}
