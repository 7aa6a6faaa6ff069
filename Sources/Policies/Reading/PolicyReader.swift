import Core
import Foundation

/// Holds the tree against the key table, notes what is wrong, and hands out sections.
struct PolicyReader {
  /// What the site lets the policy see.
  let environment: [String: String]
  let site: Site
  /// The policy file's folder; empty for the current one.
  let folder: String
  /// Whether a file, a folder or a key's variable that isn't there is an error.
  let checksFiles: Bool
  var diagnostics = Diagnostics()
  /// Places of values that only files can decide about, by path.
  var places: [String: SourceLocation] = [:]
  /// Values that nothing may show: of the variables that hold keys, and what addresses hold of their kind.
  private(set) var secrets: Set<String> = []

  init(path: String, environment: [String: String], site: Site = .open, checksFiles: Bool) {
    self.environment = site.visible(environment)
    self.site = site
    self.checksFiles = checksFiles
    folder = path.folderOfPath
  }

  /// Reads a mapping: unknown keys, missing keys and wrong values are noted.
  mutating func section(_ node: PolicyNode, keys: [PolicyKey], path: [String]) -> Section? {
    guard let entries = node.entries else {
      diagnostics.add(
        "\(described(path)) must be a mapping of keys, not \(node.kind)", at: node.place,
        remedy: "Its keys are: \(names(keys)).")
      return nil
    }
    let kind = kind(of: entries, keys: keys)
    let applying = keys.filter { key in key.kinds.isEmpty || kind.map { key.kinds.contains($0) } ?? false }
    var values: [String: PolicyNode] = [:]
    var texts: [String: String] = [:]
    // A misspelt key that is required isn't missing as well.
    var meant: Set<String> = []
    for entry in entries {
      if values[entry.key] != nil {
        diagnostics.add(
          "the key \(quoted(entry.key)) is given twice in one mapping", at: entry.place, remedy: "Keep one.")
        continue
      }
      guard let key = applying.first(where: { $0.name == entry.key }) else {
        if let other = keys.first(where: { $0.name == entry.key }) {
          // Where the kind itself is missing or wrong, that is said already.
          if let kind {
            diagnostics.add(
              "'\(entry.key)' in \(described(path)) doesn't go with kind: \(kind)", at: entry.place,
              remedy: "It is for kind: \(other.kinds.sorted().joined(separator: ", ")). "
                + "The keys here are: \(names(applying)).")
          }
        } else {
          nearest(entry.key, in: applying.map(\.name)).map { _ = meant.insert($0) }
          diagnostics.add(
            "unknown key \(quoted(entry.key))" + (path.isEmpty ? "" : " in \(described(path))"), at: entry.place,
            remedy: entry.key == "<<"
              ? "Merge keys aren't part of YAML 1.2; use an alias for a whole value, or write the keys out."
              : suggestion(for: entry.key, among: applying.map(\.name), called: "The keys here are"))
        }
        continue
      }
      values[entry.key] = entry.value
      if let text = scalar(entry.value, key: key, path: path + [entry.key]) { texts[entry.key] = text }
    }
    for key in applying where key.required && values[key.name] == nil && !meant.contains(key.name) {
      diagnostics.add(
        "the key '\(key.name)' is missing" + (path.isEmpty ? "" : " in \(described(path))"), at: node.place,
        remedy: "Add \(key.name): \(key.help)")
    }
    return Section(keys: applying, values: values, texts: texts, node: node)
  }

  /// A child mapping, where it is given and is one.
  mutating func child(_ parent: Section, _ name: String, path: [String]) -> Section? {
    guard let node = parent.values[name], let keys = keys(of: name, in: parent) else { return nil }
    return section(node, keys: keys, path: path + [name])
  }

  /// A child mapping, or its defaults.
  mutating func childOrDefaults(_ parent: Section, _ name: String, path: [String]) -> Section {
    child(parent, name, path: path) ?? Section(keys: keys(of: name, in: parent) ?? [])
  }

  /// Notes what is wrong between values that are right by themselves.
  mutating func require(_ holds: Bool, _ message: String, at place: SourceLocation?, remedy: String) {
    if !holds { diagnostics.add(message, at: place, remedy: remedy) }
  }

  /// Notes what in a value, as it is written and as it is meant, is a secret.
  mutating func noteSecrets(written: String, meant text: String, shape: Shape) {
    for name in EnvironmentExpansion.names(in: written) where WebAddress.namesSecret(name) {
      if let value = environment[name] { secrets.insert(value.trimmed) }
    }
    switch shape {
    case .variable: if let value = environment[text] { secrets.insert(value.trimmed) }
    case .passedVariable where WebAddress.namesSecret(text):
      if let value = environment[text] { secrets.insert(value.trimmed) }
    case .url: secrets.formUnion(WebAddress.secrets(in: text))
    default: break
    }
  }

  func described(_ path: [String]) -> String { path.isEmpty ? "the policy" : shortened(path.joined(separator: ".")) }

  private func keys(of name: String, in parent: Section) -> [PolicyKey]? {
    if case .object(let keys)? = parent.keys.first(where: { $0.name == name })?.shape { keys } else { nil }
  }

  private func names(_ keys: [PolicyKey]) -> String {
    var seen: Set<String> = []
    return keys.map(\.name).filter { seen.insert($0).inserted }.joined(separator: ", ")
  }

  /// The section's `kind` where it has a valid one.
  private func kind(of entries: [PolicyNode.Entry], keys: [PolicyKey]) -> String? {
    guard let key = keys.first(where: { $0.name == "kind" }), case .choice(let kinds) = key.shape else { return nil }
    guard let entry = entries.first(where: { $0.key == "kind" }) else { return key.fallback }
    let text = entry.value.scalar.flatMap { try? EnvironmentExpansion.expand($0, environment) }
    return text.flatMap { kinds.contains($0) ? $0 : nil }
  }
}

extension String {
  /// As keys are sent: without blanks and line breaks around them.
  fileprivate var trimmed: String {
    String(drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
  }
}
