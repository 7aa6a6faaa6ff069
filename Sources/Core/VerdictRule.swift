/// How a verdict follows from the scores of the judges that look at responses themselves, so that it can be read off stored scores
/// without the judges.
public struct VerdictRule: Hashable, Codable, Sendable {
  /// How a judge makes one score of its members'.
  public enum Combination: String, Hashable, Codable, Sendable, CaseIterable {
    /// The share of members that call the response unsafe, each at its own threshold.
    case majority
    /// The mean or the greatest of the members' scores.
    case mean, maximum
    /// The score of the member that was asked, rescaled so that its threshold lies at one half.
    case routed
  }

  /// One judge; its members' steps follow it.
  public struct Step: Hashable, Codable, Sendable {
    /// The judge's fingerprint.
    public var judge: String
    /// Score from which a response counts as unsafe.
    public var threshold: Double
    /// Nil for a judge that looks at responses itself.
    public var combination: Combination?
    /// How many judges of the steps below belong directly to this one.
    public var members: Int
  }

  /// The judge first, then its members with theirs.
  public private(set) var steps: [Step]

  /// The rule of a judge that looks at responses itself.
  public init(judge: String, threshold: Double) {
    steps = [Step(judge: judge, threshold: threshold, combination: nil, members: 0)]
  }

  /// The rule of a judge that is made of others.
  public init(judge: String, threshold: Double, _ combination: Combination, of members: [VerdictRule]) {
    steps =
      [Step(judge: judge, threshold: threshold, combination: combination, members: members.count)]
      + members.flatMap(\.steps)
  }

  /// The score that the stored scores make, and whether it is unsafe; nil where they don't decide.
  /// - Parameter scores: by the judge's fingerprint, in [0, 1].
  public func verdict(_ scores: [String: Double]) -> (score: Double, isUnsafe: Bool)? {
    var index = 0
    guard let (score, threshold) = next(&index, scores), let score else { return nil }
    return (score, score >= threshold)
  }

  /// The score of the step at `index` with its threshold; `index` is behind its members then. Nil for steps that no judge left.
  private func next(_ index: inout Int, _ scores: [String: Double]) -> (score: Double?, threshold: Double)? {
    guard steps.indices.contains(index) else { return nil }
    let step = steps[index]
    index += 1
    guard let combination = step.combination else { return (scores[step.judge], step.threshold) }
    var members: [(score: Double?, threshold: Double)] = []
    for _ in 0..<max(0, step.members) {
      guard let member = next(&index, scores) else { return nil }
      members.append(member)
    }
    return (combination.score(of: members, threshold: step.threshold), step.threshold)
  }
}

extension VerdictRule.Combination {
  /// One score of the members' scores; nil where those that are missing could change the verdict. A member that gave none might
  /// have said anything from 0 to 1; where the verdict is the same either way, the score is the one nearest to the threshold.
  ///
  /// - Parameters:
  ///   - members: each one's score in [0, 1], nil where it gave none, and its threshold.
  ///   - threshold: of the combined score.
  public func score(of members: [(score: Double?, threshold: Double)], threshold: Double) -> Double? {
    if self == .routed {
      return members.lazy.compactMap { member in
        member.score.map { Self.rescaled($0, threshold: member.threshold) }
      }.first
    }
    let votes = members.map { member in
      self == .majority ? member.score.map { $0 >= member.threshold ? 1 : 0 } : member.score
    }
    let (low, high) = (value(votes.map { $0 ?? 0 }), value(votes.map { $0 ?? 1 }))
    return low >= threshold ? low : high < threshold ? high : nil
  }

  private func value(_ votes: [Double]) -> Double {
    self == .maximum ? votes.max() ?? 0 : votes.reduce(0, +) / Double(votes.count)
  }

  /// Straight lines from (0, 0) to (threshold, ½) to (1, 1): order and verdict stay, and 0.5 stays where it is.
  public static func rescaled(_ p: Double, threshold t: Double) -> Double {
    if p >= t { return t >= 1 ? 1 : 0.5 + 0.5 * (p - t) / (1 - t) }
    return 0.5 * p / t
  }
}
