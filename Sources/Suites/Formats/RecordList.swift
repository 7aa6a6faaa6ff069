import Core
import Yams

/// Lists of objects in one document: a JSON array, or an object (a YAML mapping) with the list under one of its keys.
enum RecordList {
  /// Keys under which files keep their list.
  static let listKeys = [
    "data", "seeds", "prompts", "tests", "jailbreaks", "behaviors", "examples", "rows", "attacks", "items",
  ]

  // MARK: - JSON

  /// - Throws: `SluiceError` (usage) with line and column where the text is no JSON, and where it holds no list of objects.
  static func json(_ bytes: [UInt8], file: String) throws -> [DataRecord] {
    let bytes = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? Array(bytes.dropFirst(3)) : bytes
    let document: JSON
    do {
      document = try JSON(parsing: bytes)
    } catch let problem as JSONSyntaxError {
      throw problem.inFile(file, remedy: "Mend the JSON there; the file may have been cut off.")
    }
    let (key, items) = try list(in: document, file: file)
    let lines = ObjectLines(bytes).lines[key ?? ""] ?? []
    let shared = key.map { key in (document.members ?? []).filter { $0.key != key } } ?? []
    return try items.enumerated().map { index, item in
      let place = SourceLocation(file: file, line: lines.indices.contains(index) ? lines[index] : nil)
      return try record(item, shared: shared, at: place)
    }
  }

  /// The list of a document, and the key it stands under; nil for the document itself.
  private static func list(in document: JSON, file: String) throws -> (key: String?, items: [JSON]) {
    if let items = document.array { return (nil, items) }
    let lists = (document.members ?? []).filter { member in
      listKeys.contains(member.key) && member.value.array?.contains { $0.members != nil } == true
    }
    // promptfoo keeps its templates under prompts, and what is asked under tests.
    let chosen = lists.first { $0.key == "tests" } ?? lists.first
    guard let chosen, let items = chosen.value.array else {
      throw SluiceError.badInput(
        "no list of objects is in the document", file: file, line: 1,
        remedy: "Write a list of {…}, by itself or under one of: \(listKeys.joined(separator: ", ")).")
    }
    return (chosen.key, items)
  }

  /// - Parameter shared: what the document says of all its entries; an entry's own word goes first.
  private static func record(_ item: JSON, shared: [JSON.Member], at place: SourceLocation) throws -> DataRecord {
    if let text = item.string { return DataRecord([.init("prompt", .string(text))] + shared, at: place) }
    guard let members = item.members else {
      throw SluiceError(
        .usage, "an entry of the list is \(item.kind), not an object", at: place, remedy: "Write each as {…}.")
    }
    let own = Set(members.map(\.key))
    return DataRecord(members + shared.filter { !own.contains($0.key) }, at: place)
  }

  // MARK: - YAML

  /// Values that a list may hold; a suite of ten thousand prompts has a tenth of them.
  private static let mostValues = 2_000_000.0

  /// - Throws: `SluiceError` (usage) with the place where the text is no YAML, and where it holds no list of objects.
  static func yaml(_ bytes: [UInt8], file: String) throws -> [DataRecord] {
    let text: String
    do {
      text = try TextDecoding.text(bytes)
    } catch {
      throw error.explained("the file is not UTF-8", file: file)
    }
    switch YAMLBounds.problem(text.utf8, mostValues: mostValues) {
    case .controlCharacter(let line, let column)?:
      throw SluiceError(
        .usage, "not YAML: a control character", at: SourceLocation(file: file, line: line, column: column),
        remedy: "Remove it; inside double quotes it can be written as an escape such as \\x07.")
    case .tooDeep(let line)?:
      throw SluiceError.badInput("the YAML is too deep", file: file, line: line, remedy: "Nest less.")
    case .tooManyValues?:
      throw SluiceError.badInput(
        "the YAML is too large once its aliases are followed", file: file, line: 1,
        remedy: "Write the list as JSON Lines.")
    case nil: break
    }
    let root: Node?
    do {
      root = try Yams.compose(yaml: text, .basic, .default, .utf8)
    } catch let YamlError.scanner(_, problem, mark, _) {
      throw malformed(problem, mark, file)
    } catch let YamlError.parser(_, problem, mark, _) {
      throw malformed(problem, mark, file)
    } catch let YamlError.composer(_, problem, mark, _) {
      throw malformed(problem, mark, file)
    } catch {
      throw SluiceError.badInput("not YAML", file: file, line: 1, remedy: "Mend the YAML.")
    }
    guard let root else { return [] }
    let (key, _) = try list(in: value(root), file: file)
    let nodes = Array((key.map { root.mapping?[Node($0)]?.sequence } ?? root.sequence) ?? [])
    let shared = (value(root).members ?? []).filter { $0.key != key }
    return try nodes.map { node in
      try record(
        value(node), shared: shared,
        at: SourceLocation(file: file, line: node.mark?.line, column: node.mark?.column))
    }
  }

  private static func malformed(_ problem: String, _ mark: Mark, _ file: String) -> SluiceError {
    SluiceError(
      .usage, "not YAML: \(problem)", at: SourceLocation(file: file, line: mark.line, column: mark.column),
      remedy: "Mend the YAML there (indentation with spaces, brackets and quotes closed).")
  }

  /// Scalars stay text, so that a prompt such as 007 is one; only a plain null is none.
  private static func value(_ node: Node) -> JSON {
    switch node {
    case .scalar(let scalar):
      let isNull = scalar.style == .plain && ["", "~", "null", "Null", "NULL"].contains(scalar.string)
      return isNull ? .null : .string(scalar.string)
    case .sequence(let items): return .array(items.map(value))
    case .mapping(let mapping):
      return .object(mapping.map { .init($0.key.scalar?.string ?? "", value($0.value)) })
    case .alias: return .null
    }
  }
}

/// The lines on which the objects of a JSON document's lists begin, by the key of the list; "" for the document itself.
private struct ObjectLines {
  private(set) var lines: [String: [Int]] = [:]

  /// - Parameter bytes: a valid document.
  init(_ bytes: [UInt8]) {
    var (line, depth, position) = (1, 0, 0)
    var (lastString, key, isInList) = ("", "", false)
    while position < bytes.count {
      switch bytes[position] {
      case UInt8(ascii: "\n"): line += 1
      case UInt8(ascii: "\""):
        let start = position + 1
        position = start
        while position < bytes.count, bytes[position] != UInt8(ascii: "\"") {
          position += bytes[position] == UInt8(ascii: "\\") ? 2 : 1
        }
        if depth == 1 && !isInList {
          lastString = String(decoding: bytes[start..<min(position, bytes.count)], as: UTF8.self)
        }
      case UInt8(ascii: "["):
        if depth == 0 { (key, isInList) = ("", true) }
        if depth == 1 && !isInList { (key, isInList) = (lastString, true) }
        depth += 1
      case UInt8(ascii: "{"):
        let listDepth = key.isEmpty ? 1 : 2
        if isInList && depth == listDepth { lines[key, default: []].append(line) }
        depth += 1
      case UInt8(ascii: "]"), UInt8(ascii: "}"):
        depth -= 1
        if depth == 1 && isInList && !key.isEmpty { isInList = false }
      default: break
      }
      position += 1
    }
  }
}
