import Core
import Yams

/// One mapping of the policy after validation against its keys; reads values with their defaults.
struct Section {
  let keys: [PolicyKey]
  let values: [String: Node]
  /// Scalars with environment variables expanded.
  let texts: [String: String]
  let node: Node?

  func has(_ key: String) -> Bool { values[key] != nil }

  func text(_ key: String) -> String? { texts[key] ?? keys.first { $0.name == key }?.fallback }

  func string(_ key: String) -> String { text(key) ?? "" }

  func integer(_ key: String) -> Int? { text(key).flatMap { Int($0) } }

  func number(_ key: String) -> Double? { text(key).flatMap { Double($0) } }

  func toggle(_ key: String) -> Bool { text(key).flatMap(parseToggle) ?? false }
}

func parseToggle(_ text: String) -> Bool? {
  switch text.lowercased() {
  case "on", "true", "yes": true
  case "off", "false", "no": false
  default: nil
  }
}
