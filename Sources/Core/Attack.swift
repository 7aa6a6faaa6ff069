/// A content-derived identifier of an attack: the first 16 hex digits of a stable hash of its prompt.
public struct AttackID: Hashable, Codable, Sendable, Comparable, CustomStringConvertible {
  public let text: String

  public init(_ text: String) { self.text = text }

  /// The identifier of `prompt`: FNV-1a (64 bit) over its UTF-8, so equal prompts have equal identifiers everywhere.
  public init(prompt: String) {
    self.text = String(hexadecimal: StableHash.fnv1a(prompt.utf8))
  }

  public var description: String { text }

  public static func < (a: AttackID, b: AttackID) -> Bool { a.text < b.text }

  public init(from decoder: any Decoder) throws {
    text = try decoder.singleValueContainer().decode(String.self)
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(text)
  }
}

/// Where an attack came from.
public struct Provenance: Hashable, Codable, Sendable {
  /// `seed`, `gflownet`, `mle`, `reinforce`, `ppo`, `in-context`, `sft`.
  public var method: String
  /// The attacker restart that proposed it, from 0.
  public var restart: Int?
  /// The training step at which it was proposed.
  public var step: Int?
  /// The role of the target it was found on (`candidate`, `baseline`, `control`).
  public var foundOn: String?
  /// The run that added it, or nil for a suite file.
  public var run: String?

  public init(
    method: String, restart: Int? = nil, step: Int? = nil, foundOn: String? = nil, run: String? = nil
  ) {
    self.method = method
    self.restart = restart
    self.step = step
    self.foundOn = foundOn
    self.run = run
  }
}

/// One prompt with its provenance.
public struct Attack: Hashable, Codable, Sendable, Identifiable {
  public let id: AttackID
  public let prompt: String
  /// The policy category that the attack is after (for example `passphrase`), if known.
  public var category: String?
  /// BCP 47 language tag, if known.
  public var locale: String?
  /// Attacks that are near-duplicates share a cluster; nil means a cluster of its own.
  public var cluster: String?
  public var provenance: Provenance

  public init(
    prompt: String, category: String? = nil, locale: String? = nil, cluster: String? = nil,
    provenance: Provenance = Provenance(method: "seed")
  ) {
    self.id = AttackID(prompt: prompt)
    self.prompt = prompt
    self.category = category
    self.locale = locale
    self.cluster = cluster
    self.provenance = provenance
  }

  /// An attack that was asked elsewhere, under an identifier of its own.
  /// - Parameter prompt: empty where nobody gave it.
  public init(
    id: AttackID, prompt: String = "", category: String? = nil, locale: String? = nil, cluster: String? = nil
  ) {
    self.id = id
    self.prompt = prompt
    self.category = category
    self.locale = locale
    self.cluster = cluster
    provenance = Provenance(method: "outcomes")
  }

  /// The unit of analysis that the attack belongs to: its cluster, else itself.
  public var unit: String { cluster ?? id.text }
}

/// The part that a model plays in a run.
public enum Role: Hashable, Sendable, CustomStringConvertible {
  case candidate, baseline, control
  case transfer(String)
  /// A safety-tuned variant of the candidate.
  case variant(String)

  public var description: String {
    switch self {
    case .candidate: "candidate"
    case .baseline: "baseline"
    case .control: "control"
    case .transfer(let name): "transfer.\(name)"
    case .variant(let name): "variant.\(name)"
    }
  }

  public init?(_ text: String) {
    switch text {
    case "candidate": self = .candidate
    case "baseline": self = .baseline
    case "control": self = .control
    default:
      if text.hasPrefix("transfer."), text.count > 9 {
        self = .transfer(String(text.dropFirst(9)))
      } else if text.hasPrefix("variant."), text.count > 8 {
        self = .variant(String(text.dropFirst(8)))
      } else {
        return nil
      }
    }
  }
}

extension Role: Codable {
  public init(from decoder: any Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    guard let role = Role(text) else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "unknown role \(text)"))
    }
    self = role
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
