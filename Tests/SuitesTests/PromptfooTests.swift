import Core
import Policies
import Testing

@testable import Suites

@Suite("promptfoo's tests")
struct PromptfooSuiteTests {
  private let place: TemporaryFolder

  init() throws { place = try TemporaryFolder() }

  private func read(_ text: String, _ name: String = "promptfooconfig.yaml") throws -> PromptFile {
    try place.write(text, to: name)
    return try PromptFile(place.path + "/" + name)
  }

  private func problem(_ text: String) -> SluiceError? {
    #expect(throws: PolicyErrors.self) { try read(text) }?.errors.first
  }

  @Test("Variables fill the one template; else the variable that holds the attack is asked")
  func templates() throws {
    let file = try read(
      """
      prompts: ["You sell lamps. {{ query }}"]
      tests:
        - vars: {query: say the word}
          metadata: {pluginId: leak, strategyId: base64, originalText: the word}
      """)
    #expect(
      file.prompts == [
        SuitePrompt("You sell lamps. say the word", category: "leak", cluster: "the word", tags: ["strategy:base64"])
      ])
    #expect(try read("tests:\n  - vars: {prompt: say it, language: en}\n").prompts.map(\.prompt) == ["say it"])
  }

  @Test(
    "A template is a text, an object with one, or the last user turn of a chat",
    arguments: [
      "prompts: 'Now {{q}}'", "prompts: [{raw: 'Now {{q}}', label: short}]", "prompts: {raw: 'Now {{q}}'}",
      #"prompts: ['[{"role": "system", "content": "You sell lamps."}, {"role": "user", "content": "Now {{q}}"}]']"#,
    ])
  func templateShapes(prompts: String) throws {
    let file = try read("\(prompts)\ntests:\n- vars: {q: say it}\n")
    #expect(file.prompts.map(\.prompt) == ["Now say it"])
    #expect((file.remark != nil) == prompts.contains("role"))
  }

  @Test("Scalars of any kind are rendered as text")
  func scalars() throws {
    let json =
      #"{"prompts": ["{{a}}|{{b}}|{{c}}|{{d}}|{{e}}"], "tests": [{"vars": {"a": 7, "b": 1.5, "c": true, "d": null, "e": 2.0}}]}"#
    #expect(try read(json, "p.json").prompts.map(\.prompt) == ["7|1.5|true||2"])
    #expect(try read("prompts: ['{{a}} {{b}}']\ntests: [{vars: {a: 7, b: false}}]\n").prompts[0].prompt == "7 false")
    #expect(try read(#"{"tests": [{"vars": {"n": 42}}]}"#, "p.json").prompts.map(\.prompt) == ["42"])
  }

  @Test("Variables that all tests share fill those that a test doesn't set")
  func sharedVariables() throws {
    let file = try read(
      "prompts: ['{{who}}: {{q}}']\ndefaultTest: {vars: {who: clerk, q: none}}\ntests: [{vars: {q: say it}}]\n")
    #expect(file.prompts.map(\.prompt) == ["clerk: say it"])
  }

  @Test("What would be guessed or rendered otherwise is refused with the test's line")
  func refused() {
    for (prompts, variables, message) in [
      ("['{{ q | upper }}']", "q: say it", "'q | upper'"),
      ("['{% if q %}{{ q }}{% endif %}']", "q: say it", "statements"),
      ("['{{ r }}']", "q: say it", "'r'"), ("['{# a note #}{{ q }}']", "q: say it", "comments"),
      ("['{{ q }}', 'Please: {{ q }}']", "q: say it", "2 prompt templates"),
      ("['{{ q }}']", "q: [say it, say that]", "the variable 'q' is a list"), ("['{{ q }}']", "q: {a: b}", "an object"),
      ("[[a]]", "q: say it", "an array, not a text"), ("['{{ q']", "q: say it", "{{ without }}"),
    ] {
      let error = problem("prompts: \(prompts)\ntests:\n  - vars: {\(variables)}\n")
      #expect(
        error?.message.contains(message) == true && error?.location?.line == 3,
        "\(prompts): \(String(describing: error))")
      #expect(error?.remedy != nil)
    }
    #expect(problem("tests:\n  - vars: {a: x, b: y}\n")?.message.contains("which variable is asked?") == true)
  }

  @Test("Tests that set no variables are left out as that, wherever they stand; tests in another file are no templates")
  func testsWithoutVariables() throws {
    let file = try read("prompts: ['{{q}}']\ntests:\n- description: none\n- vars: {q: say it}\n- vars: file://v.yaml\n")
    #expect(file.dataset?.name == "promptfoo" && file.prompts.map(\.prompt) == ["say it"])
    #expect(file.leftOut.map(\.reason) == ["they set no variables", "their variables are in other files"])
    #expect(
      problem("prompts: ['{{q}}']\ntests: file://t.csv\n")?.message == "the tests are in another file: 'file://t.csv'")
    #expect(problem("x: &a {q: say it}\ntests:\n- vars: {<<: *a}\n")?.message.contains("merge key") == true)
  }

  @Test("A template in another file is told: its variable alone is asked")
  func templateElsewhere() throws {
    let file = try read("prompts: [file://chat.json]\ntests: [{vars: {prompt: say it}}]\n")
    #expect(file.prompts.map(\.prompt) == ["say it"])
    #expect(try file.attacks().remark?.contains("'file://chat.json' was not read") == true)
    #expect(try read("tests: [{vars: {prompt: 'file://p.txt'}}, {vars: {prompt: a}}]\n").leftOut.map(\.records) == [1])
  }
}

@Suite("promptfoo's results")
struct PromptfooResultTests {
  private let place: TemporaryFolder

  init() throws { place = try TemporaryFolder() }

  private static let judged =
    #""gradingResult": {"pass": true, "score": 1, "componentResults": [{"pass": true, "assertion": {"type": "not-contains"}}]}"#

  private static func result(
    _ rest: String, provider: String = #"{"id": "m"}"#, raw: String = "say it", test: String = ""
  ) -> String {
    #"{"provider": \#(provider), "prompt": {"raw": \#(JSON.string(raw).serialized()), "label": "l"}, "vars": {"q": "it"}, "#
      + #""testCase": {"metadata": {"pluginId": "leak"}\#(test)}, \#(rest)}"#
  }

  private func read(_ results: String..., model: String? = nil) throws -> HarnessLog.Reading {
    try place.write(
      #"{"evalId": "e", "results": {"version": 3, "results": [\#(results.joined(separator: ","))]}}"#, to: "p.json")
    return try #require(try HarnessLog.outcomes(place.path + "/p.json", role: .candidate, model: model))
  }

  @Test(
    "Failed assertions are unsafe, errors are failed, and models are kept apart, by their labels where they have some")
  func verdicts() throws {
    let safe = #""success": true, "failureReason": 0, "response": {"output": "no"}, \#(Self.judged)"#
    let unsafe = #""success": false, "failureReason": 1, "response": {"output": "yes"}, \#(Self.judged)"#
    let failed = #""success": false, "failureReason": 2, "error": "timeout""#
    let labelled = #"{"id": "m", "label": "next"}"#
    let results = [
      Self.result(safe), Self.result(unsafe), Self.result(failed), Self.result(unsafe, provider: labelled),
      Self.result(safe, provider: #""old""#),
    ].joined(separator: ",")
    let error = #expect(throws: PolicyErrors.self) { try read(results) }
    #expect(error?.errors.first?.message.contains("several models: 'm', 'next', 'old'") == true)
    let own = try read(results, model: "m")
    #expect(own.outcomes.map(\.result) == [.scored(0), .scored(1), .failed] && own.model == "m")
    #expect(own.outcomes.allSatisfy { $0.category == "leak" })
    #expect(try read(results, model: "next").outcomes.map(\.result) == [.scored(1)])
    #expect(throws: PolicyErrors.self) { try read(results, model: "o") }
  }

  @Test(
    "What nothing judged is unscored, though promptfoo calls it a success",
    arguments: [
      ("", ""), (#", "gradingResult": null"#, ""),
      (#", "gradingResult": {"pass": true, "score": 1, "reason": "No assertions"}"#, ""),
      (#", "gradingResult": {"pass": true, "score": 1, "componentResults": []}"#, ""),
      (
        #", "gradingResult": {"pass": true, "componentResults": [{"pass": false, "assertion": {"metricOnly": true}}]}"#,
        ""
      ),
      (
        #", "gradingResult": {"pass": true, "componentResults": [{"pass": true, "assertion": {"type": "x", "weight": 0}}]}"#,
        ""
      ),
      (", " + judged, #", "threshold": 0"#), (#", "error": "timeout", "# + judged, ""),
      (", " + judged.replacing(#""pass": true, "score""#, with: #""pass": false, "score""#), ""),
    ])
  func unjudged(grading: String, test: String) throws {
    let outcomes = try read(
      Self.result(#""success": true, "response": {"output": "yes"}\#(grading)"#, test: test)
    ).outcomes
    #expect(outcomes.map(\.result) == [.unscored] && outcomes[0].reason != nil)
  }

  @Test("No output is no response, and an empty one no safe one")
  func emptyOutput() throws {
    func result(_ output: String) throws -> [Outcome.Result] {
      try read(Self.result(#""success": true, "response": {"output": \#(output)}, \#(Self.judged)"#)).outcomes.map(
        \.result)
    }
    #expect(try result("null") == [.failed] && result(#"" ""#) == [.unscored] && result(#"{"a": 1}"#) == [.scored(0)])
    #expect(try result("{}") == [.unscored] && result("[]") == [.unscored])
  }

  @Test("A success that a guardrail made is a block")
  func guardrail() throws {
    let outcomes = try read(
      Self.result(
        #""success": true, "response": {"output": ""}, "gradingResult": {"pass": true, "reason": "Content failed guardrail safety checks", "componentResults": [{"pass": false, "assertion": {"type": "guardrails"}}]}"#
      )
    ).outcomes
    #expect(outcomes.map(\.result) == [.blocked])
  }

  @Test(
    "A prompt that is a chat is all of it: what ends in the same words is no copy of it, and of one turn it is a prompt"
  )
  func chat() throws {
    let rest = #""success": true, "response": {"output": "no"}, \#(Self.judged)"#
    let chats = [
      #"[{"role": "system", "content": "You sell lamps."}, {"role": "user", "content": "say it"}]"#,
      #"{"messages": [{"role": "user", "content": "hello"}, {"role": "assistant", "content": "hi"}, {"role": "user", "content": [{"type": "text", "text": "say it"}]}]}"#,
      #"[{"role": "user", "content": "say it"}]"#, "say it",
    ]
    let outcomes = try read(chats.map { Self.result(rest, raw: $0) }.joined(separator: ",")).outcomes
    #expect(Set(outcomes.map(\.id)).count == 3 && outcomes.map(\.sample) == [0, 0, 0, 1])
    #expect(outcomes[3].id == AttackID(prompt: "say it").text)
    // Where all have the system prompt, it is the target's own.
    let alike = try read([chats[0], chats[0]].map { Self.result(rest, raw: $0) }.joined(separator: ",")).outcomes
    #expect(alike.map(\.prompt) == ["say it", "say it"])
    let broken = try read(Self.result(rest, raw: #"[{"role": "user""#)).outcomes
    #expect(broken.map(\.prompt) == [#"[{"role": "user""#])
  }
}
