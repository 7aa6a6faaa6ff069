/// One kind of what a policy can name, such as a judge or a target: a value in a list that the reader of policies, the schema
/// and the assembly go through.
public protocol PolicyKind: Sendable {
  /// What the key `kind` says.
  var name: String { get }
  /// A phrase for lists of kinds, in lower case but for names, for example `a rules file`.
  var summary: String { get }
}

/// A kind that is equal to another of the same name, and is kept as its name.
public protocol NamedKind: PolicyKind, Hashable, Codable {
  /// All there are, which a stored name may stand for.
  static var all: [Self] { get }
}

extension NamedKind {
  public static func == (a: Self, b: Self) -> Bool { a.name == b.name }

  public func hash(into hasher: inout Hasher) { hasher.combine(name) }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(name)
  }

  /// - Throws: `DecodingError` for a name that stands for none.
  public init(from decoder: any Decoder) throws {
    let name = try decoder.singleValueContainer().decode(String.self)
    guard let kind = Self.all.first(where: { $0.name == name }) else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "'\(name)' is not known"))
    }
    self = kind
  }
}

/// The keys of a mapping whose `kind` says which of them it has.
public struct KindKeys: Sendable {
  /// One kind, with the keys that it alone has.
  public struct Kind: Sendable {
    /// What the key `kind` says for it.
    public let name: String
    /// A phrase for the schema and for people.
    public let summary: String
    /// Its own keys, in the order of the schema.
    public let keys: [PolicyKey]

    public init(name: String, summary: String, keys: [PolicyKey]) {
      self.name = name
      self.summary = summary
      self.keys = keys
    }
  }

  /// The kinds to choose from, in the order of the schema.
  public let kinds: [Kind]
  /// Keys of every kind, before and after the kind's own.
  public let leading: [PolicyKey]
  /// Keys of every kind, after the kind's own.
  public let trailing: [PolicyKey]
  /// The key `kind` itself.
  public let selector: PolicyKey

  /// - Parameter fallback: the kind of a mapping that names none; nil where it has to.
  public init(_ kinds: [Kind], leading: [PolicyKey] = [], trailing: [PolicyKey] = [], fallback: String? = nil) {
    self.kinds = kinds
    self.leading = leading
    self.trailing = trailing
    selector = PolicyKey(
      name: "kind", shape: .choice(kinds.map(\.name)), required: fallback == nil, fallback: fallback,
      help: Self.sentence(kinds.map(\.summary)))
  }

  /// The keys that go with any kind.
  public var common: [PolicyKey] { leading + [selector] + trailing }

  /// The keys of a mapping of this kind; those that go with any where the kind isn't known.
  public func keys(of kind: String?) -> [PolicyKey] {
    leading + [selector] + (kinds.first { $0.name == kind }?.keys ?? []) + trailing
  }

  /// The kinds that have a key of this name.
  public func kinds(taking key: String) -> [String] {
    kinds.filter { $0.keys.contains { $0.name == key } }.map(\.name)
  }

  /// `A checkpoint in this process, or an OpenAI-compatible server.`
  private static func sentence(_ summaries: [String]) -> String {
    let list =
      summaries.count > 1
      ? summaries.dropLast().joined(separator: ", ") + ", or " + (summaries.last ?? "") : summaries.first ?? ""
    return list.prefix(1).uppercased() + list.dropFirst() + "."
  }
}
