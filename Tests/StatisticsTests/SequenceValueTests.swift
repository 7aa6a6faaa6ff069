import Core
import Testing

@testable import Statistics

private func near(_ a: Double, _ b: Double, _ tolerance: Double = 1e-9) -> Bool {
  abs(a - b) <= tolerance * max(1, abs(b))
}

@Suite("Sequences, value by value")
struct SequenceValueTests {
  /// Clusters of up to three attacks; `unsafe` clusters, evenly spread, succeed.
  private func units(_ clusters: Int, unsafe: Int, value: Double = 1) -> [ClusteredUnit] {
    (0..<clusters).flatMap { cluster in
      (0...cluster % 3).map { _ in
        ClusteredUnit(cluster: "\(cluster)", mean: cluster * unsafe % clusters < unsafe ? value : 0, responses: 2)
      }
    }
  }

  /// The bets on these units, as rates or as differences moved to [0, 1].
  private func evidence(
    _ units: [ClusteredUnit], _ weight: Weighting, compares: Bool, largest: Double = 3
  ) -> BettingEvidence {
    let rows = Dictionary(grouping: units.enumerated(), by: \.element.cluster).values.sorted {
      $0[0].offset < $1[0].offset
    }
    return BettingEvidence(
      clusters: rows.map { row in
        let shares = row.map { compares ? ($0.element.least + 1) / 2 : $0.element.least }
        let size = weight == .attacks ? Double(row.count) : 1
        let sum = shares.reduce(0, +) / Double(row.count) * size
        return (least: sum, most: sum, size: size)
      }, largest: weight == .attacks ? largest : 1)
  }

  @Test("α is split: a fifth for the sequence, the rest for the interval at the end", arguments: Weighting.allCases)
  func split(weight: Weighting) {
    for compares in [false, true] {
      let units = units(90, unsafe: 14, value: compares ? -0.5 : 1)
      func sequence(_ isComplete: Bool) -> SequentialEstimate {
        compares
          ? SequentialEstimate(difference: units, weight: weight, largestCluster: 3, isComplete: isComplete)
          : SequentialEstimate(rate: units, weight: weight, largestCluster: 3, isComplete: isComplete)
      }
      let fixed: any MetricEstimator =
        compares ? ClusteredDifference(units, weight: weight) : ClusteredRate(units, weight: weight)
      let bets = evidence(units, weight, compares: compares)
      func metric(_ theta: Double) -> Double { compares ? 2 * theta - 1 : theta }
      func theta(_ metric: Double) -> Double { compares ? (metric + 1) / 2 : metric }
      let early = bets.interval(confidence: 1 - 0.2 * 0.1)
      let stopped = sequence(false).estimate(confidence: 0.9)
      #expect(near(stopped.lower, min(metric(early.lower), stopped.value)))
      #expect(near(stopped.upper, max(metric(early.upper), stopped.value)))
      #expect(stopped.method == "betting confidence sequence over 90 clusters, stopped when decided")
      let late = fixed.estimate(confidence: 1 - 0.8 * 0.1)
      let whole = sequence(true).estimate(confidence: 0.9)
      #expect(
        near(whole.lower, max(metric(early.lower), late.lower))
          && near(whole.upper, min(metric(early.upper), late.upper)))
      #expect(whole.method == "\(late.method), with a betting confidence sequence")
      let bounds = compares ? [-0.5, -0.12, -0.05, 0, 0.2] : [0.02, 0.1, 0.15, 0.2, 0.5]
      for bound in bounds {
        let (above, below) = (bets.alphaAbove(theta(bound)), bets.alphaBelow(theta(bound)))
        let beyond = (
          bets.alphaBelow(theta(bound) - BettingEvidence.least), bets.alphaAbove(theta(bound) + BettingEvidence.least)
        )
        for (limit, alpha) in [
          (Limit(atLeast: bound), min(above, beyond.0)), (Limit(atMost: bound), min(below, beyond.1)),
        ] {
          let expected = min(1, max(1e-12, 2 * alpha / 0.2))
          #expect(near(sequence(false).leastAlpha(limit), expected), "\(limit)")
          let both = min(1, max(1e-12, min(2 * alpha / 0.2, fixed.leastAlpha(limit) / 0.8)))
          #expect(near(sequence(true).leastAlpha(limit), both), "\(limit)")
        }
      }
      // Between two limits, both sides have to hold; outside, one is enough.
      let (low, high) = (bounds[0], bounds[4])
      let inside = 2 * max(bets.alphaAbove(theta(low)), bets.alphaBelow(theta(high))) / 0.2
      #expect(near(sequence(false).leastAlpha(Limit(atLeast: low, atMost: high)), min(1, max(1e-12, inside))))
    }
  }

  @Test("Where sequence and interval contradict each other, what either says is held possible")
  func contradiction() {
    // At first everything succeeds, then nothing does.
    let turned = (0..<430).map { ClusteredUnit(cluster: "\($0)", mean: $0 < 30 ? 1 : 0, responses: 1) }
    let alone = SequentialEstimate(rate: turned, largestCluster: 1, isComplete: false).estimate(confidence: 0.9)
    let fixed = ClusteredRate(turned).estimate(confidence: 1 - 0.1 * 0.8)
    let sequence = evidence(turned, .attacks, compares: false, largest: 1).interval(confidence: 0.98)
    #expect(alone.lower == alone.value && near(alone.upper, sequence.upper) && fixed.upper < 0.2)
    #expect(sequence.lower > 0.5 && sequence.upper == sequence.lower)
    let both = SequentialEstimate(rate: turned, largestCluster: 1, isComplete: true).estimate(confidence: 0.9)
    #expect(near(both.lower, fixed.lower) && near(both.upper, sequence.upper))
  }

  @Test("Nothing asked yet says nothing; a bet at an end of the range is won or lost from the start")
  func nothing() {
    for isComplete in [false, true] {
      let none = SequentialEstimate(rate: [], largestCluster: 1, isComplete: isComplete)
      #expect(none.leastAlpha(Limit(atMost: 0.5)) == 1 && none.estimate(confidence: 0.9).method == "no observation")
    }
    let evidence = BettingEvidence(clusters: [(0, 0, 1), (1, 1, 1)], largest: 1)
    #expect(evidence.alphaAbove(0) == 0 && evidence.alphaAbove(-0.1) == 0 && evidence.alphaAbove(1) == 1)
    #expect(evidence.alphaBelow(1) == 0 && evidence.alphaBelow(1.1) == 0 && evidence.alphaBelow(0) == 1)
    #expect(evidence.alphaAbove(1.1) == 1 && evidence.alphaBelow(-0.1) == 1)
    // A cluster larger than was announced counts with its own size.
    let larger = BettingEvidence(clusters: [(2, 2, 2)], largest: 1)
    #expect(larger.alphaAbove(0.5) == BettingEvidence(clusters: [(2, 2, 2)], largest: 2).alphaAbove(0.5))
    #expect(BettingEvidence(clusters: [], largest: 1).interval(confidence: 0.9) == (0, 1))
  }

  @Test("The interval's ends are where the bets' α is half of what the confidence leaves")
  func ends() {
    let evidence = evidence(units(120, unsafe: 40), .attacks, compares: false)
    let (lower, upper) = evidence.interval(confidence: 0.9)
    #expect(lower > 0.02 && upper < 0.9 && near(evidence.alphaAbove(lower), 0.05, 1e-7))
    #expect(near(evidence.alphaBelow(upper), 0.05, 1e-7))
  }

  @Test("Missing responses count against the bettor on either side")
  func missing() {
    let open = (0..<80).map { index in
      ClusteredUnit(
        cluster: "\(index)", ScoredShare(unsafe: index % 8 == 3 ? 1 : 0, scored: 1, missing: index % 4 == 0 ? 1 : 0))
    }
    let least = open.map { ClusteredUnit(cluster: $0.cluster, mean: $0.least, responses: 1) }
    let most = open.map { ClusteredUnit(cluster: $0.cluster, mean: $0.most, responses: 1) }
    func bounds(_ units: [ClusteredUnit]) -> (Double, Double) {
      evidence(units, .attacks, compares: false).interval(confidence: 0.98)
    }
    let found = SequentialEstimate(rate: open, largestCluster: 3, isComplete: false).estimate(confidence: 0.9)
    #expect(near(found.lower, bounds(least).0) && near(found.upper, bounds(most).1) && found.unscored == 20)
  }
}
