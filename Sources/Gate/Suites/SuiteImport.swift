import Core
import Kinds
import Policies
import Suites

/// A suite in another tool's shape, rewritten as Sluice's own JSON Lines.
public struct SuiteImport {
  /// The name that leaves the choice to the file's content.
  public static let automatic = "auto"

  /// Names that the dataset may be asked for by, and what each is.
  public static let formats: [(name: String, summary: String)] =
    [(automatic, "Told by the file's content and columns")] + Dataset.all.map { ($0.name, $0.summary) }

  private let file: PromptFile
  private let licence: String?
  private let tags: [String]

  /// - Parameters:
  ///   - path: of the file, in any format that suites may have.
  ///   - format: a name of `formats`.
  ///   - columns: `role=column` pairs; empty for columns with the roles' own names.
  ///   - licence: of all prompts; nil for the dataset's own.
  ///   - tags: for all prompts, beside the dataset's own.
  /// - Throws: `SluiceError` and `PolicyErrors` (usage).
  public init(_ path: String, format: String, columns: [String], licence: String?, tags: [String]) throws {
    let dataset = Dataset.all.first { $0.name == format }
    if dataset == nil, format != Self.automatic {
      if FileFormat.all.contains(where: { $0.name == format }) {
        throw SluiceError(
          .usage, "\(quoted(format)) is no dataset: what a file is written in is told by its content",
          remedy: "Leave out --format, and name the columns of a table: --columns prompt=… --columns category=….")
      }
      throw SluiceError(
        .usage, "unknown format \(quoted(format))",
        remedy: suggestion(for: format, among: Self.formats.map(\.name), called: "The formats are"))
    }
    if dataset != nil, !columns.isEmpty {
      throw SluiceError(.usage, "a dataset has columns of its own", remedy: "Give --format or --columns, not both.")
    }
    file = try PromptFile(path, columns: ColumnNames(pairs: columns), as: dataset, what: "the suite file")
    (self.licence, self.tags) = (licence, tags)
  }

  /// Writes the attacks to one file and the harmless questions to another; each must be new.
  /// - Returns: what was recognised and written, a sentence a line.
  /// - Throws: `SluiceError`: usage (64), permission (77), I/O (74). Nothing is written then, unless the disk fails.
  public func write(attacks: String?, harmless: String?) throws -> String {
    let outputs = [(attacks, Use.attacks), (harmless, .harmless)].compactMap { path, use in
      path.map { (path: $0, use: use, lines: file.lines(of: use.use, licence: licence, tags: tags)) }
    }
    try check(outputs.map(\.path))
    if harmless != nil, let problem = file.conversationsAsHarmless { throw problem }
    for output in outputs where output.lines.isEmpty {
      throw SluiceError.badInput(
        "no \(output.use.many) are in the file", file: file.path,
        remedy: file.prompts.isEmpty ? "All of its records were left out: \(file.leftOutText)." : "It has: \(counts).")
    }
    for output in outputs { try OutputFile.prepare(output.path, what: Self.what) }
    for output in outputs {
      try OutputFile.write(Array((output.lines.joined(separator: "\n") + "\n").utf8), to: output.path, what: Self.what)
    }
    var sentences = ["\(file.path): \(file.title), \(counts)"]
    sentences += file.leftOut.map { "  \(counted($0.records, "record")) left out: \($0.reason)" }
    sentences += [file.unreadText, file.remark].compactMap(\.self).map { "  \($0)" }
    sentences += outputs.map { "\($0.path): \($0.use.counted($0.lines.count)) written" }
    sentences += notWritten(attacks: attacks, harmless: harmless).map { "  \($0)" }
    if licence == nil, file.dataset?.licence == nil {
      sentences.append("  no licence is known; say --licence where you know it")
    }
    return sentences.joined(separator: "\n") + "\n"
  }

  private static let what = "the suite file"

  /// What an output file is for.
  private struct Use {
    let use: SuitePrompt.Use
    let one: String
    let many: String

    static let attacks = Use(use: .attack, one: "attack", many: "attacks")
    static let harmless = Use(use: .harmless, one: "harmless question", many: "harmless questions")

    func counted(_ count: Int) -> String { Kinds.counted(count, one, many) }
  }

  /// - Throws: `SluiceError`: usage (64), permission (77).
  private func check(_ outputs: [String]) throws {
    for path in outputs {
      try OutputFile.checkNew(path, what: Self.what, remedy: "Name a new file: suites are never overwritten.")
    }
    guard outputs.count == 2 else { return }
    if FilePlace(outputs[0]).isSame(as: FilePlace(outputs[1])) {
      throw SluiceError.badInput(
        "--into and --benign-into are one file", file: outputs[1], remedy: "Name a file for each.")
    }
    let open = count(.open)
    if open > 0 {
      throw SluiceError.badInput(
        "the file doesn't say of \(counted(open, "prompt")) whether they are attacks or harmless, and one prompt can't be both",
        file: file.path, remedy: "Name one output: --into for attacks, --benign-into for harmless questions.")
    }
  }

  /// Prompts that the one output that is named leaves out, or takes for what the file doesn't say they are.
  private func notWritten(attacks: String?, harmless: String?) -> [String] {
    let (own, other) = attacks == nil ? (Use.harmless, Use.attacks) : (.attacks, .harmless)
    if attacks != nil && harmless != nil { return [] }
    let (left, open) = (count(other.use), count(.open))
    return [
      left == 0
        ? nil : "\(other.counted(left)) not written; \(attacks == nil ? "--into" : "--benign-into") FILE takes them",
      open == 0
        ? nil
        : "the file doesn't say of \(counted(open, "prompt")) what they are for: they were written as \(own.many)",
    ].compactMap(\.self)
  }

  private func count(_ use: SuitePrompt.Use) -> Int { file.prompts.count { $0.use == use } }

  private var counts: String {
    [(SuitePrompt.Use.attack, "attack"), (.harmless, "harmless question"), (.open, "prompt of open use")].compactMap {
      use, noun in
      let count = count(use)
      return count == 0 ? nil : counted(count, noun, noun == "prompt of open use" ? "prompts of open use" : nil)
    }.joined(separator: ", ")
  }
}
