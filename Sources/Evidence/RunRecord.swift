import Core

/// One run as the ledger lists it.
public struct RunRecord: Hashable, Codable, Sendable {
  /// Identifies the run in this ledger and in its reports.
  public let id: String
  /// What the policy calls itself.
  public let policyName: String
  /// SHA-256 of the policy's text, hexadecimal.
  public let policyHash: String
  /// Digest of the resolved policy and of every input; nil for runs of version 0.1.
  public let digest: String?
  /// What everything random derives from.
  public let seed: UInt64
  /// `KEY=VALUE` of every `--set`.
  public let overrides: [String]
  /// The version of Sluice that began the run.
  public let version: String
  /// Seconds since 1970.
  public let began: Double
  /// Seconds since 1970; nil for a run that has not ended.
  public let ended: Double?
  /// The gate's answer; nil without one.
  public let verdict: Verdict?
  /// What the process exited with; nil for a run that has not ended.
  public let exitCode: Int32?
}

/// What identifies a run for `--resume`: the same resolved policy and inputs, overrides, seed and stages.
public struct RunIdentity: Hashable, Codable, Sendable {
  /// What the policy calls itself.
  public var policyName: String
  /// The policy file as it was read.
  public var policyText: String
  /// SHA-256 over the resolved policy and every input. Where it is there, it stands for the policy's text, which may be the same
  /// while a variable or a file isn't.
  public var digest: String?
  /// What everything random derives from.
  public var seed: UInt64
  /// `KEY=VALUE` of every `--set`.
  public var overrides: [String]
  /// Names of the stages that were asked for.
  public var stages: [String]

  public init(
    policyName: String, policyText: String, digest: String? = nil, seed: UInt64, overrides: [String],
    stages: [String]
  ) {
    self.policyName = policyName
    self.policyText = policyText
    self.digest = digest
    self.seed = seed
    self.overrides = overrides
    self.stages = stages
  }

  /// SHA-256 of the policy's text.
  public var policyHash: String { SHA256.hex(policyText) }

  /// One hash of all of it.
  public var hash: String {
    let policy = digest.map { ["digest", $0] } ?? [policyText]
    return SHA256.hex(
      (policy + ["\(seed)"] + overrides + ["stages"] + stages).map { "\($0.utf8.count):\($0)" }.joined())
  }
}
