import Core
import Foundation
import Yams

/// Holds the tree against the key table, and hands out sections.
struct PolicyReader {
  let environment: [String: String]
  let folder: String
  var diagnostics: Diagnostics

  init(path: String, environment: [String: String]) {
    self.environment = environment
    folder = (path as NSString).deletingLastPathComponent
    diagnostics = Diagnostics(file: path)
  }

  /// Reads a mapping: unknown keys, missing keys and wrong values are noted.
  mutating func section(_ node: Node, keys: [PolicyKey], path: KeyPath) -> Section? {
    guard case .mapping(let mapping) = node else {
      diagnostics.add(
        "\(described(path)) must be a mapping of keys", at: node, path,
        remedy: "Its keys are: \(keys.map(\.name).joined(separator: ", ")).")
      return nil
    }
    var values: [String: Node] = [:]
    var texts: [String: String] = [:]
    let kind = mapping["kind"]?.scalar?.string
    func applies(_ key: PolicyKey) -> Bool { key.kinds.isEmpty || kind.map { key.kinds.contains($0) } ?? false }
    for (keyNode, value) in mapping {
      let name = keyNode.scalar?.string ?? ""
      guard let key = keys.first(where: { $0.name == name }) else {
        let allowed = keys.filter(applies).map(\.name)
        diagnostics.add(
          "unknown key '\(name)'" + (path.isEmpty ? "" : " in \(described(path))"), at: keyNode, path + [name],
          remedy: nearest(name, in: allowed).map { "Did you mean '\($0)'?" }
            ?? "The keys here are: \(allowed.joined(separator: ", ")).")
        continue
      }
      if !applies(key), let kind {
        diagnostics.add(
          "'\(name)' doesn't go with kind: \(kind)", at: keyNode, path + [name],
          remedy: "It is for kind: \(key.kinds.sorted().joined(separator: ", ")).")
        continue
      }
      values[name] = value
      if let text = scalar(value, key: key, path: path + [name]) { texts[name] = text }
    }
    for key in keys where key.required && applies(key) && values[key.name] == nil {
      let needed = key.kinds.isEmpty ? "" : " (kind: \(kind ?? ""))"
      diagnostics.add(
        "the key '\(key.name)' is missing" + (path.isEmpty ? "" : " in \(described(path))") + needed, at: node, path,
        remedy: key.help)
    }
    return Section(keys: keys, values: values, texts: texts, node: node)
  }

  /// A child mapping, where it is given.
  mutating func child(_ parent: Section, _ name: String, path: KeyPath) -> Section? {
    guard let node = parent.values[name], let key = parent.keys.first(where: { $0.name == name }),
      case .object(let keys) = key.shape
    else { return nil }
    return section(node, keys: keys, path: path + [name])
  }

  /// A child mapping, or an empty one with its defaults.
  mutating func childOrDefaults(_ parent: Section, _ name: String, path: KeyPath) -> Section {
    if let child = child(parent, name, path: path) { return child }
    if case .object(let keys)? = parent.keys.first(where: { $0.name == name })?.shape {
      return Section(keys: keys, values: [:], texts: [:], node: nil)
    }
    return Section(keys: [], values: [:], texts: [:], node: nil)
  }

  /// The expanded text of a scalar that its shape allows; nil for structures and for what was noted as wrong.
  private mutating func scalar(_ node: Node, key: PolicyKey, path: KeyPath) -> String? {
    switch key.shape {
    case .object, .named, .list: return nil
    default: break
    }
    func wrong(_ what: String) -> String {
      "\(described(path)) must be \(what)"
    }
    guard let scalar = node.scalar else {
      diagnostics.add(wrong("a single value"), at: node, path, remedy: key.help)
      return nil
    }
    let (text, problem) = expand(scalar.string, environment: environment)
    if let problem {
      diagnostics.add("\(problem)", at: node, path, remedy: "Set it before running, or write the value in the policy.")
      return nil
    }
    switch key.shape {
    case .text, .file, .folder:
      if text.isEmpty {
        diagnostics.add(wrong("a text, not empty"), at: node, path, remedy: key.help)
        return nil
      }
      if case .text = key.shape { return text }
      let resolved = resolve(text)
      var isFolder: ObjCBool = false
      let exists = FileManager.default.fileExists(atPath: resolved, isDirectory: &isFolder)
      var wantsFolder = false
      if case .folder = key.shape { wantsFolder = true }
      if !exists || isFolder.boolValue != wantsFolder {
        diagnostics.add(
          "\(described(path)): there is no \(wantsFolder ? "folder" : "file") '\(text)'", at: node, path,
          remedy: "Paths are relative to the current folder, else to the policy's.")
        return nil
      }
      return resolved
    case .integer(let range):
      guard let value = Int(text) else {
        diagnostics.add(wrong("a whole number, not '\(text)'"), at: node, path, remedy: key.help)
        return nil
      }
      if !range.contains(value) {
        diagnostics.add(
          wrong("from \(range.lowerBound) to \(range.upperBound), not \(value)"), at: node, path, remedy: key.help)
        return nil
      }
    case .number(let range):
      guard let value = Double(text), value.isFinite else {
        diagnostics.add(wrong("a number, not '\(text)'"), at: node, path, remedy: key.help)
        return nil
      }
      if !range.contains(value) {
        diagnostics.add(
          wrong("from \(range.lowerBound) to \(range.upperBound), not \(text)"), at: node, path, remedy: key.help)
        return nil
      }
    case .toggle:
      if parseToggle(text) == nil {
        diagnostics.add(wrong("on or off, not '\(text)'"), at: node, path, remedy: key.help)
        return nil
      }
    case .choice(let values):
      if !values.contains(text) {
        diagnostics.add(
          wrong("one of its values, not '\(text)'"), at: node, path,
          remedy: (nearest(text, in: values).map { "Did you mean '\($0)'? " } ?? "")
            + "It can be: \(values.joined(separator: ", ")).")
        return nil
      }
    case .duration:
      if seconds(text) == nil {
        diagnostics.add(wrong("a duration, not '\(text)'"), at: node, path, remedy: "For example 90s, 10m, 1h30m.")
        return nil
      }
    case .bytes:
      if bytes(text) == nil {
        diagnostics.add(wrong("a size, not '\(text)'"), at: node, path, remedy: "For example 8MB or 65536.")
        return nil
      }
    case .object, .named, .list: return nil
    }
    return text
  }

  /// Relative paths start at the current folder where that exists, else at the policy's folder.
  func resolve(_ path: String) -> String {
    if path.hasPrefix("/") || FileManager.default.fileExists(atPath: path) || folder.isEmpty { return path }
    let beside = folder + "/" + path
    return FileManager.default.fileExists(atPath: beside) ? beside : path
  }

  func described(_ path: KeyPath) -> String { path.isEmpty ? "the policy" : path.joined(separator: ".") }
}
