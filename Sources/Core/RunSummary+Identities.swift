extension RunSummary {
  /// Which policy decided, as text and as it was resolved.
  public struct PolicyIdentity: Hashable, Codable, Sendable {
    /// What the policy calls itself.
    public var name: String
    /// The file that it was read from.
    public var path: String
    /// SHA-256 of the policy text, hexadecimal.
    public var hash: String
    /// What everything random derives from.
    public var seed: UInt64
    /// Family-wise confidence.
    public var confidence: Double
    /// `KEY=VALUE` of every `--set`.
    public var overrides: [String]
    /// SHA-256 of the resolved policy (variables, overrides, seed) and of every input; nil in summaries of version 0.1.
    public var digest: String?
    /// Files that the verdict rests on; nil in summaries of version 0.1.
    public var inputs: [InputIdentity]?
    /// Nil where the policy says nothing of it.
    public var governance: Governance?

    public init(
      name: String, path: String, hash: String, seed: UInt64, confidence: Double, overrides: [String] = [],
      digest: String? = nil, inputs: [InputIdentity]? = nil, governance: Governance? = nil
    ) {
      self.name = name
      self.path = path
      self.hash = hash
      self.seed = seed
      self.confidence = confidence
      self.overrides = overrides
      self.digest = digest
      self.inputs = inputs
      self.governance = governance
    }
  }

  /// A model that took part in the run.
  public struct ModelIdentity: Hashable, Codable, Sendable {
    /// The part that it played, as `Role` writes it.
    public var role: String
    /// What the policy, the server or the checkpoint's path calls it.
    public var name: String
    /// Changes when anything changes that could change its answers, as far as that can be seen from here.
    public var fingerprint: String
    /// The name of the target's kind; `outcomes` for what was asked elsewhere.
    public var kind: String
    /// Nil in summaries of version 0.1 and for outcomes from elsewhere.
    public var signs: ModelSigns?

    public init(role: String, name: String, fingerprint: String, kind: String, signs: ModelSigns? = nil) {
      self.role = role
      self.name = name
      self.fingerprint = fingerprint
      self.kind = kind
      self.signs = signs
    }

    /// Whether its files were read here: then its name is their path, and its fingerprint begins with their digest.
    public var isCheckpoint: Bool {
      // Summaries of version 0.1 don't say it; it had two kinds.
      signs?.isCheckpoint ?? (kind == "local")
    }
  }

  /// A judge that took part in the run.
  public struct JudgeIdentity: Hashable, Codable, Sendable {
    /// `reward` or `confirm`.
    public var use: String
    /// What the policy calls it.
    public var name: String
    /// Changes when anything changes that could change its scores.
    public var fingerprint: String
    /// Fingerprints of the judges that this one is made of; nil where it is made of no others.
    public var members: [String]?
    /// How its verdict follows from stored scores; nil in summaries of older versions.
    public var rule: VerdictRule?

    public init(
      use: String, name: String, fingerprint: String, members: [String]? = nil, rule: VerdictRule? = nil
    ) {
      self.use = use
      self.name = name
      self.fingerprint = fingerprint
      self.members = members
      self.rule = rule
    }
  }

  /// Where the proof of a verdict is, and who made it.
  public struct EvidenceIdentity: Hashable, Codable, Sendable {
    /// Path of the ledger that holds the run.
    public var ledger: String
    /// Whether the ledger's texts are encrypted.
    public var sealed: Bool
    /// Hash of the newest audit record when the verdict was made.
    public var headHash: String
    /// The machine that the reports name, and the version of Sluice that decided: an old run's reports are rendered again
    /// with both. Nil in summaries of older versions.
    public var host: String?
    /// The version of Sluice that decided; nil in summaries of older versions.
    public var software: String?
    /// The language of the run's reports, as `ja`; nil for English.
    public var language: String?

    public init(
      ledger: String, sealed: Bool, headHash: String, host: String? = nil, software: String? = nil,
      language: String? = nil
    ) {
      self.ledger = ledger
      self.sealed = sealed
      self.headHash = headHash
      self.host = host
      self.software = software
      self.language = language
    }
  }
}
