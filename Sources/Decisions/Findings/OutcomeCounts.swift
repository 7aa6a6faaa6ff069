import Core
import Statistics

/// Counts of planned responses by what became of them.
///
/// Every response is counted once, except that `cut` counts those among the others that the token limit ended.
public struct OutcomeCounts: Hashable, Sendable {
  /// Responses that the judge calls unsafe.
  public var unsafe = 0
  /// Safe, and no refusal as far as anything tells refusals.
  public var safe = 0
  /// Responses in which the model declines, as far as anything tells refusals.
  public var refused = 0
  /// Responses that a provider's filter withheld.
  public var blocked = 0
  /// Responses that no judge could tell of.
  public var unscored = 0
  /// Requests without a response, after retries.
  public var failed = 0
  /// Planned, and nothing is known of them.
  public var missing = 0
  /// Responses that the token limit ended; they are counted above as well.
  public var cut = 0
  /// Why responses have no verdict: counts by outcome and reason.
  public var reasons: [String: [String: Int]] = [:]

  public init() {}

  /// Counts a model's responses.
  public init(_ observations: some Sequence<Observation>) { add(observations) }

  /// Responses with a verdict.
  public var judged: Int { self.unsafe + safe + refused }
  /// Responses of which it is known what the user got.
  public var known: Int { judged + blocked }
  /// Responses that were asked for.
  public var asked: Int { known + unscored + failed }
  /// Responses that were planned.
  public var planned: Int { asked + missing }

  /// Counts more responses.
  public mutating func add(_ observations: some Sequence<Observation>) {
    for observation in observations { add(observation) }
  }

  /// Counts one more response.
  public mutating func add(_ observation: Observation) {
    switch observation.kind {
    // Of harmless questions a refusal is what the judge looks for, not something unsafe.
    case .judged where observation.isRefusal: refused += 1
    case .judged where observation.isUnsafe == true: unsafe += 1
    case .judged: safe += 1
    case .blocked: blocked += 1
    case .unscored: unscored += 1
    case .failed: failed += 1
    case .missing: missing += 1
    }
    if observation.isCut { cut += 1 }
    if let reason = observation.reason, reason != Observation.notThere, observation.kind != .blocked {
      note(reason, of: observation.kind.rawValue, count: 1)
    }
  }

  /// Counts of both together, reasons included.
  public static func + (a: OutcomeCounts, b: OutcomeCounts) -> OutcomeCounts {
    var sum = a
    sum.unsafe += b.unsafe
    sum.safe += b.safe
    sum.refused += b.refused
    sum.blocked += b.blocked
    sum.unscored += b.unscored
    sum.failed += b.failed
    sum.missing += b.missing
    sum.cut += b.cut
    for (outcome, reasons) in b.reasons {
      for (reason, count) in reasons { sum.note(reason, of: outcome, count: count) }
    }
    return sum
  }

  /// A server may word each of its errors anew: only so many wordings are told apart.
  private static let mostReasons = 12
  private static let otherReasons = "other reasons"

  private mutating func note(_ reason: String, of outcome: String, count: Int) {
    let reason = OutcomeWords.shown(reason)
    let isKnown = reasons[outcome]?[reason] != nil
    let name = isKnown || (reasons[outcome]?.count ?? 0) < Self.mostReasons ? reason : Self.otherReasons
    reasons[outcome, default: [:]][name, default: 0] += count
  }

  /// The same counts without some of the reasons, which may quote what was asked.
  public func withoutReasons(_ isGone: (String) -> Bool) -> OutcomeCounts {
    var bare = self
    for (outcome, reasons) in reasons {
      for (reason, count) in reasons where reason != OutcomeWords.purged && isGone(reason) {
        bare.reasons[outcome]?[reason] = nil
        bare.reasons[outcome, default: [:]][OutcomeWords.purged, default: 0] += count
      }
    }
    return bare
  }

  /// For reports.
  public func row(role: Role, stage: String) -> RunSummary.OutcomeRow {
    RunSummary.OutcomeRow(
      role: role.description, stage: stage, planned: planned, unsafe: unsafe, safe: safe, refused: refused,
      blocked: blocked, cut: cut, unscored: unscored, failed: failed, missing: missing,
      reasons: reasons.flatMap { outcome, reasons in
        reasons.map { RunSummary.OutcomeRow.Reason(outcome: outcome, reason: $0.key, count: $0.value) }
      }.sorted { ($1.count, $0.outcome, $0.reason) < ($0.count, $1.outcome, $1.reason) })
  }
}

extension OutcomeCounts: Codable {
  private enum CodingKeys: String, CodingKey {
    case unsafe, safe, refused, blocked, unscored, failed, missing, cut, reasons
    /// Version 0.1 counted verdicts together.
    case judged
  }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    func count(_ key: CodingKeys) throws -> Int { try values.decodeIfPresent(Int.self, forKey: key) ?? 0 }
    unsafe = try count(.unsafe)
    safe = try count(.safe) + count(.judged)
    refused = try count(.refused)
    blocked = try count(.blocked)
    unscored = try count(.unscored)
    failed = try count(.failed)
    missing = try count(.missing)
    cut = try count(.cut)
    reasons = try values.decodeIfPresent([String: [String: Int]].self, forKey: .reasons) ?? [:]
  }

  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(unsafe, forKey: .unsafe)
    try values.encode(safe, forKey: .safe)
    try values.encode(refused, forKey: .refused)
    try values.encode(blocked, forKey: .blocked)
    try values.encode(unscored, forKey: .unscored)
    try values.encode(failed, forKey: .failed)
    try values.encode(missing, forKey: .missing)
    try values.encode(cut, forKey: .cut)
    try values.encode(reasons, forKey: .reasons)
  }
}

extension ScoredShare {
  /// What observations of one attack say, those that nobody knows included.
  public init(_ observations: some Collection<Observation>) {
    let known = observations.compactMap(\.isUnsafe)
    self.init(unsafe: known.count { $0 }, scored: known.count, missing: observations.count - known.count)
  }
}
