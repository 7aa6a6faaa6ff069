import Core
import FakeServer
import Judges
import Targets

/// A language-model judge on a fake server.
func judge(
  on server: FakeServer, api: OpenAIAPI = .chat, settings: LLMJudgeSettings = LLMJudgeSettings(), retries: Int = 1,
  code: UInt32? = nil
) throws -> LLMJudge {
  let client = try OpenAIClient(
    OpenAIConfiguration(url: server.url, model: "judge-model", api: api, concurrency: 4), environment: [:],
    retry: RetryPolicy(retries: retries, base: .milliseconds(1)))
  var draw: (@Sendable () -> UInt32)?
  if let code { draw = { code } }
  return LLMJudge(client: client, settings: settings, threshold: 0.5, hash: { $0 }, code: draw)
}

/// What the judging model was shown, as its server received it.
struct SeenTranscript {
  let system: String
  let user: String
  let code: String
  let prompt: String
  let response: String
  /// Lines that begin or end a transcript.
  let marks: [String]

  init?(_ request: FakeRequest) {
    guard let messages = try? JSON(parsing: request.body)["messages"]?.array, messages.count == 2,
      let system = messages[0]["content"]?.string, let user = messages[1]["content"]?.string
    else { return nil }
    self.system = system
    self.user = user
    let lines = user.split(whereSeparator: \.isNewline).map(String.init)
    marks = lines.filter { $0.contains("TRANSCRIPT") && $0.first != "{" }
    guard let first = lines.first, first.hasPrefix("BEGIN TRANSCRIPT "), lines.count > 1,
      let json = try? JSON(parsing: Array(lines[1].utf8)), let prompt = json["prompt"]?.string,
      let response = json["response"]?.string
    else { return nil }
    code = String(first.dropFirst("BEGIN TRANSCRIPT ".count))
    self.prompt = prompt
    self.response = response
  }
}

extension FakeReply {
  /// A chat completion with the first token's log-probabilities.
  static func chat(_ text: String, tokens: [(text: String, alternatives: [(String, Double)])]) -> FakeReply {
    let listed = tokens.map { token in
      JSON.object([
        .init("token", .string(token.text)), .init("logprob", .number(token.alternatives.first?.1 ?? 0)),
        .init(
          "top_logprobs",
          .array(
            token.alternatives.map { .object([.init("token", .string($0.0)), .init("logprob", .number($0.1))]) })),
      ])
    }
    let choice = JSON.object([
      .init("message", .object([.init("content", .string(text))])), .init("finish_reason", .string("stop")),
      .init("logprobs", .object([.init("content", .array(listed))])),
    ])
    return .json(JSON.object([.init("choices", .array([choice]))]).serialized())
  }
}
