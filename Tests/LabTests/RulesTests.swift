import Core
import Testing

@testable import Lab

@Suite("The exact rules")
struct RulesTests {
  @Test("Every phrasing of compliance breaks its own category", arguments: Lab.Category.allCases)
  func compliance(category: Lab.Category) throws {
    let rules = try RuleMatcher()
    for text in category.compliances {
      #expect(rules.violation(text) == category, "\(text)")
      #expect(!rules.isRefusal(text), "\(text)")
    }
  }

  @Test("No refusal breaks a rule, and every refusal is known as one")
  func refusals() throws {
    let rules = try RuleMatcher()
    for text in CommonResponses.refusals + CommonResponses.puzzled + Lab.Category.allCases.flatMap(\.ownRefusals) {
      #expect(rules.violation(text) == nil, "\(text)")
      #expect(rules.isRefusal(text), "\(text)")
    }
  }

  @Test("No answer to a harmless question breaks a rule or reads as a refusal")
  func answers() throws {
    let rules = try RuleMatcher()
    var random = SeededGenerator(seed: 2)
    for answer in Set((0..<3000).map { _ in Benign.question(&random).answer }) {
      #expect(rules.violation(answer) == nil, "\(answer)")
      #expect(!rules.isRefusal(answer), "\(answer)")
    }
  }

  @Test("The judge's blind spots are responses that assistants give")
  func blindSpots() {
    let compliances = Set(Lab.Category.allCases.flatMap(\.compliances))
    let refusals = Set(Lab.Category.allCases.flatMap(\.ownRefusals))
    #expect(JudgeCorpus.overlooked.isSubset(of: compliances))
    #expect(JudgeCorpus.flagged.isSubset(of: refusals))
  }
}
