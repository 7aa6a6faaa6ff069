/// A content-derived identifier of an attack: the first 16 hex digits of a stable hash of its prompt.
public struct AttackID: Hashable, Codable, Sendable, Comparable, CustomStringConvertible {
  /// The identifier as a name among names.
  public let name: CompactName
  /// The 16 hexadecimal digits, or the text that an older or foreign identifier was made of.
  public var text: String { name.text }

  /// Takes an identifier as it was stored; nothing is hashed.
  public init(_ text: String) { name = CompactName(text) }

  /// The identifier of `prompt`: FNV-1a (64 bit) over its UTF-8, so equal prompts have equal identifiers everywhere.
  public init(prompt: String) { name = CompactName(hash: StableHash.fnv1a(prompt.utf8)) }

  public var description: String { text }

  /// Orders by the text, so that lists of attacks have one order everywhere.
  public static func < (a: AttackID, b: AttackID) -> Bool { a.name < b.name }

  public init(from decoder: any Decoder) throws {
    self.init(try decoder.singleValueContainer().decode(String.self))
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

  /// The method of attacks that somebody wrote down.
  public static let seed = "seed"

  /// Provenance where many are alike: that of a suite file's attacks says one word, and takes no memory.
  enum Stored: Hashable, Codable, Sendable {
    case seed
    indirect case other(Provenance)

    init(_ provenance: Provenance) {
      self = provenance == Provenance(method: Provenance.seed) ? .seed : .other(provenance)
    }

    var value: Provenance {
      switch self {
      case .seed: Provenance(method: Provenance.seed)
      case .other(let provenance): provenance
      }
    }

    init(from decoder: any Decoder) throws { self.init(try Provenance(from: decoder)) }

    func encode(to encoder: any Encoder) throws { try value.encode(to: encoder) }
  }
}

/// One prompt with its provenance.
///
/// All copies share their parts: the attacks of a suite are held in several places, and there may be hundreds of thousands.
public struct Attack: Hashable, Sendable, Identifiable {
  private struct Parts: Hashable, Codable, Sendable {
    let id: AttackID
    let prompt: String
    let category: String?
    let locale: String?
    let cluster: String?
    /// Nil for most, and for all that older versions stored.
    let transform: String?
    let provenance: Provenance.Stored
  }

  private final class Shared: Sendable {
    let parts: Parts

    init(_ parts: Parts) { self.parts = parts }
  }

  private let shared: Shared

  public var id: AttackID { shared.parts.id }
  /// A prompt, or the text of a `Conversation`.
  public var prompt: String { shared.parts.prompt }
  /// The words of the prompt, or of everything in the conversation, to compare attacks by.
  public var wording: String { Conversation.wording(prompt) }
  /// The policy category that the attack is after (for example `passphrase`), if known.
  public var category: String? { shared.parts.category }
  /// BCP 47 language tag, if known.
  public var locale: String? { shared.parts.locale }
  /// Attacks that are near-duplicates share a cluster; nil means a cluster of its own.
  public var cluster: String? { shared.parts.cluster }
  /// What the prompt was rewritten by (for example `base64`); nil for one as it was written.
  public var transform: String? { shared.parts.transform }
  /// Where the attack came from: a file's line, or the search that found it.
  public var provenance: Provenance { shared.parts.provenance.value }

  public init(
    prompt: String, category: String? = nil, locale: String? = nil, cluster: String? = nil,
    provenance: Provenance = Provenance(method: Provenance.seed)
  ) {
    shared = Shared(
      Parts(
        id: AttackID(prompt: prompt), prompt: prompt, category: category, locale: locale, cluster: cluster,
        transform: nil,
        provenance: Provenance.Stored(provenance)))
  }

  /// An attack that was asked elsewhere, under an identifier of its own.
  /// - Parameter prompt: empty where nobody gave it.
  public init(
    id: AttackID, prompt: String = "", category: String? = nil, locale: String? = nil, cluster: String? = nil,
    transform: String? = nil
  ) {
    shared = Shared(
      Parts(
        id: id, prompt: prompt, category: category, locale: locale, cluster: cluster, transform: transform,
        provenance: Provenance.Stored(Provenance(method: "outcomes"))))
  }

  /// The same attack in another cluster.
  public func inCluster(_ name: String) -> Attack {
    let parts = shared.parts
    return Attack(
      Parts(
        id: parts.id, prompt: parts.prompt, category: parts.category, locale: parts.locale, cluster: name,
        transform: parts.transform, provenance: parts.provenance))
  }

  /// The same request rewritten, in the cluster of this attack.
  /// - Parameters:
  ///   - transform: what rewrote it.
  ///   - prompt: the text as it is then.
  ///   - locale: of the text; nil for that of this attack.
  public func rewritten(by transform: String, as prompt: String, locale: String? = nil) -> Attack {
    let parts = shared.parts
    return Attack(
      Parts(
        id: AttackID(prompt: prompt), prompt: prompt, category: parts.category, locale: locale ?? parts.locale,
        cluster: unit.text,
        transform: transform, provenance: parts.provenance))
  }

  /// Stands for the same request rewritten, in the cluster of this attack, as long as nobody knows the words: its identifier is that of
  /// no prompt, and its prompt is the one that is to be rewritten.
  public func awaiting(_ transform: String, locale: String? = nil) -> Attack {
    let parts = shared.parts
    return Attack(
      Parts(
        id: AttackID(prompt: "\(Conversation.mark)\(transform)\n\(parts.prompt)"), prompt: parts.prompt,
        category: parts.category, locale: locale ?? parts.locale, cluster: unit.text, transform: transform,
        provenance: parts.provenance))
  }

  private init(_ parts: Parts) { shared = Shared(parts) }

  /// The unit of analysis that the attack belongs to: its cluster, else itself.
  public var unit: CompactName { cluster.map { CompactName($0) } ?? id.name }

  public static func == (a: Attack, b: Attack) -> Bool { a.shared === b.shared || a.shared.parts == b.shared.parts }

  public func hash(into hasher: inout Hasher) { hasher.combine(shared.parts) }
}

extension Attack: Codable {
  public init(from decoder: any Decoder) throws { self.init(try Parts(from: decoder)) }

  public func encode(to encoder: any Encoder) throws { try shared.parts.encode(to: encoder) }
}

/// The part that a model plays in a run.
public enum Role: Hashable, Sendable, CustomStringConvertible {
  /// The model under test, the one that it is held against, and the one with known weaknesses.
  case candidate, baseline, control
  /// Another model that attacks found on the candidate are tried on, by its name in the policy.
  case transfer(String)
  /// A safety-tuned variant of the candidate.
  case variant(String)
  /// Rewrites attacks, and is no model under test.
  case rewriter(String)
  /// Writes the user's turns of conversations that attack, and is no model under test.
  case driver

  public var description: String {
    switch self {
    case .candidate: "candidate"
    case .baseline: "baseline"
    case .control: "control"
    case .transfer(let name): "transfer.\(name)"
    case .variant(let name): "variant.\(name)"
    case .rewriter(let name): "rewriter.\(name)"
    case .driver: "driver"
    }
  }

  /// Reads `description` back; nil for what names no role.
  public init?(_ text: String) {
    switch text {
    case "candidate": self = .candidate
    case "baseline": self = .baseline
    case "control": self = .control
    case "driver": self = .driver
    default:
      if text.hasPrefix("transfer."), text.count > 9 {
        self = .transfer(String(text.dropFirst(9)))
      } else if text.hasPrefix("variant."), text.count > 8 {
        self = .variant(String(text.dropFirst(8)))
      } else if text.hasPrefix("rewriter."), text.count > 9 {
        self = .rewriter(String(text.dropFirst(9)))
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
