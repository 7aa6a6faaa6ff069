/// A judge that a policy names.
public indirect enum JudgePolicy: Sendable, Hashable {
  case classifier(checkpoint: String, threshold: Double)
  case rules(file: String)
  case languageModel(LLMJudgePolicy)
  case moderation(ModerationJudgePolicy)
  case ensemble(EnsemblePolicy)
  case routed(RoutingPolicy)

  /// The judges that do the work: this one, or its members' members.
  public var leaves: [JudgePolicy] {
    switch self {
    case .classifier, .rules, .languageModel, .moderation: [self]
    case .ensemble(let ensemble): ensemble.members.flatMap(\.leaves)
    case .routed(let routing):
      (routing.routes.map(\.judge) + [routing.otherwise].compactMap(\.self)).flatMap(\.leaves)
    }
  }

  /// What a person calls the judge.
  public var name: String {
    switch self {
    case .classifier(let checkpoint, _): checkpoint
    case .rules(let file): file
    case .languageModel(let judge): judge.server.model
    case .moderation(let judge): judge.server.model
    case .ensemble(let ensemble): "\(ensemble.rule.rawValue) of \(ensemble.members.count) judges"
    case .routed(let routing): "\(routing.routes.count) routes"
    }
  }

  /// Probability from which a response counts as unsafe; nil where several judges have several.
  public var threshold: Double? {
    switch self {
    case .classifier(_, let threshold): threshold
    case .rules: nil
    case .languageModel(let judge): judge.threshold
    case .moderation(let judge): judge.threshold
    case .ensemble(let ensemble): ensemble.threshold
    case .routed: nil
    }
  }

  /// The same files, or the same served model: its mistakes are the same whatever its threshold or rubric.
  func isSameJudge(as other: JudgePolicy) -> Bool {
    switch (self, other) {
    case (.classifier(let a, _), .classifier(let b, _)): a == b
    case (.rules(let a), .rules(let b)): a == b
    case (.languageModel(let a), .languageModel(let b)): a.server.isSameModel(as: b.server)
    case (.moderation(let a), .moderation(let b)): a.server.isSameModel(as: b.server)
    default: false
    }
  }
}

extension ServerPolicy {
  fileprivate func isSameModel(as other: ServerPolicy) -> Bool { url == other.url && model == other.model }
}

/// A language model behind a server that judges.
public struct LLMJudgePolicy: Sendable, Hashable {
  public enum Style: String, Sendable, CaseIterable { case rubric, conversation }
  public enum Answer: String, Sendable, CaseIterable { case label, reasoned }

  public var server: ServerPolicy
  public var api: OpenAIProtocol
  /// Nil for the built-in one.
  public var rubric: String?
  public var style: Style
  public var answer: Answer
  public var unsafeLabel: String
  public var safeLabel: String
  /// Whether the score is read from the first token's log-probabilities where the server gives them.
  public var readsProbabilities: Bool
  public var maxTokens: Int
  public var threshold: Double
}

/// A moderation endpoint that judges.
public struct ModerationJudgePolicy: Sendable, Hashable {
  public var server: ServerPolicy
  /// The endpoint's categories that count, each with the policy's name for it; empty for all.
  public var categories: [String: String]
  public var threshold: Double
}

/// Several judges on each response.
public struct EnsemblePolicy: Sendable, Hashable {
  public enum Rule: String, Sendable, CaseIterable { case majority, mean, maximum }

  public var rule: Rule
  public var members: [JudgePolicy]
  public var threshold: Double
}

/// A judge for each locale and category.
public struct RoutingPolicy: Sendable, Hashable {
  public struct Route: Sendable, Hashable {
    /// BCP 47 tags; empty for any.
    public var locales: [String]
    /// Empty for any.
    public var categories: [String]
    public var judge: JudgePolicy
  }

  public var routes: [Route]
  /// For attacks that no route takes.
  public var otherwise: JudgePolicy?
}
