import Core
import Foundation
import Testing

@testable import Reports

@Suite("Numbers, dates and sentences")
struct WordingTests {
  @Test(
    "Shares are percentages with three significant figures",
    arguments: [
      (0.1823, "18.2%"), (0.0503, "5.03%"), (0.005_23, "0.52%"), (0, "0%"), (1, "100%"), (0.9996, "99.96%"),
      (0.000_003, "0.0003%"), (-0.02, "−2.00%"), (.infinity, "∞"), (-.infinity, "−∞"), (.nan, "–"),
    ])
  func shares(_ x: Double, _ expected: String) { #expect(Numbers.text(x, .share) == expected) }

  @Test("A number on one side of its limit is never printed on the other, nor on the limit")
  func sidesAreKept() {
    #expect(Numbers.text(0.100_04, .share, apartFrom: [0.1]) == "10.004%")
    #expect(Numbers.text(0.099_96, .share, apartFrom: [0.1]) == "9.996%")
    #expect(Numbers.text(0.1, .share, apartFrom: [0.1]) == "10.0%")
    #expect(Numbers.text(0.3, .share, apartFrom: [0.1 + 0.2]) == "30.0%")
    var random = SeededGenerator(seed: 3)
    for _ in 0..<20_000 {
      let limit = (random.uniformDouble() * 1_000).rounded() / 1_000
      let x = limit + (random.uniformDouble() - 0.5) * pow(10, -6 * random.uniformDouble())
      // Nearer than that, they are one number.
      if abs(x - limit) < 1e-8 { continue }
      for unit in [Unit.share, .difference] {
        let printed = Numbers.text(x, unit, apartFrom: [limit]).replacing("−", with: "-")
        let number = Double(printed.filter { "0123456789.-".contains($0) }) ?? .nan
        #expect(
          (x > limit) == (number > 100 * limit + 1e-9) && (x < limit) == (number < 100 * limit - 1e-9),
          "\(x) \(limit) \(printed)")
      }
    }
  }

  @Test("Differences carry their sign and stay with their unit")
  func differences() {
    #expect(Numbers.text(0.1213, .difference) == "+12.1\u{A0}pp")
    #expect(Numbers.text(-0.0281, .difference) == "−2.81\u{A0}pp")
    #expect(Numbers.text(0, .difference) == "0\u{A0}pp")
    let estimate = Estimate(value: 0, lower: -0.01, upper: 0.02, confidence: 0.95, n: 1, effectiveN: 1, method: "")
    #expect(Numbers.interval(estimate, .difference) == "[−1.00, +2.00]\u{A0}pp")
  }

  @Test("Other numbers: counts whole, thousands parted, limits as the policy has them")
  func others() {
    #expect(Numbers.text(14, .count) == "14")
    #expect(Numbers.text(12_345, .number) == "12,345")
    #expect(Numbers.text(3.456, .number) == "3.46")
    #expect(Numbers.text(1_234.5, .signedNumber) == "+1,234" || Numbers.text(1_234.5, .signedNumber) == "+1,235")
    #expect(Numbers.count(-1_234_567) == "-1,234,567")
    #expect(Numbers.limit(Limit(atMost: 0.1), .share) == "at most 10%")
    #expect(Numbers.limit(Limit(atLeast: 0.125, atMost: 1), .share) == "between 12.5% and 100%")
    #expect(Numbers.limit(Limit(atMost: 12), .count) == "at most 12")
    #expect(Numbers.confidence(0.95) == "95%" && Numbers.confidence(0.992857) == "99.29%")
    #expect(Numbers.duration(59.96) == "1 min 0 s" && Numbers.duration(7_380) == "2 h 3 min")
    #expect(Numbers.probability(0.000_01) == "< 0.0001" && Numbers.probability(0.04) == "0.040")
  }

  @Test("Dates agree with Foundation's, far into both directions")
  func dates() {
    var random = SeededGenerator(seed: 5)
    for _ in 0..<5_000 {
      // Before 1583 Foundation counts in the Julian calendar's shadow; XML does not.
      let seconds = -12_000_000_000 + random.uniformDouble() * 260_000_000_000
      let date = Date(timeIntervalSince1970: seconds.rounded(.down))
      #expect(Timestamp(date).iso == date.ISO8601Format())
    }
    #expect(Timestamp(Date(timeIntervalSince1970: 951_782_400)).spoken == "29 February 2000, 00:00 UTC")
    #expect(Timestamp(Date(timeIntervalSince1970: -1)).local == "1969-12-31T23:59:59")
    #expect(Timestamp(Date(timeIntervalSince1970: -1e18)).local == "0001-01-01T00:00:00")
    #expect(Timestamp(Date(timeIntervalSince1970: 1e18)).local == "9999-12-31T23:59:59")
  }

  @Test("A check that Holm's procedure leaves open says so, rather than look decided")
  func holm() throws {
    var check = CannedRuns.pass.checks[0]
    check.verdict = .inconclusive
    #expect(check.sentence.contains("not with the confidence asked over all checks together"))
    check = CannedRuns.inconclusive.checks[3]
    #expect(check.sentence.contains("proves nothing about the candidate"))
    check.estimate = nil
    #expect(check.sentence == "Known weaknesses found on the control model: \(check.reason)")
  }

  @Test("What narrows a check is in its title")
  func narrowing() {
    var check = CannedRuns.pass.checks[0]
    check.name = "replay.asr[category=passphrase]"
    #expect(check.title == "Known attacks that succeed (category=passphrase)")
    check.metric = "later.metric"
    #expect(check.title == "later.metric (replay.asr[category=passphrase])")
  }

  @Test("Text that could mislead its reader is made visible, and long text is cut")
  func plainText() {
    #expect(PlainText.line("a\u{202E}b\u{7}c\r\nd\u{2028}e\u{FFFE}") == #"a\u{202E}b\u{7}c  d\u{2028}e\u{FFFE}"#)
    #expect(PlainText.lines("a\n\tb\u{0}") == "a\n\tb\\u{0}")
    #expect(PlainText.line(String(repeating: "é", count: 2_000)).hasSuffix("é… (cut)"))
    #expect(PlainText.line("👩‍👩‍👧‍👦 ok") == "👩‍👩‍👧‍👦 ok")
    #expect(PlainText.line("a\u{200B}b\u{AD}c\u{E0041}") == #"a\u{200B}b\u{AD}c\u{E0041}"#)
  }

  @Test("A chart's scale begins and ends at round numbers around everything in it")
  func scales() {
    let share = PlotScale(around: [0.1, 0.18, 0.22], unit: .share)
    #expect(share.low == 0 && abs(share.high - 0.3) < 1e-12)
    let high = PlotScale(around: [0.98, 1], unit: .share)
    #expect(high.high == 1 && high.low > 0.9 && high.low <= 0.98)
    let both = PlotScale(around: [-0.05, 0.03], unit: .difference)
    #expect(both.low <= -0.05 && both.high >= 0.03)
    #expect(PlotScale(around: [.infinity, .nan], unit: .number).position(.infinity) == 98.5)
    #expect(PlotScale(around: [], unit: .count).ticks.count >= 2)
    var random = SeededGenerator(seed: 9)
    for _ in 0..<2_000 {
      let numbers = (0..<3).map { _ in (random.uniformDouble() - 0.3) * pow(10, 8 * random.uniformDouble() - 4) }
      for unit in [Unit.number, .difference, .count] {
        let scale = PlotScale(around: numbers, unit: unit)
        #expect(numbers.allSatisfy { $0 >= scale.low - 1e-9 && $0 <= scale.high + 1e-9 })
        #expect((2...7).contains(scale.ticks.count), "\(scale) \(scale.ticks)")
      }
    }
  }
}
