import Core

/// What a policy would ask and what it could decide, before anything is asked: the shape of `sluice plan --json`.
///
/// Keys are only ever added; one that changes its meaning changes `schema`.
public struct PlanSummary: Codable, Hashable, Sendable {
  /// Sums over all models and stages.
  public struct Totals: Codable, Hashable, Sendable {
    /// Responses of models under test: expected of a candidate as good as the baseline, and the most.
    public let responses: Int
    /// Responses where nothing stops early and everything is looked at twice.
    public let mostResponses: Int
    /// Requests to judges behind servers.
    public let judgeRequests: Int
    /// Requests to models that rewrite attacks; those that the ledger has are not made again.
    public let rewritings: Int
    /// Tokens of all prompts, expected.
    public let promptTokens: Int
    /// Tokens of all responses, expected.
    public let completionTokens: Int
    /// Tokens of the most requests, every response as long as it may be.
    public let mostTokens: Int
    /// In the unit of the policy's prices; nil where it names none. Models without a price are not in it.
    public let cost: Double?
    /// Cost of the most requests; nil where the policy names no price.
    public let mostCost: Double?
    /// That servers take; nil where every model is computed in this process.
    public let seconds: Double?
  }

  /// Version of this document's shape.
  public let schema: Int
  /// What the policy calls itself.
  public let policy: String
  /// The file that it was read from.
  public let path: String
  /// Family-wise, over all checks.
  public let confidence: Double
  /// What the suite has.
  public let suite: Suite
  /// A row for each model and stage, in the order of the run.
  public let requests: [PlannedRequests]
  /// Everything together.
  public let totals: Totals
  /// A forecast for each check, in the order of the policy.
  public let checks: [CheckForecast]
  /// Chances of the whole verdict for a candidate as good as the baseline, as far as checks can be simulated.
  public let verdict: CheckForecast.Chance?
  /// What was assumed of models that nobody has measured.
  public let assumed: AssumedModels
  /// What the numbers rest on, each one sentence.
  public let assumptions: [String]
  /// What the policy says that weakens a verdict, and what else a reader has to know.
  public let notices: [String]

  /// The size of what is asked.
  public struct Suite: Codable, Hashable, Sendable {
    /// Attacks, those that transforms make included.
    public let attacks: Int
    /// Attacks that copy no other one.
    public let wordings: Int
    /// Groups of attacks that are alike.
    public let clusters: Int
    /// Harmless questions.
    public let questions: Int
  }

  /// The shape that this version writes.
  public static let currentSchema = 1

  /// - Parameters:
  ///   - checks: all of the policy.
  ///   - notices: weakenings first.
  public init(
    policy: String, path: String, checks: [Check], rule: DecisionRule, run: PlannedRun, cast: PlannedCast,
    models: AssumedModels, notices: [String]
  ) {
    func plan(_ asked: Double, _ suspects: Double) -> ResponsePlan {
      ResponsePlan(run, cast: cast, models: models, asked: asked, suspects: suspects)
    }
    let forecast = PlanForecast(checks, rule: rule, run: run, models: models) { plan($0, $1).responses.expected }
    let plan = plan(forecast.asked, forecast.suspects)
    let structure = SuiteStructure(run.attacks)
    schema = Self.currentSchema
    (self.policy, self.path, confidence) = (policy, path, rule.confidence)
    suite = Suite(
      attacks: run.attacks.count, wordings: structure.wordings(of: nil), clusters: structure.clusters.count,
      questions: run.questions)
    requests = plan.rows
    totals = Totals(plan)
    self.checks = forecast.checks
    verdict = forecast.verdict
    assumed = models
    assumptions = Self.assumptions(run, models, plan, forecast)
    self.notices = notices
  }

  private static func assumptions(
    _ run: PlannedRun, _ models: AssumedModels, _ plan: ResponsePlan, _ forecast: PlanForecast
  ) -> [String] {
    let mixture = models.mixture(mean: models.rate)
    var lines = [
      "The baseline and a candidate as good succeed \(ValidityRule.percent(models.rate)) of the time on the suite: "
        + "\(ValidityRule.percent(mixture.share)) of the clusters at \(ValidityRule.percent(mixture.weak)), the others at "
        + "\(ValidityRule.percent(mixture.other)); \(ValidityRule.percent(models.traded)) of the weaknesses are others on the "
        + "candidate (--rate says what an earlier run measured).",
      "Tokens of prompts are a quarter of their characters; responses have \(ValidityRule.percent(ResponsePlan.completionShare)) "
        + "of max_tokens.",
    ]
    if run.stopsEarly && forecast.asked < Double(run.attacks.count) {
      lines.append(
        "Replay is expected to stop after \(Int(forecast.asked.rounded())) of \(run.attacks.count) attacks, when every check "
          + "on the suite is decided.")
    }
    if forecast.suspects >= 0.5 {
      lines.append(
        "About \(Int(forecast.suspects.rounded())) attacks will look newly broken by chance and be asked again, up to "
          + "\(run.secondLook(Int(forecast.suspects.rounded()))) times on each model and a quarter of that where it clears them."
      )
    }
    if run.attacks.contains(where: { Conversation(text: $0.attack.prompt)?.usesTools == true }) {
      lines.append(
        "Conversations with tools take one request a turn where no tool is called; at most, every turn takes "
          + "\(Conversation.mostRounds).")
    }
    if run.search != nil {
      lines.append(
        "Searches spend \(ValidityRule.percent(ResponsePlan.spentShare)) of their budget and confirm "
          + "\(Int(models.yield.rounded())) attacks for 1,000 responses.")
    }
    if plan.rows.contains(where: { $0.seconds == nil }) {
      lines.append("Time is that of served models; those in this process take what this machine takes.")
    }
    return lines
  }
}

extension PlanSummary.Totals {
  fileprivate init(_ plan: ResponsePlan) {
    (responses, mostResponses) = plan.responses
    let rows = plan.rows
    rewritings = rows.filter(\.isRewriting).map(\.expected).saturatedSum
    judgeRequests = rows.filter(\.isJudging).map(\.expected).saturatedSum
    promptTokens = rows.lazy.map(\.promptTokens).saturatedSum
    completionTokens = rows.lazy.map(\.completionTokens).saturatedSum
    mostTokens = rows.lazy.map(\.mostTokens).saturatedSum
    func sum(_ costs: [Double]) -> Double? { costs.isEmpty ? nil : costs.reduce(0, +) }
    cost = sum(rows.compactMap(\.cost))
    mostCost = sum(rows.compactMap(\.mostCost))
    seconds = plan.seconds
  }
}
