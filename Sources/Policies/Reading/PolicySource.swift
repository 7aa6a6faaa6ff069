import Core
import Foundation
import Yams

/// From a file to a tree: size and shape limits, overrides, environment variables.
struct PolicySource {
  /// A policy is a page of text; what is larger isn't one.
  static let largestFile = 1 << 20
  /// Nodes after aliases are followed: a small file can name billions.
  static let mostNodes = 20_000
  static let deepest = 32

  let text: String
  var root: Node

  /// - Throws: `SluiceError` (usage) with the place of the first thing that keeps the file from being YAML.
  init(path: String) throws {
    guard let size = try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int else {
      throw SluiceError.badInput("there is no such policy", file: path, remedy: "Check the path.")
    }
    if size > Self.largestFile {
      throw SluiceError.badInput(
        "the policy is \(size) bytes; at most \(Self.largestFile) are read", file: path,
        remedy: "Policies are a page of YAML; attacks belong in suite files.")
    }
    guard let data = FileManager.default.contents(atPath: path) else {
      throw SluiceError.badInput("the policy can't be read", file: path, remedy: "Check its permissions.")
    }
    guard let text = String(validating: data, as: UTF8.self) else {
      throw SluiceError.badInput("the policy is not UTF-8", file: path, remedy: "Save it as UTF-8 text.")
    }
    self.text = text
    root = try Self.compose(text, file: path)
  }

  static func compose(_ text: String, file: String) throws -> Node {
    do {
      guard let node = try Yams.compose(yaml: text) else {
        throw SluiceError.badInput(
          "the policy is empty", file: file, line: 1, remedy: "See `sluice schema` for its keys.")
      }
      var count = 0
      guard isSmall(node, depth: 0, count: &count) else {
        throw SluiceError.badInput(
          "the policy is too deep or too large once its aliases are followed", file: file, line: 1,
          remedy: "At most \(mostNodes) values and \(deepest) levels; write values out instead of nesting aliases.")
      }
      return node
    } catch let error as YamlError {
      throw Self.explain(error, file: file)
    }
  }

  private static func isSmall(_ node: Node, depth: Int, count: inout Int) -> Bool {
    count += 1
    if count > mostNodes || depth > deepest { return false }
    switch node {
    case .mapping(let mapping):
      for (key, value) in mapping {
        if !isSmall(key, depth: depth + 1, count: &count) || !isSmall(value, depth: depth + 1, count: &count) {
          return false
        }
      }
      return true
    case .sequence(let items):
      for item in items where !isSmall(item, depth: depth + 1, count: &count) { return false }
      return true
    default: return true
    }
  }

  private static func explain(_ error: YamlError, file: String) -> SluiceError {
    func at(_ mark: Mark?, _ message: String, _ remedy: String) -> SluiceError {
      SluiceError(
        .usage, message, at: SourceLocation(file: file, line: mark?.line, column: mark?.column), remedy: remedy)
    }
    let fix = "Mend the YAML there (indentation with spaces, quotes closed, one document)."
    switch error {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      return at(mark, "not YAML: \(problem)", fix)
    case .duplicatedKeysInMapping(let duplicates, let context):
      let names = duplicates.sorted().joined(separator: ", ")
      return at(context.mark, "the same key is given twice: \(names)", "Keep one of them.")
    case .reader(let problem, let offset, _, _):
      return at(nil, "not YAML: \(problem)" + (offset.map { " at byte \($0)" } ?? ""), "Save it as UTF-8 text.")
    default: return at(nil, "not YAML: \(error)", fix)
    }
  }

  /// Applies `KEY=VALUE`; the value is YAML.
  /// - Throws: `SluiceError` (usage) for a malformed override.
  mutating func apply(override: String) throws -> KeyPath {
    guard let equals = override.firstIndex(of: "="), equals != override.startIndex else {
      throw SluiceError(
        .usage, "an override needs KEY=VALUE", at: SourceLocation(file: "--set \(override)"),
        remedy: "For example: --set targets.candidate.checkpoint=models/new")
    }
    let key = override[..<equals]
    let path = key.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    let text = String(override[override.index(after: equals)...])
    let place = "--set \(key)"
    let value = text.isEmpty ? Node("", Tag(.str)) : try Self.compose(text, file: place)
    guard let changed = Self.replace(root, path[...], with: value) else {
      throw SluiceError(
        .usage, "there is nothing at \(key) to set", at: SourceLocation(file: place),
        remedy: "Use the keys of the policy joined by dots; list items by number from 0.")
    }
    root = changed
    return path
  }

  private static func replace(_ node: Node, _ path: ArraySlice<String>, with value: Node) -> Node? {
    guard let key = path.first else { return value }
    switch node {
    case .mapping(var mapping):
      let name = Node(key)
      guard let child = replace(mapping[name] ?? Node.mapping(Node.Mapping([])), path.dropFirst(), with: value) else {
        return nil
      }
      mapping[name] = child
      return .mapping(mapping)
    case .sequence(var items):
      guard let index = Int(key), items.indices.contains(index),
        let child = replace(items[index], path.dropFirst(), with: value)
      else { return nil }
      items[index] = child
      return .sequence(items)
    default: return nil
    }
  }
}

/// Expands `${VAR}`; `$${` stays a literal `${`.
/// - Returns: the text, or the variable that isn't set or isn't closed.
func expand(_ text: String, environment: [String: String]) -> (text: String, problem: String?) {
  guard text.contains("${") else { return (text, nil) }
  var result = ""
  var rest = Substring(text)
  while let dollar = rest.range(of: "${") {
    if dollar.lowerBound > rest.startIndex, rest[rest.index(before: dollar.lowerBound)] == "$" {
      result += rest[..<rest.index(before: dollar.lowerBound)] + "${"
      rest = rest[dollar.upperBound...]
      continue
    }
    result += rest[..<dollar.lowerBound]
    guard let end = rest[dollar.upperBound...].firstIndex(of: "}") else { return (text, "${ is never closed") }
    let name = String(rest[dollar.upperBound..<end])
    guard let value = environment[name] else { return (text, "the environment variable \(name) is not set") }
    result += value
    rest = rest[rest.index(after: end)...]
  }
  return (result + rest, nil)
}
