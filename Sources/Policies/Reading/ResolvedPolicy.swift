import Core

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
