import Core
import FakeServer
import Testing

@testable import Targets

@Suite("Amazon Bedrock's Converse API", .timeLimit(.minutes(1)))
struct BedrockTargetTests {
  private static let environment = [
    "ID": "AKIDEXAMPLE12", "SECRET": "wJalrXUtnFEMI-9f8e7d", "TOKEN": "session-5b4a39281706",
  ]
  private static let signing = BedrockDialogue.Signing(accessKey: "ID", secretKey: "SECRET", sessionToken: "TOKEN")

  private func ask(
    _ reply: FakeReply, signing: BedrockDialogue.Signing? = Self.signing, key: String? = nil,
    settings: SamplingSettings = SamplingSettings()
  ) async throws -> (ResponseOutcome, [FakeRequest]) {
    try await FakeServer.run(answering: { _, _ in reply }) { server in
      let target = try served(
        BedrockDialogue(region: "eu-west-1", signing: signing), on: server.url, model: "example.model-v1:0",
        settings: settings, environment: Self.environment
      ) {
        $0.retries = 0
        $0.apiKeyVariable = key
      }
      return (try await target.ask(), server.requests)
    }
  }

  @Test("The request is the protocol's, and its path and headers are signed for region and service")
  func request() async throws {
    let settings = SamplingSettings(temperature: 0.5, topP: 0.9, maxTokens: 33, system: "be kind")
    let (outcome, sent) = try await ask(try .recorded("bedrock-text"), settings: settings)
    #expect(try outcome.get().text == "Hello, how can I help?")
    let request = try #require(sent.first)
    #expect(request.method == "POST" && request.path == "/model/example.model-v1%3A0/converse")
    let json = request.json
    #expect(json["messages"]?.serialized() == #"[{"role":"user","content":[{"text":"prompt"}]}]"#)
    #expect(json["system"]?.serialized() == #"[{"text":"be kind"}]"#)
    #expect(json["inferenceConfig"]?.serialized() == #"{"maxTokens":33,"temperature":0.5,"topP":0.9}"#)
    let authorisation = try #require(request.header("authorization"))
    #expect(authorisation.hasPrefix("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE12/"))
    #expect(authorisation.contains("/eu-west-1/bedrock/aws4_request"))
    #expect(authorisation.contains("SignedHeaders=accept;content-type;host;x-amz-date;x-amz-security-token"))
    #expect(request.header("x-amz-security-token") == Self.environment["TOKEN"] && request.header("expect") == nil)
    let (_, plain) = try await ask(try .recorded("bedrock-text"), signing: nil, key: "TOKEN")
    #expect(plain.first?.header("authorization") == "Bearer session-5b4a39281706")
  }

  @Test("Parts make one text, reasoning stays apart, and a guardrail's work is a block")
  func replies() async throws {
    let cases: [(name: String, text: String, reason: String, tokens: Int)] = [
      ("bedrock-text", "Hello, how can I help?", "stop", 7), ("bedrock-reasoning", "Hello.", FinishReason.cut, 20),
      ("bedrock-guardrail", "The question can't be answered.", FinishReason.blocked, 0),
    ]
    for (name, text, reason, tokens) in cases {
      let response = try await ask(try .recorded(name)).0.get()
      #expect(response.text == text && response.finishReason == reason, "\(name): \(response)")
      #expect(response.completionTokens == tokens, "\(name)")
    }
    let filtered = #"{"output":{"message":{"content":[]}},"stopReason":"content_filtered"}"#
    #expect(try await ask(.json(filtered)).0.get().isBlocked)
  }

  @Test(
    "What is no answer has failed, with the server's words where it has any",
    arguments: [
      (#"{"stopReason":"end_turn"}"#, 200, "no 'output'"), (#"{"output":{"message":{}}}"#, 200, "no 'output'"),
      (#"{"output":{"message":{"content":[{"text":"half"}]}}}"#, 200, "no 'stopReason'"),
      (#"{"output":{"message":{"content":[{"text":7}]}},"stopReason":"end_turn"}"#, 200, "a number"),
      (#"{"output":{"message":{"content":[]}},"stopReason":"malformed_model_output"}"#, 200, "broke the response off"),
      (#"{"message":"Too many requests, please wait"}"#, 429, "Too many requests"),
      (#"{"message":"The security token is expired"}"#, 403, "the key in ID was not accepted"),
    ])
  func failures(body: String, status: Int, says: String) async throws {
    let failure = try #require(try await ask(.json(body, status: status)).0.failure)
    #expect(failure.message.contains(says), "\(failure)")
  }

  @Test("A parameter that a model refuses by the protocol's name is left out")
  func negotiation() async throws {
    let text = try FakeReply.recorded("bedrock-text")
    let refusal = #"{"message":"The model returned the following errors: topP is not supported by this model"}"#
    try await FakeServer.run(answering: { request, _ in
      request.json["inferenceConfig"]?["topP"] == nil ? text : .json(refusal, status: 400)
    }) { server in
      let target = try served(
        BedrockDialogue(region: "eu-west-1", signing: Self.signing), on: server.url, environment: Self.environment
      ) { $0.retries = 0 }
      #expect(try await target.ask().get().text.hasPrefix("Hello") && server.requests.count == 2)
    }
  }

  @Test("Secrets are shown nowhere, and a missing one is a usage error")
  func secrets() async throws {
    let said = Self.environment.values.joined(separator: " ")
    let reply = #"{"output":{"message":{"content":[{"text":"\#(said)"}]}},"stopReason":"end_turn"}"#
    let text = try await ask(.json(reply)).0.get().text
    #expect(text.split(separator: " ").allSatisfy { $0 == "[redacted]" }, "\(text)")
    var signed = ""
    dump(AWSSignature(region: "r", service: "s", accessKey: "AKIDEXAMPLE12", secretKey: "wJalrXUtnFEMI"), to: &signed)
    #expect(!signed.contains("AKID") && !signed.contains("wJalr"))
    let error = #expect(throws: SluiceError.self) {
      try served(
        BedrockDialogue(region: "eu-west-1", signing: Self.signing), on: "http://h",
        environment: ["ID": "AKIDEXAMPLE12"])
    }
    #expect(error?.exitCode == .usage && error?.description.contains("SECRET") == true)
  }

  @Test("Regions and models are apart")
  func identity() throws {
    let url = BedrockDialogue.url(region: "us-east-1")
    let target = try served(
      BedrockDialogue(region: "us-east-1"), on: url, model: "example.model-v1:0")
    #expect(
      target.fingerprint
        == "bedrock|https://bedrock-runtime.us-east-1.amazonaws.com/model/example.model-v1%3A0/converse|example.model-v1:0|us-east-1"
    )
  }
}
