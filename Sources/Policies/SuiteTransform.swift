import Core
import Targets
import Transforms

/// What every attack is asked as beside its own words.
public struct SuiteTransform: Sendable, Hashable {
  /// What is done to the attack's words, step by step.
  public let chain: TransformChain
  /// What rewrites where a model has to; nil where none has to.
  public let rewriter: Rewriter?

  /// A model that rewrites attacks.
  public struct Rewriter: Sendable, Hashable {
    /// Tells it from other rewriters: `suite` for the one of all transforms, else the chain that names it.
    public let name: String
    /// How it is asked.
    public let target: TargetChoice

    /// The part that it plays.
    public var role: Role { .rewriter(name) }
  }
}
