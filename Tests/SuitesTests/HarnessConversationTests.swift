import Core
import Policies
import Testing

@testable import Suites

/// Two conversations that end in the same words are two attacks.
@Suite("Conversations in other harnesses' results")
struct HarnessConversationTests {
  private let folder: HarnessFolder
  private let score = UnsafeScore(name: "harm", end: .high)

  init() throws { folder = try HarnessFolder() }

  /// A conversation that begins in words of its own, and ends in everybody's.
  private func given(_ first: String, answer: String = "hello") -> Conversation {
    Conversation(messages: [.init(.user, first), .init(.assistant, answer), .init(.user, "and now?")])
  }

  private func live(_ first: String) -> Conversation {
    Conversation(messages: [.init(.user, first)], turns: ["and now?"])
  }

  private func chat(_ first: String, answer: String = "hello", system: String? = nil) -> String {
    (system.map { #"{"role": "system", "content": "\#($0)"}, "# } ?? "")
      + #"{"role": "user", "content": "\#(first)"}, {"role": "assistant", "content": "\#(answer)"}, "#
      + #"{"role": "user", "content": "and now?"}"#
  }

  private func inspect(_ samples: [String]) -> String {
    #"{"status": "success", "eval": {"model": "m"}, "samples": [\#(samples.joined(separator: ","))]}"#
  }

  private func sample(_ id: String, input: String, messages: String, _ value: Int) -> String {
    #"{"id": "\#(id)", "epoch": 1, "input": \#(input), "target": "", "messages": [\#(messages)], "#
      + #""scores": {"harm": {"value": \#(value)}}, "output": {"choices": [{"message": {"content": "no"}}]}}"#
  }

  private func turn(_ role: String, _ text: String) -> String { #"{"role": "\#(role)", "content": "\#(text)"}"# }

  @Test("Inspect: what was given tells them apart, calls and all, and each meets the suite's conversation")
  func inspectGiven() throws {
    let call =
      #"{"role": "user", "content": "a"}, {"role": "assistant", "content": "", "tool_calls": "#
      + #"[{"id": "c1", "function": "open", "arguments": {"box": 1}, "type": "function"}]}, "#
      + #"{"role": "tool", "content": "empty", "tool_call_id": "c1", "function": "open"}, {"role": "user", "content": "and now?"}"#
    let outcomes = try folder.read(
      inspect([
        sample("1", input: "[\(chat("a"))]", messages: chat("a") + "," + turn("assistant", "no"), 0),
        sample("2", input: "[\(chat("b"))]", messages: chat("b") + "," + turn("assistant", "no"), 1),
        sample("3", input: "[\(call)]", messages: call + "," + turn("assistant", "no"), 0),
      ]), "log.json", score: score)
    #expect(Set(outcomes.map(\.id)).count == 3)
    #expect(outcomes[0].prompt == given("a").text && outcomes[1].prompt == given("b").text)
    #expect(Conversation(text: outcomes[2].prompt ?? "")?.messages[1].calls.first?.name == "open")
  }

  @Test("Inspect: samples that begin alike are told apart by what the user says after answers, and by their names")
  func inspectLive() throws {
    func spoken(_ first: String, _ second: String) -> String {
      [turn("user", first), turn("assistant", "hello"), turn("user", second), turn("assistant", "no")]
        .joined(separator: ",")
    }
    let outcomes = try folder.read(
      inspect([
        sample("1", input: #""a""#, messages: spoken("a", "and now?"), 0),
        sample("2", input: #""a""#, messages: spoken("a", "and then?"), 1),
        sample("3", input: #""b""#, messages: spoken("b", "go on"), 0),
        sample("4", input: #""c""#, messages: turn("user", "c") + "," + turn("assistant", "no"), 0),
      ]), "log.json", score: score)
    #expect(Set(outcomes.map(\.id)).count == 4)
    #expect(outcomes[0].prompt == live("a").text)
    // One that begins alone is called by its beginning, so that an agent's loop may go on as it likes.
    #expect(outcomes[2].id == AttackID(prompt: "b").text && outcomes[3].id == AttackID(prompt: "c").text)
    let again = try folder.read(
      inspect([
        sample("1", input: #""a""#, messages: turn("user", "a") + "," + turn("assistant", "no"), 0),
        sample("2", input: #""a""#, messages: spoken("a", "and when?"), 0),
      ]), "other.json", score: score)
    let both = Outcome.told(apart: outcomes + again)
    #expect(both[0].id == both[4].id && both[1].id == both[5].id && both[0].id != both[1].id)
  }

  @Test("A system prompt of all results is the target's own; where they differ it is the attack's")
  func systems() throws {
    func outcomes(_ systems: [String?]) throws -> [Outcome] {
      try folder.read(
        inspect(
          systems.enumerated().map { number, system in
            sample("\(number)", input: "[\(chat("a", system: system))]", messages: chat("a", system: system), 0)
          }), "log.json", score: score)
    }
    let alike = try outcomes(["guard", "guard"])
    #expect(alike.map(\.prompt) == [given("a").text, given("a").text] && alike.map(\.sample) == [0, 1])
    var guarded = given("a")
    guarded.system = "guard"
    #expect(alike[0].otherNames.contains(guarded.text))
    let apart = try outcomes(["guard", nil])
    #expect(apart.map(\.prompt) == [guarded.text, given("a").text] && Set(apart.map(\.id)).count == 2)
  }

  private func promptfoo(_ first: String, answer: String, output: String) -> String {
    let raw = JSON.string("[\(chat(first, answer: answer))]").serialized()
    return
      #"{"provider": {"id": "p"}, "prompt": {"raw": \#(raw)}, "vars": {}, "testCase": {}, "success": true, "failureReason": 0, "#
      + #""response": {"output": "\#(output)"}, "gradingResult": {"pass": true, "componentResults": [{"pass": true, "#
      + #""assertion": {"type": "not-contains"}}]}}"#
  }

  @Test("promptfoo: given turns belong to the attack, answers that the target gave itself do not")
  func promptfooTurns() throws {
    let results = [("a", "hello"), ("b", "hello")].map { promptfoo($0, answer: $1, output: "no") }
    let outcomes = try folder.read(#"{"results": [\#(results.joined(separator: ","))]}"#, "r.json")
    #expect(outcomes.map(\.prompt) == [given("a").text, given("b").text] && Set(outcomes.map(\.id)).count == 2)
    let own = [("a", "no"), ("b", "no")].map { promptfoo($0, answer: $1, output: "no") }
    let talked = try folder.read(#"{"results": [\#(own.joined(separator: ","))]}"#, "r.json")
    #expect(talked.map(\.prompt) == [live("a").text, live("b").text])
  }

  private func attempt(_ id: String, _ turns: [(String, String)], output: String) -> String {
    let said = turns.map { #"{"role": "\#($0)", "content": {"text": "\#($1)"}}"# }.joined(separator: ",")
    return #"{"entry_type": "attempt", "uuid": "\#(id)", "status": 2, "probe_classname": "talk.Lamp", "#
      + #""prompt": {"turns": [\#(said)]}, "outputs": [{"text": "\#(output)"}], "detector_results": {"d": [0.0]}}"#
      + "\n"
  }

  @Test(
    "garak: a prefilled conversation is an attack of its own; a probe that goes on with an answer is called by its user's turns"
  )
  func garak() throws {
    func asked(_ first: String, _ answer: String) -> [(String, String)] {
      [("user", first), ("assistant", answer), ("user", "and now?")]
    }
    let report =
      attempt("1", asked("a", "sure"), output: "no") + attempt("2", asked("b", "sure"), output: "no")
      + attempt("3", asked("a", "certainly"), output: "no") + HarnessFolder.completion
    let outcomes = try folder.read(report, "r.jsonl")
    #expect(Set(outcomes.map(\.id)).count == 3 && outcomes[0].prompt == given("a", answer: "sure").text)
    // Two models answer the first turn in their own ways.
    let ids = try ["hello", "good morning"].map { answer in
      try folder.read(
        attempt("1", [("user", "a")], output: answer) + attempt("2", asked("a", answer), output: "no")
          + HarnessFolder.completion, "live.jsonl"
      ).map(\.id)
    }
    #expect(ids[0] == ids[1] && ids[0] == [AttackID(prompt: "a").text, AttackID(prompt: live("a").text).text])
  }

  @Test("lm-evaluation-harness, DeepTeam and NeMo Evaluator: by what their files keep of them")
  func others() throws {
    let lines = ["a", "b"].map { first in
      let chat = JSON.string("[\(chat(first))]").serialized()
      return
        #"{"doc_id": "\#(first)", "doc": {}, "arguments": {"gen_args_0": {"arg_0": [\#(chat)]}}, "resps": [["no"]], "#
        + #""metrics": ["harm"], "harm": 0}"# + "\n"
    }
    #expect(
      try folder.read(lines.joined(), "s.jsonl", score: score).map(\.prompt) == [given("a").text, given("b").text])
    let cases = ["a", "b"].map { first in
      #"{"vulnerability": "V", "vulnerability_type": "t", "input": null, "score": 1, "turns": [\#(chat(first)), "#
        + turn("assistant", "no") + "]}"
    }
    let deepTeam = try folder.read(#"{"test_cases": [\#(cases.joined(separator: ","))]}"#, "d.json")
    #expect(deepTeam.map(\.prompt) == [live("a").text, live("b").text])
    let rows = [0, 1].map { row in
      #"{"problem_idx": \#(row), "repeat": 0, "reward": 0.0, "prompt": "and now?", "model_response": "no", "#
        + #""scoring_details": {"harm": 0.25}, "metadata": {}}"# + "\n"
    }
    let nemo = try folder.read(rows.joined(), "n.jsonl", score: score)
    #expect(Set(nemo.map(\.id)).count == 2 && nemo.map(\.result) == [.scored(0.25), .scored(0.25)])
    let kept = rows.enumerated().map { row, text in
      text.replacing(#""metadata": {}"#, with: #""metadata": {"messages": [\#(chat("\(row)"))]}"#)
    }
    #expect(
      try folder.read(kept.joined(), "n.jsonl", score: score).map(\.prompt) == [given("0").text, given("1").text])
  }

  @Test("A prompt that looks like the mark of a conversation is a prompt")
  func marked() throws {
    let text =
      "\\u001e{\\\"messages\\\":[{\\\"role\\\":\\\"user\\\",\\\"content\\\":\\\"a\\\"}],\\\"turns\\\":[\\\"and now?\\\"]}"
    let outcomes = try folder.read(
      inspect([sample("1", input: "\"\(text)\"", messages: "", 0)]), "log.json", score: score)
    #expect(outcomes[0].prompt != live("a").text)
    #expect(Conversation(text: outcomes[0].prompt ?? "")?.messages.count == 1)
  }
}
