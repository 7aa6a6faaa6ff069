import Core

/// One mapping of a policy after it was held against its keys: values with their places, and the defaults of the key table.
public struct Section: Sendable {
  /// A value that the policy gives.
  public struct Given: Sendable {
    /// Where the value begins.
    public let place: SourceLocation

    public init(place: SourceLocation) { self.place = place }
  }

  /// Where it stands, as keys from the root.
  public let path: [String]
  /// The keys that apply here (those of another `kind` are left out).
  public let keys: [PolicyKey]
  /// The text that the section belongs to, in a list of texts of which some have keys.
  public var entry: String?
  /// Nil where the section is absent and stands for its defaults.
  public let place: SourceLocation?
  /// What is given, be it right or wrong.
  public var values: [String: Given] = [:]
  /// Scalars that are as their key wants them, environment variables expanded and paths resolved.
  public var texts: [String: String] = [:]
  /// Mappings in this one, by their keys.
  public var sections: [String: Section] = [:]
  /// Lists of mappings, and mappings under names of the user's choice; what is wrong is left out.
  public var lists: [String: [Section]] = [:]
  /// Lists of texts, by their keys; what is wrong is left out.
  public var textLists: [String: [String]] = [:]
  /// HTTP header fields as names and values, in the order of the policy; what is wrong is left out.
  public var headers: [String: [(name: String, value: String)]] = [:]
  /// Names of the user's choice, also of what is wrong.
  public var names: [String: [String]] = [:]

  public init(path: [String], keys: [PolicyKey], place: SourceLocation? = nil) {
    self.path = path
    self.keys = keys
    self.place = place
  }

  /// Its path for messages.
  public var described: String { Self.described(path) }

  /// A path for messages: `the policy`, or its keys with dots between them.
  public static func described(_ path: [String]) -> String {
    path.isEmpty ? "the policy" : shortened(path.joined(separator: "."))
  }

  /// What the key `kind` says; nil where it says nothing that is known.
  public var kind: String? { text("kind") }

  /// Whether the policy itself gives the key, be it right or wrong.
  public func has(_ key: String) -> Bool { values[key] != nil }

  /// Where the policy gives the key; nil where it doesn't.
  public func place(of key: String) -> SourceLocation? { values[key]?.place }

  /// What the policy gives, or the key's default; nil without either.
  public func text(_ key: String) -> String? { texts[key] ?? self.key(key)?.fallback }

  /// Returns the text of a key that is required or has a default; nothing is built from anything else.
  public func string(_ key: String) -> String { text(key) ?? "" }

  /// A whole number; 0 where there is none.
  public func integer(_ key: String) -> Int { optionalInteger(key) ?? 0 }

  /// A whole number; nil where there is none.
  public func optionalInteger(_ key: String) -> Int? { text(key).flatMap { Int($0) } }

  /// A number; 0 where there is none.
  public func number(_ key: String) -> Double { optionalNumber(key) ?? 0 }

  /// A number; nil where there is none.
  public func optionalNumber(_ key: String) -> Double? { text(key).flatMap { Double($0) } }

  /// A switch; off where there is none.
  public func toggle(_ key: String) -> Bool { text(key).flatMap(Quantities.toggle) ?? false }

  /// A length of time in seconds; nil where there is none.
  public func seconds(_ key: String) -> Double? { text(key).flatMap(Quantities.seconds) }

  /// A length of time; nil where there is none.
  public func duration(_ key: String) -> Duration? { seconds(key).map { .seconds($0) } }

  /// A size in bytes; 0 where there is none.
  public func bytes(_ key: String) -> Int { text(key).flatMap(Quantities.bytes) ?? 0 }

  /// Returns the case that a key of a choice names, or its default.
  public func choice<Value: RawRepresentable<String> & CaseIterable>(_ key: String, of type: Value.Type) -> Value? {
    text(key).flatMap { Value(rawValue: $0) }
  }

  /// A list of texts; empty where there is none.
  public func list(_ key: String) -> [String] { textLists[key] ?? [] }

  /// A list of mappings, or mappings under names of the user's choice; empty where there is none.
  public func sections(_ key: String) -> [Section] { lists[key] ?? [] }

  /// Returns a mapping in this one; nil where it is absent or wrong.
  public func child(_ key: String) -> Section? { sections[key] }

  /// Returns a mapping in this one, or its defaults.
  public func childOrDefaults(_ key: String) -> Section {
    if let child = sections[key] { return child }
    if case .object(let keys)? = self.key(key)?.shape { return Section(path: path + [key], keys: keys) }
    return Section(path: path + [key], keys: [])
  }

  private func key(_ name: String) -> PolicyKey? { keys.first { $0.name == name } }
}
