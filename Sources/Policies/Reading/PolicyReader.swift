import Core
import Foundation
import Kinds

/// Holds the tree against the key table, notes what is wrong, and hands out sections.
struct PolicyReader {
  /// What the site lets the policy see.
  let environment: [String: String]
  let site: Site
  /// The policy file's folder; empty for the current one.
  let folder: String
  /// Whether a file, a folder or a key's variable that isn't there is an error.
  let checksFiles: Bool
  /// What decides whether a waiver has expired.
  let now: Date
  var diagnostics = Diagnostics()
  /// Places of values that only files can decide about, by path.
  var places: [String: SourceLocation] = [:]
  /// Values that nothing may show: of the variables that hold keys, and what addresses hold of their kind.
  private(set) var secrets: Set<String> = []

  init(
    path: String, environment: [String: String], site: Site = .open, checksFiles: Bool, now: Date = Date()
  ) {
    self.now = now
    self.environment = site.visible(environment)
    self.site = site
    self.checksFiles = checksFiles
    folder = path.folderOfPath
  }

  /// Reads a mapping with all that is in it: unknown keys, missing keys and wrong values are noted.
  mutating func section(_ node: PolicyNode, keys: [PolicyKey], path: [String]) -> Section? {
    section(node, applying: keys, kinds: nil, kind: nil, path: path)
  }

  /// Reads a mapping whose `kind` says which keys it has.
  mutating func section(_ node: PolicyNode, keys: KindKeys, path: [String]) -> Section? {
    let kind = node.entries.flatMap { self.kind(of: $0, keys: keys) }
    return section(node, applying: keys.keys(of: kind), kinds: keys, kind: kind, path: path)
  }

  private mutating func section(
    _ node: PolicyNode, applying: [PolicyKey], kinds: KindKeys?, kind: String?, path: [String]
  ) -> Section? {
    guard let entries = node.entries else {
      diagnostics.add(
        "\(Section.described(path)) must be a mapping of keys, not \(node.kind)", at: node.place,
        remedy: "Its keys are: \(Self.names(applying + (kinds?.kinds ?? []).flatMap(\.keys))).")
      return nil
    }
    var section = Section(path: path, keys: applying, place: node.place)
    // A misspelt key that is required isn't missing as well.
    var meant: Set<String> = []
    for entry in entries {
      if section.has(entry.key) {
        diagnostics.add(
          "the key \(quoted(entry.key)) is given twice in one mapping", at: entry.place, remedy: "Keep one.")
        continue
      }
      guard let key = applying.first(where: { $0.name == entry.key }) else {
        let owners = kinds?.kinds(taking: entry.key) ?? []
        if !owners.isEmpty {
          // Where the kind itself is missing or wrong, that is said already.
          guard let kind else { continue }
          diagnostics.add(
            "'\(entry.key)' in \(Section.described(path)) doesn't go with kind: \(kind)", at: entry.place,
            remedy: "It is for kind: \(owners.sorted().joined(separator: ", ")). "
              + "The keys here are: \(Self.names(applying)).")
        } else {
          nearest(entry.key, in: applying.map(\.name)).map { _ = meant.insert($0) }
          diagnostics.add(
            "unknown key \(quoted(entry.key))" + (path.isEmpty ? "" : " in \(Section.described(path))"),
            at: entry.place,
            remedy: entry.key == "<<"
              ? "Merge keys aren't part of YAML 1.2; use an alias for a whole value, or write the keys out."
              : suggestion(for: entry.key, among: applying.map(\.name), called: "The keys here are"))
        }
        continue
      }
      section.values[key.name] = Section.Given(place: entry.value.place)
      read(entry.value, of: key, into: &section)
    }
    for key in applying where key.required && !section.has(key.name) && !meant.contains(key.name) {
      if key.unless.contains(where: section.has) { continue }
      diagnostics.add(
        "the key '\(key.name)' is missing" + (path.isEmpty ? "" : " in \(Section.described(path))"), at: node.place,
        remedy: "Add \(key.name): \(key.help)")
    }
    return section
  }

  private mutating func read(_ node: PolicyNode, of key: PolicyKey, into section: inout Section) {
    let path = section.path + [key.name]
    switch key.shape {
    case .object, .kind: section.sections[key.name] = mapping(node, of: key.shape, path: path)
    case .list(let item): list(node, of: key, item: item, into: &section)
    case .named(let item, let one, let many):
      named(node, of: key, item: item, called: (one: one, many: many), into: &section)
    case .headers: section.headers[key.name] = headers(node, of: key, path: path)
    default: section.texts[key.name] = scalar(node, key: key, path: path)
    }
  }

  /// Nil for what is wrong, and for shapes that are no mapping of keys.
  private mutating func mapping(_ node: PolicyNode, of shape: Shape, path: [String]) -> Section? {
    switch shape {
    case .object(let keys): section(node, keys: keys, path: path)
    case .kind(let keys): section(node, keys: keys, path: path)
    default: nil
    }
  }

  private mutating func list(_ node: PolicyNode, of key: PolicyKey, item: Shape, into section: inout Section) {
    let path = section.path + [key.name]
    let items: [PolicyNode]
    if case .sequence(let found) = node.content {
      items = found
    } else if node.isNull, key.whenEmpty != nil {
      items = []
    } else {
      diagnostics.add(
        "\(Section.described(path)) must be a list, not \(node.kind)", at: node.place,
        remedy: key.example.map { "For example: \($0)" }
          ?? "Write it as [first, second], or each on a line of its own after a dash.")
      return
    }
    if items.isEmpty {
      diagnostics.add(
        key.whenEmpty ?? "\(Section.described(path)) is empty", at: node.place,
        remedy: key.example.map { "Add at least one, for example: \($0)" } ?? "Add at least one, or remove the key.")
    }
    switch item {
    case .object, .kind:
      section.lists[key.name] = items.enumerated().compactMap { index, node in
        mapping(node, of: item, path: path + ["\(index)"])
      }
    case .entry(let keys, let brief):
      section.lists[key.name] = items.enumerated().compactMap { index, node in
        entry(node, of: key, keys: keys, brief: brief, path: path + ["\(index)"])
      }
    default:
      let itemKey = PolicyKey(name: key.name, shape: item, help: key.help)
      section.textLists[key.name] = items.enumerated().compactMap { index, node in
        scalar(node, key: itemKey, path: path + ["\(index)"])
      }
    }
  }

  private mutating func named(
    _ node: PolicyNode, of key: PolicyKey, item: Shape, called names: (one: String, many: String),
    into section: inout Section
  ) {
    let path = section.path + [key.name]
    guard let entries = node.entries else {
      diagnostics.add(
        "\(Section.described(path)) must be a mapping of names to \(names.many), not \(node.kind)", at: node.place,
        remedy: "For example: \(key.example ?? "\(key.name): {name: …}")")
      return
    }
    for entry in entries {
      // Names end up in check names and in --set paths, where a dot would part them.
      diagnostics.require(
        !entry.key.isEmpty && entry.key.utf8.count <= 64
          && entry.key.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == "-") },
        "\(quoted(entry.key)) can't be the name of a \(names.one)", at: entry.place,
        remedy: "Use up to 64 letters, digits, - and _.")
    }
    section.names[key.name] = entries.map(\.key)
    section.lists[key.name] = entries.compactMap { mapping($0.value, of: item, path: path + [$0.key]) }
  }

  /// Notes the values of variables as secrets, whatever their names.
  mutating func noteSecrets(of variables: [String]) {
    for name in variables { if let value = environment[name] { secrets.insert(value.trimmed) } }
  }

  /// Notes what in a value, as it is written and as it is meant, is a secret.
  mutating func noteSecrets(written: String, meant text: String, shape: Shape) {
    noteSecrets(of: EnvironmentExpansion.names(in: written).filter(WebAddress.namesSecret))
    switch shape {
    case .variable: if let value = environment[text] { secrets.insert(value.trimmed) }
    case .passedVariable where WebAddress.namesSecret(text):
      if let value = environment[text] { secrets.insert(value.trimmed) }
    case .url, .servedURL: secrets.formUnion(WebAddress.secrets(in: text))
    default: break
    }
  }

  private static func names(_ keys: [PolicyKey]) -> String {
    var seen: Set<String> = []
    return keys.map(\.name).filter { seen.insert($0).inserted }.joined(separator: ", ")
  }

  /// The mapping's `kind` where it has a valid one.
  private func kind(of entries: [PolicyNode.Entry], keys: KindKeys) -> String? {
    guard let entry = entries.first(where: { $0.key == keys.selector.name }) else { return keys.selector.fallback }
    let text = entry.value.scalar.flatMap { try? EnvironmentExpansion.expand($0, environment) }
    return keys.kinds.map(\.name).first { $0 == text }
  }
}

extension String {
  /// As keys are sent: without blanks and line breaks around them.
  fileprivate var trimmed: String {
    String(drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
  }
}
