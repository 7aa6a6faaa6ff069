import Core

/// A way to write a list of records: its name, how to tell it, and how to read it.
public struct FileFormat: Sendable {
  /// What `--format` calls it.
  public let name: String
  /// What it is, a phrase for people.
  public let summary: String
  /// What files of it are called by.
  let endings: [String]
  /// Whether a file's first bytes, blanks left out, look like it.
  private let looksLike: @Sendable (ArraySlice<UInt8>) -> Bool
  private let reader: @Sendable ([UInt8], String) throws -> [DataRecord]

  init(
    name: String, summary: String, endings: [String], looksLike: @escaping @Sendable (ArraySlice<UInt8>) -> Bool,
    reader: @escaping @Sendable ([UInt8], String) throws -> [DataRecord]
  ) {
    (self.name, self.summary, self.endings) = (name, summary, endings)
    (self.looksLike, self.reader) = (looksLike, reader)
  }

  /// The records of a file.
  /// - Throws: `SluiceError` (usage) with the place of the first mistake.
  func records(_ bytes: [UInt8], file: String) throws -> [DataRecord] { try reader(bytes, file) }

  /// All there are; where several look right, the first is meant.
  public static let all = [jsonLines, json, yaml, tsv, csv, text]

  /// What a file is written in, by its content first and by its name where the content leaves it open.
  /// - Throws: `SluiceError` (usage) for what is no list of records at all, named as what it is.
  static func of(_ bytes: [UInt8], file: String, what: String) throws -> FileFormat {
    if let mistaken = MistakenFile(bytes) {
      throw SluiceError.badInput("\(what) is \(mistaken.name)", file: file, line: 1, remedy: mistaken.remedy)
    }
    let head = bytes.drop { blanks.contains($0) || [0xef, 0xbb, 0xbf].contains($0) }.prefix(1 << 16)
    let named = all.first { format in format.endings.contains { file.lowercased().hasSuffix($0) } }
    // JSON begins with a bracket, and little else that people write does: the content decides, unless the name says
    // otherwise and the file is no JSON as a whole.
    if let first = head.first, first == UInt8(ascii: "{") || first == UInt8(ascii: "[") {
      if named?.name == json.name && first == UInt8(ascii: "{") && !isSeveralObjects(bytes) { return json }
      if named?.name == yaml.name { return yaml }
      if let named, [text.name, csv.name, tsv.name].contains(named.name) { return whole(bytes) ?? named }
      return [jsonLines, json].first { $0.looksLike(head) } ?? jsonLines
    }
    if let named, named.name != jsonLines.name && named.name != json.name { return named }
    return all.first { $0.looksLike(head) } ?? jsonLines
  }

  private static let blanks: [UInt8] = [0x20, 0x09, 0x0a, 0x0d]

  /// JSON or JSON Lines where all of the bytes are; plain text may begin with a bracket too, as in `[INST]`.
  private static func whole(_ bytes: [UInt8]) -> FileFormat? {
    let lines = bytes.split(separator: UInt8(ascii: "\n")).lazy.map(Array.init).filter { line in
      line.contains { !blanks.contains($0) }
    }
    if lines.allSatisfy({ (try? JSON(foreign: $0))?.members != nil }) { return jsonLines }
    return (try? JSON(foreign: bytes)) == nil ? nil : json
  }

  /// Whether the first line is a whole object and another follows it.
  private static func isSeveralObjects(_ bytes: [UInt8]) -> Bool {
    let lines = bytes.split(separator: UInt8(ascii: "\n"), maxSplits: 2)
    return lines.count > 1 && (try? JSON(parsing: Array(lines[0]))) != nil
  }

  static let jsonLines = FileFormat(
    name: "json-lines", summary: "One {…} a line", endings: [".jsonl", ".ndjson"],
    looksLike: { head in
      guard head.first == UInt8(ascii: "{") else { return false }
      let line = head.prefix { $0 != UInt8(ascii: "\n") }
      return line.dropFirst().contains { !blanks.contains($0) }
    }
  ) { bytes, file in
    try bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated()
      .compactMap { index, slice in
        guard let object = try SuiteLine.object(slice, file: file, number: index + 1, example: "prompt") else {
          return nil
        }
        return DataRecord(object, at: SourceLocation(file: file, line: index + 1))
      }
  }

  static let json = FileFormat(
    name: "json", summary: "One document with a list of {…}", endings: [".json"],
    looksLike: { $0.first == UInt8(ascii: "[") || $0.first == UInt8(ascii: "{") }, reader: RecordList.json)

  static let yaml = FileFormat(
    name: "yaml", summary: "One document with a list of mappings", endings: [".yaml", ".yml", ".prompt"],
    looksLike: { head in
      let line = head.prefix { $0 != UInt8(ascii: "\n") }
      return line.starts(with: "- ".utf8) || line.starts(with: "---".utf8)
    }, reader: RecordList.yaml)

  static let tsv = FileFormat(
    name: "tsv", summary: "A table with tabs, its columns named in the first row", endings: [".tsv", ".tab"],
    looksLike: { SeparatedValues.separator(of: $0) == UInt8(ascii: "\t") }
  ) { bytes, file in
    try SeparatedValues.records(bytes, separator: UInt8(ascii: "\t"), file: file)
  }

  static let csv = FileFormat(
    name: "csv", summary: "A table with commas or semicolons, its columns named in the first row", endings: [".csv"],
    looksLike: { head in
      guard let separator = SeparatedValues.separator(of: head) else { return false }
      // A sentence has commas too; a header is short words between them.
      let line = String(decoding: head.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
      let names = line.split(separator: Character(UnicodeScalar(separator)), omittingEmptySubsequences: false)
      return names.allSatisfy { $0.count <= 40 && $0.split(separator: " ").count <= 3 }
    }
  ) { bytes, file in
    try SeparatedValues.records(
      bytes, separator: SeparatedValues.separator(of: bytes) ?? UInt8(ascii: ","), file: file)
  }

  static let text = FileFormat(
    name: "text", summary: "One prompt a line", endings: [".txt"], looksLike: { _ in false }
  ) { bytes, file in
    try bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated()
      .compactMap { index, slice in
        guard let line = try SuiteLine.text(slice, file: file, number: index + 1) else { return nil }
        return DataRecord([.init("prompt", .string(line))], at: SourceLocation(file: file, line: index + 1))
      }
  }
}
