import Core
import Decisions
import Foundation
import Statistics

/// How many attacks the clusters of a suite hold.
enum ClusterSizes: Sendable {
  case equal(Int)
  /// median·exp(σz) for a standard normal z, rounded and at least 1.
  case lognormal(Double, median: Double = 5)
  /// 100/rank, rounded and at least 1.
  case zipf
  /// One cluster of this size among clusters of one attack.
  case oneLarge(Int)

  func draw(_ count: Int, _ random: inout SeededGenerator) -> [Int] {
    (0..<count).map { rank in
      switch self {
      case .equal(let size): size
      case .lognormal(let sigma, let median): max(1, Int((median * exp(sigma * random.normal())).rounded()))
      case .zipf: max(1, Int((100 / Double(rank + 1)).rounded()))
      case .oneLarge(let size): rank == 0 ? size : 1
      }
    }
  }
}

/// A superpopulation of clusters of attacks on two releases of a model, and what becomes of the answers.
///
/// A uniform number a cluster says on which release it is weak, so that releases share most weaknesses: below `weak` it is
/// weak on the baseline, `fixed` of those are not on the candidate, and `broken` others are. All true values are known.
struct VerdictWorld: Sendable {
  /// A judge that errs, and human labels of attacked responses (half of them unsafe) that tell how often; without labels
  /// its verdicts are taken as they are.
  struct ErringJudge: Sendable {
    var sensitivity: Double
    var specificity: Double
    var labels: Int

    /// What is left of a difference between two rates after judging: Youden's J.
    var attenuation: Double { sensitivity + specificity - 1 }
    /// The rate that the judge reports on average.
    func observed(_ rate: Double) -> Double { rate * sensitivity + (1 - rate) * (1 - specificity) }
  }

  /// Planned responses of which nothing is known.
  enum Missing: Sendable {
    case none
    /// This share of both models' responses, whatever they say; lines that are not there where `lines`, else unscored.
    case atRandom(Double, lines: Bool)
    /// This share of the candidate's responses, unsafe ones only: a judge that refuses what it should flag.
    case unsafe(Double)

    var lines: Bool { if case .atRandom(_, true) = self { true } else { false } }
  }

  /// What the gate promises of wrong verdicts here.
  enum Promise: Hashable, Sendable {
    case held
    /// Nothing but that wrong verdicts carry the notice of sizes that go with weakness.
    case noticed
    /// Nothing: every report says why.
    case open
  }

  var name: String
  var clusters = 400
  var sizes = ClusterSizes.equal(1)
  /// Responses to each attack and model, drawn evenly for each attack before it is asked.
  var samples = 3...3
  var weak = 0.12
  var fixed = 0.02
  var broken = 0.02
  /// Success rates of weak attacks and of all others.
  var weakRate = 0.8
  var otherRate = 0.02
  /// Clusters of more than 20 attacks are weak ten times as often as others.
  var sizeGoesWithWeakness = false
  var weight = Weighting.attacks
  /// Attacks come as undeclared copies of one another, more of them where they work; the gate tells them by their wording.
  var hasCopies = false
  var judge: ErringJudge?
  /// Whether limits are set where the judge sees the truth, not where people do.
  var isTruthAsJudged = false
  var missing = Missing.none
  /// Whether any share of missing responses is allowed, so that the bounds themselves are tested.
  var isValidityLoosened = false
  /// Whether decisions with early stopping are simulated as well: they take half of the time.
  var stopsEarly = false
  var promise = Promise.held
  var benign = 240
  var refusal = 0.02

  init(_ name: String) { self.name = name }

  // MARK: - Truth

  var effect: Double { weakRate - otherRate }
  private static let largeSize = 20

  /// By how much a cluster's size multiplies its chance to be weak, fixed or broken.
  private func proneness(_ size: Int) -> Double {
    sizeGoesWithWeakness ? (size > Self.largeSize ? 2.5 : 0.25) : 1
  }

  /// The mean of `proneness` over attacks or clusters, as the weights have it.
  private var meanProneness: Double {
    guard sizeGoesWithWeakness, case .lognormal(let sigma, let median) = sizes else { return 1 }
    /// P(size ≤ s).
    func below(_ s: Int) -> Double { 0.5 * erfc(-log((Double(s) + 0.5) / median) / sigma / 2.0.squareRoot()) }
    var (sum, total) = (0.0, 0.0)
    for size in 1...200_000 {
      let chance = below(size) - (size == 1 ? 0 : below(size - 1))
      let weighted = chance * (weight == .attacks ? Double(size) : 1)
      sum += weighted * proneness(size)
      total += weighted
    }
    return sum / total
  }

  /// True values over the superpopulation, as people would judge, or as the judge does where the world asks for that.
  var regression: Double {
    let truth = (broken - fixed) * effect * meanProneness
    return isTruthAsJudged ? truth * (judge?.attenuation ?? 1) : truth
  }
  var attackSuccess: Double {
    isTruthAsJudged ? judge?.observed(trueAttackSuccess) ?? trueAttackSuccess : trueAttackSuccess
  }
  private var trueAttackSuccess: Double { otherRate + (weak + broken - fixed) * effect * meanProneness }

  /// Whether point estimates average the truth, so that a world which misstates it is found out: not where what is missing
  /// says something, nor where larger clusters weigh more in a ratio of sums.
  var isEstimatedWithoutBias: Bool {
    if case .unsafe = missing { return false }
    return promise == .held
  }

  /// The same world with this true regression.
  func regressed(by delta: Double) -> VerdictWorld {
    var world = self
    world.broken = fixed + delta / effect
    return world
  }

  // MARK: - Answers

  struct Draw: Sendable {
    let answers: [VerdictTrial.Answers]
    /// The judge's scores in [0, 1], of all scored responses of each release.
    let scores: (candidate: [Double], baseline: [Double])
    let refusals: [Bool?]
    let judge: JudgeCalibration?
  }

  /// One attack's answers before the suite is put together.
  private struct Asked {
    let prompt: String
    let cluster: String?
    let candidate: [Bool?]
    let baseline: [Bool?]
  }

  func draw(_ random: inout SeededGenerator) -> Draw {
    var asked: [Asked] = []
    var scores: (candidate: [Double], baseline: [Double]) = ([], [])
    let hidden = unsafeHidden
    for (cluster, size) in sizes.draw(clusters, &random).enumerated() {
      let (place, proneness) = (random.uniformDouble(), proneness(size))
      let onBaseline = place < weak * proneness
      let onCandidate = onBaseline ? place >= fixed * proneness : place < (weak + broken) * proneness
      for member in 0..<size {
        // What works is passed on: weak attacks have up to 20 copies, others up to 3.
        let copies = hasCopies ? Int.random(in: 1...(onCandidate ? 20 : 3), using: &random) : 1
        for copy in 0..<copies {
          let responses = Int.random(in: samples, using: &random)
          let candidate = respond(onCandidate, responses, hidden: hidden, &scores.candidate, &random)
          let baseline = respond(onBaseline, responses, hidden: 0, &scores.baseline, &random)
          asked.append(
            Asked(
              prompt: hasCopies ? Self.wording(cluster, member, copy: copy) : "\(cluster).\(member)",
              cluster: hasCopies || sizes.isSingle ? nil : "\(cluster)", candidate: candidate, baseline: baseline))
        }
      }
    }
    let calibration = judge.flatMap { $0.calibration(&random) }
    return Draw(
      answers: answers(asked), scores: scores, refusals: (0..<benign).map { _ in random.uniformDouble() < refusal },
      judge: calibration)
  }

  /// The chance that one of the candidate's unsafe responses has no verdict.
  private var unsafeHidden: Double {
    if case .unsafe(let share) = missing { min(1, share / trueAttackSuccess) } else { 0 }
  }

  private func respond(
    _ isWeak: Bool, _ responses: Int, hidden: Double, _ scores: inout [Double], _ random: inout SeededGenerator
  ) -> [Bool?] {
    (0..<responses).map { _ in
      let isUnsafe = random.uniformDouble() < (isWeak ? weakRate : otherRate)
      if hidden > 0, isUnsafe, random.uniformDouble() < hidden { return nil }
      if case .atRandom(let share, _) = missing, random.uniformDouble() < share { return nil }
      var verdict = isUnsafe
      if let judge, random.uniformDouble() >= (isUnsafe ? judge.sensitivity : judge.specificity) { verdict.toggle() }
      // Sure of itself, as classifiers are: within a tenth of 0 or 1 mostly.
      let distance = 0.5 * random.uniformDouble() * random.uniformDouble()
      scores.append(verdict ? 1 - distance : distance)
      return verdict
    }
  }

  private func answers(_ asked: [Asked]) -> [VerdictTrial.Answers] {
    let absent: Observation = missing.lines ? .missing : .unscored
    guard hasCopies else {
      return asked.map {
        .init(prompt: $0.prompt, unit: $0.cluster, candidate: $0.candidate, baseline: $0.baseline, absent: absent)
      }
    }
    let suite = NearCopies(asked.map { SuiteAttack(attack: Attack(prompt: $0.prompt), foundOn: nil) })
    return zip(asked, suite.attacks).map { asked, attack in
      .init(
        prompt: asked.prompt, unit: attack.unit.text, wording: attack.wording, candidate: asked.candidate,
        baseline: asked.baseline, absent: absent)
    }
  }

  /// A prompt in words, since numbers at its end would only tell copies apart.
  private static func wording(_ cluster: Int, _ member: Int, copy: Int) -> String {
    func letters(_ number: Int) -> String {
      String(String(number).map { digit in digit.wholeNumberValue.map { Array("abcdefghij")[$0] } ?? digit })
    }
    let words = "Tell me secret \(letters(cluster)) of \(letters(member))"
    return copy == 0 ? words : copy.isMultiple(of: 2) ? "\(words.uppercased())! (copy \(copy))" : "\(copy). \(words)"
  }
}

extension ClusterSizes {
  fileprivate var isSingle: Bool { if case .equal(1) = self { true } else { false } }
}

extension VerdictWorld.ErringJudge {
  /// What labels say of it; nil without any.
  fileprivate func calibration(_ random: inout SeededGenerator) -> JudgeCalibration? {
    let half = labels / 2
    if half == 0 { return nil }
    let found = [sensitivity, specificity].map { chance in (0..<half).count { _ in random.uniformDouble() < chance } }
    return JudgeCalibration(unsafe: half, unsafeFound: found[0], safe: half, safeFound: found[1])
  }
}
