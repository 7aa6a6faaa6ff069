import Core
import FakeServer
import Testing

@testable import Targets

@Suite("Targets in conversations", .timeLimit(.minutes(1)))
struct ConversationTargetTests {
  private static let turns = Conversation(messages: [.init(.user, "one")], turns: ["two", "three"])

  private func ask(
    _ conversation: Conversation, settings: SamplingSettings = SamplingSettings(system: "be kind"),
    _ answer: @escaping @Sendable (FakeRequest, Int) -> FakeReply
  ) async throws -> (outcome: ResponseOutcome, requests: [FakeRequest]) {
    try await FakeServer.run(answering: answer) { server in
      let outcome = try await target(on: server, settings: settings) { $0.retries = 1 }.ask(conversation.text)
      return (outcome, server.requests)
    }
  }

  private func said(_ request: FakeRequest) -> [String] {
    request.json["messages"]?.array?.map { "\($0["role"]?.string ?? "?"): \($0["content"]?.string ?? "-")" } ?? []
  }

  @Test("Each turn is asked after the target's own answer to the one before, and the response has them all")
  func liveTurns() async throws {
    let (outcome, requests) = try await ask(Self.turns) { request, index in .chat("answer \(index)") }
    let response = try outcome.get()
    #expect(said(requests[0]) == ["system: be kind", "user: one"])
    #expect(
      said(requests[2]) == [
        "system: be kind", "user: one", "assistant: answer 0", "user: two", "assistant: answer 1", "user: three",
      ])
    let exchange = Exchange(prompt: Self.turns.text, response: response.text)
    #expect(exchange.answers.map(\.text) == ["answer 0", "answer 1", "answer 2"] && requests.count == 3)
    #expect(response.promptTokens == 33 && response.completionTokens == 21 && response.finishReason == "stop")
    #expect(Set(requests.compactMap { $0.json["seed"]?.integer }).count == 3)
  }

  @Test("Given turns are sent as they are, with the conversation's system prompt in place of the target's")
  func given() async throws {
    let conversation = Conversation(
      system: "own", messages: [.init(.user, "a"), .init(.assistant, "b"), .init(.user, "c")])
    var settings = SamplingSettings(system: "be kind")
    settings.template = "<{prompt}>"
    let (outcome, requests) = try await ask(conversation, settings: settings) { _, _ in .chat("fine") }
    #expect(said(requests[0]) == ["system: own", "user: a", "assistant: b", "user: <c>"])
    #expect(try outcome.get().text == "fine")
  }

  @Test("A turn that is lost loses the conversation, and a turn that fails once is asked again")
  func lostTurn() async throws {
    let lost = try await ask(Self.turns) { _, index in index >= 1 ? .error(500) : .chat("fine") }
    #expect(lost.outcome.failure?.message.hasPrefix("answer 2 of the conversation: ") == true)
    #expect(lost.requests.count == 3)
    let again = try await ask(Self.turns) { _, index in index == 1 ? .error(500) : .chat("fine") }
    #expect(try Exchange(prompt: Self.turns.text, response: again.outcome.get().text).requests == 3)
    #expect(again.requests.count == 4)
  }

  @Test("A filter, and a turn without an answer, end the conversation with what was said until then")
  func endedEarly() async throws {
    let blocked = try await ask(Self.turns) { _, index in
      index == 1 ? .chat("", finishReason: "content_filter") : .chat("fine")
    }
    #expect(try blocked.outcome.get().isBlocked && blocked.requests.count == 2)
    let silent = try await ask(Self.turns) { _, index in .chat(index == 1 ? "<think>hm</think>" : "fine") }
    let response = try silent.outcome.get()
    let exchange = Exchange(prompt: Self.turns.text, response: response.text)
    #expect(exchange.said == "fine\n\n<think>hm</think>" && silent.requests.count == 2)
    #expect(Response(text: exchange.last).whyUnanswered != nil)
  }

  @Test("Reasoning of earlier answers is stored and not said again")
  func reasoning() async throws {
    let (outcome, requests) = try await ask(Self.turns) { _, _ in .chat("<think>hm</think>\n\nfine") }
    #expect(said(requests[1])[2] == "assistant: fine")
    #expect(try outcome.get().text.contains("<think>hm"))
  }

  private static let tools = Conversation(
    messages: [.init(.user, "mail it")], turns: ["thanks"],
    tools: [.init(name: "send", about: "sends", parameters: #"{"type":"object"}"#, result: "sent")])

  private static let toolCall = FakeReply.json(
    #"{"choices":[{"message":{"role":"assistant","content":null,"tool_calls":[{"id":"x1","type":"function","#
      + #""function":{"name":"send","arguments":"{\"to\":\"all\"}"}}]},"finish_reason":"tool_calls"}]}"#)

  @Test("Tools are declared, their calls are answered by the line's results, and stand in the response")
  func toolCalls() async throws {
    let (outcome, requests) = try await ask(Self.tools, settings: SamplingSettings()) { _, index in
      index == 0 ? Self.toolCall : .chat("done \(index)")
    }
    #expect(requests.count == 3 && requests[0].json["tools"]?.array?.count == 1)
    #expect(
      requests[0].json["tools"]?.serialized()
        == #"[{"type":"function","function":{"name":"send","description":"sends","parameters":{"type":"object"}}}]"#)
    let second = requests[1].json["messages"]?.array ?? []
    #expect(second.count == 3 && second.last?.serialized() == #"{"role":"tool","content":"sent","tool_call_id":"x1"}"#)
    let exchange = Exchange(prompt: Self.tools.text, response: try outcome.get().text)
    #expect(exchange.said == "call send({\"to\":\"all\"})\n\ndone 1\n\ndone 2")
  }

  @Test("A target that calls tools for ever is asked no further, and a tool that nobody declared has no result")
  func endlessCalls() async throws {
    let (outcome, requests) = try await ask(Self.tools) { _, _ in Self.toolCall }
    #expect(requests.count == Conversation.mostRounds)
    let response = try outcome.get()
    #expect(response.isLostInTools && response.isUnfinished && !response.isCut)
    #expect(response.whyUnanswered?.contains("went on calling tools") == true)
    #expect(requests.count <= Self.tools.mostRequests)
    var undeclared = Self.tools
    undeclared.tools = [.init(name: "other", result: "r")]
    let other = try await ask(undeclared) { _, index in index == 0 ? Self.toolCall : .chat("done") }
    #expect(other.requests[1].bodyText.contains("there is no tool send"))
    // Where the conversation has no tools at all, a call is the end of it.
    let bare = Conversation(messages: [.init(.user, "a")], turns: ["b"])
    let ended = try await ask(bare) { _, _ in Self.toolCall }
    #expect(ended.requests.count == 1 && bare.mostRequests == 2)
    #expect(try ended.outcome.get().isLostInTools)
  }

  /// A conversation with everything that protocols write differently.
  private static let written: Conversation = {
    let call = ToolCall(id: "x1", name: "send", arguments: #"{"to":"all"}"#)
    return Conversation(
      system: "s",
      messages: [
        .init(.user, "a"), .init(.assistant, "", calls: [call]), .init(.tool, "sent", answered: call.reference),
      ], tools: [.init(name: "send", result: "sent")])
  }()

  private func body(
    _ dialogue: some ServerDialogue, _ reply: String, answers: String
  ) async throws -> JSON {
    try await FakeServer.run(answering: { _, _ in .json(reply) }) { server in
      let response = try await served(dialogue, on: server.url, environment: ["K": "key-1234567890"]) {
        $0.apiKeyVariable = "K"
      }.ask(Self.written.text).get()
      #expect(Exchange(prompt: Self.written.text, response: response.text).said == answers)
      return server.requests[0].json
    }
  }

  @Test("Anthropic has tools as parts of turns")
  func anthropic() async throws {
    let json = try await body(
      AnthropicDialogue(),
      #"{"content":[{"type":"text","text":"ok"}],"stop_reason":"end_turn","usage":{}}"#, answers: "ok")
    #expect(json["system"]?.string == "s" && json["tools"]?.array?.first?["input_schema"]?["type"]?.string == "object")
    #expect(
      json["messages"]?.serialized()
        == #"[{"role":"user","content":"a"},{"role":"assistant","content":[{"type":"tool_use","id":"x1","name":"send","#
        + #""input":{"to":"all"}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"x1","content":"sent"}]}]"#
    )
  }

  @Test("Bedrock has them as parts without a type")
  func bedrock() async throws {
    let json = try await body(
      BedrockDialogue(region: "eu-west-1"),
      #"{"output":{"message":{"role":"assistant","content":[{"text":"ok"}]}},"stopReason":"end_turn"}"#, answers: "ok")
    #expect(json["toolConfig"]?["tools"]?.array?.first?["toolSpec"]?["inputSchema"]?["json"]?["type"] != nil)
    #expect(
      json["messages"]?.array?[1].serialized()
        == #"{"role":"assistant","content":[{"toolUse":{"toolUseId":"x1","name":"send","input":{"to":"all"}}}]}"#)
    #expect(
      json["messages"]?.array?[2].serialized()
        == #"{"role":"user","content":[{"toolResult":{"toolUseId":"x1","content":[{"text":"sent"}]}}]}"#)
  }

  @Test("Ollama has arguments as objects and names the tool that answers; a call of its own has no identifier")
  func ollama() async throws {
    try await FakeServer.run(answering: { _, index in
      .json(
        index == 0
          ? #"{"message":{"role":"assistant","content":"","tool_calls":[{"function":{"name":"send","arguments":{"to":"all"}}}]},"done":true}"#
          : #"{"message":{"role":"assistant","content":"ok"},"done":true,"done_reason":"stop"}"#)
    }) { server in
      let text = try await served(OllamaDialogue(), on: server.url).ask(Self.written.text).get().text
      #expect(Exchange(prompt: Self.written.text, response: text).said == "call send({\"to\":\"all\"})\n\nok")
      let turns = server.requests[1].json["messages"]?.array ?? []
      #expect(
        turns[2].serialized()
          == #"{"role":"assistant","content":"","tool_calls":[{"function":{"name":"send","arguments":{"to":"all"}}}]}"#)
      #expect(turns.last?.serialized() == #"{"role":"tool","content":"sent","tool_name":"send"}"#)
    }
  }

  @Test("The Responses API has calls and their answers as items")
  func responses() async throws {
    let json = try await body(
      OpenAIDialogue(api: .responses),
      #"{"output":[{"type":"message","content":[{"type":"output_text","text":"ok"}]}],"status":"completed"}"#,
      answers: "ok")
    #expect(json["tools"]?.array?.first?["name"]?.string == "send")
    #expect(json["tools"]?.array?.first?["strict"]?.bool == false, "left out it would be true")
    #expect(json["input"]?.array?.compactMap { $0["type"]?.string } == ["function_call", "function_call_output"])
  }

  @Test("Calls in the providers' own words are answered by the line, in every protocol")
  func recordedCalls() async throws {
    let asked = Conversation(messages: [.init(.user, "when?")], tools: [.init(name: "lookup", result: "from nine")])
    func said(_ dialogue: some ServerDialogue, _ call: String, _ answer: String) async throws -> String {
      let replies = try [call, answer].map { try FakeReply.recorded($0) }
      return try await FakeServer.run(answering: { _, index in replies[min(index, 1)] }) { server in
        let response = try await served(dialogue, on: server.url, environment: ["K": "key-1234567890"]) {
          $0.apiKeyVariable = "K"
        }.ask(asked.text).get()
        #expect(server.requests.count == 2 && server.requests[1].bodyText.contains("from nine"))
        return Exchange(prompt: asked.text, response: response.text).said
      }
    }
    for said in [
      try await said(OpenAIDialogue(api: .chat), "openai-tool", "azure-text"),
      try await said(OpenAIDialogue(api: .responses), "openai-response-tool", "openai-response"),
      try await said(AnthropicDialogue(), "anthropic-tool", "anthropic-text"),
      try await said(BedrockDialogue(region: "eu-west-1"), "bedrock-tool", "bedrock-text"),
      try await said(OllamaDialogue(), "ollama-tool", "ollama-text"),
    ] {
      #expect(said.contains("call lookup({") && said.contains("opening hours"), "\(said)")
    }
  }

  @Test("A protocol that can't carry a conversation says so, and never carries a part of it")
  func objections() throws {
    func objection(_ dialogue: some ServerDialogue, _ conversation: Conversation) -> String? {
      dialogue.objection(to: conversation)?.reason
    }
    #expect(objection(OpenAIDialogue(api: .completions), Self.turns) != nil)
    for api in [OpenAIAPI.chat, .responses] { #expect(objection(OpenAIDialogue(api: api), Self.tools) == nil) }
    func http(_ body: String) throws -> HTTPDialogue {
      HTTPDialogue(body: try BodyTemplate(body), reply: .whole)
    }
    #expect(objection(try http("{\"q\": {{prompt}}}"), Self.turns)?.contains("no place for turns") == true)
    #expect(objection(try http("{\"q\": {{messages}}}"), Self.turns) == nil)
    #expect(objection(try http("{\"q\": {{messages}}}"), Self.tools)?.contains("no tools") == true)
    let system = Conversation(system: "s", messages: [.init(.user, "a")])
    #expect(objection(try http("{\"q\": {{prompt}}}"), system)?.contains("system prompt") == true)
    #expect(objection(try http("{\"q\": {{prompt}}, \"s\": {{system}}}"), system) == nil)
    let greeted = Conversation(messages: [.init(.assistant, "hello"), .init(.user, "a")])
    #expect(objection(AnthropicDialogue(), greeted) != nil && objection(AnthropicDialogue(), Self.written) == nil)
    #expect(objection(BedrockDialogue(region: "r"), greeted) != nil && objection(OllamaDialogue(), greeted) == nil)
  }
}
