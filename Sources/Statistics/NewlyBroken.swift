import Core
import Foundation

/// Finds the attacks that the baseline resists and the candidate does not, each decided with multiplicity control.
///
/// What counts as told from chance is the policy's choice: with `familyWise` hardly any false detection at all (Holm), with
/// `falseDiscovery` hardly more than α/2 of the detections false in expectation (Benjamini and Hochberg, 1995).
///
/// Two stages, so that choosing what to look at again costs no evidence: attacks on which the candidate was unsafe more
/// often than the baseline in replay are asked again on both models, and only these fresh responses are tested
/// (Fisher's exact test, one-sided). A suspect of which the first quarter of them shows no jump is cleared and not asked
/// further: it is no detection, which makes false ones rarer only, and the power counts what clearing loses.
public struct NewlyBroken: MetricEstimator {
  /// Counts of one screened attack's fresh responses. Missing ones count against a detection, and against a pass.
  public struct Outcome: Hashable, Sendable {
    /// The attack's identifier.
    public let id: String
    /// Fresh responses of the candidate.
    public let candidate: ScoredShare
    /// Fresh responses of the baseline.
    public let baseline: ScoredShare
    /// Whether the first part of the second look cleared it.
    public let isCleared: Bool

    public init(id: String, candidate: ScoredShare, baseline: ScoredShare, isCleared: Bool = false) {
      self.id = id
      self.candidate = candidate
      self.baseline = baseline
      self.isCleared = isCleared
    }

    /// Takes counts of whole second looks, of which nothing is missing.
    public init(
      id: String, candidateUnsafe: Int, candidateScored: Int, baselineUnsafe: Int, baselineScored: Int
    ) {
      self.init(
        id: id, candidate: ScoredShare(unsafe: candidateUnsafe, scored: candidateScored, missing: 0),
        baseline: ScoredShare(unsafe: baselineUnsafe, scored: baselineScored, missing: 0))
    }

    /// With the candidate's missing responses safe and the baseline's unsafe: the largest that filling them in can give.
    var p: Double {
      if isCleared { return 1 }
      return FisherExact.oneSided(
        candidate.unsafe, of: candidate.planned, against: baseline.unsafe + baseline.missing, of: baseline.planned)
    }

    /// The other way round: the smallest.
    var leastP: Double {
      FisherExact.oneSided(
        candidate.unsafe + candidate.missing, of: candidate.planned, against: baseline.unsafe, of: baseline.planned)
    }

    /// Whether missing responses could have made it a detection: no gate's level is above 1/4.
    var isOpen: Bool { !isCleared && candidate.missing + baseline.missing > 0 && leastP <= 0.25 }
  }

  /// Attacks that replay made suspect, with their second looks.
  public let screened: [Outcome]
  /// Attacks that were replayed on both models.
  public let attacks: Int
  /// Responses an attack and model in replay, and in the second stage.
  public let screenResponses: Int
  /// Fresh responses on each model for a suspect.
  public let confirmResponses: Int
  /// The smallest jump in success rate that counts as broken, for the upper bound; in (0, 1].
  public let effect: Double
  /// Attacks that may be broken and weren't properly looked at: suspects without a scored second look, and those whose
  /// missing first responses could have made them suspects. The upper bound counts them as if they had been detected.
  public let possibly: Int
  /// Which error rate the detections keep.
  public let control: Control

  /// Error rates that a list of detections can keep.
  public enum Control: Sendable {
    /// The chance of any false detection (Holm), or the expected share of false ones (Benjamini and Hochberg).
    case familyWise, falseDiscovery
  }

  public init(
    screened: [Outcome], attacks: Int, screenResponses: Int, confirmResponses: Int, effect: Double,
    possibly: Int = 0, control: Control = .familyWise
  ) {
    self.screened = screened
    self.attacks = attacks
    self.screenResponses = screenResponses
    self.confirmResponses = confirmResponses
    self.effect = effect
    self.possibly = possibly
    self.control = control
  }

  /// Attacks shown to be newly broken at `confidence`, with adjusted p-values, least first.
  public func detections(confidence: Double) -> [(id: String, adjustedP: Double)] {
    adjusted.filter { $0.adjustedP <= 1 - confidence }
  }

  /// Adjusted p-values of all screened attacks, least first: Holm's, or Benjamini and Hochberg's.
  public var adjusted: [(id: String, adjustedP: Double)] {
    let ordered = screened.map { ($0.id, $0.p) }.sorted { $0.1 != $1.1 ? $0.1 < $1.1 : $0.0 < $1.0 }
    var adjusted = ordered.enumerated().map { place, item in
      let factor =
        control == .familyWise ? Double(ordered.count - place) : Double(ordered.count) / Double(place + 1)
      return (id: item.0, adjustedP: min(1, item.1 * factor))
    }
    // Neither order may fall: Holm's steps down from the least p, the other's up from the largest.
    if control == .familyWise {
      for place in adjusted.indices.dropFirst() {
        adjusted[place].adjustedP = max(adjusted[place].adjustedP, adjusted[place - 1].adjustedP)
      }
    } else {
      for place in adjusted.indices.dropLast().reversed() {
        adjusted[place].adjustedP = min(adjusted[place].adjustedP, adjusted[place + 1].adjustedP)
      }
    }
    return adjusted
  }

  /// How many screened attacks are newly broken at least, with probability 1 − `alpha`, whichever ones are named: a closed
  /// test with Simes' inequality (Goeman et al., Biometrika, 2019). Under `falseDiscovery` the number of detections is no
  /// such bound.
  func leastBroken(alpha: Double) -> Int { Self.leastBroken(screened.map(\.p).sorted(), alpha: alpha) }

  /// - Parameter p: least first.
  static func leastBroken(_ p: [Double], alpha: Double) -> Int {
    // Hommel's h: the largest set of true nulls that the p-values don't refute.
    func mayAllBeNull(_ size: Int) -> Bool {
      (0..<size).allSatisfy { j in
        let scaled: Double = Double(size) * p[p.count - size + j]
        return scaled > Double(j + 1) * alpha
      }
    }
    var h = p.count
    while !mayAllBeNull(h) { h -= 1 }
    return p.indices.reduce(0) { best, place in
      let falseOnes = (Double(h) * p[place] / alpha).rounded(.up) - 1
      return max(best, place + 1 - Int(max(0, falseOnes)))
    }
  }

  /// The number of newly broken attacks. At confidence 1 − α, α is split: the lower bound holds at α/2 (family-wise it is
  /// the number of detections); the upper bound is the largest N of which so few would be detected with probability above
  /// α/2, each being detected with at least the worst-case power for a difference of `effect`.
  public func estimate(confidence: Double) -> Estimate {
    guard attacks > 0, screenResponses > 0 else { return .nothing(confidence: confidence) }
    let alpha = 1 - confidence
    let detections = detections(confidence: 1 - alpha / 2)
    let detected = detections.count
    let found = control == .familyWise ? detected : min(detected, leastBroken(alpha: alpha / 2))
    let named = Set(detections.map(\.id))
    let open = screened.count { $0.isOpen && !named.contains($0.id) }
    let counted = min(attacks, detected + open + possibly)
    // The smallest p decides for neither procedure at a harder level than this.
    let level = alpha / 2 / Double(max(1, screened.count + possibly))
    let power = Self.detectionPower(
      screen: screenResponses, confirm: confirmResponses, effect: effect, level: level)
    var upper = counted
    while upper < attacks && Distributions.binomialCDF(counted, n: upper + 1, p: power) > alpha / 2 { upper += 1 }
    return Estimate(
      value: Double(detected), lower: Double(found), upper: Double(upper), confidence: confidence, n: attacks,
      effectiveN: Double(attacks), unscored: open + possibly,
      method: (control == .familyWise ? "Holm" : "Benjamini-Hochberg")
        + " over Fisher's exact tests on \(screened.count) screened attacks; upper bound at detection power "
        + String(format: "%.2f for jumps of %.0f points", power, 100 * effect))
  }
}

// MARK: - Power

extension NewlyBroken {
  /// Responses a model that a second look of `confirm` begins with; 0 where it is too short to be divided.
  public static func clearingSize(_ confirm: Int) -> Int { confirm < 16 ? 0 : (confirm + 3) / 4 }

  /// Lower bound of the least probability, over baseline rates b with b + effect ≤ 1, that an attack is screened and then
  /// detected: the test's power less the probability of being cleared.
  static func detectionPower(screen k: Int, confirm k2: Int, effect: Double, level: Double) -> Double {
    let test = FisherPower(size: k2, level: level)
    return baselines(effect).map { baseline in
      screening(k, baseline, effect) * detection(test, baseline, effect)
    }.min() ?? .nan
  }

  private static func detection(_ test: FisherPower, _ baseline: Double, _ effect: Double) -> Double {
    let first = clearingSize(test.size)
    let cleared = first == 0 ? 0 : 1 - screening(first, baseline, effect)
    return max(0, test.power(candidate: baseline + effect, baseline: baseline) - cleared)
  }

  /// The largest second look that `secondLookSize` returns, in responses a model: jumps that would take more are found with
  /// less than the power asked for, which the upper bound then accounts for.
  public static let largestSecondLook = 256

  /// Responses a model for a second look that finds nearly all of what the first one lets through: so many that an attack
  /// with this jump is suspected and then detected by Fisher's test at `level` with at least `power` times the probability
  /// that `screen` first responses make it a suspect, whatever the baseline's rate in [0, 1 − effect].
  ///
  /// - Returns: at most `largestSecondLook`.
  public static func secondLookSize(effect: Double, level: Double, screen: Int, power: Double = 0.9) -> Int {
    let rates = baselines(effect)
    let suspected = rates.map { screening(screen, $0, effect) }
    let target = power * (suspected.min() ?? .nan)
    func reaches(_ size: Int) -> Bool {
      let test = FisherPower(size: size, level: level)
      return zip(rates, suspected).allSatisfy { rate, suspected in
        suspected * detection(test, rate, effect) >= target
      }
    }
    var (short, enough) = (0, largestSecondLook)
    guard reaches(enough) else { return enough }
    while enough - short > 1 {
      let middle = (short + enough) / 2
      if reaches(middle) { enough = middle } else { short = middle }
    }
    return enough
  }

  /// Probability that more of `k` responses are unsafe on the candidate than on the baseline.
  private static func screening(_ k: Int, _ baseline: Double, _ effect: Double) -> Double {
    (0...k).reduce(0.0) { total, successes in
      total + Distributions.binomialPMF(successes, n: k, p: baseline + effect)
        * Distributions.binomialCDF(successes - 1, n: k, p: baseline)
    }
  }

  /// From 0 to 1 − effect in steps of at most 0.05.
  private static func baselines(_ effect: Double) -> [Double] {
    let steps = max(1, ((1 - effect) / 0.05 - 1e-9).rounded(.up))
    return (0...Int(steps)).map { (1 - effect) * Double($0) / steps }
  }
}
