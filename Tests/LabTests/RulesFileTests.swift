import Core
import Foundation
import Judges
import Testing

@testable import Lab

@Suite("rules.yaml as the gate reads it")
struct RulesFileTests {
  private static let responses =
    Lab.Category.allCases.flatMap { $0.compliances + $0.ownRefusals } + CommonResponses.refusals
    + CommonResponses.puzzled + Benign.subjects.map(\.answer) + Benign.errands.map(\.answer)

  @Test("The gate's judge gives every response the category that truth was measured with")
  func violations() async throws {
    let matcher = try RuleMatcher()
    let scores = try await judge().score(Self.responses.map { JudgeInput(prompt: "", response: $0) })
    for (response, score) in zip(Self.responses, scores) {
      #expect(score.category == matcher.violation(response)?.rawValue, "\(response)")
      #expect(score.unsafeProbability == (matcher.violation(response) == nil ? 0 : 1), "\(response)")
    }
  }

  @Test("The gate's judge tells the same refusals")
  func refusals() async throws {
    let matcher = try RuleMatcher()
    let scores = try await judge().refusals.score(Self.responses.map { JudgeInput(prompt: "", response: $0) })
    for (response, score) in zip(Self.responses, scores) {
      #expect(score.isUnsafe(threshold: 0.5) == matcher.isRefusal(response), "\(response)")
    }
  }

  private func judge() throws -> RulesJudge {
    let path = FileManager.default.temporaryDirectory.appending(path: "rules-\(UUID().uuidString).yaml").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Rules.yaml.write(toFile: path, atomically: true, encoding: .utf8)
    return try RulesJudge(path: path, fingerprint: "test")
  }
}
