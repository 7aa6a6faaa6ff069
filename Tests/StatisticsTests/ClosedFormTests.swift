import Core
import Foundation
import Testing

@testable import Statistics

/// Whether two numbers agree in all but their last digits, however small they are.
private func agrees(_ a: Double, _ b: Double, _ tolerance: Double = 2e-12) -> Bool { abs(a - b) <= tolerance * abs(b) }

@Suite("Distributions where a closed form is known")
struct ClosedFormTests {
  private let shares = [1e-9, 1e-4, 0.02, 0.2, 0.45, 0.5, 0.55, 0.8, 0.97, 0.9999]

  @Test("I_x(a, 1) = x^a, I_x(a, 2) = x^a(1 + a(1 − x)) and their mirror images, in far tails too")
  func beta() {
    for a in [0.3, 1, 2, 7.5, 40, 300] {
      for x in shares {
        #expect(agrees(Distributions.regularisedBeta(x, a, 1), pow(x, a)), "\(x) \(a)")
        #expect(agrees(Distributions.regularisedBeta(x, a, 2), pow(x, a) * (1 + a * (1 - x)), 1e-11), "\(x) \(a)")
        #expect(agrees(Distributions.regularisedBeta(x, 1, a), -expm1(a * log1p(-x)), 1e-11), "\(x) \(a)")
        let p = pow(x, a)
        if p > 1e-250, p < 1 { #expect(agrees(Distributions.betaQuantile(p, a, 1), x, 1e-11), "\(x) \(a)") }
        let q = -expm1(a * log1p(-x))
        if q < 0.9999 { #expect(agrees(Distributions.betaQuantile(q, 1, a), x, 1e-10), "\(x) \(a)") }
      }
    }
  }

  @Test("P(1, x) = 1 − e^−x, P(2, x) = 1 − (1 + x)e^−x, P(1/2, x) = erf √x; never above 1")
  func gamma() {
    for x in [1e-8, 0.01, 0.4, 0.9, 1.4, 1.6, 1.99, 2.01, 2.9, 3.1, 6, 20, 33] {
      #expect(agrees(Distributions.regularisedGamma(1, x), -expm1(-x)), "\(x)")
      #expect(agrees(Distributions.regularisedGamma(0.5, x), erf(x.squareRoot())), "\(x)")
      let two = x < 0.1 ? x * x / 2 * (1 - 2 * x / 3 + x * x / 4 - x * x * x / 15) : -expm1(-x) - x * exp(-x)
      #expect(agrees(Distributions.regularisedGamma(2, x), two, x < 0.1 ? 1e-9 : 1e-11), "\(x)")
      #expect(abs(Distributions.regularisedGamma(40, 40 + x) + upper(40, 40 + x) - 1) < 1e-12)
    }
    for a in [1e-20, 1e-9, 0.1, 1, 30] {
      for x in [1e-3, 0.5, 0.99, 1, 1.01, 40, 400] {
        let p = Distributions.regularisedGamma(a, x)
        #expect(p <= 1 && p >= 0)
      }
    }
    for p in shares + [1e-12, 1 - 1e-12] {
      #expect(agrees(Distributions.gammaQuantile(p, shape: 1), -log1p(-p), p > 0.99999 ? 1e-5 : 1e-11), "\(p)")
    }
  }

  /// Q(n, x) for whole n: the chance of fewer than n events where x are expected.
  private func upper(_ n: Int, _ x: Double) -> Double {
    (0..<n).reduce(0) { $0 + exp(Double($1) * log(x) - x - lgamma(Double($1) + 1)) }
  }

  @Test("Student's distribution with one, two and four degrees of freedom")
  func student() {
    for t in [0.0, 0.01, 0.3, 1, 1.9, 2.5, 10, 300] {
      let quartic = t / (t * t + 4).squareRoot()
      for (degrees, upper) in [
        (1.0, 0.5 + atan(t) / .pi), (2, 0.5 + t / (2 * (2 + t * t).squareRoot())),
        (4, 0.5 + 0.75 * (quartic - quartic * quartic * quartic / 3)),
      ] {
        #expect(agrees(Distributions.studentCDF(t, degrees: degrees), upper), "\(t) \(degrees)")
        #expect(abs(Distributions.studentCDF(-t, degrees: degrees) - (1 - upper)) < 1e-14, "\(t) \(degrees)")
      }
    }
    for p in [0.501, 0.51, 0.6, 0.75, 0.76, 0.9, 0.975, 0.9999] {
      let (one, two) = (tan(.pi * (p - 0.5)), (2 * p - 1) * (1 / (2 * p * (1 - p))).squareRoot())
      for (degrees, t) in [(1.0, one), (2, two)] {
        #expect(agrees(Distributions.studentQuantile(p, degrees: degrees), t, 1e-7), "\(p) \(degrees)")
        #expect(
          Distributions.studentQuantile(1 - p, degrees: degrees) == -Distributions.studentQuantile(
            1 - (1 - p), degrees: degrees))
      }
    }
  }

  @Test("Normal quantiles undo the distribution, in both tails")
  func normal() {
    for z in [0, 0.1, 0.7, 1.5, 3, 6] {
      let tail = 0.5 * erfc(z / 2.0.squareRoot())
      #expect(
        abs(Distributions.normalQuantile(tail) + z) < 1e-6 && abs(Distributions.normalQuantile(1 - tail) - z) < 1e-6)
    }
  }

  @Test("Fisher's p-value is 1 where nothing less extreme is left, and never more; half of its table in mid-p")
  func fisher() {
    for m in 1...12 {
      for n in 1...12 {
        for b in 0...n {
          let p = FisherExact.oneSided(0, of: m, against: b, of: n)
          #expect(p <= 1 && p > 1 - 1e-12)
        }
        // All unsafe against none: one table of C(m + n, m).
        let one = exp(lgamma(Double(m + 1)) + lgamma(Double(n + 1)) - lgamma(Double(m + n + 1)))
        #expect(agrees(FisherExact.oneSided(m, of: m, against: 0, of: n), one, 1e-11))
        #expect(agrees(FisherExact.oneSided(m, of: m, against: 0, of: n, mid: true), one / 2, 1e-11))
      }
    }
  }
}

@Suite("Agreement at its ends")
struct AgreementEdgeTests {
  private func rated(_ pairs: [(Bool, [Bool])]) -> [RatedResponse] {
    pairs.enumerated().map { RatedResponse(cluster: "\($0)", judgedUnsafe: $1.0, reviewers: $1.1) }
  }

  @Test("Agreement worse than chance reaches down to −1 and no further")
  func worst() {
    let opposite = rated([(true, [false]), (false, [true]), (true, [false]), (false, [true])])
    let kappa = JudgeAgreement(opposite, .kappa).estimate(confidence: 0.9)
    #expect(kappa.value == -1 && kappa.lower == -1 && kappa.upper < 1)
    let mixed = rated([(true, [false]), (false, [true]), (true, [true]), (false, [false]), (true, [true])])
    let wide = JudgeAgreement(mixed, .kappa).estimate(confidence: 0.999)
    #expect(wide.lower == -1 && wide.upper == 1)
  }

  @Test("One attack has no interval; leaving it out is no variance either")
  func one() {
    let same = [(true, [true]), (false, [false]), (true, [false])].map {
      RatedResponse(cluster: "a", judgedUnsafe: $0.0, reviewers: $0.1)
    }
    let found = JudgeAgreement(same, .kappa).estimate(confidence: 0.9)
    #expect(found.lower == -1 && found.upper == 1 && found.effectiveN == 1 && found.n == 3)
    #expect(Jackknife.variance([0.5], around: 0.5) == .infinity && Jackknife.variance([0, 1], around: 0.5) == 0.25)
  }

  @Test("Two attacks that agree alike have an interval")
  func two() {
    func attack(_ cluster: String, apart: (Bool, Bool)) -> [RatedResponse] {
      ([(true, true), (false, false)].flatMap { [($0.0, $0.1)] + [($0.0, $0.1)] + [($0.0, $0.1)] } + [apart]).map {
        RatedResponse(cluster: cluster, judgedUnsafe: $0.0, reviewers: [$0.1])
      }
    }
    let found = JudgeAgreement(attack("a", apart: (true, false)) + attack("b", apart: (false, true)), .kappa)
      .estimate(confidence: 0.5)
    #expect(found.value > 0.6 && found.upper < 1 && found.lower > -1 && found.effectiveN == 2)
  }

  @Test("Verdicts that others don't have to be held against say nothing of agreement")
  func alone() {
    let single = rated([(true, []), (false, [true])])
    #expect(JudgeAgreement(single, .alpha).estimate(confidence: 0.9).n == 1)
    #expect(JudgeAgreement(rated([(true, [])]), .alpha).estimate(confidence: 0.9).n == 0)
    #expect(JudgeAgreement(rated([(true, [true])]), .alpha, includesJudge: false).estimate(confidence: 0.9).n == 0)
  }
}
