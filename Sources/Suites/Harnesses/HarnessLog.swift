import Core
import Kinds
import Policies

/// A file of results that another harness wrote.
public enum HarnessLog {
  /// The name that leaves the choice to the file's content.
  public static let automatic = "auto"
  /// The name of Sluice's own format.
  public static let own = "sluice"

  /// Names that a file's harness may be given by, and what each is.
  public static let formats: [(name: String, summary: String)] =
    [(automatic, "Told by the file's content"), (own, "JSON Lines as above")]
    + Harness.all.map { ($0.name, $0.summary) }

  /// Keys under which documents keep their list of results.
  private static let listKeys = ["samples", "results", "test_cases"]

  /// The outcomes in a file, all of one role.
  ///
  /// - Parameters:
  ///   - harness: one of `formats`.
  ///   - score: what says that a response is unsafe, for harnesses whose scores don't by themselves.
  ///   - model: whose responses to take, where a file has those of several.
  /// - Returns: nil for Sluice's own format, which says each line's role itself.
  /// - Throws: `PolicyErrors` with everything that is wrong in the file.
  public static func outcomes(
    _ path: String, role: Role, harness: String = automatic, score: UnsafeScore? = nil, model: String? = nil
  ) throws -> (outcomes: [Outcome], remark: String)? {
    do {
      guard let (harness, file) = try parse(path, harness) else { return nil }
      // Responses that were never asked for leave no trace, so that a run that stopped early looks like a small one.
      if let shortfall = harness.shortfall(file) {
        throw SluiceError.badInput(
          "the results are not complete: \(shortfall)", file: path,
          remedy: "Let \(harness.title) finish, and decide then.")
      }
      if harness.needsScore, score == nil {
        throw SluiceError.badInput(
          "\(harness.title)'s scores don't say by themselves which end is unsafe", file: path,
          remedy: "Say it: --unsafe high, or --unsafe low; and --score NAME where there are several.")
      }
      let results = try chosen(file.records.flatMap { try harness.results($0, score: score) }, model, path)
      let readings = Set(results.compactMap(\.reading)).sorted()
      if readings.count > 1 {
        throw SluiceError.badInput(
          "each response is in the file \(readings.count) times, by filter: \(readings.map(quoted).joined(separator: ", "))",
          file: path, line: 1, remedy: "Say which to take: --score METRIC,\(readings[0]).")
      }
      guard !results.isEmpty else {
        throw SluiceError.badInput(
          "no result is in the file", file: path, line: 1, remedy: "A gate with nothing to decide on can't pass.")
      }
      var samples: [String: Int] = [:]
      let outcomes = results.map { result in
        // The suite's attacks are called by their prompts; so results of two files and the plan meet.
        let id = result.prompt.map { AttackID(prompt: $0).text } ?? result.id
        let sample = samples[id, default: 0]
        samples[id] = sample + 1
        return Outcome(
          role: role, id: id, isBenign: false, cluster: nil, category: result.category, locale: nil, look: 1,
          sample: sample, prompt: result.prompt, isCut: result.isCut, reason: result.reason, result: result.result)
      }
      return (
        outcomes,
        "\(path) was read as \(harness.title)'s results: \(outcomes.count) responses of the \(role) to \(samples.count) attacks."
      )
    } catch let error as SluiceError {
      throw PolicyErrors([error])
    }
  }

  private static func parse(_ path: String, _ name: String) throws -> (Harness, HarnessFile)? {
    let named = Harness.all.first { $0.name == name }
    if named == nil, ![automatic, own].contains(name) {
      throw SluiceError(
        .usage, "unknown harness \(quoted(name))",
        remedy: suggestion(for: name, among: formats.map(\.name), called: "They are"))
    }
    if name == own { return nil }
    let what = "the file of outcomes"
    let bytes = try BoundedFile.read(
      path, what: what, limit: SuiteFile.largestFile, hint: "Split it by policy category and decide each.")
    let format = try FileFormat.of(bytes, file: path, what: what)
    let content: HarnessFile
    switch format.name {
    case FileFormat.jsonLines.name:
      // What isn't a harness's is for the reader of Sluice's own lines, which tells each mistake.
      let head = bytes.split(separator: UInt8(ascii: "\n"), maxSplits: 1).first.map(Array.init) ?? []
      if named == nil, (try? lines(head, path)).flatMap({ Harness.recognised(in: $0) }) == nil { return nil }
      content = HarnessFile(records: try lines(bytes, path))
    case FileFormat.json.name: content = try document(bytes, path)
    default:
      if named == nil { return nil }
      throw SluiceError.badInput(
        "\(what) is \(format.name), not JSON", file: path, line: 1, remedy: "Write the results as JSON.")
    }
    guard let harness = named ?? Harness.recognised(in: content.records) else {
      throw SluiceError.badInput(
        "no harness that is known writes such results", file: path, line: 1,
        remedy:
          "Known are: \(Harness.all.map(\.title).joined(separator: ", ")); else write JSON Lines, see sluice decide --help."
      )
    }
    return (harness, content)
  }

  /// Scores that are no numbers are written as NaN, which JSON doesn't have.
  private static func lines(_ bytes: [UInt8], _ path: String) throws -> [DataRecord] {
    try bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated()
      .compactMap { index, line in
        if line.allSatisfy({ [0x20, 0x09, 0x0d].contains($0) }) { return nil }
        let place = SourceLocation(file: path, line: index + 1)
        return DataRecord(try parsed(Array(line), place).members ?? [], at: place)
      }
  }

  private static func document(_ bytes: [UInt8], _ path: String) throws -> HarnessFile {
    let whole = SourceLocation(file: path, line: 1)
    let document = try parsed(bytes, whole)
    var list = document
    // promptfoo nests its list twice.
    for _ in 0..<2 where list.array == nil {
      list = listKeys.lazy.compactMap { list[$0] }.first { $0.array != nil || $0.members != nil } ?? list
    }
    guard let items = list.array else {
      throw SluiceError(
        .usage, "no list of results is in the document", at: whole,
        remedy:
          "It is looked for under \(listKeys.joined(separator: " and ")); a log without its samples decides nothing.")
    }
    let records = items.map { DataRecord($0.members ?? [], at: SourceLocation(file: path)) }
    return HarnessFile(records: records, document: document)
  }

  private static func parsed(_ bytes: [UInt8], _ place: SourceLocation) throws -> JSON {
    do {
      return try JSON(foreign: bytes)
    } catch let problem as JSONSyntaxError {
      throw SluiceError(
        .usage, "not JSON: \(problem.message)",
        at: SourceLocation(file: place.file, line: (place.line ?? 1) + problem.line - 1, column: problem.column),
        remedy: "The file may have been cut off: write it again.")
    }
  }

  private static func chosen(_ results: [HarnessResult], _ model: String?, _ path: String) throws -> [HarnessResult] {
    let models = Set(results.compactMap(\.model)).sorted()
    guard let model else {
      if models.count > 1 {
        throw SluiceError.badInput(
          "the file has responses of several models: \(models.map(quoted).joined(separator: ", "))", file: path,
          remedy: "Say whose to take: --model NAME (and --baseline-model NAME).")
      }
      return results
    }
    let own = results.filter { $0.model == model }
    if own.isEmpty {
      throw SluiceError.badInput(
        "the file has no responses of \(quoted(model))", file: path,
        remedy: suggestion(for: model, among: models, called: "It has those of"))
    }
    return own
  }
}
