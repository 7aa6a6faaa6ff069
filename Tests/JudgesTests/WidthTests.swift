import Core
import Judges
import Synchronization
import Targets
import Testing

/// Keeps few requests under way at a time, and answers once as many as are worth giving have come.
private final class GatheringTransport: HTTPTransport {
  static let places = 3
  static let expected = 2 * places

  let mostAtOnce: Int? = places
  private let body: [UInt8]
  private let come = Mutex(0)

  init(_ body: String) { self.body = Array(body.utf8) }

  func send(_ request: HTTPRequest) async throws -> HTTPResponse {
    come.withLock { $0 += 1 }
    while come.withLock({ $0 < Self.expected }) { try await Task.sleep(for: .milliseconds(1)) }
    return HTTPResponse(status: 200, body: body)
  }
}

@Suite("Judges behind a server give it the next requests before it has answered", .timeLimit(.minutes(1)))
struct WidthTests {
  private let inputs = (0..<GatheringTransport.expected).map { JudgeInput(prompt: "p", response: "response \($0)") }
  private let configuration = OpenAIConfiguration(
    url: "http://server.test", model: "m", concurrency: GatheringTransport.places)

  @Test("a language model")
  func languageModel() async throws {
    let client = try OpenAIClient(
      configuration, environment: [:],
      transport: GatheringTransport(#"{"choices":[{"message":{"content":"unsafe"},"finish_reason":"stop"}]}"#))
    let judge = LLMJudge(client: client, settings: LLMJudgeSettings(), threshold: 0.5, hash: { $0 })
    #expect(judge.inFlight == GatheringTransport.places)
    #expect(try await judge.score(inputs) == inputs.map { _ in .scored(1, category: nil) })
  }

  @Test("a moderation endpoint")
  func moderation() async throws {
    let client = try ModerationClient(
      configuration, environment: [:],
      transport: GatheringTransport(#"{"results":[{"flagged":true,"category_scores":{"hate":0.9}}]}"#))
    let judge = ModerationJudge(client: client, categories: [:], threshold: 0.5, hash: { $0 })
    #expect(judge.inFlight == GatheringTransport.places)
    #expect(try await judge.score(inputs) == inputs.map { _ in .scored(0.9, category: "hate") })
  }
}
