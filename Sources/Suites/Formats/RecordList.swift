import Core
import Kinds
import Policies

/// Lists of records in one document: a JSON array, or an object (a YAML mapping) with the list under one of its keys.
enum RecordList {
  /// Keys under which files keep their list.
  static let listKeys = [
    "data", "seeds", "prompts", "tests", "jailbreaks", "behaviors", "examples", "rows", "attacks", "items",
  ]

  // MARK: - JSON

  /// - Throws: `SluiceError` (usage) with line and column where the text is no JSON, and where it holds no list of records or
  ///   several.
  static func json(_ bytes: [UInt8], file: String) throws -> [DataRecord] {
    let bytes = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? Array(bytes.dropFirst(3)) : bytes
    let document: JSON
    do {
      document = try JSON(parsing: bytes)
    } catch let problem as JSONSyntaxError {
      throw problem.inFile(
        file, remedy: "Mend the JSON there; the file may have been cut off. Plain text is told by its name: FILE.txt.")
    }
    let (key, items) = try list(in: document, file: file)
    let lines = ObjectLines(bytes, path: [key].compactMap(\.self)).lines
    let shared = shared(document, besides: key)
    return try items.enumerated().map { index, item in
      let place = SourceLocation(file: file, line: lines.indices.contains(index) ? lines[index] : nil)
      return try record(item, shared: shared, at: place)
    }
  }

  /// The list of a document, and the key it stands under; nil for the document itself.
  private static func list(in document: JSON, file: String) throws -> (key: String?, items: [JSON]) {
    if let items = document.array { return (nil, items) }
    if let elsewhere = document["tests"]?.string {
      throw SluiceError.badInput(
        "the tests are in another file: \(quoted(elsewhere))", file: file, line: 1,
        remedy: "Name that file, or write the tests out under tests.")
    }
    let lists = (document.members ?? []).filter { member in
      listKeys.contains(member.key) && member.value.array?.contains { $0.members != nil || $0.string != nil } == true
    }
    // promptfoo keeps its templates under prompts, and what is asked under tests.
    let tests = lists.first { $0.key == "tests" && lists.allSatisfy { ["tests", "prompts"].contains($0.key) } }
    if tests == nil, lists.count > 1 {
      throw SluiceError.badInput(
        "the document has several lists: \(lists.map { quoted($0.key) }.joined(separator: ", "))", file: file, line: 1,
        remedy: "Keep the one that is meant; the others would be left out unseen.")
    }
    guard let chosen = tests ?? lists.first, let items = chosen.value.array else {
      throw SluiceError.badInput(
        "no list of prompts is in the document", file: file, line: 1,
        remedy:
          "Write a list of {…} or of texts, by itself or under one of: \(listKeys.joined(separator: ", ")).")
    }
    return (chosen.key, items)
  }

  private static func shared(_ document: JSON, besides key: String?) -> [JSON.Member] {
    (document.members ?? []).filter { $0.key != key }
  }

  /// - Parameter shared: what the document says of all its entries; an entry's own word goes first.
  private static func record(_ item: JSON, shared: [JSON.Member], at place: SourceLocation) throws -> DataRecord {
    if let text = item.string {
      return DataRecord([.init("prompt", .string(text))] + shared.filter { $0.key != "prompt" }, at: place)
    }
    guard let members = item.members else {
      throw SluiceError(
        .usage, "an entry of the list is \(item.kind), not an object", at: place, remedy: "Write each as {…}.")
    }
    let own = Set(members.map(\.key))
    return DataRecord(members + shared.filter { !own.contains($0.key) }, at: place)
  }

  // MARK: - YAML

  /// - Throws: `SluiceError` (usage) with the place where the text is not one YAML document, and where it holds no list of
  ///   records or several.
  static func yaml(_ bytes: [UInt8], file: String) throws -> [DataRecord] {
    let text: String
    do {
      text = try TextDecoding.text(bytes)
    } catch {
      throw error.explained("the file is not UTF-8", file: file)
    }
    guard let root = try YAMLText.node(text, file: file, within: .data) else { return [] }
    let document = try JSON(root)
    let (key, _) = try list(in: document, file: file)
    let shared = shared(document, besides: key)
    return try entries(of: root, under: key).map { try record(JSON($0), shared: shared, at: $0.place) }
  }

  private static func entries(of root: PolicyNode, under key: String?) -> [PolicyNode] {
    switch root.content {
    case .sequence(let items): items
    case .mapping(let entries): entries.first { $0.key == key }.map { Self.entries(of: $0.value, under: nil) } ?? []
    default: []
    }
  }
}

extension JSON {
  /// Scalars stay text, so that a prompt such as 007 is one; only a plain null is none.
  /// - Throws: `SluiceError` (usage) for a merge key, which another reader would follow.
  fileprivate init(_ node: PolicyNode) throws {
    switch node.content {
    case .null: self = .null
    case .scalar(let text, _): self = .string(text)
    case .sequence(let items): self = .array(try items.map(JSON.init))
    case .mapping(let entries):
      if entries.contains(where: { $0.key == "<<" }) {
        throw SluiceError(
          .usage, "the mapping has a merge key (<<), which is not followed", at: node.place,
          remedy: "Write its values out.")
      }
      self = .object(try entries.map { .init($0.key, try JSON($0.value)) })
    }
  }
}
