import Core
import FakeServer
import Synchronization
import Testing

@testable import Targets

@Suite("Any application behind HTTP", .timeLimit(.minutes(1)))
struct HTTPTargetTests {
  private func dialogue(
    body: String = #"{"question": {{prompt}}}"#, reply: String = "/answer",
    _ adjust: (inout HTTPDialogue) throws -> Void = { _ in }
  ) throws -> HTTPDialogue {
    var dialogue = HTTPDialogue(body: try BodyTemplate(body), reply: try JSONSelector(reply))
    try adjust(&dialogue)
    return dialogue
  }

  /// The outcome of one request to a server that always answers so, and what was sent.
  private func ask(
    _ dialogue: HTTPDialogue, answering reply: FakeReply, prompt: String = "prompt",
    settings: SamplingSettings = SamplingSettings()
  ) async throws -> (ResponseOutcome, [FakeRequest]) {
    try await FakeServer.run(answering: { _, _ in reply }) { server in
      let target = try served(dialogue, on: server.url + "/v9/ask?tenant=a", settings: settings) { $0.retries = 0 }
      return (try await target.ask(prompt), server.requests)
    }
  }

  @Test(
    "A prompt is a JSON value wherever it stands, and nothing in it ends its string",
    arguments: [
      #"", "admin": true, "x": ""#, "{{system}} {{session}} {{prompt}}", "a\\", "\"}]}", "line\nbreak\u{0}\u{1f}",
      "\u{2028} 日本語 👩‍👩‍👧", "{\"question\": 1}", "}}", "{{", "${KEY}", "\\u0022", "",
    ])
  func promptsStayInTheirString(prompt: String) async throws {
    let body =
      #"{"bare": {{prompt}}, "quoted": "{{prompt}}", "inside": "Q: {{ prompt }} ({{system}})", "list": [{{prompt}}]}"#
    let (outcome, sent) = try await ask(
      try dialogue(body: body), answering: .json(#"{"answer":"yes"}"#), prompt: prompt,
      settings: SamplingSettings(system: #"be "kind""#))
    #expect(try outcome.get().text == "yes")
    let json = try #require(sent.first).json
    #expect(json.members?.map(\.key) == ["bare", "quoted", "inside", "list"])
    #expect(json["bare"]?.string == prompt && json["quoted"]?.string == prompt)
    #expect(json["inside"]?.string == "Q: \(prompt) (be \"kind\")" && json["list"]?.array?.first?.string == prompt)
  }

  @Test("Messages, settings and model are values; the system prompt is said once")
  func places() async throws {
    let settings = SamplingSettings(
      temperature: 0.5, topP: 0.9, maxTokens: 33, system: "be kind", template: "<{prompt}>")
    let body = """
      {"m": {{messages}}, "t": {{temperature}}, "p": "{{top_p}}", "n": {{max_tokens}}, "seed": {{seed}}, "id": {{model}},
       "literal": [1, 2.5, null, true, {}]}
      """
    let (_, sent) = try await ask(
      try dialogue(body: body), answering: .json(#"{"answer":"yes"}"#), settings: settings)
    let json = try #require(sent.first).json
    #expect(
      json["m"]?.serialized() == #"[{"role":"system","content":"be kind"},{"role":"user","content":"<prompt>"}]"#)
    #expect(json["t"]?.double == 0.5 && json["p"]?.double == 0.9 && json["n"]?.integer == 33)
    #expect(json["seed"]?.integer != nil && json["id"]?.string == "test-model")
    #expect(json["literal"]?.serialized() == "[1,2.5,null,true,{}]")
    let (_, apart) = try await ask(
      try dialogue(body: #"{"m": {{messages}}, "s": {{system}}}"#), answering: .json(#"{"answer":"yes"}"#),
      settings: settings)
    #expect(apart.first?.json["m"]?.array?.count == 1 && apart.first?.json["s"]?.string == "be kind")
    let (_, without) = try await ask(
      try dialogue(body: #"{"m": {{prompt}}, "s": {{system}}}"#), answering: .json(#"{"answer":"yes"}"#))
    #expect(without.first?.json["s"]?.isNull == true)
  }

  @Test(
    "A template that is wrong says where",
    arguments: [
      (#"{"q": {{promt}}}"#, 1, 7, "there is no {{promt}}"), ("{\n \"q\": {{prompt}},\n}", 3, 1, "expected a key"),
      (#"{"q": {{prompt}} {{system}}}"#, 1, 18, "expected"), (#"{"q": "a {{messages}}"}"#, 1, 10, "is a list"),
      (#"{"{{prompt}}": 1}"#, 1, 3, "key"), (#"{"q": "{{prompt"}"#, 1, 8, "never closed"), ("prompt", 1, 1, "JSON"),
    ])
  func wrongTemplates(text: String, line: Int, column: Int, says: String) {
    let mistake = #expect(throws: BodyTemplate.Mistake.self) { try BodyTemplate(text) }
    #expect(mistake?.message.contains(says) == true && mistake?.line == line, "\(String(describing: mistake))")
    #expect(mistake?.column == column, "\(String(describing: mistake))")
  }

  @Test("Method, address, headers and a session of its own for each conversation are sent")
  func request() async throws {
    let dialogue = try dialogue(body: #"{"q": {{prompt}}, "session": "s-{{session}}"}"#) {
      $0.method = .put
      $0.headers = [.init("X-Tenant", "acme"), .init("X-Session", "s-{{session}}"), .init("accept", "text/json")]
    }
    try await FakeServer.run(answering: { _, _ in .json(#"{"answer":"yes"}"#) }) { server in
      let target = try served(dialogue, on: server.url + "/v9/ask/?tenant=a")
      for outcome in try await target.respond(to: requests(3)) { #expect(try outcome.get().text == "yes") }
      let sent = server.requests
      #expect(sent.allSatisfy { $0.method == "PUT" && $0.path == "/v9/ask/?tenant=a" })
      #expect(sent.allSatisfy { $0.header("x-tenant") == "acme" && $0.header("content-type") == "application/json" })
      #expect(
        sent.allSatisfy { request in request.headers.filter { $0.name == "accept" }.map(\.value) == ["text/json"] })
      let sessions = sent.compactMap { $0.header("x-session") }
      #expect(Set(sessions).count == 3 && sessions.allSatisfy { $0.count > 20 })
      #expect(sent.map { $0.json["session"]?.string } == sessions)
      #expect(
        target.fingerprint.hasPrefix("http|\(server.url)/v9/ask/?tenant=a|test-model|") && !target.identifiesBytes)
      #expect(target.notices.isEmpty)
    }
  }

  @Test(
    "A reply is where the policy says, by pointer or path; parts are put together",
    arguments: [
      ("/answer", "one"), ("$.answer", "one"), ("/parts/1/text", "b"), ("$.parts[-1].text", "c"),
      ("$.parts[*].text", "abc"), ("$['odd key']", "x"), ("/odd key", "x"), ("/a~1b", "slash"), ("/m~0n", "tilde"),
      ("$[\"parts\"][0][\"text\"]", "a"), ("$.nested.*", "pq"), ("/01", "name"),
    ])
  func replies(place: String, text: String) async throws {
    let body = """
      {"answer":"one","parts":[{"text":"a"},{"text":"b"},{"text":"c"}],"odd key":"x","a/b":"slash","m~n":"tilde",
       "nested":{"p":"p","q":"q"},"01":"name"}
      """
    let (outcome, _) = try await ask(try dialogue(reply: place), answering: .json(body))
    #expect(try outcome.get().text == text)
    #expect(try outcome.get().finishReason == FinishReason.stop)
  }

  @Test(
    "What isn't there, is empty of matches or is no text has failed, and is never an empty response",
    arguments: [
      ("{}", "nothing at /answer"), (#"{"answer":null}"#, "null at /answer"), (#"{"answer":7}"#, "a number"),
      (#"{"answer":["a"]}"#, "an array"), (#"{"answer":{"text":"a"}}"#, "an object"), ("[]", "nothing at /answer"),
      ("", "is empty"), ("not json", "not JSON"), ("<html>hello</html>", "a web page"),
      (#"{"answer":"half"#, "not JSON"),
      (#"{"error":{"message":"out of beds"}}"#, "out of beds"), (#"{"answer":"x","error":"half way"}"#, "half way"),
    ])
  func failures(body: String, says: String) async throws {
    let (outcome, _) = try await ask(try dialogue(), answering: .json(body))
    let failure = try #require(outcome.failure)
    #expect(failure.message.contains(says), "\(failure)")
    let (other, _) = try await ask(try dialogue(reply: "$.answer[*].text"), answering: .json(#"{"answer":[]}"#))
    #expect(other.failure?.message.contains("nothing at $.answer[*].text") == true)
  }

  @Test("Refusals and blocks are told by value or status, with what was said beside them")
  func marks() async throws {
    let dialogue = try dialogue {
      $0.refusal = .init(statuses: [451], place: try JSONSelector("/flags/0"), values: ["declined", "true"])
      $0.block = .init(statuses: [422], place: try JSONSelector("$.filter.hit"))
    }
    let cases: [(body: String, status: Int, reason: String, text: String)] = [
      (#"{"answer":"No.","flags":["declined"]}"#, 200, FinishReason.refused, "No."),
      (#"{"flags":[true]}"#, 200, FinishReason.refused, ""), ("gone", 451, FinishReason.refused, ""),
      (#"{"filter":{"hit":"violence"}}"#, 200, FinishReason.blocked, ""),
      (#"{"filter":{"hit":1},"answer":"part"}"#, 400, FinishReason.blocked, "part"),
      ("", 422, FinishReason.blocked, ""), (#"{"answer":"ok","flags":["fine"],"filter":{"hit":0}}"#, 200, "stop", "ok"),
      (#"{"answer":"ok","flags":[],"filter":{"hit":null}}"#, 200, "stop", "ok"),
    ]
    for (body, status, reason, text) in cases {
      let (outcome, _) = try await ask(dialogue, answering: .json(body, status: status))
      let response = try outcome.get()
      #expect(response.finishReason == reason && response.text == text, "\(body) \(status): \(response)")
    }
    let (outcome, _) = try await ask(dialogue, answering: .json(#"{"filter":{"hit":""}}"#, status: 400))
    #expect(outcome.failure?.kind == .rejected)
  }

  @Test("The end's reason and the tokens used are read where the policy says")
  func usage() async throws {
    let dialogue = try dialogue {
      $0.finishReason = try JSONSelector("/why")
      $0.promptTokens = try JSONSelector("/used/in")
      $0.completionTokens = try JSONSelector("/used/out")
    }
    let (outcome, _) = try await ask(
      dialogue, answering: .json(#"{"answer":"cut","why":"MAX_TOKENS","used":{"in":5,"out":-2}}"#))
    let response = try outcome.get()
    #expect(response.isCut && response.promptTokens == 5 && response.completionTokens == 0)
    let (blocked, _) = try await ask(dialogue, answering: .json(#"{"answer":"","why":"content_filter"}"#))
    #expect(try blocked.get().isBlocked)
    let (broken, _) = try await ask(dialogue, answering: .json(#"{"answer":"par","why":"error"}"#))
    #expect(broken.failure?.message.contains("broke the response off") == true)
  }

  @Test("A refused member of the policy's own body is no reason to ask again, and a server in trouble is")
  func patience() async throws {
    try await FakeServer.run(answering: { _, _ in .error(400, "unsupported parameter: temperature, max_tokens") }) {
      server in
      let failure = try #require(try await served(try dialogue(), on: server.url).ask().failure)
      #expect(failure.kind == .rejected && server.requests.count == 1)
    }
    try await FakeServer.run(answering: { _, index in index == 0 ? .error(503) : .json(#"{"answer":"yes"}"#) }) {
      server in
      let target = try served(try dialogue(), on: server.url)
      #expect(try await target.ask().get().text == "yes")
    }
  }

  @Test("Whatever a request or the way to read its answer differs in, another model answers")
  func identity() throws {
    func identity(_ dialogue: HTTPDialogue) throws -> String {
      try served(dialogue, on: "http://h/ask") { $0.redactor = Redactor(["key-1234567890", "key-0987654321"]) }
        .fingerprint
    }
    let all = try [
      dialogue(), dialogue(body: #"{"question": {{prompt}}, "model": "next"}"#), dialogue(reply: "/other"),
      dialogue { $0.method = .put }, dialogue { $0.headers = [.init("X-Model", "next")] },
      dialogue { $0.headers = [.init("X-Model", "last")] },
      dialogue { $0.headers = [.init("X-Key", "key-1234567890")] },
      dialogue { $0.headers = [.init("X-Key", "key-0987654321")] },
    ].map(identity)
    #expect(Set(all).count == all.count && all.allSatisfy { !$0.contains("key-") })
    #expect(try identity(dialogue()) == all[0])
  }

  @Test("A server that asks for a certificate speaks to those alone that show it, and to an authority of the policy's")
  func mutualTLS() async throws {
    let server = try TLSServer(verifiesClients: true)
    defer { server.stop() }
    func failure(_ files: TLSFiles) async throws -> ResponseFailure {
      let dialogue = try dialogue { $0.files = files }
      let target = try served(dialogue, on: "https://localhost:\(server.port)/ask") {
        $0.retries = 0
        $0.timeout = .seconds(2)
      }
      return try #require(try await target.ask().failure)
    }
    let (own, key) = (server.certificate, server.key)
    #expect(try await failure(TLSFiles(certificate: own, key: key)).message.contains("certificate is not trusted"))
    let unknown = try await failure(TLSFiles(authorities: own))
    #expect(unknown.kind == .unreachable && !unknown.message.contains("timed out"), "\(unknown)")
    // openssl's server reads a POST and never answers it: waiting for the answer in vain means that TLS was passed.
    let known = try await failure(TLSFiles(certificate: own, key: key, authorities: own))
    #expect(known.message.contains("timed out"), "\(known)")
    let wrong = try await failure(TLSFiles(certificate: own, authorities: own))
    #expect(wrong.message.contains("can't be used"), "\(wrong)")
  }

  @Test("Secrets in headers reach the server alone, however it gives them back")
  func secrets() async throws {
    let secret = "clinic-9f8e7d6c5b4a"
    let dialogue = try dialogue { $0.headers = [.init("X-Api-Key", secret)] }
    let replies: [FakeReply] = [
      .json(#"{"answer":"your key is \#(secret)"}"#), .json(#"{"answer":{"\#(secret)":1}}"#), .error(500, secret),
      .json(#"{"answer":"\#(String(secret.reversed()))"}"#),
    ]
    for reply in replies {
      try await FakeServer.run(answering: { _, _ in reply }) { server in
        let target = try served(dialogue, on: server.url) {
          $0.redactor = Redactor([secret])
          $0.retries = 0
        }
        let outcome = try await target.ask()
        #expect(server.requests.first?.header("x-api-key") == secret)
        var dumped = ""
        dump(dialogue, to: &dumped)
        for text in ["\(outcome)", target.fingerprint, dumped, "\(dialogue)"] {
          #expect(!text.contains("9f8e7d") && !text.contains("d7e8f9"), "\(text)")
        }
      }
    }
  }
}

@Suite("JSON Pointer and JSONPath")
struct JSONSelectorTests {
  @Test("The examples of RFC 6901 select what it says")
  func pointers() throws {
    let document = try JSON(
      parsing: Array(
        #"{"foo":["bar","baz"],"":0,"a/b":1,"c%d":2,"e^f":3,"g|h":4,"i\\j":5,"k\"l":6," ":7,"m~n":8}"#.utf8))
    let cases = [
      ("/foo/0", #""bar""#), ("/", "0"), ("/a~1b", "1"), ("/c%d", "2"), ("/e^f", "3"), ("/g|h", "4"), ("/i\\j", "5"),
      ("/k\"l", "6"), ("/ ", "7"), ("/m~0n", "8"), ("/foo", #"["bar","baz"]"#),
    ]
    for (pointer, value) in cases {
      #expect(try JSONSelector(pointer).values(in: document).map { $0.serialized() } == [value], "\(pointer)")
    }
    #expect(try JSONSelector("").values(in: document).count == 1)
    for absent in ["/foo/2", "/foo/-", "/foo/-1", "/foo/00", "/nothing", "/foo/0/x", "//"] {
      #expect(try JSONSelector(absent).values(in: document).isEmpty, "\(absent)")
    }
  }

  @Test(
    "What isn't understood is refused with its position",
    arguments: [
      ("answer", 1), ("/a~b", 3), ("/a~", 3), ("$.", 3), ("$..text", 3), ("$.a[", 4), ("$.a[1:2]", 6), ("$.a[0,1]", 6),
      ("$.a[?@.b]", 5), ("$.a['b", 5), ("$a", 2), ("$.a b", 3), ("$.1a", 3), ("$[01]", 3), ("$[-0]", 3),
      ("$['a\\n']", 5),
    ])
  func mistakes(text: String, position: Int) {
    let mistake = #expect(throws: JSONSelector.Mistake.self) { try JSONSelector(text) }
    #expect(mistake?.position == position, "\(String(describing: mistake))")
  }
}
