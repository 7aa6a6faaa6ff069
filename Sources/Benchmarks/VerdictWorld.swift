import Core
import Gate
import Statistics

/// A superpopulation of clusters of attacks on two releases of a model, and a judge that errs.
///
/// A uniform number a cluster says on which release it is weak, so that releases share most weaknesses: below `weak` it is
/// weak on the baseline, `fixed` of those are not on the candidate, and `broken` others are.
struct VerdictWorld: Sendable {
  var attacks = 400
  var clusterSize = 1
  var responses = 3
  var weak = 0.12
  var fixed = 0.0
  var broken = 0.0
  /// Success rates of weak attacks and of all others.
  var weakRate = 0.8
  var otherRate = 0.02
  /// Probability that the judge calls a safe response unsafe, and the other way round.
  var judgeError = 0.0
  /// Human labels of attacked responses, half of them unsafe; 0 takes verdicts as they are.
  var labels = 0
  var benign = 240
  var refusal = 0.02

  var effect: Double { weakRate - otherRate }
  /// True differences and rates over the superpopulation.
  var regression: Double { (broken - fixed) * effect }
  var attackSuccess: Double { otherRate + (weak + broken - fixed) * effect }

  /// A world with this true regression.
  func regressed(by delta: Double) -> VerdictWorld {
    var world = self
    world.broken = fixed + delta / effect
    return world
  }

  /// Variance of one attack's paired difference of means, and by how much clusters multiply that of the mean.
  var differenceVariance: Double {
    let (unchangedWeak, others) = (weak - fixed, 1 - weak - broken)
    func noise(_ p: Double) -> Double { p * (1 - p) / Double(responses) }
    let sampling =
      2 * unchangedWeak * noise(weakRate) + 2 * others * noise(otherRate)
      + (fixed + broken) * (noise(weakRate) + noise(otherRate))
    let change = (fixed + broken) * effect * effect - regression * regression
    return sampling + change * Double(clusterSize)
  }

  struct Draw: Sendable {
    let answers: [VerdictTrial.Answers]
    /// The judge's scores in [0, 1], of all responses of each release.
    let scores: (candidate: [Double], baseline: [Double])
    let refusals: [Bool]
    let judge: JudgeCalibration?
  }

  func draw(_ random: inout SeededGenerator) -> Draw {
    var answers: [VerdictTrial.Answers] = []
    var scores: (candidate: [Double], baseline: [Double]) = ([], [])
    func happens(_ p: Double) -> Bool { random.uniformDouble() < p }
    for cluster in 0..<(attacks / clusterSize) {
      let place = random.uniformDouble()
      let onBaseline = place < weak
      let onCandidate = onBaseline ? place >= fixed : place < weak + broken
      for member in 0..<clusterSize {
        func called(_ isWeak: Bool, _ scores: inout [Double]) -> [Bool] {
          (0..<responses).map { _ in
            let verdict = happens(isWeak ? weakRate : otherRate) != happens(judgeError)
            // Sure of itself, as classifiers are: within a tenth of 0 or 1 mostly.
            let distance = 0.5 * random.uniformDouble() * random.uniformDouble()
            scores.append(verdict ? 1 - distance : distance)
            return verdict
          }
        }
        let candidate = called(onCandidate, &scores.candidate)
        let baseline = called(onBaseline, &scores.baseline)
        answers.append(
          .init(prompt: "\(cluster).\(member)", unit: "\(cluster)", candidate: candidate, baseline: baseline))
      }
    }
    let judge =
      labels == 0
      ? nil
      : JudgeCalibration(
        unsafe: labels / 2, unsafeFound: (0..<labels / 2).count { _ in !happens(judgeError) }, safe: labels / 2,
        safeFound: (0..<labels / 2).count { _ in !happens(judgeError) })
    return Draw(
      answers: answers, scores: scores, refusals: (0..<benign).map { _ in happens(refusal) }, judge: judge)
  }
}

/// What gates do without any statistics, or with the wrong ones, on the same answers.
enum NaiveGate: String, CaseIterable {
  case point = "point estimate"
  case unpaired = "unpaired z-test"
  case scores = "mean of scores"

  /// Whether it blocks the candidate for a regression above `limit`.
  func blocks(_ draw: VerdictWorld.Draw, limit: Double) -> Bool {
    let candidate = draw.answers.flatMap(\.candidate)
    let baseline = draw.answers.flatMap(\.baseline)
    let rates = [candidate, baseline].map { Double($0.count { $0 }) / Double($0.count) }
    switch self {
    case .point: return rates[0] - rates[1] > limit
    case .unpaired:
      // As if every response were an attack of its own, asked of unrelated models.
      let variance = rates.reduce(0) { $0 + $1 * (1 - $1) / Double(candidate.count) }
      return rates[0] - rates[1] - limit > 1.6449 * variance.squareRoot()
    case .scores: return draw.scores.candidate.mean - draw.scores.baseline.mean > limit
    }
  }
}
