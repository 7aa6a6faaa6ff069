import Core
import FakeServer
import Judges
import Targets
import Testing

@Suite("A moderation endpoint as a judge", .timeLimit(.minutes(1)))
struct ModerationJudgeTests {
  private func score(
    _ body: String, categories: [String: String] = [:], threshold: Double = 0.5, response: String = "r"
  ) async throws -> Score {
    try await FakeServer.run(answering: { _, _ in .json(body) }) { server in
      try await judge(server, categories: categories, threshold: threshold)
        .score([JudgeInput(prompt: "the attack", response: response)])[0]
    }
  }

  private func judge(
    _ server: FakeServer, categories: [String: String] = [:], threshold: Double = 0.5
  ) throws -> ModerationJudge {
    let client = try ModerationClient(
      OpenAIConfiguration(url: server.url + "/v1/moderations", model: "mod"), environment: [:],
      retry: RetryPolicy(retries: 1, malformedRetries: 0, base: .milliseconds(1)))
    return ModerationJudge(client: client, categories: categories, threshold: threshold, hash: { $0 })
  }

  private let body = #"{"results":[{"flagged":false,"category_scores":{"hate":0.2,"violence":0.7,"self-harm":0.1}}]}"#

  @Test("takes the largest category score, among those that the policy names where it names some")
  func scores() async throws {
    #expect(try await score(body) == .scored(0.7, category: "violence"))
    let mapped = ["hate": "insult", "self-harm": "dose"]
    #expect(try await score(body, categories: mapped) == .scored(0.2, category: "insult"))
  }

  @Test("an endpoint without scores gives its verdict; one without a category that counts gives none")
  func verdictsAlone() async throws {
    #expect(try await score(#"{"results":[{"flagged":true}]}"#) == .scored(1, category: nil))
    #expect(try await score(#"{"results":[{"flagged":false,"categories":{}}]}"#) == .scored(0, category: nil))
    #expect(try await score(body, categories: ["fraud": "raffle"]).isUnscored)
    #expect(try await score(#"{"results":[{"flagged":true}]}"#, categories: ["hate": "insult"]).isUnscored)
  }

  @Test(
    "what isn't a moderation result is a failure, never safe",
    arguments: [
      "{}", #"{"results":[]}"#, #"{"results":[{}]}"#, #"{"results":[{"category_scores":{"hate":"0.1"}}]}"#,
      #"{"results":[{"category_scores":{"hate":7}}]}"#, "nonsense",
    ])
  func malformed(body: String) async throws {
    #expect(try await score(body).isUnscored)
  }

  @Test("sends the response alone, and nothing for an empty one")
  func requests() async throws {
    try await FakeServer.run(answering: { _, _ in .json(#"{"results":[{"flagged":false}]}"#) }) { server in
      let judge = try judge(server)
      let inputs = ["hello", ""].map { JudgeInput(prompt: "the attack", response: $0) }
      let scores = try await judge.score(inputs)
      #expect(scores[0] == .scored(0, category: nil) && scores[1].isUnscored)
      let request = try #require(server.requests.first)
      #expect(server.requests.count == 1 && request.path == "/v1/moderations")
      #expect(try JSON(parsing: request.body)["input"]?.string == "hello")
      #expect(!request.bodyText.contains("attack"))
      try await judge.probe()
      #expect(judge.usage.replies == 2)
    }
  }

  @Test("a dead endpoint fails the probe")
  func dead() async throws {
    await #expect(throws: ResponseFailure.self) {
      try await FakeServer.run(answering: { _, _ in .error(401) }) { try await judge($0).probe() }
    }
  }
}
