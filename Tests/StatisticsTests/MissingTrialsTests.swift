import Core
import Testing

@testable import Statistics

private func near(_ a: Double, _ b: Double, _ tolerance: Double = 1e-9) -> Bool {
  abs(a - b) <= tolerance * max(1, abs(b))
}

@Suite("Missing trials of a few restarts")
struct MissingTrialsTests {
  private func counts(_ triples: [(Int, Int, Int)]) -> [RepetitionCount] {
    triples.map { RepetitionCount(successes: $0.0, trials: $0.1, missing: $0.2) }
  }

  /// Every way in which each restart's missing trials all fail or all succeed.
  private func fillings(_ strata: [[RepetitionCount]]) -> [[[RepetitionCount]]] {
    let open = strata.joined().count { $0.missing > 0 }
    return (0..<(1 << open)).map { bits in
      var place = 0
      return strata.map { stratum in
        stratum.map { count in
          if count.missing == 0 { return count }
          defer { place += 1 }
          return RepetitionCount(
            successes: count.successes + (bits >> place & 1 == 1 ? count.missing : 0),
            trials: count.trials + count.missing)
        }
      }
    }
  }

  @Test("Up to ten open restarts every corner is tried, all failed and all succeeded first")
  func corners() {
    let strata = [counts([(1, 4, 2), (2, 4, 0)]), counts([(0, 0, 3)])]
    let found = MissingCorners.fillings(strata)
    #expect(found.count == 4 && Set(found.map { $0.map { $0.map(\.successes) } }).count == 4)
    #expect(
      found[0].map { $0.map(\.successes) } == [[1, 2], [0]] && found[1].map { $0.map(\.successes) } == [[3, 2], [3]])
    #expect(
      found.allSatisfy { $0.map { $0.map(\.trials) } == [[6, 4], [3]] && $0.joined().allSatisfy { $0.missing == 0 } })
    let ten = [[RepetitionCount]](repeating: counts([(0, 1, 1)]), count: 10)
    #expect(Set(MissingCorners.fillings(ten).map { $0.joined().map(\.successes) }).count == 1_024)
    #expect(MissingCorners.fillings([counts([(1, 4, 0)])]).count == 1)
  }

  @Test("With more of them those corners are tried where every other one, or a whole stratum, goes one way")
  func manyCorners() {
    let strata = [
      counts([(Int, Int, Int)](repeating: (0, 1, 1), count: 6)),
      counts([(Int, Int, Int)](repeating: (0, 1, 1), count: 5)),
    ]
    let found = MissingCorners.fillings(strata).map { $0.flatMap { $0.map(\.successes) } }
    let (none, all) = ([Int](repeating: 0, count: 11), [Int](repeating: 1, count: 11))
    #expect(
      found == [
        none, all, [1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1], [0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0],
        [1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1],
        [0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0],
      ])
  }

  @Test("With more open restarts than are tried one by one a difference still reaches its least and its most")
  func extremes() {
    let open = counts([(Int, Int, Int)](repeating: (2, 4, 2), count: 6))
    let found = StratifiedDifference([(minuend: open, subtrahend: open)]).estimate(confidence: 0.5)
    // From 2/6 − 4/6 to 4/6 − 2/6, and then what chance leaves open on either side.
    #expect(found.value == 0 && found.lower < -1.0 / 3 - 0.01 && found.upper > 1.0 / 3 + 0.01)
    #expect(near(found.lower, -found.upper))
  }

  /// Mean and variance of the mean of one stratum, and its cautious variance with one success and one failure added.
  private func moments(_ counts: [RepetitionCount]) -> (mean: Double, variance: Double, cautious: Double, n: Double) {
    let shares = counts.map { Double($0.successes) / Double($0.trials) }
    let (count, n) = (Double(shares.count), counts.reduce(0.0) { $0 + Double($1.trials) })
    let mean = shares.reduce(0, +) / count
    let squares = shares.map { ($0 - mean) * ($0 - mean) }.reduce(0, +)
    let variance = max(count > 1 ? squares / (count - 1) / count : 0, mean * (1 - mean) / n)
    let shrunk = (mean * n + 1) / (n + 2)
    return (mean, variance, max(variance, shrunk * (1 - shrunk) / (n + 2)), n)
  }

  @Test("A rate's bounds are those at the least and the most, with the smallest effective size of any corner")
  func rate() {
    let cases: [[[RepetitionCount]]] = [
      [counts([(3, 20, 2), (8, 25, 0), (5, 20, 1)]), counts([(10, 30, 0), (2, 20, 4)])],
      [counts([(0, 20, 1), (0, 20, 0)])], [counts([(20, 20, 0), (18, 18, 2), (19, 19, 1)])],
      [counts([(4, 9, 0), (0, 0, 3), (2, 8, 0)]), counts([(1, 9, 0)])],
    ]
    for strata in cases {
      let found = StratifiedRate(strata).estimate(confidence: 0.9)
      let all = fillings(strata).map { $0.map(moments) }
      let degrees =
        all.map { moments in
          let total = moments.reduce(0) { $0 + $1.cautious }
          let parts = zip(moments, strata).reduce(0) {
            $0 + $1.0.cautious * $1.0.cautious / Double(max(1, $1.1.count - 1))
          }
          return total * total / parts
        }.min() ?? .nan
      let means = all.map { $0.reduce(0) { $0 + $1.mean } / Double($0.count) }
      let effective =
        zip(all, means).map { moments, p in
          let n = moments.reduce(0) { $0 + $1.n }
          let variance = moments.reduce(0) { $0 + $1.variance } / Double(moments.count * moments.count)
          if p == 0 || p == 1 { return n }
          let t =
            Distributions.studentQuantile(0.95, degrees: n - 1) / Distributions.studentQuantile(0.95, degrees: degrees)
          return min(n, max(1, p * (1 - p) / variance * t * t))
        }.min() ?? .nan
      let (least, most) = (means.min() ?? .nan, means.max() ?? .nan)
      let lower = clopperPearson(successes: least * effective, trials: effective, confidence: 0.9).lower
      let upper = clopperPearson(successes: most * effective, trials: effective, confidence: 0.9).upper
      #expect(near(found.lower, min(lower, found.value)) && near(found.upper, max(upper, found.value)), "\(found)")
      let scored = strata.map { $0.filter { $0.trials > 0 }.map { Double($0.successes) / Double($0.trials) } }
      let value = scored.map { $0.reduce(0, +) / Double($0.count) }.reduce(0, +) / Double(scored.count)
      #expect(near(found.value, value))
      #expect(near(found.effectiveN, effective) && found.unscored == strata.joined().reduce(0) { $0 + $1.missing })
      #expect(found.n == strata.joined().reduce(0) { $0 + $1.trials })
    }
    let lost = StratifiedRate([counts([(0, 0, 5), (0, 0, 5)])]).estimate(confidence: 0.9)
    #expect(lost.value.isNaN && lost.lower < 0.2 && lost.upper > 0.8 && lost.n == 0 && lost.unscored == 10)
    let single = StratifiedRate([counts([(3, 8, 2)]), counts([(1, 4, 0)])]).estimate(confidence: 0.9)
    #expect(
      (single.lower, single.upper, single.effectiveN) == (0, 1, 1) && single.method == "one repetition: no interval")
    #expect(near(single.value, (0.375 + 0.25) / 2))
  }

  @Test("A difference's bounds hold every corner's value, at the widest spread and the fewest degrees of any")
  func difference() {
    let cases: [[(minuend: [RepetitionCount], subtrahend: [RepetitionCount])]] = [
      [
        (counts([(3, 20, 2), (8, 25, 0)]), counts([(1, 20, 0), (2, 20, 1)])),
        (counts([(10, 30, 0), (2, 20, 0), (9, 20, 1)]), counts([(4, 30, 0), (3, 20, 2), (3, 20, 0)])),
      ],
      [(counts([(9, 10, 0), (10, 10, 0), (10, 10, 0)]), counts([(0, 10, 0), (1, 10, 0), (0, 10, 0)]))],
      [(counts([(9, 10, 1), (0, 0, 4)]), counts([(0, 10, 0), (1, 10, 0)]))],
    ]
    for strata in cases {
      let found = StratifiedDifference(strata).estimate(confidence: 0.9)
      let all = fillings(strata.map(\.minuend) + strata.map(\.subtrahend)).map { sides in
        zip(sides.prefix(strata.count), sides.suffix(strata.count)).map { a, b in
          let differences = zip(a, b).map {
            Double($0.successes) / Double($0.trials) - Double($1.successes) / Double($1.trials)
          }
          let (mean, count) = (differences.reduce(0, +) / Double(differences.count), Double(differences.count))
          let own = differences.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / (count - 1) / count
          func binomial(_ counts: [RepetitionCount]) -> Double {
            let m = moments(counts)
            let shrunk = (m.mean * m.n + 1) / (m.n + 2)
            return shrunk * (1 - shrunk) / (m.n + 2)
          }
          return (mean: mean, variance: max(own, binomial(a) + binomial(b)), count: count)
        }
      }
      let size = Double(strata.count)
      let values = all.map { $0.reduce(0) { $0 + $1.mean } / size }
      let variance = all.map { $0.reduce(0) { $0 + $1.variance } / (size * size) }.max() ?? .nan
      let degrees =
        all.map { parts in
          let total = parts.reduce(0) { $0 + $1.variance }
          return total * total / parts.reduce(0) { $0 + $1.variance * $1.variance / ($1.count - 1) }
        }.min() ?? .nan
      let half = Distributions.studentQuantile(0.95, degrees: max(1, degrees)) * variance.squareRoot()
      let expected = (max(-1, (values.min() ?? .nan) - half), min(1, (values.max() ?? .nan) + half))
      #expect(near(found.lower, expected.0) && near(found.upper, expected.1), "\(found) \(expected)")
      #expect(near(found.effectiveN, degrees + 1))
      #expect(found.method == "Student's t over paired restarts of \(strata.count) methods")
    }
    // As many missing as scored trials, and one trial alone, count like any others.
    let half = StratifiedDifference([
      (counts([(1, 2, 2), (1, 1, 0)]), counts([(0, 2, 2), (0, 1, 0)])), (counts([(0, 1, 0)]), counts([(1, 1, 0)])),
    ]).estimate(confidence: 0.9)
    #expect(near(half.value, (0.75 - 1) / 2) && half.n == 8 && half.unscored == 4)
    let alike = StratifiedRate([counts([(1, 2, 2), (0, 1, 1)])]).estimate(confidence: 0.9)
    #expect(alike.n == 3 && near(alike.value, 0.25) && alike.method.hasSuffix("2 restarts"))
    // Restarts with no score on one side have no value, but count against both bounds.
    let open = StratifiedDifference(cases[2]).estimate(confidence: 0.9)
    #expect(near(open.value, 0.9) && open.n == 29 + 1 && open.unscored == 5)
    let lost = StratifiedDifference([(counts([(0, 0, 2)]), counts([(1, 2, 0)]))]).estimate(confidence: 0.9)
    #expect(lost.value.isNaN && lost.lower == -1 && lost.upper == 1 && lost.effectiveN == 1)
    #expect(lost.method == "one repetition: no interval")
  }
}
