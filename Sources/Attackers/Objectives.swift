import Kinds

/// The training objective on whole trajectories; all are off-policy.
public struct Objective: NamedKind {
  public let name: String
  public let summary: String
  /// Whether log Z is learned beside the policy.
  let learnsLogZ: Bool
  let loss: @Sendable (Trajectories) -> ObjectiveLoss.Value

  /// All objectives, in the order of the schema.
  public static let all: [Objective] = [.varianceTB, .trajectoryBalance, .contrastive]

  /// What a loss is computed from.
  struct Trajectories: Sendable {
    /// log π of each, untempered.
    let logPolicy: [Double]
    let logReward: [Double]
    /// 0 where it isn't learned.
    let logZ: Double
    let settings: AttackerSettings
  }

  /// Trajectory balance whose log Z is the batch's own mean.
  public static let varianceTB = Objective(
    name: "variance-tb", summary: "mean (d − mean d)², d = log π − log R: no Z is needed", learnsLogZ: false
  ) { ObjectiveLoss.varianceTB(logPolicy: $0.logPolicy, logReward: $0.logReward) }

  /// Trajectory balance with a learned log Z (Malkin et al., 2022).
  public static let trajectoryBalance = Objective(
    name: "tb", summary: "(log Z + log π − log R)² with a learned log Z", learnsLogZ: true
  ) { ObjectiveLoss.trajectoryBalance(logPolicy: $0.logPolicy, logReward: $0.logReward, logZ: $0.logZ) }

  /// Variance-TB over the pairs whose rewards differ enough (Kwon et al., ICML 2026).
  public static let contrastive = Objective(
    name: "contrastive-tb",
    summary: "(d_i − d_j)² over the pairs whose rewards differ by more than σ: variance-TB with noisy gradients pruned",
    learnsLogZ: false
  ) {
    ObjectiveLoss.contrastive(logPolicy: $0.logPolicy, logReward: $0.logReward, sigma: $0.settings.pairSigma)
  }
}

/// Losses on log π (untempered, even where sampling was tempered) and log R, with slopes on log π.
enum ObjectiveLoss {
  struct Value {
    let loss: Double
    /// ∂loss/∂log π for each trajectory.
    let slopes: [Double]
    /// ∂loss/∂log Z; 0 where there is none.
    let logZSlope: Double
  }

  /// mean (d − mean d)² with d = log π − log R. Equal, up to a factor, to the sum over all pairs of (d_i − d_j)².
  static func varianceTB(logPolicy: [Double], logReward: [Double]) -> Value {
    let d = zip(logPolicy, logReward).map { $0 - $1 }
    let n = Double(d.count)
    guard n > 0 else { return Value(loss: 0, slopes: [], logZSlope: 0) }
    let mean = d.reduce(0, +) / n
    // The derivative through the mean vanishes: Σ (d − mean) = 0.
    return Value(
      loss: d.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / n, slopes: d.map { 2 * ($0 - mean) / n }, logZSlope: 0)
  }

  /// mean (log Z + log π − log R)² (Malkin et al., 2022).
  static func trajectoryBalance(logPolicy: [Double], logReward: [Double], logZ: Double) -> Value {
    let d = zip(logPolicy, logReward).map { logZ + $0 - $1 }
    let n = Double(d.count)
    guard n > 0 else { return Value(loss: 0, slopes: [], logZSlope: 0) }
    let slopes = d.map { 2 * $0 / n }
    return Value(loss: d.reduce(0) { $0 + $1 * $1 } / n, slopes: slopes, logZSlope: slopes.reduce(0, +))
  }

  /// Σ over pairs i < j with |Δ log R| > σ of (d_i − d_j)², over N² (Kwon et al., ICML 2026). With σ < 0 no pair is
  /// dropped and the value is variance-TB's.
  static func contrastive(logPolicy: [Double], logReward: [Double], sigma: Double) -> Value {
    let d = zip(logPolicy, logReward).map { $0 - $1 }
    let scale = 1 / max(1, Double(d.count * d.count))
    var loss = 0.0
    var slopes = [Double](repeating: 0, count: d.count)
    for i in d.indices {
      for j in 0..<i where abs(logReward[i] - logReward[j]) > sigma {
        let difference = d[i] - d[j]
        loss += difference * difference * scale
        slopes[i] += 2 * difference * scale
        slopes[j] -= 2 * difference * scale
      }
    }
    return Value(loss: loss, slopes: slopes, logZSlope: 0)
  }
}
