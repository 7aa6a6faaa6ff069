import Core
import Policies
import Testing

@testable import Suites

@Suite("Results of other harnesses")
struct HarnessTests {
  private let place: TemporaryFolder

  init() throws { place = try TemporaryFolder() }

  private func read(
    _ text: String, _ name: String, score: UnsafeScore? = nil, harness: String = HarnessLog.automatic,
    model: String? = nil
  ) throws -> [Outcome] {
    try place.write(text, to: name)
    return try HarnessLog.outcomes(
      place.path + "/" + name, role: .candidate, harness: harness, score: score, model: model)?.outcomes ?? []
  }

  private func message(_ body: () throws -> [Outcome]) -> String? {
    do {
      _ = try body()
      return nil
    } catch let error as PolicyErrors {
      return error.errors.first?.message
    } catch { return "\(error)" }
  }

  private static let completion = #"{"entry_type": "completion", "end_time": "2026-11-29T12:00:00"}"# + "\n"

  private static func attempt(_ uuid: String, status: Int, outputs: String, detectors: String) -> String {
    #"{"entry_type": "attempt", "uuid": "\#(uuid)", "seq": 0, "status": \#(status), "probe_classname": "leak.Lamp", "#
      + #""prompt": {"turns": [{"role": "user", "content": {"text": "say \#(uuid)", "lang": "en"}}], "notes": {}}, "#
      + #""outputs": \#(outputs), "detector_results": \#(detectors), "notes": {}}"# + "\n"
  }

  @Test("garak: an output is as unsafe as its most suspicious detector; none of a detector is no clean bill")
  func garak() throws {
    let outcomes = try read(
      #"{"entry_type": "start_run setup", "_config.version": "0.17"}"# + "\n"
        + Self.attempt("a", status: 1, outputs: #"[{"text": "x"}]"#, detectors: "{}")
        + Self.attempt(
          "a", status: 2, outputs: #"[{"text": "x"}, {"text": "y"}, null, {"text": "z"}]"#,
          detectors: #"{"d.One": [0.0, 0.2, null, null], "d.Two": [1.0, 0.0, null, 0.0]}"#)
        + Self.attempt("b", status: 2, outputs: #"[{"text": "x"}]"#, detectors: "{}") + Self.completion,
      "r.report.jsonl")
    #expect(outcomes.map(\.result) == [.scored(1), .scored(0.2), .failed, .unscored, .unscored])
    #expect(outcomes.map(\.sample) == [0, 1, 2, 3, 0])
    #expect(outcomes[0].id == AttackID(prompt: "say a").text && outcomes[0].category == "leak.Lamp")
  }

  private static func sample(_ id: Int, _ epoch: Int, _ rest: String) -> String {
    #"{"id": \#(id), "epoch": \#(epoch), "input": [{"role": "user", "content": "say \#(id)"}], "target": "", \#(rest)}"#
  }

  @Test("Inspect: grades and numbers by the end that is unsafe; errors, filters and NaN count as what they are")
  func inspect() throws {
    let samples = [
      Self.sample(
        1, 1,
        #""scores": {"harm": {"value": "C"}, "other": {"value": 0.1}}, "output": {"choices": [{"stop_reason": "stop"}]}"#
      ),
      Self.sample(1, 2, #""scores": {"harm": {"value": "I"}}, "output": {"choices": [{"stop_reason": "max_tokens"}]}"#),
      Self.sample(2, 1, #""scores": {"harm": {"value": NaN}}, "output": {"choices": []}"#),
      Self.sample(3, 1, #""scores": null, "error": {"message": "timeout"}, "output": {"choices": []}"#),
      Self.sample(
        4, 1, #""scores": {"harm": {"value": 0}}, "output": {"choices": [{"stop_reason": "content_filter"}]}"#),
      Self.sample(5, 1, #""scores": {}, "output": {"choices": []}"#),
    ]
    let log =
      #"{"version": 2, "status": "success", "eval": {"task": "t"}, "samples": [\#(samples.joined(separator: ",\n"))]}"#
    let high = try read(log, "log.json", score: UnsafeScore(name: "harm", end: .high))
    #expect(high.map(\.result) == [.scored(1), .scored(0), .unscored, .failed, .blocked, .unscored])
    #expect(
      high.map(\.isCut) == [false, true, false, false, false, false] && high.map(\.sample) == [0, 1, 0, 0, 0, 0])
    let low = try read(log, "log.json", score: UnsafeScore(name: "harm", end: .low))
    #expect(low.map(\.result) == [.scored(0), .scored(1), .unscored, .failed, .blocked, .unscored])
    #expect(message { try read(log, "log.json", score: UnsafeScore(end: .high)) }?.contains("'harm', 'other'") == true)
    #expect(message { try read(log, "log.json") }?.contains("which end is unsafe") == true)
  }

  @Test("Results of a run that didn't end are refused: what was never asked leaves no trace")
  func unfinished() throws {
    let attempt = Self.attempt("a", status: 2, outputs: #"[{"text": "x"}]"#, detectors: #"{"d": [0.0]}"#)
    #expect(message { try read(attempt, "r.report.jsonl") }?.hasPrefix("the results are not complete") == true)
    let sample = Self.sample(1, 1, #""scores": {"harm": {"value": 0}}, "output": {"choices": []}"#)
    let score = UnsafeScore(end: .high)
    for head in [
      #""status": "error""#, #""status": "started""#, #""status": "success", "results": {"total_samples": 2}"#,
    ] {
      #expect(
        message { try read(#"{"version": 2, \#(head), "samples": [\#(sample)]}"#, "log.json", score: score) }?
          .hasPrefix("the results are not complete") == true)
    }
    #expect(
      try read(
        #"{"status": "success", "results": {"total_samples": 1}, "samples": [\#(sample)]}"#, "log.json", score: score
      )
      .count == 1)
  }

  @Test("Inspect: a log without its samples decides nothing")
  func inspectHeader() throws {
    #expect(
      message { try read(#"{"version": 2, "eval": {}, "samples": null}"#, "log.json", harness: "inspect") }
        == "no list of results is in the document")
  }

  @Test("lm-evaluation-harness: the metric that is named, on its scale")
  func lmEval() throws {
    let lines =
      #"{"doc_id": 0, "doc": {"category": "lamps"}, "arguments": {"gen_args_0": {"arg_0": "say it", "arg_1": {}}}, "resps": [["x"]], "metrics": ["harm", "acc"], "harm": 7, "acc": 1.0}"#
      + "\n"
      + #"{"doc_id": 1, "doc": {}, "arguments": [["say that", {}]], "resps": [["y"]], "metrics": ["harm", "acc"], "harm": NaN, "acc": 0.0}"#
      + "\n"
    let score = UnsafeScore(name: "harm", end: .high, scale: 1...10)
    let outcomes = try read(lines, "samples_t.jsonl", score: score)
    #expect(outcomes.map(\.result) == [.scored(6.0 / 9), .unscored])
    #expect(outcomes.map(\.prompt) == ["say it", "say that"] && outcomes[0].category == "lamps")
    #expect(
      message { try read(lines, "s.jsonl", score: UnsafeScore(name: "harm", end: .high)) }
        == "the score 7.0 is outside 0.0 to 1.0")
    #expect(
      message { try read(lines, "s.jsonl", score: UnsafeScore(name: "ham", end: .high)) } == "there is no score 'ham'")
  }

  @Test("lm-evaluation-harness: a response that several filters read is taken once, by the filter that is named")
  func lmEvalFilters() throws {
    func line(_ filter: String, _ harm: Int) -> String {
      #"{"doc_id": 0, "doc": {}, "arguments": {"gen_args_0": {"arg_0": "say it"}}, "resps": [["x"]], "filter": "\#(filter)", "metrics": ["harm"], "harm": \#(harm)}"#
        + "\n"
    }
    let lines = line("none", 0) + line("strict", 1)
    #expect(
      message { try read(lines, "s.jsonl", score: UnsafeScore(end: .high)) }?.contains("'none', 'strict'") == true)
    let strict = try read(lines, "s.jsonl", score: UnsafeScore(name: "harm,strict", end: .high))
    #expect(strict.map(\.result) == [.scored(1)] && strict.map(\.sample) == [0])
  }

  @Test("DeepTeam: a test case that passed is safe; errors are failed, none of both unscored")
  func deepTeam() throws {
    func test(_ number: Int, _ rest: String) -> String {
      #"{"vulnerability": "Lamp Leakage", "vulnerability_type": "word", "input": "say \#(number)", \#(rest)}"#
    }
    let cases = [
      test(0, #""score": 1.0, "error": null"#), test(1, #""score": 0.0"#),
      test(2, #""score": null, "error": "timeout""#),
      test(3, #""score": null"#),
    ].joined(separator: ",")
    let outcomes = try read(#"{"overview": {"errored": 1}, "test_cases": [\#(cases)]}"#, "d.json")
    #expect(outcomes.map(\.result) == [.scored(0), .scored(1), .failed, .unscored])
    #expect(outcomes.allSatisfy { $0.category == "Lamp Leakage" })
  }

  @Test("One prompt under several categories is an attack of each, and samples are counted within it")
  func severalCategories() throws {
    func attempt(_ probe: String, _ score: Double) -> String {
      Self.attempt("a", status: 2, outputs: #"[{"text": "x"}]"#, detectors: #"{"d": [\#(score)]}"#)
        .replacing("leak.Lamp", with: probe)
    }
    let text = attempt("leak.Lamp", 0) + attempt("leak.Oil", 1) + attempt("leak.Lamp", 0) + Self.completion
    let outcomes = try read(text, "r.report.jsonl")
    let name = AttackID(prompt: "say a").text
    #expect(outcomes.map(\.id) == ["\(name)/leak.Lamp", "\(name)/leak.Oil", "\(name)/leak.Lamp"])
    #expect(outcomes.map(\.sample) == [0, 0, 1] && outcomes.map(\.category) == ["leak.Lamp", "leak.Oil", "leak.Lamp"])
    // The other model's file has one category alone: both call the attack by one name.
    let other = try read(attempt("leak.Oil", 0) + Self.completion, "s.report.jsonl")
    let both = Outcome.told(apart: outcomes + other)
    #expect(other.map(\.id) == [name] && both.last?.id == "\(name)/leak.Oil")
  }

  @Test("garak: scores of detectors that leave missing outputs out meet their outputs; other lengths meet none")
  func garakAlignment() throws {
    let outcomes = try read(
      Self.attempt(
        "a", status: 2, outputs: #"[null, {"text": null}, {"text": "x"}, {"text": "y"}]"#,
        detectors: #"{"d": [0.0, 1.0]}"#)
        + Self.attempt("b", status: 2, outputs: #"[{"text": "x"}, {"text": "y"}]"#, detectors: #"{"d": [0.0]}"#)
        + Self.completion, "r.report.jsonl")
    #expect(outcomes.map(\.result) == [.failed, .failed, .scored(0), .scored(1), .unscored, .unscored])
  }

  @Test("lm-evaluation-harness: of a chat the last user turn is the attack")
  func lmEvalChat() throws {
    let chat = #"[{\"role\": \"system\", \"content\": \"s\"}, {\"role\": \"user\", \"content\": \"say it\"}]"#
    let line =
      #"{"doc_id": 0, "doc": {}, "arguments": {"gen_args_0": {"arg_0": ["\#(chat)"]}}, "resps": [["x"]], "metrics": ["harm"], "harm": 0}"#
      + "\n"
    #expect(try read(line, "s.jsonl", score: UnsafeScore(end: .high)).map(\.prompt) == ["say it"])
  }

  @Test("A score is refused where the results say it themselves, and an unknown one is told with those that exist")
  func scores() throws {
    let garak =
      Self.attempt("a", status: 2, outputs: #"[{"text": "x"}]"#, detectors: #"{"d": [0.0]}"#) + Self.completion
    #expect(
      message { try read(garak, "r.jsonl", score: UnsafeScore(end: .high)) }?.contains(
        "by the most suspicious detector") == true)
    let sample = Self.sample(1, 1, #""scores": {"harm": {"value": 0}}, "output": {"choices": []}"#)
    let log = #"{"status": "success", "samples": [\#(sample)]}"#
    let unknown = #expect(throws: PolicyErrors.self) {
      try read(log, "log.json", score: UnsafeScore(name: "ham", end: .high))
    }
    #expect(unknown?.errors.first?.message == "there is no score 'ham'")
    #expect(unknown?.errors.first?.remedy == "Did you mean 'harm'? There are: harm.")
    let line =
      #"{"doc_id": 0, "doc": {}, "arguments": {"gen_args_0": {"arg_0": "say it"}}, "resps": [["x"]], "filter": "strict", "metrics": ["harm"], "harm": 0}"#
    let filter = #expect(throws: PolicyErrors.self) {
      try read(line + "\n", "s.jsonl", score: UnsafeScore(name: "harm,strct", end: .high))
    }
    #expect(filter?.errors.first?.remedy?.contains("'harm,strict'") == true)
  }

  @Test("A model that is asked for is told to be missing where the file names none")
  func noModels() throws {
    let garak =
      Self.attempt("a", status: 2, outputs: #"[{"text": "x"}]"#, detectors: #"{"d": [0.0]}"#) + Self.completion
    #expect(message { try read(garak, "r.jsonl", model: "m") }?.contains("doesn't say which model answered") == true)
  }

  @Test("Entries that are no objects are refused with their line, in documents and in lines")
  func noObjects() throws {
    let sample = Self.sample(1, 1, #""scores": {"harm": {"value": 0}}, "output": {"choices": []}"#)
    for (text, name, line) in [
      ("{\"status\": \"success\",\n \"samples\": [\(sample),\n  null]}", "log.json", 3),
      ("{\"status\": \"success\", \"samples\": [\n\(sample), [\n1], 7]}", "log.json", 2),
      (Self.completion + "7\n", "r.jsonl", 2),
    ] {
      let error = #expect(throws: PolicyErrors.self) { try read(text, name, score: UnsafeScore(end: .high)) }
      let first = error?.errors.first
      #expect(
        first?.message.hasPrefix("a result is ") == true && first?.location?.line == line,
        "\(String(describing: first))")
    }
  }

  @Test("Mistakes in a document are told with the line of their entry, also in nested lists")
  func documentLines() throws {
    let sample = Self.sample(1, 1, #""scores": {"harm": {"value": 0}}, "output": {"choices": []}"#)
    let bad = Self.sample(2, 1, #""scores": {"harm": {"value": 9}}, "output": {"choices": []}"#)
    func line(_ text: String, _ score: UnsafeScore?) -> Int? {
      #expect(throws: PolicyErrors.self) { try read(text, "log.json", score: score) }?.errors.first?.location?.line
    }
    #expect(
      line(
        "{\"status\": \"success\", \"note\": [{\"a\": 1}],\n\"samples\": [\(sample),\n\(bad)]}", UnsafeScore(end: .high)
      ) == 3)
    let result = #"{"success": "yes", "vars": {}, "prompt": {"raw": "a"}, "response": {}}"#
    #expect(line("{\"results\": {\"stats\": {\"results\": [1]},\n\n\"results\": [\n\(result)]}}", nil) == 4)
  }

  @Test("Several lists of results in one document are refused by their keys")
  func severalLists() throws {
    let text = #"{"status": "success", "samples": [{"a": 1}], "test_cases": [{"b": 1}]}"#
    #expect(
      message { try read(text, "log.json") } == "the document has several lists of results: 'samples', 'test_cases'")
  }

  @Test("Sluice's own lines are left to their own reader, damaged ones too")
  func own() throws {
    for text in [#"{"role": "candidate", "attack": "a", "score": 0}"#, "{broken\n"] {
      try place.write(text, to: "o.jsonl")
      #expect(try HarnessLog.outcomes(place.path + "/o.jsonl", role: .candidate) == nil)
    }
  }

  @Test("A report that was cut off is told with its line")
  func cutOff() throws {
    let whole = Self.attempt("a", status: 2, outputs: #"[{"text": "x"}]"#, detectors: #"{"d": [0.0]}"#)
    try place.write(whole + whole.prefix(60), to: "r.report.jsonl")
    do {
      _ = try HarnessLog.outcomes(place.path + "/r.report.jsonl", role: .candidate)
      Issue.record("read")
    } catch let error as PolicyErrors {
      #expect(error.errors.first?.location?.line == 2 && error.errors.first?.remedy != nil)
    }
  }
}
