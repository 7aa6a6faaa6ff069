import Core
import Kinds

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What a harness's file holds.
struct HarnessFile: Sendable {
  let records: [DataRecord]
  /// What a document says of all its records; null for JSON Lines.
  var document = JSON.null

  /// Keys under which documents keep their list of results.
  private static let listKeys = ["samples", "results", "test_cases"]
  /// The key under which a document keeps several lists, each under the name of what its results have in common.
  static let groupsKey = "attack_results"
  /// Where a record says that name.
  static let groupKey = "attack_results group"

  init(records: [DataRecord], document: JSON = .null) {
    (self.records, self.document) = (records, document)
  }

  /// The file and the harness that wrote it; nil for what Sluice's own reader has to read.
  /// - Parameter name: of the harness, or `HarnessLog.automatic` or `HarnessLog.own`.
  /// - Throws: `SluiceError` (usage).
  static func read(_ path: String, as name: String) throws -> (harness: Harness, file: HarnessFile)? {
    let named = Harness.all.first { $0.name == name }
    if named == nil, ![HarnessLog.automatic, HarnessLog.own].contains(name) {
      throw SluiceError(
        .usage, "unknown harness \(quoted(name))",
        remedy: suggestion(for: name, among: HarnessLog.formats.map(\.name), called: "They are"))
    }
    if name == HarnessLog.own { return nil }
    let what = "the file of outcomes"
    guard let content = try content(path, what: what, named: named) else { return nil }
    return (try harness(of: content, named: named, path), content)
  }

  /// - Returns: nil for what Sluice's own reader has to read.
  private static func content(_ path: String, what: String, named: Harness?) throws -> HarnessFile? {
    if try begins(path, with: InspectArchive.signature, what: what) {
      return try InspectArchive.read(path, what: what)
    }
    let bytes = try BoundedFile.read(
      path, what: what, limit: SuiteFile.largestFile, hint: "Split it by policy category and decide each.")
    let format = try FileFormat.of(bytes, file: path, what: what)
    switch format.name {
    case FileFormat.jsonLines.name:
      // What isn't a harness's is for the reader of Sluice's own lines, which tells each mistake.
      let head = Array(bytes.drop(while: isBlank).prefix { $0 != UInt8(ascii: "\n") })
      if named == nil, (try? lines(head, path)).flatMap({ Harness.recognised(in: $0.records) }) == nil { return nil }
      return try lines(bytes, path)
    case FileFormat.json.name: return try document(bytes, path)
    default:
      if named == nil { return nil }
      throw SluiceError.badInput(
        "\(what) is \(format.name), not JSON", file: path, line: 1, remedy: "Write the results as JSON.")
    }
  }

  /// Whether a byte is white space in JSON.
  private static func isBlank(_ byte: UInt8) -> Bool { [0x20, 0x09, 0x0A, 0x0D].contains(byte) }

  private static func begins(_ path: String, with signature: [UInt8], what: String) throws -> Bool {
    let (descriptor, _) = try BoundedFile.open(path, what: what)
    defer { close(descriptor) }
    var head = [UInt8](repeating: 0, count: signature.count)
    return BoundedFile.read(descriptor, &head) == signature.count && head == signature
  }

  /// The harness that wrote a file.
  private static func harness(of content: HarnessFile, named: Harness?, _ path: String) throws -> Harness {
    if content.records.isEmpty {
      throw SluiceError.badInput(
        "no result is in the file", file: path, line: 1, remedy: "A gate with nothing to decide on can't pass.")
    }
    let told = Harness.recognised(in: content.records)
    if let named, let told, told.name != named.name {
      throw SluiceError.badInput(
        "these are not \(named.title)'s results, but \(told.title)'s", file: path, line: 1,
        remedy: "Leave out --from, or write --from \(told.name).")
    }
    guard let harness = named ?? told else {
      throw SluiceError.badInput(
        "no harness that is known writes such results", file: path, line: 1,
        remedy:
          "Known are: \(Harness.all.map(\.title).joined(separator: ", ")); else write JSON Lines, see sluice decide --help."
      )
    }
    return harness
  }

  /// Scores that are no numbers are written as NaN, which JSON doesn't have.
  private static func lines(_ bytes: [UInt8], _ path: String) throws -> HarnessFile {
    let records = try bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated()
      .compactMap { index, line -> DataRecord? in
        if line.allSatisfy(isBlank) { return nil }
        let place = SourceLocation(file: path, line: index + 1)
        return try record(parsed(Array(line), place), at: place)
      }
    return HarnessFile(records: records)
  }

  private static func document(_ bytes: [UInt8], _ path: String) throws -> HarnessFile {
    let whole = SourceLocation(file: path, line: 1)
    let document = try parsed(bytes, whole)
    if let groups = document[groupsKey]?.members {
      let records = try groups.flatMap { group in
        guard let items = group.value.array else {
          throw SluiceError(
            .usage, "the results of \(quoted(group.key)) are \(group.value.kind), not a list", at: whole,
            remedy: "Write the results again: what is left out here would be left out unseen.")
        }
        return try items.map { item in
          try record(item, at: whole).noting([.init(groupKey, .string(group.key))])
        }
      }
      return HarnessFile(records: records, document: document)
    }
    var (list, keys) = (document, [String]())
    // promptfoo nests its list twice.
    while list.array == nil, keys.count < 2, let key = try listKey(in: list, at: whole) {
      list = list[key] ?? .null
      keys.append(key)
    }
    guard let items = list.array else {
      throw SluiceError(
        .usage, "no list of results is in the document", at: whole,
        remedy:
          "It is looked for under \(listKeys.joined(separator: ", ")); a log without its samples decides nothing.")
    }
    let lines = ObjectLines(bytes, path: keys).lines
    let records = try items.enumerated().map { index, item in
      try record(item, at: SourceLocation(file: path, line: lines.indices.contains(index) ? lines[index] : nil))
    }
    return HarnessFile(records: records, document: document)
  }

  /// The key of the list, or of an object that may hold it.
  private static func listKey(in document: JSON, at place: SourceLocation) throws -> String? {
    let lists = listKeys.filter { document[$0]?.array != nil }
    if lists.count > 1 {
      throw SluiceError(
        .usage, "the document has several lists of results: \(lists.map(quoted).joined(separator: ", "))", at: place,
        remedy: "Keep the one that is meant; the others would be left out unseen.")
    }
    return lists.first ?? listKeys.first { document[$0]?.members != nil }
  }

  static func record(_ item: JSON, at place: SourceLocation) throws -> DataRecord {
    guard let members = item.members else {
      throw SluiceError(
        .usage, "a result is \(item.kind), not an object", at: place,
        remedy: "Write the results again, as the harness writes them.")
    }
    return DataRecord(members, at: place)
  }

  static func parsed(_ bytes: [UInt8], _ place: SourceLocation) throws -> JSON {
    do {
      return try JSON(foreign: bytes, refusesRepeats: true)
    } catch let problem as JSONSyntaxError {
      let isRepeat = (try? JSON(foreign: bytes)) != nil
      throw SluiceError(
        .usage, isRepeat ? problem.message : "not JSON: \(problem.message)",
        at: SourceLocation(file: place.file, line: (place.line ?? 1) + problem.line - 1, column: problem.column),
        remedy: isRepeat
          ? "Keep the value that is meant: nobody can tell which of the two counts."
          : "The file may have been cut off: write it again.")
    }
  }
}
