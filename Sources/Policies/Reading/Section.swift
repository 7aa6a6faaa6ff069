/// One mapping of the policy after validation against its keys; reads values with the defaults of the key table.
struct Section {
  /// The keys that apply here (those of another `kind` are left out).
  let keys: [PolicyKey]
  let values: [String: PolicyNode]
  /// Scalars that are as their key wants them, environment variables expanded and paths resolved.
  let texts: [String: String]
  /// Nil where the section is absent and stands for its defaults.
  let node: PolicyNode?

  init(keys: [PolicyKey], values: [String: PolicyNode] = [:], texts: [String: String] = [:], node: PolicyNode? = nil) {
    self.keys = keys
    self.values = values
    self.texts = texts
    self.node = node
  }

  func has(_ key: String) -> Bool { values[key] != nil }

  func text(_ key: String) -> String? { texts[key] ?? self.key(key)?.fallback }

  /// Of keys that are required or have a default; the policy is not built from anything else.
  func string(_ key: String) -> String { text(key) ?? "" }

  func integer(_ key: String) -> Int { optionalInteger(key) ?? 0 }

  func optionalInteger(_ key: String) -> Int? { text(key).flatMap { Int($0) } }

  func number(_ key: String) -> Double { optionalNumber(key) ?? 0 }

  func optionalNumber(_ key: String) -> Double? { text(key).flatMap { Double($0) } }

  func toggle(_ key: String) -> Bool { text(key).flatMap(Quantities.toggle) ?? false }

  func seconds(_ key: String) -> Double? { text(key).flatMap(Quantities.seconds) }

  func bytes(_ key: String) -> Int { text(key).flatMap(Quantities.bytes) ?? 0 }

  private func key(_ name: String) -> PolicyKey? { keys.first { $0.name == name } }
}
