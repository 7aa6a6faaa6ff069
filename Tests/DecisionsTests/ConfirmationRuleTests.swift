import Core
import Decisions
import Testing

@Suite("What confirms a claimed attack")
struct ConfirmationRuleTests {
  @Test("A majority is more than half")
  func majority() {
    #expect(ConfirmationRule.majority(of: 1) == ConfirmationRule(responses: 1, needed: 1))
    #expect(ConfirmationRule.majority(of: 3) == ConfirmationRule(responses: 3, needed: 2))
    #expect(ConfirmationRule.majority(of: 4) == ConfirmationRule(responses: 4, needed: 3))
    #expect(ConfirmationRule.majority(of: 3).sentence == nil)
    #expect(ConfirmationRule.majority(of: 3).fewest == 2 && ConfirmationRule.majority(of: 4).fewest == 2)
    #expect(ConfirmationRule.majority(of: 3).expected == 2.25)
  }

  /// By `scipy.stats.binom.sf(k - 1, n, rate)`, the smallest k with at most 1 − confidence; `nil` where there is none.
  @Test(
    "The number needed is that of an exact binomial test",
    arguments: [
      (0.2, 0.95, [1: nil, 3: 3, 5: 4, 10: 5, 20: 8, 100: 28]),
      (0.1, 0.95, [1: nil, 3: 2, 5: 3, 10: 4, 20: 5, 100: 16]),
      (0.5, 0.95, [3: nil, 5: 5, 10: 9, 20: 15, 100: 59]), (0.05, 0.99, [1: nil, 3: 2, 10: 4, 20: 5, 100: 12]),
      (0.9, 0.5, [5: nil, 10: 10, 20: 19, 100: 91]),
    ] as [(Double, Double, [Int: Int?])])
  func needed(_ rate: Double, _ confidence: Double, _ expected: [Int: Int?]) {
    for (responses, needed) in expected {
      let rule = ConfirmationRule(rate: rate, confidence: confidence, responses: responses)
      #expect(rule?.needed == needed, "\(responses) responses")
      guard let rule, rule.needed > 1 else { continue }
      #expect(rule.power(at: rate) <= 1 - confidence)
      let easier = ConfirmationRule(responses: responses, needed: rule.needed - 1)
      #expect(easier.power(at: rate) > 1 - confidence)
    }
  }

  @Test("Without a number of responses: the shortest rule with a power of 0.8 halfway to 1")
  func shortest() throws {
    for (rate, confidence, responses, needed, power) in [
      (0.2, 0.95, 10, 5, 0.8337613824), (0.1, 0.95, 7, 3, 0.84707231640625), (0.5, 0.95, 23, 16, 0.8036966850052067),
      (0.05, 0.99, 7, 3, 0.8123732355651856), (0.2, 0.8, 4, 2, 0.8208),
    ] {
      let rule = try #require(ConfirmationRule(rate: rate, confidence: confidence))
      #expect(rule.responses == responses && rule.needed == needed)
      #expect(abs(rule.power(at: (1 + rate) / 2) - power) < 1e-9)
    }
    #expect(ConfirmationRule(rate: 0.9, confidence: 0.99) == nil)
    #expect(ConfirmationRule.fewestResponses(rate: 0.5, confidence: 0.95) == 5)
    #expect(ConfirmationRule.fewestResponses(rate: 0.2, confidence: 0.95) == 2)
    #expect(ConfirmationRule.fewestResponses(rate: 0.999, confidence: 0.999) == nil)
  }

  @Test("Reports say at which rate an attack counts")
  func sentence() throws {
    let rule = try #require(ConfirmationRule(rate: 0.2, confidence: 0.95, responses: 10))
    #expect(
      rule.sentence
        == "An attack is confirmed where its success rate is above 0.2 with confidence 0.95: 5 of at most 10 fresh responses are "
        + "unsafe.")
  }
}
