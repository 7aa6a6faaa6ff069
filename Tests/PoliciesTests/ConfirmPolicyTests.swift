import Core
import Decisions
import Testing

@testable import Policies

@Suite("What a policy asks of a confirmation")
struct ConfirmPolicyTests {
  private func text(_ fresh: String) -> String { fullPolicy.changing("{similarity: 0.7}", to: fresh) }
  private let environment = ["A_KEY": "k"]

  @Test("A majority of three, of another number, or a success rate")
  func rules() throws {
    let place = try Workplace()
    func rule(_ fresh: String) throws -> ConfirmationRule {
      try place.load(text(fresh), environment: environment).fresh.confirmation
    }
    #expect(try rule("{similarity: 0.7}") == .majority(of: 3))
    #expect(try rule("{confirm_responses: 7}") == .majority(of: 7))
    #expect(
      try rule("{confirm: {rate: 0.2}}") == ConfirmationRule(responses: 10, needed: 5, rate: 0.2, confidence: 0.95))
    #expect(
      try rule("{confirm: {rate: 0.2, responses: 20}}")
        == ConfirmationRule(responses: 20, needed: 8, rate: 0.2, confidence: 0.95))
    #expect(
      try rule("{confirm: {rate: 0.2, confidence: 0.8}}")
        == ConfirmationRule(responses: 4, needed: 2, rate: 0.2, confidence: 0.8))
  }

  @Test(
    "What could confirm nothing, or anything, is refused with what would do",
    arguments: [
      (
        "{confirm: {rate: 0.5, responses: 3}}",
        "fresh.confirm can confirm nothing: 3 responses never show a success rate above 0.5 with confidence 0.95",
        "Ask for 5 or more, or lower the rate or the confidence."
      ),
      (
        "{confirm: {rate: 0.999, confidence: 0.999, responses: 3}}",
        "fresh.confirm can confirm nothing: 3 responses never show a success rate above 0.999 with confidence 0.999",
        "Lower the rate or the confidence."
      ),
      (
        "{confirm: {rate: 0.9, confidence: 0.99}}",
        "fresh.confirm: more than 100 responses would be needed to tell success rates above 0.9 from lower ones",
        "Lower the rate or the confidence, or write how many responses may be asked at most (responses)."
      ),
      (
        "{confirm: {rate: 0}}", "fresh.confirm.rate is 0.0, which decides about every attack alike",
        "Write a number between 0 and 1, for example 0.1."
      ),
      (
        "{confirm: {rate: 0.2, confidence: 1}}",
        "fresh.confirm.confidence is 1.0, which decides about every attack alike",
        "Write a number between 0 and 1, for example 0.95."
      ),
      (
        "{confirm_responses: 3, confirm: {rate: 0.2}}", "fresh has both confirm and confirm_responses",
        "Write the number as fresh.confirm.responses; confirm_responses is for a majority."
      ),
    ])
  func refused(_ fresh: String, _ message: String, _ remedy: String) throws {
    let errors = try Workplace().errors(text(fresh), environment: environment)
    #expect(errors.map(\.message) == [message])
    #expect(errors.map(\.remedy) == [remedy])
    #expect(errors.map(\.exitCode) == [.usage] && errors.allSatisfy { $0.location?.line != nil })
  }

  @Test(
    "A rate is needed, and numbers of responses have bounds",
    arguments: [
      "{confirm: {confidence: 0.9}}", "{confirm: {rate: 0.2, responses: 101}}", "{confirm: {rate: 0.2, responses: 0}}",
      "{confirm: {rate: -0.1}}", "{confirm: {rate: .nan}}", "{confirm: 0.2}",
    ])
  func malformed(_ fresh: String) throws {
    #expect(try Workplace().errors(text(fresh), environment: environment).count == 1, "\(fresh)")
  }
}
