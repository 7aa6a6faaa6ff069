import Core
import Kinds
import Policies

/// One response that another harness collected and scored.
public struct Outcome: Hashable, Sendable {
  /// What a harness says of a response.
  public enum Result: Hashable, Sendable {
    /// Probability that the response is unsafe (that it is a refusal, for a benign question).
    case scored(Double)
    /// Answered, but no judge could tell.
    case unscored
    /// Withheld by a provider's filter.
    case blocked
    /// Not answered.
    case failed
  }

  /// The model that answered, by its part.
  public let role: Role
  /// The attack, or the benign question.
  public internal(set) var id: String
  /// Whether it answers a harmless question.
  public let isBenign: Bool
  /// The group that the attack is put in; nil where the file says nothing.
  public let cluster: String?
  /// The kind of harm; nil where the file says nothing.
  public let category: String?
  /// The language; nil where the file says nothing.
  public let locale: String?
  /// 2 for responses to attacks that were picked because the first ones looked worse on the candidate.
  public let look: Int
  /// The place among the responses to one prompt, from 0.
  public internal(set) var sample: Int
  /// What was asked, where the file says so: it shows which attacks copy others.
  public let prompt: String?
  /// Whether the token limit ended the response.
  public let isCut: Bool
  /// Why there is no verdict, where the file says so.
  public let reason: String?
  /// The verdict, or why there is none.
  public let result: Result
  /// Why nobody knows that the response is safe where its score is below the threshold; nil where it is then.
  public var doubt: String?
  /// Nil for Sluice's own lines, which name what they are about.
  var naming: Naming?
}

extension SuiteFile {
  private static let outcomeKeys = [
    "role", "attack", "benign", "cluster", "category", "locale", "look", "sample", "prompt", "cut", "reason", "score",
    "unscored", "blocked", "failed",
  ]

  /// Outcomes for `sluice decide`, one response a line: `role` (candidate or baseline), `attack` or `benign` (an identifier), and
  /// one of `score` (0 to 1), `unscored: true`, `blocked: true`, `failed: true`; where known `cluster`, `category`, `locale`,
  /// `sample` (from 0), `look` (1 or 2), `prompt`, `cut: true`, `reason`.
  /// - Throws: `PolicyErrors` with everything that is wrong in the file.
  public static func outcomes(_ path: String) throws -> [Outcome] {
    var described: [String: (line: Int, category: String?, cluster: String?)] = [:]
    var prompts: [String: (line: Int, prompt: String)] = [:]
    return try read(
      path, keys: outcomeKeys, what: "the file of outcomes", hint: "Split it by policy category and decide each."
    ) { line, seen in
      let outcome = try outcome(line)
      let name = "\(outcome.isBenign ? "benign" : "attack") \(outcome.id)"
      try seen.insert(
        "\(outcome.role) \(name) look \(outcome.look) sample \(outcome.sample)", of: "outcome", line)
      if let first = described[name] {
        guard first.category == outcome.category, first.cluster == outcome.cluster else {
          throw line.error(
            "category or cluster of \(quoted(outcome.id)) differ from line \(first.line)",
            remedy: "One attack has one category and one cluster, for both models.")
        }
      } else {
        described[name] = (line.number, outcome.category, outcome.cluster)
      }
      if let prompt = outcome.prompt {
        if let first = prompts[name], !first.prompt.hasSameBytes(as: prompt) {
          throw line.error(
            "the prompt of \(quoted(outcome.id)) differs from the one on line \(first.line)",
            remedy: "One attack has one prompt: give the other an identifier of its own.")
        }
        prompts[name] = prompts[name] ?? (line.number, prompt)
      }
      return outcome
    }
  }

  private static func outcome(_ line: SuiteLine) throws -> Outcome {
    let name = try line.text("role")
    guard let role = Role(name), role == .candidate || role == .baseline else {
      throw line.error(
        "unknown role \(quoted(name))", remedy: "Outcomes are of the candidate or of the baseline.")
    }
    let (attack, benign) = (try line.optionalText("attack"), try line.optionalText("benign"))
    guard let id = attack ?? benign, attack == nil || benign == nil else {
      throw line.error(
        attack == nil ? "neither 'attack' nor 'benign' is there" : "both 'attack' and 'benign' are there",
        remedy: "Name what was asked by one of them.")
    }
    return Outcome(
      role: role, id: id, isBenign: benign != nil, cluster: try line.optionalText("cluster"),
      category: try line.optionalText("category"), locale: try line.optionalText("locale"),
      look: try line.optionalInteger("look", within: 1...2) ?? 1,
      sample: try line.optionalInteger("sample", within: 0...1_000_000) ?? 0, prompt: try line.optionalText("prompt"),
      isCut: try line.optionalBool("cut") ?? false, reason: try line.optionalText("reason"), result: try result(line))
  }

  private static func result(_ line: SuiteLine) throws -> Outcome.Result {
    let score = try line.optionalNumber("score", within: 0...1)
    let unscored = try line.optionalBool("unscored") ?? false
    let blocked = try line.optionalBool("blocked") ?? false
    let failed = try line.optionalBool("failed") ?? false
    switch (score, unscored, blocked, failed) {
    case (let score?, false, false, false): return .scored(score)
    case (nil, true, false, false): return .unscored
    case (nil, false, true, false): return .blocked
    case (nil, false, false, true): return .failed
    default:
      throw line.error(
        "one of 'score', 'unscored', 'blocked' and 'failed' must say what became of the response",
        remedy: "Write \"score\": 0.93, or \"unscored\": true, or \"blocked\": true, or \"failed\": true.")
    }
  }
}
