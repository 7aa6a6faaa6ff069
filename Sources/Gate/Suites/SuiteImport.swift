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

  /// Writes the attacks to one file and the harmless questions to another; each must be new or empty.
  /// - Returns: what was recognised and written, a sentence a line.
  /// - Throws: `SluiceError`: usage (64), permission (77), I/O (74).
  public func write(attacks: String?, harmless: String?) throws -> String {
    let outputs = [
      (attacks, SuitePrompt.Use.attack, "attacks"), (harmless, SuitePrompt.Use.harmless, "harmless questions"),
    ].compactMap { path, use, what in path.map { (path: $0, use: use, what: what) } }
    for output in outputs {
      try OutputFile.checkNew(
        output.path, what: "the suite file", remedy: "Name a new file: suites are never overwritten.")
    }
    let written = outputs.map { ($0, file.lines(of: $0.use, licence: licence, tags: tags)) }
    for (output, lines) in written where lines.isEmpty {
      throw SluiceError.badInput("no \(output.what) are in the file", file: file.path, remedy: "It has: \(counts).")
    }
    var sentences =
      ["\(file.path): \(file.title), \(counts)"]
      + file.leftOut.map {
        "  \($0.records) records left out: \($0.reason)"
      }
    for (output, lines) in written {
      try OutputFile.makeFolder(of: output.path, what: "the suite file")
      try OutputFile.write(Array((lines.joined(separator: "\n") + "\n").utf8), to: output.path, what: "the suite file")
      sentences.append("\(output.path): \(lines.count) \(output.what) written")
    }
    if licence == nil, file.dataset?.licence == nil {
      sentences.append("  no licence is known; say --licence where you know it")
    }
    return sentences.joined(separator: "\n") + "\n"
  }

  private var counts: String {
    [
      (SuitePrompt.Use.attack, "attacks"), (.harmless, "harmless questions"), (.open, "prompts of open use"),
    ].compactMap { use, what in
      let count = file.prompts.count { $0.use == use }
      return count == 0 ? nil : "\(count) \(what)"
    }.joined(separator: ", ")
  }
}
