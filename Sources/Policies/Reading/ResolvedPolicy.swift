import Core

extension PolicyNode {
  /// The same without one key of a section, and without the section where nothing else is in it.
  func without(_ section: String, _ key: String) -> PolicyNode {
    guard case .mapping(let entries) = content else { return self }
    let kept = entries.compactMap { entry in
      guard entry.key == section, case .mapping(let inner) = entry.value.content else { return entry }
      var entry = entry
      entry.value.content = .mapping(inner.filter { $0.key != key })
      return inner.contains { $0.key != key } ? entry : nil
    }
    var node = self
    node.content = .mapping(kept)
    return node
  }
}

/// A policy as it is executed: variables and overrides put in, keys in order, comments and notation gone.
enum ResolvedPolicy {
  /// - Parameters:
  ///   - tree: with overrides applied.
  ///   - seed: replaces the policy's own.
  static func text(_ tree: PolicyNode, seed: UInt64?, environment: [String: String]) -> String {
    var json = value(tree, environment)
    if let seed, case .object(let members) = json {
      json = .object(members.filter { $0.key != "seed" } + [JSON.Member("seed", .string(String(seed)))])
    }
    return sorted(json).serialized()
  }

  private static func value(_ node: PolicyNode, _ environment: [String: String]) -> JSON {
    switch node.content {
    case .null: .null
    case .scalar(let text, _): .string((try? EnvironmentExpansion.expand(text, environment)) ?? text)
    case .sequence(let items): .array(items.map { value($0, environment) })
    case .mapping(let entries): .object(entries.map { JSON.Member($0.key, value($0.value, environment)) })
    }
  }

  private static func sorted(_ json: JSON) -> JSON {
    switch json {
    case .object(let members):
      .object(members.sorted { $0.key < $1.key }.map { JSON.Member($0.key, sorted($0.value)) })
    case .array(let items): .array(items.map(sorted))
    default: json
    }
  }
}
