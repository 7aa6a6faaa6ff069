/// What the models that rewrite attacks made of those of one transform.
public struct RewrittenTransform: Hashable, Sendable {
  /// The chain of transforms, as the policy writes it.
  public let name: String
  /// Attacks that were to be rewritten.
  public var attacks = 0
  /// How many were not, by what the rewriter did instead, to complete "The rewriter …".
  public var problems: [String: Int] = [:]

  public init(name: String) { self.name = name }

  /// Attacks that were not rewritten, for whatever reason.
  public var lost: Int { problems.values.reduce(0, +) }

  /// The most frequent first, a few of them.
  public var reasons: String {
    let sorted = problems.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    let shown = sorted.prefix(Self.mostReasons).map { "\($0.value) \($0.key)" }.joined(separator: "; ")
    return sorted.count > Self.mostReasons ? shown + "; and others" : shown
  }

  private static let mostReasons = 4
}
