import Core

/// A model that is asked, or asked about what others said.
public struct PlannedModel: Sendable {
  /// The model's part in the run, as `Role` writes it, or the judge's use.
  public var role: String
  /// What the policy calls it.
  public var name: String
  /// What a million tokens cost; nil where the policy names no price.
  public var promptPrice: Double?
  /// What a million tokens of responses cost; nil where the policy names no price.
  public var completionPrice: Double?
  /// Requests in flight, and the most in a minute; nil for no such limit.
  public var concurrency: Int
  /// Most requests in a minute; nil for no such limit.
  public var requestsPerMinute: Int?
  /// Seconds that one response takes; nil for a model that is computed in this process.
  public var latency: Double?
  /// Most tokens of one response.
  public var maxTokens: Int
  /// Tokens that every request has besides the attack: system prompt, template, rubric.
  public var overheadTokens: Int
  /// Whether, as a judge, it is asked once for each turn of a conversation's answers.
  public var takesTurnsApart = false

  public init(
    role: String, name: String, promptPrice: Double? = nil, completionPrice: Double? = nil, concurrency: Int = 1,
    requestsPerMinute: Int? = nil, latency: Double? = nil, maxTokens: Int, overheadTokens: Int = 0
  ) {
    (self.role, self.name) = (role, name)
    (self.promptPrice, self.completionPrice) = (promptPrice, completionPrice)
    (self.concurrency, self.requestsPerMinute, self.latency) = (concurrency, requestsPerMinute, latency)
    (self.maxTokens, self.overheadTokens) = (maxTokens, overheadTokens)
  }
}

/// Who is asked in a run.
public struct PlannedCast: Sendable {
  /// The model under test.
  public var candidate: PlannedModel
  /// The model that it is held against; nil without one.
  public var baseline: PlannedModel?
  /// The model with known weaknesses; nil without one.
  public var control: PlannedModel?
  /// Models that confirmed attacks are tried on.
  public var transfer: [PlannedModel]
  /// Models that rewrite attacks.
  public var rewriters: [PlannedModel] = []
  /// The model that writes the turns of searches' conversations; nil without one.
  public var driver: PlannedModel?
  /// Judges behind servers, by use; judges in this process cost no request.
  public var confirmJudges: [PlannedModel]
  /// Judges of what searches ask, as far as they are behind servers.
  public var rewardJudges: [PlannedModel]

  public init(
    candidate: PlannedModel, baseline: PlannedModel? = nil, control: PlannedModel? = nil,
    transfer: [PlannedModel] = [], rewriters: [PlannedModel] = [], driver: PlannedModel? = nil,
    confirmJudges: [PlannedModel] = [], rewardJudges: [PlannedModel] = []
  ) {
    (self.candidate, self.baseline, self.control) = (candidate, baseline, control)
    (self.transfer, self.rewriters, self.driver) = (transfer, rewriters, driver)
    (self.confirmJudges, self.rewardJudges) = (confirmJudges, rewardJudges)
  }
}

/// What one model is asked in one stage.
public struct PlannedRequests: Codable, Hashable, Sendable {
  /// The model's part in the run, or the judge's use.
  public let role: String
  /// What the policy calls it.
  public let model: String
  /// `rewriting`, `driving`, `replay`, `second look`, `benign`, `search`, `transfer`, `tune`; judges have `judging` and `judging searches`.
  public let stage: String
  /// Requests that are expected, and the most: nothing stops early, and everything is looked at twice.
  public let expected: Int
  /// Requests where nothing stops early and everything is looked at twice.
  public let most: Int
  /// Tokens that are expected: of prompts from their length, of responses a typical share of what they may have.
  public let promptTokens: Int
  /// Tokens of responses that are expected.
  public let completionTokens: Int
  /// Tokens of the most requests, every response as long as it may be.
  public let mostTokens: Int
  /// In the unit of the policy's prices; nil where it names none.
  public let cost: Double?
  /// Cost of the most requests; nil where the policy names no price.
  public let mostCost: Double?
  /// Time that a served model takes, by concurrency, latency and rate limit; nil for models in this process.
  public let seconds: Double?
}

/// Requests by model and stage.
struct ResponsePlan: Sendable {
  let rows: [PlannedRequests]

  /// Searches stop where what is left can't confirm another claim.
  static let spentShare = 0.98
  /// Part of a search's responses that confirm claims.
  static let confirmingShare = 0.25
  /// Share that responses take of the tokens that they may have.
  static let completionShare = 0.4
  /// Tokens of a driver's instructions.
  static let drivingTokens = 250.0
  /// Turns that a driver is asked for at most, for each response: some are of no use.
  static let mostTurnsAsked = 3
  /// Searches that run side by side.
  static let sideBySide = 2.0

  /// - Parameters:
  ///   - asked: attacks that replay is expected to ask.
  ///   - suspects: attacks expected to be looked at twice.
  init(_ run: PlannedRun, cast: PlannedCast, models: AssumedModels, asked: Double, suspects: Double) {
    let attackTokens = Tokens.mean(of: run.attacks.map(\.attack.wording))
    let answerTokens = Self.completionShare * Double(cast.candidate.maxTokens)
    let suite = SuiteLoad(run.attacks.map(\.attack.prompt))
    let suiteTokens = suite.tokens(answer: answerTokens) ?? attackTokens
    let questionTokens = run.questionTokens ?? attackTokens
    var rows: [PlannedRequests] = []
    var judged = (confirm: (expected: 0.0, most: 0), reward: (expected: 0.0, most: 0))
    // Turns of conversations besides the first.
    var laterTurns = (expected: 0.0, most: 0)
    func add(_ model: PlannedModel, _ stage: String, _ expected: Double, most: Int, tokens: Double) {
      if most > 0 { rows.append(.init(model, stage: stage, expected: expected, most: most, promptTokens: tokens)) }
    }
    for model in cast.rewriters {
      guard let rewriting = run.rewritings[model.role] else { continue }
      add(model, "rewriting", Double(rewriting.requests), most: rewriting.requests, tokens: rewriting.tokens)
    }
    let pair = [cast.candidate] + [cast.baseline].compactMap(\.self)
    let suspected = Int(suspects.rounded())
    let looks =
      suspected == 0
      ? 0
      : suspects
        * BrokenSimulation.looks(
          ModelPair(models, baseline: models.rate, change: 0), responses: run.responses,
          secondLook: run.secondLook(suspected))
    for model in pair {
      let expected = asked * Double(run.responses)
      add(
        model, "replay", expected * suite.requestsOfOne, most: suite.mostRequests * run.responses,
        tokens: suiteTokens)
      judged.confirm.expected += expected
      judged.confirm.most += run.attacks.count * run.responses
      laterTurns.expected += expected * (suite.requestsOfOne - 1)
      laterTurns.most += (suite.mostRequests - run.attacks.count) * run.responses
    }
    if run.looksTwice && run.hasBaseline {
      let samples = run.secondLook(max(1, run.attacks.count))
      for model in pair {
        add(
          model, "second look", looks * suite.requestsOfOne, most: suite.mostRequests * samples, tokens: suiteTokens)
        judged.confirm.expected += looks
        judged.confirm.most += run.attacks.count * samples
        laterTurns.expected += looks * (suite.requestsOfOne - 1)
        laterTurns.most += (suite.mostRequests - run.attacks.count) * samples
      }
    }
    for model in pair {
      let all = run.questions * run.questionResponses
      add(model, "benign", Double(all), most: all, tokens: questionTokens)
    }
    if let search = run.search {
      let all = search.restarts * search.responses
      for role in search.roles {
        guard let model = cast.model(role) else { continue }
        add(model, "search", Self.spentShare * Double(all), most: all, tokens: attackTokens)
        judged.confirm.expected += Self.spentShare * Self.confirmingShare * Double(all)
        judged.confirm.most += all
        judged.reward.expected += Self.spentShare * (1 - Self.confirmingShare) * Double(all)
        judged.reward.most += all
      }
      if let driver = cast.driver {
        // The turns of every answer of a search, and a few that are of no use; it reads half of the longest conversation.
        let answers = search.turnsPerAnswer * Double(all * search.roles.count)
        add(
          driver, "driving", Self.spentShare * (1 - Self.confirmingShare) * answers,
          most: Int(saturating: answers * Double(Self.mostTurnsAsked)),
          tokens: Self.drivingTokens + answerTokens + attackTokens)
      }
      let confirmed = models.yield * Double(all) / 1_000
      // A claim takes a response to be made and what decides to be confirmed.
      let claims = all / (1 + search.confirmation.needed)
      for model in cast.transfer {
        let expected = min(confirmed, Double(claims)) * Double(run.responses)
        add(model, "transfer", expected, most: claims * run.responses, tokens: attackTokens)
        judged.confirm.expected += expected
        judged.confirm.most += claims * run.responses
      }
    }
    if let tuning = run.tuning {
      let searched = tuning.searches * tuning.searchResponses
      let proposed = tuning.searches * tuning.proposals
      let expected = Self.spentShare * Double(searched) + Double(proposed + tuning.questions)
      let all = tuning.models * (searched + proposed + tuning.questions)
      var variants = cast.candidate
      variants.role = "variants"
      add(variants, "tune", Double(tuning.models) * expected, most: all, tokens: attackTokens)
      judged.confirm.expected += Double(tuning.models) * (Self.confirmingShare * Double(searched) + Double(proposed))
      judged.confirm.most += tuning.models * (searched + proposed)
      judged.reward.expected += Double(tuning.models) * (1 - Self.confirmingShare) * Double(searched)
      judged.reward.most += tuning.models * searched
    }
    let said = attackTokens + suite.requestsOfOne * answerTokens
    for judge in cast.confirmJudges {
      let further = judge.takesTurnsApart ? laterTurns : (expected: 0, most: 0)
      // A turn is judged with all that was said before it.
      let tokens = further.most > 0 ? suiteTokens + answerTokens : said
      add(
        judge, "judging", judged.confirm.expected + further.expected, most: judged.confirm.most + further.most,
        tokens: tokens)
    }
    for judge in cast.rewardJudges {
      add(judge, "judging searches", judged.reward.expected, most: judged.reward.most, tokens: said)
    }
    self.rows = rows
  }

  /// Those of models under test, without judges.
  var responses: (expected: Int, most: Int) {
    let asked = rows.filter { !$0.isJudging && !$0.isWriting }
    return (asked.lazy.map(\.expected).saturatedSum, asked.lazy.map(\.most).saturatedSum)
  }

  /// Seconds that servers take: models side by side, stages one after the other, searches two at a time; nil where all is
  /// computed in this process.
  var seconds: Double? {
    let timed = rows.filter { $0.seconds != nil }
    if timed.isEmpty { return nil }
    return Dictionary(grouping: timed, by: \.stage).values.reduce(0) { total, rows in
      let seconds = rows.compactMap(\.seconds)
      let longest = seconds.max() ?? 0
      return total + (rows[0].stage == "search" ? max(longest, seconds.reduce(0, +) / Self.sideBySide) : longest)
    }
  }
}

extension PlannedCast {
  func model(_ role: Role) -> PlannedModel? {
    switch role {
    case .candidate: candidate
    case .baseline: baseline
    case .control: control
    case .transfer, .variant, .rewriter, .driver: nil
    }
  }
}

extension PlannedRequests {
  var isJudging: Bool { stage.hasPrefix("judging") }
  var isRewriting: Bool { stage == "rewriting" }
  var isWriting: Bool { isRewriting || stage == "driving" }

  fileprivate init(_ model: PlannedModel, stage: String, expected: Double, most: Int, promptTokens: Double) {
    let prompt = promptTokens + Double(model.overheadTokens)
    let completion = ResponsePlan.completionShare * Double(model.maxTokens)
    (role, self.model, self.stage, self.most) = (model.role, model.name, stage, most)
    self.expected = Int(saturating: expected.rounded())
    self.promptTokens = Int(saturating: (expected * prompt).rounded())
    completionTokens = Int(saturating: (expected * completion).rounded())
    mostTokens = Int(saturating: (Double(most) * (prompt + Double(model.maxTokens))).rounded())
    func cost(_ requests: Double, completion: Double) -> Double? {
      guard model.promptPrice != nil || model.completionPrice != nil else { return nil }
      return requests * (prompt * (model.promptPrice ?? 0) + completion * (model.completionPrice ?? 0)) / 1_000_000
    }
    self.cost = cost(expected, completion: completion)
    mostCost = cost(Double(most), completion: Double(model.maxTokens))
    seconds = model.latency.map { latency in
      max(
        expected * latency / Double(max(1, model.concurrency)),
        model.requestsPerMinute.map { expected * 60 / Double(max(1, $0)) } ?? 0)
    }
  }
}

/// Tokens by the length of texts, where no tokenizer is at hand.
public enum Tokens {
  /// Characters of English text that one token has in common vocabularies.
  static let characters = 4.0

  /// Estimates a text's tokens from its characters, rounded up.
  public static func count(_ text: String) -> Int { Int((Double(text.count) / characters).rounded(.up)) }

  static func mean(of texts: [String]) -> Double {
    texts.isEmpty ? 0 : Double(texts.reduce(0) { $0 + count($1) }) / Double(texts.count)
  }
}
