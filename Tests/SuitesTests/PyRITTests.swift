import Core
import Policies
import Testing

@testable import Suites

@Suite("PyRIT's results")
struct PyRITTests {
  private let folder: HarnessFolder

  init() throws { folder = try HarnessFolder() }

  private func attack(
    _ objective: String, _ outcome: String, response: String? = #""converted_value": "no", "response_error": "none""#,
    strategy: String = #""class_name": "PromptSendingAttack""#, _ more: String = ""
  ) -> String {
    #"{"conversation_id": "c", "objective": "\#(objective)", "attack_result_id": null, "outcome": "\#(outcome)", "#
      + #""executed_turns": 1, "last_response": \#(response.map { "{\($0)}" } ?? "null"), "atomic_attack_identifier": "#
      + #"{"children": {"attack_technique": {"children": {"attack": {\#(strategy)}}}}}\#(more)}"#
  }

  @Test("An attack is as unsafe as its outcome; blocks, errors and silence are what they are")
  func outcomes() throws {
    let outcomes = try folder.read(
      [
        attack("a", "success"), attack("b", "failure"), attack("c", "undetermined"),
        attack("d", "error", response: nil, #", "error_message": "no route""#), attack("e", "failure", response: nil),
        attack("f", "failure", response: #""converted_value": "", "response_error": "blocked""#),
        attack("g", "failure", response: #""converted_value": "", "response_error": "empty""#),
        attack("h", "failure", response: #""converted_value": "{}", "response_error": "processing""#),
      ].joined(separator: "\n"), "r.jsonl")
    #expect(
      outcomes.map(\.result) == [.scored(1), .scored(0), .unscored, .failed, .failed, .blocked, .unscored, .failed])
    #expect(outcomes[3].reason == "no route" && outcomes[6].reason == "the response is empty")
    #expect(folder.message { try folder.read(attack("a", "won"), "r.jsonl") } == "unknown outcome 'won'")
  }

  @Test("One objective by several strategies is several attacks; the target's model is known")
  func strategies() throws {
    func strategy(_ name: String, converter: String? = nil) -> String {
      #""class_name": "\#(name)", "children": {"objective_target": {"model_name": "next"}"#
        + (converter.map { #", "request_converters": [{"class_name": "\#($0)"}]"# } ?? "") + "}"
    }
    let lines = [
      strategy("CrescendoAttack"), strategy("PromptSendingAttack"),
      strategy("PromptSendingAttack", converter: "Base64Converter"), strategy("PromptSendingAttack"),
    ].map { attack("a", "failure", strategy: $0) }
    let outcomes = try folder.read(lines.joined(separator: "\n"), "r.jsonl", model: "next")
    #expect(Set(outcomes.map(\.id)).count == 3 && outcomes[1].id == outcomes[3].id && outcomes[3].sample == 1)
  }

  @Test("A scenario's groups are categories, and one that did not end decides nothing")
  func scenarios() throws {
    func scenario(_ state: String) -> String {
      #"{"scenario_run_state": "\#(state)", "attack_results": {"leak": [\#(attack("a", "success"))], "#
        + #""insult": [\#(attack("a", "failure")), \#(attack("b", "failure"))]}}"#
    }
    let outcomes = try folder.read(scenario("COMPLETED"), "s.json")
    #expect(outcomes.map(\.category) == ["leak", "insult", "insult"] && Set(outcomes.map(\.id)).count == 3)
    #expect(folder.message { try folder.read(scenario("IN_PROGRESS"), "s.json") }?.contains("not complete") == true)
    for state in [#""scenario_run_state": null"#, #""name": "s""#] {
      let text = scenario("COMPLETED").replacing(#""scenario_run_state": "COMPLETED""#, with: state)
      #expect(
        folder.message { try folder.read(text, "s.json") }
          == "the results are not complete: the scenario's state is 'unknown'")
    }
    // A group that is no list is not left out.
    let odd = scenario("COMPLETED").replacing(#""leak": ["#, with: #""leak": {"all": ["#).replacing(
      #"], "insult""#, with: #"]}, "insult""#)
    #expect(
      folder.message { try folder.read(odd, "s.json") } == "the results of 'leak' are an object, not a list")
  }

  @Test("A result that doesn't say whose it is stays with the only model, and is refused among several")
  func untoldModels() throws {
    func lines(_ models: String?...) -> String {
      models.enumerated().map { number, model in
        attack(
          "a\(number)", model == nil ? "error" : "failure",
          strategy: #""class_name": "A""#
            + (model.map { #", "children": {"objective_target": {"model_name": "\#($0)"}}"# } ?? ""))
      }.joined(separator: "\n")
    }
    let one = try folder.read(lines("next", nil, "next"), "r.jsonl", model: "next")
    #expect(one.map(\.result) == [.scored(0), .failed, .scored(0)])
    #expect(
      folder.message { try folder.read(lines("next", nil, "last"), "r.jsonl", model: "next") }
        == "1 response of the file, which has those of several models, doesn't say which model answered")
    #expect(try folder.read(lines("next", "last"), "r.jsonl", model: "next").count == 1)
  }

  private func piece(_ conversation: String, _ sequence: Int, _ role: String, _ text: String, _ more: String = "")
    -> String
  {
    #"{"id": "\#(conversation)\#(sequence)", "role": "\#(role)", "conversation_id": "\#(conversation)", "#
      + #""sequence": \#(sequence), "original_value": "plain \#(text)", "converted_value": "\#(text)"\#(more)}"#
  }

  private func scored(_ value: String, by name: String = "Leak", error: String = "none") -> String {
    #", "response_error": "\#(error)", "scores": [{"score_value": "\#(value)", "scorer_class_identifier": {"__type__": "\#(name)"}}]"#
  }

  @Test("The memory of version 0: a conversation is what its user said, judged by its last answer")
  func memory() throws {
    let pieces = [
      piece("1", 2, "user", "and now?"), piece("1", 0, "user", "a"), piece("1", 1, "assistant", "hello"),
      piece("1", 3, "assistant", "no", scored("True")), piece("2", 0, "user", "b"),
      piece("2", 1, "assistant", "no", scored("0.2")), piece("3", 0, "user", "c"), piece("4", 0, "user", "d"),
      piece("4", 1, "assistant", "", scored("False", error: "blocked")), piece("5", 0, "user", "e"),
      piece("5", 1, "assistant", "no", #", "scores": []"#),
    ]
    let text = "[\(pieces.joined(separator: ",\n"))]"
    let score = UnsafeScore(name: "Leak", end: .high)
    let outcomes = try folder.read(text, "m.json", score: score)
    #expect(outcomes.map(\.result) == [.scored(1), .scored(0.2), .failed, .blocked, .unscored])
    let talk = Conversation(messages: [.init(.user, "a")], turns: ["and now?"])
    #expect(outcomes[0].prompt == talk.text && outcomes[1].prompt == "b")
    let turns = #", "turns": [{"role": "user", "converted_value": "z"}]"#
    let own = piece("1", 1, "assistant", "no", turns + scored("True"))
    #expect(
      try folder.read("[\(piece("1", 0, "user", "a")), \(own)]", "o.json", score: score).map(\.prompt) == ["a"],
      "a key of the file's own is no turn of a conversation")
    #expect(outcomes[1].otherNames.contains("plain b"), "the suite may have it as it was before converters")
    #expect(folder.message { try folder.read(text, "m.json") }?.contains("which end is unsafe") == true)
    #expect(folder.message { try folder.read(text, "m.json", score: UnsafeScore(name: "Leek", end: .high)) } != nil)
  }
}
