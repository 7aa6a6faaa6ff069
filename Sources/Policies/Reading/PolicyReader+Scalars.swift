import Core
import Foundation
import Kinds

extension PolicyReader {
  /// The text of a scalar that is as its key wants it; nil for structures and for what was noted as wrong.
  mutating func scalar(_ node: PolicyNode, key: PolicyKey, path: [String]) -> String? {
    switch key.shape {
    case .object, .kind, .named, .entry, .list, .headers: return nil
    default: break
    }
    let name = Section.described(path)
    guard case .scalar(let written, let isQuoted) = node.content else {
      diagnostics.add(
        "\(name) must be \(key.shape.expectation), not \(node.kind)", at: node.place, remedy: "\(name): \(key.help)")
      return nil
    }
    let text: String
    do {
      text = try EnvironmentExpansion.expand(written, environment)
    } catch {
      if case .unset(let variable) = error, !site.allows(variable: variable) {
        forbid(variable: variable, name: name, at: node.place)
      } else {
        diagnostics.add("\(name): \(error.message)", at: node.place, remedy: error.remedy)
      }
      return nil
    }
    noteSecrets(written: written, meant: text, shape: key.shape)
    // What an environment variable holds may be secret: messages show the value as it was written.
    if key.shape.isNumeric && isQuoted && text == written {
      diagnostics.add(
        "\(name) must be \(key.shape.expectation), not the text \(quoted(written))", at: node.place,
        remedy: "Remove the quotes.")
      return nil
    }
    if let remedy = objection(text, key: key) {
      diagnostics.add(
        "\(name) must be \(key.shape.expectation)" + shown(written, as: key.shape), at: node.place,
        remedy: remedy.isEmpty ? "\(name): \(key.help)" : remedy)
      return nil
    }
    switch key.shape {
    case .variable where !site.allows(variable: text), .passedVariable where !site.allows(variable: text):
      forbid(variable: text, name: name, at: node.place)
      return nil
    case .url where !site.allows(url: text), .servedURL where !site.allows(url: text):
      diagnostics.add(
        "\(name): the site does not let policies ask \(quoted(WebAddress.masked(written)))", at: node.place,
        remedy: "Its owner lists hosts in \(site.path ?? ""), under allow.hosts.")
      return nil
    case .output where site.isAt(text):
      diagnostics.add(
        "\(name) is the site's own file", at: node.place, remedy: "A policy can't change what the site allows it.")
      return nil
    case .variable where checksFiles && environment[text, default: ""].allSatisfy(\.isWhitespace):
      diagnostics.add(
        "\(name): the environment variable\(shown(written, as: key.shape, after: "")) is not set, or is empty",
        at: node.place,
        remedy: "Set it to the key before running, or remove \(key.name) where the server needs none.")
      return nil
    case .file: return existing(text, written: written, isFolder: false, name: name, at: node.place)
    case .folder: return existing(text, written: written, isFolder: true, name: name, at: node.place)
    case .checkpoint:
      return existing(
        text, written: written, isFolder: !text.lowercased().hasSuffix(".gguf"), name: name, at: node.place)
    default: return text
    }
  }

  private mutating func forbid(variable: String, name: String, at place: SourceLocation) {
    let shown = Self.looksLikeVariable(variable) ? quoted(variable) : "that it names"
    diagnostics.add(
      "\(name): the site does not let policies read the environment variable \(shown)", at: place,
      remedy: "Its owner lists variables in \(site.path ?? ""), under allow.env.")
  }

  /// A value within a message, where it is none that somebody may have meant to keep to himself: a key instead of the name of
  /// its variable.
  private func shown(_ written: String, as shape: Shape, after comma: String = ", not") -> String {
    switch shape {
    case .variable, .passedVariable: return Self.looksLikeVariable(written) ? "\(comma) \(quoted(written))" : ""
    // What is no address may have its password anywhere before the last sign.
    case .url, .servedURL:
      let scheme = written.firstRange(of: "://").map { written[..<$0.upperBound] } ?? ""
      let host = written.lastIndex(of: "@").map { String(scheme) + "…" + String(written[$0...]) }
      return "\(comma) \(quoted(WebAddress.masked(host ?? written)))"
    default: return "\(comma) \(quoted(WebAddress.masked(written)))"
    }
  }

  /// Whether it is written as names of variables are, and keys are not: in capitals.
  private static func looksLikeVariable(_ text: String) -> Bool {
    let isCapital = text.utf8.allSatisfy { $0 >= 0x41 && $0 <= 0x5A || $0 == 0x5F || $0 >= 0x30 && $0 <= 0x39 }
    return isCapital && text.utf8.count <= 64 && EnvironmentExpansion.isName(text)
  }

  /// Why `text` isn't what the key takes, as a remedy (empty: the key's help says enough); nil where it is.
  private func objection(_ text: String, key: PolicyKey) -> String? {
    switch key.shape {
    case .text: text.contains { !$0.isWhitespace } ? nil : ""
    case .file, .folder, .checkpoint, .output:
      text.contains { !$0.isWhitespace } ? PathText.problem(text)?.remedy : ""
    case .url: Self.isUsable(url: text) ? nil : "For example http://127.0.0.1:8000/v1; keys go into api_key_env."
    case .servedURL:
      Self.isUsable(url: PortMark.filled(text, with: 1))
        ? nil : "For example http://127.0.0.1:8000/v1; keys go into api_key_env."
    case .passedVariable: EnvironmentExpansion.isName(text) ? nil : "Write the variable's name, for example HF_TOKEN."
    case .variable:
      EnvironmentExpansion.isName(text)
        ? nil : "Write the variable's name, for example SLUICE_API_KEY; never the key itself."
    case .template: text.contains("{prompt}") ? nil : "It must hold {prompt}, where the attack goes."
    case .integer(let range): Int(text).map(range.contains) ?? false ? nil : ""
    case .number(let range): Double(text).map { $0.isFinite && range.contains($0) } ?? false ? nil : ""
    case .toggle: Quantities.toggle(text) == nil ? "" : nil
    case .choice(let values): values.contains(text) ? nil : suggestion(for: text, among: values, called: "It can be")
    case .duration:
      Quantities.seconds(text) == nil ? "Write numbers with units: 90s, 10m, 1h30m (units ms, s, m, h, d)." : nil
    case .bytes: Quantities.bytes(text) == nil ? "For example 8MB, 512KiB or 65536." : nil
    case .object, .kind, .named, .entry, .list, .headers: nil
    }
  }

  /// An address that requests can go to, without user and password: those would end up in the ledger.
  private static func isUsable(url text: String) -> Bool {
    guard let url = URLComponents(string: text), let host = url.host, !host.isEmpty else { return false }
    return ["http", "https"].contains(url.scheme?.lowercased()) && url.user == nil && url.password == nil
  }

  private mutating func existing(
    _ text: String, written: String, isFolder wantsFolder: Bool, name: String, at place: SourceLocation
  ) -> String? {
    let resolved = resolve(text)
    guard checksFiles else { return resolved }
    let what = wantsFolder ? "folder" : "file"
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: resolved, isDirectory: &isFolder) else {
      diagnostics.add(
        "\(name): there is no \(what) \(quoted(written))", at: place,
        remedy: "Relative paths start at the current folder, or else at the policy's.")
      return nil
    }
    if isFolder.boolValue != wantsFolder {
      diagnostics.add(
        "\(name): \(quoted(written)) is a \(wantsFolder ? "file" : "folder"), not a \(what)", at: place,
        remedy: "Name a \(what).")
      return nil
    }
    return resolved
  }

  /// Relative paths start at the current folder where that exists, else at the policy's folder.
  func resolve(_ path: String) -> String {
    if path.hasPrefix("/") || FileManager.default.fileExists(atPath: path) || folder.isEmpty { return path }
    let beside = folder + "/" + path
    return FileManager.default.fileExists(atPath: beside) ? beside : path
  }
}
