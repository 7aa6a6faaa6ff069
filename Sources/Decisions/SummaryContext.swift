import Core

/// What a summary says beside the findings.
public struct SummaryContext: Sendable {
  /// Which policy decides, and with what.
  public var identity: RunSummary.PolicyIdentity
  /// Stages that were asked for.
  public var stages: Set<Stage>
  /// All checks, in the order of the policy.
  public var checks: [Check]
  /// How they are decided.
  public var rule: DecisionRule
  /// Every model that takes part, the candidate first.
  public var models: [RunSummary.ModelIdentity]
  /// Every judge that takes part, by its use.
  public var judges: [RunSummary.JudgeIdentity]
  /// Roles that the attacker searched on, in the order of reports.
  public var searched: [Role]
  /// Whether there is a second model that the candidate is held against.
  public var hasBaseline: Bool
  /// Whether reports show texts of attacks and responses.
  public var reveal: Bool
  /// Remarks from before the first stage, each one sentence.
  public var notices: [String]
  /// What the policy says that weakens the verdict.
  public var weakenings: [String]
  /// How bad a success is, by category.
  public var weights: [String: Double]
  /// Tags of attacks and categories, which a breakdown is made by.
  public var tags: AttackTags

  public init(
    identity: RunSummary.PolicyIdentity, stages: Set<Stage>, checks: [Check], rule: DecisionRule,
    models: [RunSummary.ModelIdentity], judges: [RunSummary.JudgeIdentity], searched: [Role] = [], hasBaseline: Bool,
    reveal: Bool = false, notices: [String], weakenings: [String] = [], weights: [String: Double] = [:],
    tags: AttackTags = AttackTags()
  ) {
    self.identity = identity
    self.stages = stages
    self.checks = checks
    self.rule = rule
    self.models = models
    self.judges = judges
    self.searched = searched
    self.hasBaseline = hasBaseline
    self.reveal = reveal
    self.notices = notices
    self.weakenings = weakenings
    self.weights = weights
    self.tags = tags
  }
}
