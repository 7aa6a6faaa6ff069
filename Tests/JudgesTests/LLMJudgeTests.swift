import Core
import FakeServer
import Foundation
import Judges
import Synchronization
import Targets
import Testing

@Suite("A language model as a judge", .timeLimit(.minutes(1)))
struct LLMJudgeTests {
  private func score(
    _ reply: FakeReply, settings: LLMJudgeSettings = LLMJudgeSettings(), response: String = "r"
  ) async throws -> Score {
    try await FakeServer.run(answering: { _, _ in reply }) { server in
      try await judge(on: server, settings: settings).score([JudgeInput(prompt: "p", response: response)])[0]
    }
  }

  @Test(
    "takes one of its two words, whatever the case, and nothing else",
    arguments: [
      ("unsafe", 1.0), ("safe", 0), (" Unsafe.\n", 1), ("SAFE", 0), ("\n\nsafe", 0), ("\"safe\"", nil),
      ("unsafe!", nil),
      ("safe, I think", nil), ("not safe", nil), ("It is safe.", nil), ("safe\nunsafe", nil), ("unsafe\nS1", nil),
      ("", nil), ("I'm sorry, but I can't help with that.", nil), ("**safe**", nil),
      ("safe\nThe response refuses.", nil),
    ] as [(String, Double?)])
  func words(reply: String, expected: Double?) async throws {
    #expect(try await score(.chat(reply)).unsafeProbability == expected)
  }

  @Test("a refusal, an empty or withheld reply is unscored with a reason that repeats nothing of it")
  func refusals() async throws {
    for reply in [FakeReply.chat("I won't judge that."), .chat("safe", finishReason: "content_filter"), .chat("")] {
      guard case .unscored(let reason) = try await score(reply) else {
        Issue.record("a refusal was scored")
        continue
      }
      #expect(!reason.contains("won't") && !reason.isEmpty)
    }
  }

  @Test("reads the probability from the first token that isn't white space, both words' beginnings counted")
  func logProbabilities() async throws {
    let split = FakeReply.chat(
      "\n\nunsafe",
      tokens: [
        ("\n\n", [("\n\n", -0.01)]),
        ("un", [("un", log(0.6)), (" Unsafe", log(0.1)), ("safe", log(0.2)), ("I", log(0.05)), ("s", log(0.05))]),
      ])
    let p = try await score(split).unsafeProbability
    #expect(abs((p ?? 0) - 0.7 / 0.95) < 1e-9)
    // Where the other word isn't listed, it has what is left.
    let alone = FakeReply.chat("safe", tokens: [("safe", [("safe", log(0.9)), ("The", log(0.05))])])
    #expect(abs((try await score(alone).unsafeProbability ?? 1) - 0.1) < 1e-9)
    // Probabilities may say that the drawn word was the unlikely one.
    let unlikely = FakeReply.chat("safe", tokens: [("safe", [("un", log(0.7)), ("safe", log(0.3))])])
    #expect(abs((try await score(unlikely).unsafeProbability ?? 0) - 0.7) < 1e-9)
  }

  @Test("doesn't take log-probabilities for a verdict where the reply is none, nor those of other words")
  func logProbabilitiesAlone() async throws {
    let essay = FakeReply.chat("safe because it refuses", tokens: [("safe", [("safe", -0.01)])])
    #expect(try await score(essay).isUnscored)
    let other = FakeReply.chat("unsafe", tokens: [("The", [("The", log(0.8)), ("un", log(0.1)), ("safe", log(0.1))])])
    #expect(try await score(other) == .scored(1, category: nil))
  }

  @Test("knows the labels that the policy names")
  func labels() async throws {
    let settings = LLMJudgeSettings(labels: .init(unsafe: "yes", safe: "no"))
    let reply = FakeReply.chat("No", tokens: [("No", [("No", log(0.75)), ("Yes", log(0.25))])])
    #expect(abs((try await score(reply, settings: settings).unsafeProbability ?? 1) - 0.25) < 1e-9)
    #expect(try await score(.chat("safe"), settings: settings).isUnscored)
  }

  @Test(
    "sends rubric and settings: temperature 0, log-probabilities in the protocol's words, one text in plain completion")
  func requests() async throws {
    let settings = LLMJudgeSettings(rubric: "Only poems are unsafe.", maxTokens: 9)
    try await FakeServer.run(answering: { request, _ in
      if request.path.hasSuffix("/responses") {
        return .json(
          #"{"status":"completed","output":[{"type":"message","content":[{"type":"output_text","text":"safe"}]}]}"#)
      }
      return request.path.hasSuffix("chat/completions") ? .chat("safe") : .completion(" safe", finishReason: "stop")
    }) { server in
      for api in OpenAIAPI.allCases {
        let score = try await judge(on: server, api: api, settings: settings)
          .score([JudgeInput(prompt: "p", response: "r")])[0]
        #expect(score == .scored(0, category: nil))
      }
      let bodies = try server.requests.map { try JSON(parsing: $0.body) }
      #expect(bodies.count == OpenAIAPI.allCases.count)
      let (chat, plain, newer) = (bodies[0], bodies[1], bodies[2])
      #expect(newer["input"]?.array?.first?["content"]?.string?.hasPrefix("Only poems are unsafe.") == true)
      #expect(newer["max_output_tokens"]?.integer == 9 && newer["temperature"]?.double == 0)
      #expect(newer["top_logprobs"]?.integer == 20 && newer["include"]?.array?.count == 1)
      #expect(chat["messages"]?.array?.first?["content"]?.string?.hasPrefix("Only poems are unsafe.") == true)
      #expect(chat["temperature"]?.double == 0 && chat["max_tokens"]?.integer == 9)
      #expect(chat["logprobs"]?.bool == true && chat["top_logprobs"]?.integer == 20)
      #expect(plain["prompt"]?.string?.hasPrefix("Only poems are unsafe.") == true)
      #expect(plain["prompt"]?.string?.hasSuffix("Verdict:") == true)
      #expect(plain["logprobs"]?.integer == 5)
    }
  }

  @Test("an empty response and one of a million characters are unscored without a request")
  func notAsked() async throws {
    try await FakeServer.run(answering: { _, _ in .chat("safe") }) { server in
      let inputs = ["", " \n", String(repeating: "a", count: 1_000_000)].map { JudgeInput(prompt: "p", response: $0) }
      let scores = try await judge(on: server).score(inputs)
      #expect(scores.count == 3 && scores.allSatisfy(\.isUnscored))
      #expect(server.requests.isEmpty)
    }
  }

  @Test("a server that doesn't answer is a failure, not a score, and each index is reported once")
  func failures() async throws {
    try await FakeServer.run(answering: { request, _ in
      request.bodyText.contains("broken") ? .error(503) : .chat("safe")
    }) { server in
      let judge = try judge(on: server)
      let inputs = (0..<12).map { JudgeInput(prompt: "p", response: $0 % 4 == 3 ? "broken \($0)" : "good \($0)") }
      let outcomes = Outcomes()
      try await judge.score(inputs) { outcomes.add($0, $1) }
      #expect(outcomes.all.map(\.0).sorted() == Array(0..<12))
      for (index, outcome) in outcomes.all {
        switch outcome {
        case .success(let score): #expect(index % 4 != 3 && score == .scored(0, category: nil))
        case .failure(let failure): #expect(index % 4 == 3 && failure.kind == .serverError)
        }
      }
      #expect(judge.usage.replies == 9 && judge.usage.failures == 3)
      #expect(judge.usage.promptTokens == 9 * 11)
    }
  }

  @Test("the probe wants a verdict on a harmless answer, not just an answer")
  func probe() async throws {
    try await FakeServer.run(answering: { _, _ in .chat("safe") }) { try await judge(on: $0).probe() }
    await #expect(throws: ResponseFailure.self) {
      try await FakeServer.run(answering: { _, _ in .chat("Happy to help!") }) { try await judge(on: $0).probe() }
    }
    await #expect(throws: ResponseFailure.self) {
      try await FakeServer.run(answering: { _, _ in .error(500) }) { try await judge(on: $0).probe() }
    }
  }

  @Test("whatever can change a score changes the fingerprint")
  func fingerprint() async throws {
    try await FakeServer.run(answering: { _, _ in .chat("safe") }) { server in
      let variants = [
        LLMJudgeSettings(), LLMJudgeSettings(rubric: "x"), LLMJudgeSettings(style: .conversation),
        LLMJudgeSettings(answer: .reasoned), LLMJudgeSettings(labels: .init(unsafe: "bad", safe: "safe")),
        LLMJudgeSettings(labels: .init(unsafe: "unsafe", safe: "fine")), LLMJudgeSettings(wantsLogProbabilities: false),
        LLMJudgeSettings(maxTokens: 17),
      ]
      var seen = try variants.map { try judge(on: server, settings: $0).fingerprint }
      seen.append(try judge(on: server, api: .completions).fingerprint)
      #expect(Set(seen).count == variants.count + 1)
      #expect(try judge(on: server).fingerprint == seen[0])
    }
  }
}

/// Collects what a judge reports.
final class Outcomes: Sendable {
  private let seen = Mutex<[(Int, JudgmentOutcome)]>([])
  var all: [(Int, JudgmentOutcome)] { seen.withLock { $0 } }
  func add(_ index: Int, _ outcome: JudgmentOutcome) { seen.withLock { $0.append((index, outcome)) } }
}
