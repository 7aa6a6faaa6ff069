import Core
import Kinds

/// One `--set KEY=VALUE`: a dotted path and the YAML that goes there.
struct Override {
  let path: [String]
  let value: PolicyNode

  /// - Throws: `SluiceError` (usage) for a malformed override.
  init(_ text: String) throws {
    guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
      throw SluiceError(
        .usage, "an override needs KEY=VALUE", at: SourceLocation(file: "--set \(quoted(WebAddress.masked(text)))"),
        remedy: "For example: --set targets.candidate.checkpoint=models/new")
    }
    let key = text[..<equals]
    let place = SourceLocation(file: "--set \(shortened(String(key)))")
    path = key.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    if path.contains("") {
      throw SluiceError(
        .usage, "the key has an empty part", at: place,
        remedy: "Join keys by single dots, for example targets.candidate.checkpoint.")
    }
    if path.count > YAMLText.deepest {
      throw SluiceError(.usage, "the key is too long", at: place, remedy: "Use the keys of the policy joined by dots.")
    }
    let written = String(text[text.index(after: equals)...])
    if written.utf8.count > Policy.largestFile {
      throw SluiceError(.usage, "the value is too long", at: place, remedy: "Put it in the policy file.")
    }
    value =
      try YAMLText.node(written, file: place.file, hasLines: false) ?? PolicyNode(content: .null, place: place)
  }

  /// An override as reports and the ledger have it: a value that holds a secret, or an address with a query or a password, is
  /// there as 32 bits of its hash.
  static func shown(_ text: String, redactor: Redactor, hash: (String) -> String) -> String {
    guard let equals = text.firstIndex(of: "=") else { return redactor.redacted(text) }
    let (key, value) = (text[..<equals], String(text[text.index(after: equals)...]))
    let isSecret =
      // The path of a webhook is often its key.
      ["report.webhook.url", "report.otlp.url"].contains(key) || redactor.redacted(value) != value
      || WebAddress.masked(value) != value
      || EnvironmentExpansion.names(in: value).contains(where: WebAddress.namesSecret)
    return isSecret ? "\(redactor.redacted(String(key)))=\(setAside)\(hash(value).prefix(8))>" : text
  }

  /// Begins a value that is not shown.
  private static let setAside = "<set, sha256 "

  /// Whether the value of an override that was shown is not in it.
  static func isSetAside(_ text: String) -> Bool { text.contains("=" + setAside) }

  /// - Throws: `SluiceError` (usage) where the path leads through a single value or to a list item that isn't there.
  func apply(to root: PolicyNode) throws -> PolicyNode { try replace(in: root, path[...], parents: []) }

  private func replace(in node: PolicyNode, _ rest: ArraySlice<String>, parents: [String]) throws -> PolicyNode {
    guard let key = rest.first else { return value }
    var node = node
    switch node.content {
    case .mapping(var entries):
      if let index = entries.firstIndex(where: { $0.key == key }) {
        let child = try replace(in: entries[index].value, rest.dropFirst(), parents: parents + [key])
        entries[index] = PolicyNode.Entry(
          key: key, place: rest.count == 1 ? value.place : entries[index].place, value: child)
      } else {
        let empty = PolicyNode(content: .mapping([]), place: value.place)
        entries.append(
          PolicyNode.Entry(
            key: key, place: value.place, value: try replace(in: empty, rest.dropFirst(), parents: parents + [key])))
      }
      node.content = .mapping(entries)
    case .sequence(var items):
      guard let index = Int(key), items.indices.contains(index) else {
        let range = items.isEmpty ? "it is empty" : "its items are 0 to \(items.count - 1)"
        throw problem("\(parents.joined(separator: ".")) has no item \(quoted(key)): \(range)")
      }
      items[index] = try replace(in: items[index], rest.dropFirst(), parents: parents + [key])
      node.content = .sequence(items)
    case .null:
      return try replace(in: PolicyNode(content: .mapping([]), place: value.place), rest, parents: parents)
    case .scalar:
      throw problem("\(parents.joined(separator: ".")) is a single value: there is nothing in it to set")
    }
    return node
  }

  private func problem(_ message: String) -> SluiceError {
    SluiceError(
      .usage, message, at: value.place,
      remedy: "Use the keys of the policy joined by dots; list items by number from 0.")
  }
}
