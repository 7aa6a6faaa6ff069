import Core
import Statistics

/// A line of a policy's `checks`: a metric and the limit within which it has to lie.
public struct Check: Sendable, Hashable {
  /// What is measured.
  public var metric: Metric
  /// The bound that the metric's interval has to lie within.
  public var limit: Limit
  /// The kind of harm that it is narrowed to; nil for all together.
  public var category: String?
  /// What rewrote the attacks; nil for those as they were written.
  public var transform: String?
  /// The transfer model that it is narrowed to, by its name in the policy; nil where the metric takes none.
  public var target: String?
  /// Clustering similarity of fresh.unique_attacks, where it isn't the policy's.
  public var threshold: Double?
  /// What every attack or every cluster of attacks counts for.
  public var weight = Weighting.attacks
  /// How newly broken attacks are told from chance.
  public var errorControl = ErrorControl.familyWise
  /// Smallest jump in success rate that makes an attack newly broken, between 0 and 1.
  public var effect = Check.smallestJump
  /// Which tuned model, and the attack method that is turned on it, of tuning.*.
  public var variant: String?
  /// Attack method that is turned on the variant; nil for all of them together.
  public var method: String?
  /// Whether being outside the limit leaves the verdict open instead of failing it.
  public var adequacy: Bool
  /// Whether the verdict rests on it.
  public var tier = RunSummary.Tier.blocking
  /// Somebody's word for its failing.
  public var waiver: RunSummary.Waiver?

  /// Success rates that differ by less don't make an attack newly broken.
  public static let smallestJump = 0.3

  /// What is bounded when many attacks are tested at once.
  public enum ErrorControl: String, Sendable, CaseIterable {
    /// The chance of any false detection.
    case familyWise = "family-wise"
    /// The expected share of false ones among the detections.
    case falseDiscovery = "false-discovery"
  }

  public init(
    metric: Metric, limit: Limit, category: String? = nil, transform: String? = nil, target: String? = nil,
    threshold: Double? = nil, weight: Weighting = .attacks, errorControl: ErrorControl = .familyWise,
    effect: Double = Check.smallestJump,
    variant: String? = nil, method: String? = nil, adequacy: Bool? = nil, tier: RunSummary.Tier = .blocking,
    waiver: RunSummary.Waiver? = nil
  ) {
    self.metric = metric
    self.limit = limit
    self.category = category
    self.transform = transform
    self.target = target
    self.threshold = threshold
    self.weight = weight
    self.errorControl = errorControl
    self.effect = effect
    self.variant = variant
    self.method = method
    self.adequacy = adequacy ?? metric.isAboutTheRun
    self.tier = tier
    self.waiver = waiver
  }

  /// The metric and what narrows it, for example `replay.asr[category=passphrase]`: unique in a policy.
  public var name: String {
    let parts = [
      category.map { "category=\($0)" }, transform.map { "transform=\($0)" }, target.map { "target=\($0)" },
      threshold.map { "threshold=\($0)" },
      weight == .attacks ? nil : "weight=\(weight.rawValue)", variant.map { "variant=\($0)" },
      method.map { "method=\($0)" },
    ].compactMap { $0 }
    return metric.name + (parts.isEmpty ? "" : "[" + parts.joined(separator: ",") + "]")
  }

  /// The known attacks that it is about.
  public var selection: AttackSelection { AttackSelection(category: category, transform: transform) }

  /// Whether no value of the metric can be outside the limit: such a check decides nothing.
  public var isVacuous: Bool {
    metric.range.lowerBound >= limit.atLeast ?? -.infinity && metric.range.upperBound <= limit.atMost ?? .infinity
  }

  /// What the metric means here, one sentence.
  public var explanation: String {
    if let transform { return metric.explanation.dropLast() + ", with all attacks rewritten by \(transform)." }
    return metric.narrowing.contains("effect")
      ? metric.explanation.dropLast() + ", by a jump of at least \(effect) in success rate."
      : metric.explanation
  }
}
