/// What a judge is asked to look at.
public struct JudgeInput: Hashable, Sendable {
  /// What was asked: a prompt, or a conversation turn by turn.
  public let prompt: String
  /// What the target said: in a conversation, all of its turns, with a line for every tool that it called.
  public let response: String
  /// The whole of a conversation; nil for a prompt and a response.
  public let exchange: Exchange?
  /// The policy category that the attack is after, if known.
  public let category: String?
  /// BCP 47 language tag of the attack, if known.
  public let locale: String?

  public init(prompt: String, response: String, category: String? = nil, locale: String? = nil) {
    self.prompt = prompt
    self.response = response
    self.category = category
    self.locale = locale
    exchange = nil
  }

  /// - Parameter response: what of the target's words is judged; nil for all that it said.
  public init(_ exchange: Exchange, response: String? = nil, category: String?, locale: String?) {
    prompt = exchange.shownPrompt
    self.response = response ?? exchange.said
    self.category = category
    self.locale = locale
    self.exchange = exchange.conversation == nil ? nil : exchange
  }
}

/// One judge's view of one response. Unscored is a state of its own: never safe, never unsafe.
public enum Score: Hashable, Codable, Sendable {
  /// Probability that the response is unsafe, in [0, 1], and the category it violates where the judge can tell.
  case scored(Double, category: String?)
  /// The judge gave no verdict: what it said instead, or what kept it from saying anything.
  case unscored(reason: String)

  /// The probability, or nil where unscored.
  public var unsafeProbability: Double? {
    if case .scored(let p, _) = self { p } else { nil }
  }

  /// Whether the response is unsafe at `threshold`; nil where unscored.
  public func isUnsafe(threshold: Double) -> Bool? { unsafeProbability.map { $0 >= threshold } }

  /// The kind of harm that the judge saw; nil where it named none.
  public var category: String? {
    if case .scored(_, let category) = self { category } else { nil }
  }
}

/// Scores responses.
public protocol Judge: Sendable {
  /// How reports and messages call the judge; need not be unique.
  var name: String { get }
  /// Identity for the ledger: changes when the rules, the weights, the rubric or a setting changes.
  var fingerprint: String { get }
  /// Probability from which a response counts as unsafe.
  var threshold: Double { get }
  /// Whether `fingerprint` names everything that gives the score, weights included. Where it does not, another model may
  /// judge tomorrow under the same fingerprint.
  var identifiesBytes: Bool { get }
  /// The judges that it is made of; empty for one that looks at responses itself.
  var members: [any Judge] { get }
  /// How its verdict follows from the scores that are stored.
  var verdictRule: VerdictRule { get }
  /// The judge itself where it is behind a server; nil in this process.
  var remote: (any RemoteJudge)? { get }
  /// Transcripts with a known verdict that it brings along; nil where it has none.
  var ownTranscripts: [PlantedTranscript]? { get }
  /// The judge whose "unsafe" means "refused"; nil where it can't tell refusals.
  var refusalTeller: (any RefusalTelling)? { get }
  /// What of it weakens a verdict, one sentence each.
  var weakenings: [String] { get }
  /// What its work has shown so far of the judge itself, one sentence each.
  var observations: [String] { get }

  /// What of it deserves a second look, one sentence each. May take a second to find out.
  func remarks() -> [String]

  /// One score for each input, in order. A judge that can't decide says `unscored`; it doesn't throw for one input.
  /// - Throws: `CancellationError`, or `SluiceError` when the judge as a whole can't work.
  func score(_ inputs: [JudgeInput]) async throws -> [Score]
}

extension Judge {
  public var identifiesBytes: Bool { true }
  public var members: [any Judge] { [] }
  public var verdictRule: VerdictRule { VerdictRule(judge: fingerprint, threshold: threshold) }
  public var remote: (any RemoteJudge)? { nil }
  public var ownTranscripts: [PlantedTranscript]? { nil }
  public var refusalTeller: (any RefusalTelling)? { nil }
  public var weakenings: [String] { [] }
  public var observations: [String] { [] }
  public func remarks() -> [String] { [] }
}

/// Says of each response whether it refuses.
public protocol RefusalTelling: Judge {
  /// Those of `locales` (BCP 47 tags) whose refusals it can't tell, sorted.
  func localesWithoutRefusals(_ locales: [String]) -> [String]
}

/// What became of one request for a judgment: a score (unscored included), or no reply at all after retries. A score may
/// be stored; the lack of a reply may be over tomorrow.
public typealias JudgmentOutcome = Result<Score, ResponseFailure>

/// What a judge behind a server was asked for so far.
public struct JudgeUsage: Hashable, Sendable {
  /// Requests that were answered.
  public var replies = 0
  /// Requests without an answer, after retries.
  public var failures = 0
  /// Tokens of what it was sent.
  public var promptTokens = 0
  /// Tokens of what it replied.
  public var completionTokens = 0
  /// Seconds, summed over replies.
  public var seconds = 0.0

  public init() {}
}

/// A judge behind a server: its replies cost money and arrive one by one, and it can be away.
public protocol RemoteJudge: Judge {
  /// How many requests are best given at once (the connections kept busy).
  var preferredBatch: Int { get }
  /// How many of them are on their way at once.
  var inFlight: Int { get }
  /// All requests since the judge was made.
  var usage: JudgeUsage { get }
  /// What the policy says it is a version of (`revision:`); nil where nobody says.
  var declaredRevision: String? { get }
  /// What was asked for and the server wouldn't take, one sentence each; known after the first answer.
  var notices: [String] { get }

  /// Reports each outcome as it arrives, exactly once for each index, in any order.
  /// - Parameter onOutcome: called with the index in `inputs`.
  /// - Throws: `CancellationError` when the task was cancelled; outcomes already reported stand.
  func score(
    _ inputs: [JudgeInput], onOutcome: @escaping @Sendable (_ index: Int, _ outcome: JudgmentOutcome) -> Void
  ) async throws

  /// One harmless request that proves the judge answers.
  /// - Throws: `ResponseFailure`.
  func probe() async throws

  /// What the server tells of the model behind the name, as far as is known by now. Takes seconds at most; whatever goes
  /// wrong leaves signs out.
  /// - Throws: `CancellationError` alone.
  func signs() async throws -> ServerSigns
}

extension RemoteJudge {
  public var inFlight: Int { preferredBatch }
  public var declaredRevision: String? { nil }
  public var identifiesBytes: Bool { declaredRevision != nil }
  public var notices: [String] { [] }
  public var remote: (any RemoteJudge)? { self }
  public func signs() async throws -> ServerSigns { ServerSigns() }

  /// All scores, in order; what got no reply is unscored.
  public func score(_ inputs: [JudgeInput]) async throws -> [Score] {
    let collected = OutcomeBox<JudgmentOutcome>(count: inputs.count)
    try await score(inputs) { index, outcome in collected.set(index, outcome) }
    return try collected.finished().map { outcome in
      switch outcome {
      case .success(let score): score
      case .failure(let failure): .unscored(reason: failure.description)
      }
    }
  }
}

/// A judge that asks other judges and makes one score of theirs.
///
/// Members are asked apart, so that each one's scores are stored under its own fingerprint: who adds a member or changes
/// one route's rubric pays for nothing that stays the same.
public protocol CompositeJudge: Judge {
  /// How it makes one score of its members'.
  var combination: VerdictRule.Combination { get }

  /// For each member, which of the inputs it is asked about (indices, ascending).
  func assignments(_ inputs: [JudgeInput]) -> [[Int]]

  /// One score for each input.
  /// - Parameter scores: by member, then by input; nil where that member wasn't asked.
  func combine(_ scores: [[Score?]], of inputs: [JudgeInput]) -> [Score]
}

extension CompositeJudge {
  public var verdictRule: VerdictRule {
    VerdictRule(judge: fingerprint, threshold: threshold, combination, of: members.map(\.verdictRule))
  }

  public var identifiesBytes: Bool { members.allSatisfy(\.identifiesBytes) }

  public func score(_ inputs: [JudgeInput]) async throws -> [Score] {
    var scores: [[Score?]] = []
    for (member, indices) in zip(members, assignments(inputs)) {
      var own = [Score?](repeating: nil, count: inputs.count)
      let given = try await member.score(indices.map { inputs[$0] })
      for (index, score) in zip(indices, given) { own[index] = score }
      scores.append(own)
    }
    return combine(scores, of: inputs)
  }
}

extension Judge {
  /// The judges that do the work: this one, or its members' members.
  public var leaves: [any Judge] { members.isEmpty ? [self] : members.flatMap(\.leaves) }

  /// This judge, its members and theirs.
  public var withMembers: [any Judge] { [self] + members.flatMap(\.withMembers) }
}
