import Core
import Policies
import Testing

@testable import Suites

@Suite("Results of other harnesses")
struct HarnessTests {
  private let folder: HarnessFolder

  init() throws { folder = try HarnessFolder() }

  @Test("garak: an output is as unsafe as its most suspicious detector; none of a detector is no clean bill")
  func garak() throws {
    let outcomes = try folder.read(
      #"{"entry_type": "start_run setup", "_config.version": "0.17"}"# + "\n"
        + HarnessFolder.attempt("a", status: 1, outputs: #"[{"text": "x"}]"#, detectors: "{}")
        + HarnessFolder.attempt(
          "a", status: 2, outputs: #"[{"text": "x"}, {"text": "y"}, null, {"text": "z"}]"#,
          detectors: #"{"d.One": [0.0, 0.2, null, null], "d.Two": [1.0, 0.0, null, 0.0]}"#)
        + HarnessFolder.attempt("b", status: 2, outputs: #"[{"text": "x"}]"#, detectors: "{}")
        + HarnessFolder.completion,
      "r.report.jsonl")
    #expect(outcomes.map(\.result) == [.scored(1), .scored(0.2), .failed, .unscored, .unscored])
    #expect(outcomes.map(\.sample) == [0, 1, 2, 3, 0])
    #expect(outcomes[0].id == AttackID(prompt: "say a").text && outcomes[0].category == "leak.Lamp")
  }

  @Test("Inspect: grades and numbers by the end that is unsafe; errors, filters and NaN count as what they are")
  func inspect() throws {
    let cut = #"{"stop_reason": "max_tokens", "message": {"content": "n"}}"#
    let samples = [
      HarnessFolder.sample(
        1, 1,
        #""scores": {"harm": {"value": "C"}, "other": {"value": 0.1}}, "output": {"choices": [{"message": {"content": "yes"}}]}"#
      ),
      HarnessFolder.sample(
        1, 2, #""scores": {"harm": {"value": "I"}}, "output": {"choices": [\#(cut)]}"#),
      HarnessFolder.sample(2, 1, #""scores": {"harm": {"value": NaN}}, "output": {"choices": []}"#),
      HarnessFolder.sample(3, 1, #""scores": null, "error": {"message": "timeout"}, "output": {"choices": []}"#),
      HarnessFolder.sample(
        4, 1, #""scores": {"harm": {"value": 0}}, "output": {"choices": [{"stop_reason": "content_filter"}]}"#),
      HarnessFolder.sample(5, 1, #""scores": {}, "output": {"choices": []}"#),
    ]
    let log =
      #"{"version": 2, "status": "success", "eval": {"task": "t"}, "samples": [\#(samples.joined(separator: ",\n"))]}"#
    let high = try folder.read(log, "log.json", score: UnsafeScore(name: "harm", end: .high))
    #expect(high.map(\.result) == [.scored(1), .scored(0), .unscored, .failed, .blocked, .unscored])
    #expect(
      high.map(\.isCut) == [false, true, false, false, false, false] && high.map(\.sample) == [0, 1, 0, 0, 0, 0])
    let low = try folder.read(log, "log.json", score: UnsafeScore(name: "harm", end: .low))
    #expect(low.map(\.result) == [.scored(0), .scored(1), .unscored, .failed, .blocked, .unscored])
    #expect(
      folder.message { try folder.read(log, "log.json", score: UnsafeScore(end: .high)) }?.contains("'harm', 'other'")
        == true)
    #expect(folder.message { try folder.read(log, "log.json") }?.contains("which end is unsafe") == true)
  }

  @Test("Results of a run that didn't end are refused: what was never asked leaves no trace")
  func unfinished() throws {
    let attempt = HarnessFolder.attempt("a", status: 2, outputs: #"[{"text": "x"}]"#, detectors: #"{"d": [0.0]}"#)
    #expect(
      folder.message { try folder.read(attempt, "r.report.jsonl") }?.hasPrefix("the results are not complete") == true)
    let sample = HarnessFolder.sample(1, 1, #""scores": {"harm": {"value": 0}}, "output": {"choices": []}"#)
    let score = UnsafeScore(end: .high)
    for head in [
      #""status": "error""#, #""status": "started""#, #""status": "success", "results": {"total_samples": 2}"#,
    ] {
      #expect(
        folder.message {
          try folder.read(#"{"version": 2, \#(head), "samples": [\#(sample)]}"#, "log.json", score: score)
        }?
        .hasPrefix("the results are not complete") == true)
    }
    #expect(
      try folder.read(
        #"{"status": "success", "results": {"total_samples": 1}, "samples": [\#(sample)]}"#, "log.json", score: score
      )
      .count == 1)
  }

  @Test("Inspect: a log without its samples decides nothing")
  func inspectHeader() throws {
    #expect(
      folder.message {
        try folder.read(#"{"version": 2, "eval": {}, "samples": null}"#, "log.json", harness: "inspect")
      }
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
    let outcomes = try folder.read(lines, "samples_t.jsonl", score: score)
    #expect(outcomes.map(\.result) == [.scored(6.0 / 9), .unscored])
    #expect(outcomes.map(\.prompt) == ["say it", "say that"] && outcomes[0].category == "lamps")
    #expect(
      folder.message { try folder.read(lines, "s.jsonl", score: UnsafeScore(name: "harm", end: .high)) }
        == "the score 7.0 is outside 0.0 to 1.0")
    #expect(
      folder.message { try folder.read(lines, "s.jsonl", score: UnsafeScore(name: "ham", end: .high)) }
        == "there is no score 'ham'")
  }

  @Test("lm-evaluation-harness: a response that several filters read is taken once, by the filter that is named")
  func lmEvalFilters() throws {
    func line(_ filter: String, _ harm: Int) -> String {
      #"{"doc_id": 0, "doc": {}, "arguments": {"gen_args_0": {"arg_0": "say it"}}, "resps": [["x"]], "filter": "\#(filter)", "metrics": ["harm"], "harm": \#(harm)}"#
        + "\n"
    }
    let lines = line("none", 0) + line("strict", 1)
    #expect(
      folder.message { try folder.read(lines, "s.jsonl", score: UnsafeScore(end: .high)) }?.contains("'none', 'strict'")
        == true)
    let strict = try folder.read(lines, "s.jsonl", score: UnsafeScore(name: "harm,strict", end: .high))
    #expect(strict.map(\.result) == [.scored(1)] && strict.map(\.sample) == [0])
  }

  @Test(
    "NeMo Evaluator: rewards by the end that is unsafe; a scorer that failed or waits for its judge left no verdict")
  func nemoEvaluator() throws {
    func line(_ problem: Int, _ again: Int, _ reward: Double, _ rest: String = "") -> String {
      #"{"problem_idx": \#(problem), "repeat": \#(again), "reward": \#(reward), "scorer_rewards": {"scorer:harm": 0.25}, "#
        + #""prompt": "say \#(problem)", "model_response": "no", "metadata": {"category": "lamps"}\#(rest)}"# + "\n"
    }
    let lines =
      line(0, 0, 1) + line(0, 1, 0)
      + line(1, 0, 0, #", "scoring_details": {"scorer:harm": {"error": "KeyError: 'x'", "reward": 0.0}}"#)
      + line(2, 0, 0, #", "scoring_details": {"needs_judge": true}"#)
      + line(3, 0, 0, #", "scoring_details": {"judge": {"error": "timeout", "total": null}, "needs_judge": false}"#)
      + line(4, 0, 0).replacing(#""model_response": "no""#, with: #""model_response": " ""#)
      + line(5, 0, 1, #", "scoring_details": {"judge": {"total": 3}, "needs_judge": false}"#)
    let high = try folder.read(lines, "results.jsonl", score: UnsafeScore(end: .high))
    #expect(
      high.map(\.result) == [.scored(1), .scored(0), .unscored, .unscored, .unscored, .unscored, .scored(1)])
    #expect(high.map(\.sample) == [0, 1, 0, 0, 0, 0, 0] && high[0].category == "lamps" && high[1].prompt == "say 0")
    #expect(high[2].reason?.contains("KeyError") == true && high[3].reason == "its judge was not asked")
    let own = try folder.read(lines, "results.jsonl", score: UnsafeScore(name: "scorer:harm", end: .low))
    #expect(own[0].result == .scored(0.75) && own[4].result == .scored(0.75) && own[2].result == .unscored)
    #expect(folder.message { try folder.read(lines, "results.jsonl") }?.contains("which end is unsafe") == true)
    #expect(
      folder.message { try folder.read(lines, "results.jsonl", score: UnsafeScore(name: "harm", end: .low)) }
        == "there is no score 'harm'")
    #expect(
      folder.message {
        try folder.read(line(0, 0, 1) + line(0, 0, 0), "results.jsonl", score: UnsafeScore(end: .high))
      }?
      .contains("this response already") == true)
  }

  @Test("DeepTeam: a test case that passed is safe; errors are failed, none of both unscored")
  func deepTeam() throws {
    func test(_ number: Int, _ rest: String) -> String {
      #"{"vulnerability": "Lamp Leakage", "vulnerability_type": "word", "input": "say \#(number)", "#
        + #""actual_output": "no", \#(rest)}"#
    }
    let cases = [
      test(0, #""score": 1.0, "error": null"#), test(1, #""score": 0.0"#),
      test(2, #""score": null, "error": "timeout""#),
      test(3, #""score": null"#), test(4, #""score": 1, "error": {"message": "no route"}"#),
      test(5, #""score": 1, "error": "" "#),
    ].joined(separator: ",")
    let outcomes = try folder.read(#"{"overview": {"errored": 1}, "test_cases": [\#(cases)]}"#, "d.json")
    #expect(outcomes.map(\.result) == [.scored(0), .scored(1), .failed, .unscored, .failed, .scored(0)])
    #expect(outcomes.allSatisfy { $0.category == "Lamp Leakage" } && outcomes[4].reason == "no route")
  }

  @Test("One prompt under several categories is an attack of each, and samples are counted within it")
  func severalCategories() throws {
    func attempt(_ uuid: Int, _ probe: String, _ score: Double) -> String {
      HarnessFolder.attempt("a", status: 2, outputs: #"[{"text": "x"}]"#, detectors: #"{"d": [\#(score)]}"#)
        .replacing("leak.Lamp", with: probe).replacing(#""uuid": "a""#, with: #""uuid": "\#(uuid)""#)
    }
    let text =
      attempt(1, "leak.Lamp", 0) + attempt(2, "leak.Oil", 1) + attempt(3, "leak.Lamp", 0) + HarnessFolder.completion
    let outcomes = try folder.read(text, "r.report.jsonl")
    let name = AttackID(prompt: "say a").text
    #expect(outcomes.map(\.id) == ["\(name)/leak.Lamp", "\(name)/leak.Oil", "\(name)/leak.Lamp"])
    #expect(outcomes.map(\.sample) == [0, 0, 1] && outcomes.map(\.category) == ["leak.Lamp", "leak.Oil", "leak.Lamp"])
    // The other model's file has one category alone: both call the attack by one name.
    let other = try folder.read(attempt(1, "leak.Oil", 0) + HarnessFolder.completion, "s.report.jsonl")
    let both = Outcome.told(apart: outcomes + other)
    #expect(other.map(\.id) == [name] && both.last?.id == "\(name)/leak.Oil")
  }

  @Test("garak: what was answered and never detected, or asked and never answered, is not left out")
  func garakGaps() throws {
    let outputs = #"[{"text": "x"}]"#
    let outcomes = try folder.read(
      HarnessFolder.attempt("a", status: 1, outputs: outputs, detectors: "{}")
        + HarnessFolder.attempt("b", status: 1, outputs: outputs, detectors: "{}")
        + HarnessFolder.attempt("b", status: 2, outputs: outputs, detectors: #"{"d": [0.0]}"#)
        + HarnessFolder.attempt("c", status: 2, outputs: "[]", detectors: #"{"d": []}"#)
        + HarnessFolder.attempt("d", status: 2, outputs: "null", detectors: "{}") + HarnessFolder.completion,
      "r.report.jsonl")
    #expect(outcomes.map(\.prompt) == ["say a", "say b", "say c", "say d"])
    #expect(outcomes.map(\.result) == [.unscored, .scored(0), .failed, .failed])
    let wrong =
      HarnessFolder.attempt("a", status: 2, outputs: outputs, detectors: #"{"d": [-3]}"#) + HarnessFolder.completion
    #expect(folder.message { try folder.read(wrong, "r.jsonl") } == "the score -3.0 is outside 0 to 1")
  }

  @Test("A response without a text is no safe one, whichever harness asked; what was called unsafe stays unsafe")
  func emptyResponses() throws {
    let garak = HarnessFolder.attempt(
      "a", status: 2, outputs: #"[{"text": " \u200b"}, {"text": ""}]"#, detectors: #"{"d": [0.0, 1.0]}"#)
    #expect(try folder.read(garak + HarnessFolder.completion, "r.jsonl").map(\.result) == [.unscored, .scored(1)])
    func inspect(_ output: String) throws -> [Outcome.Result] {
      let sample = HarnessFolder.sample(1, 1, #""scores": {"harm": {"value": 0}}, "output": \#(output)"#)
      return try folder.read(
        #"{"status": "success", "samples": [\#(sample)]}"#, "log.json", score: UnsafeScore(end: .high)
      ).map(\.result)
    }
    #expect(try inspect(#"{"choices": []}"#) == [.unscored])
    #expect(try inspect(#"{"choices": [{"message": {"content": ""}}]}"#) == [.unscored])
    #expect(
      try inspect(#"{"choices": [{"message": {"content": [{"type": "reasoning", "reasoning": "hm"}]}}]}"#) == [
        .unscored
      ])
    #expect(
      try inspect(#"{"choices": [{"message": {"content": "", "tool_calls": [{"function": "f"}]}}]}"#) == [.scored(0)])
    #expect(try inspect(#"{"choices": [{"message": {"content": [{"type": "text", "text": "no"}]}}]}"#) == [.scored(0)])
    let line =
      #"{"doc_id": 0, "doc": {}, "arguments": {"gen_args_0": {"arg_0": "say it"}}, "resps": [[""]], "metrics": ["harm"], "harm": 0}"#
    #expect(try folder.read(line + "\n", "s.jsonl", score: UnsafeScore(end: .high)).map(\.result) == [.unscored])
    let test = #"{"vulnerability": "L", "vulnerability_type": "w", "input": "say it", "actual_output": "", "score": 1}"#
    #expect(try folder.read(#"{"test_cases": [\#(test)]}"#, "d.json").map(\.result) == [.unscored])
  }

  @Test("A response that a file doesn't have is an empty one")
  func absentResponses() throws {
    let score = UnsafeScore(end: .high)
    func isUnscored(_ text: String, _ name: String, score: UnsafeScore? = nil) throws -> Bool {
      let outcomes = try folder.read(text, name, score: score)
      return outcomes.map(\.result) == [.unscored] && outcomes[0].reason == "the response is empty"
    }
    for output in [#", "output": null"#, "", #", "output": {}"#, #", "output": {"choices": [{}]}"#] {
      let sample = HarnessFolder.sample(1, 1, #""scores": {"harm": {"value": 0}}\#(output)"#)
      #expect(try isUnscored(#"{"status": "success", "samples": [\#(sample)]}"#, "log.json", score: score), "\(output)")
    }
    for answers in ["[]", "[[]]", #"[["", ""]]"#] {
      let line = #"{"doc_id": 0, "doc": {}, "arguments": [["a", {}]], "resps": \#(answers), "metrics": ["h"], "h": 0}"#
      #expect(try isUnscored(line + "\n", "s.jsonl", score: score), "\(answers)")
    }
    for response in [#""model_response": null, "#, ""] {
      let line = #"{"problem_idx": 0, "repeat": 0, "reward": 0, \#(response)"prompt": "a"}"#
      #expect(try isUnscored(line + "\n", "results.jsonl", score: score), "\(response)")
    }
    let turn = #"{"role": "user", "content": "a"}"#
    for rest in [
      #""input": "a", "actual_output": null"#, #""input": "a""#, #""turns": [\#(turn)]"#,
      #""turns": [\#(turn), {"role": "assistant", "content": " "}]"#,
    ] {
      let test = #"{"vulnerability": "L", "vulnerability_type": "w", "score": 1, \#(rest)}"#
      #expect(try isUnscored(#"{"test_cases": [\#(test)]}"#, "d.json"), "\(rest)")
    }
    let spoken = #""turns": [\#(turn), {"role": "assistant", "content": "no"}]"#
    let test = #"{"vulnerability": "L", "vulnerability_type": "w", "score": 1, "actual_output": null, \#(spoken)}"#
    #expect(try folder.read(#"{"test_cases": [\#(test)]}"#, "d.json").map(\.result) == [.scored(0)])
  }

  @Test("A response that was not judged to the end says so whatever its score, for a limit that is above it")
  func doubts() throws {
    let outcomes = try folder.read(
      HarnessFolder.attempt(
        "a", status: 2, outputs: #"[{"text": "x"}, {"text": "y"}, {"text": ""}]"#,
        detectors: #"{"d": [0.6, 0.6, 0.7], "e": [null, 0.1, 0.1]}"#) + HarnessFolder.completion, "r.jsonl")
    #expect(outcomes.map(\.result) == [.scored(0.6), .scored(0.6), .scored(0.7)])
    #expect(outcomes.map(\.doubt) == ["a detector gave no score", nil, "the response is empty"])
  }

  @Test("Scores as text are decimal numbers, or no number at all")
  func textScores() throws {
    func results(_ value: String) throws -> [Outcome.Result] {
      let sample = HarnessFolder.sample(
        1, 1, #""scores": {"harm": {"value": "\#(value)"}}, "output": {"choices": [{"message": {"content": "no"}}]}"#)
      return try folder.read(
        #"{"status": "success", "samples": [\#(sample)]}"#, "log.json", score: UnsafeScore(end: .high)
      ).map(\.result)
    }
    #expect(try results("0.25") == [.scored(0.25)] && results("nan") == [.unscored])
    for text in ["0x1", "inf", "", "yes", " 1"] {
      #expect(
        folder.message {
          _ = try results(text); return []
        } == "the score '\(text)' is no number")
    }
  }

  @Test("garak: scores of detectors that leave missing outputs out meet their outputs; other lengths meet none")
  func garakAlignment() throws {
    let outcomes = try folder.read(
      HarnessFolder.attempt(
        "a", status: 2, outputs: #"[null, {"text": null}, {"text": "x"}, {"text": "y"}]"#,
        detectors: #"{"d": [0.0, 1.0]}"#)
        + HarnessFolder.attempt(
          "b", status: 2, outputs: #"[{"text": "x"}, {"text": "y"}]"#, detectors: #"{"d": [0.0]}"#)
        + HarnessFolder.completion, "r.report.jsonl")
    #expect(outcomes.map(\.result) == [.failed, .failed, .scored(0), .scored(1), .unscored, .unscored])
  }

  @Test("lm-evaluation-harness: of a chat the last user turn is the attack")
  func lmEvalChat() throws {
    let chat = #"[{\"role\": \"system\", \"content\": \"s\"}, {\"role\": \"user\", \"content\": \"say it\"}]"#
    let line =
      #"{"doc_id": 0, "doc": {}, "arguments": {"gen_args_0": {"arg_0": ["\#(chat)"]}}, "resps": [["x"]], "metrics": ["harm"], "harm": 0}"#
      + "\n"
    #expect(try folder.read(line, "s.jsonl", score: UnsafeScore(end: .high)).map(\.prompt) == ["say it"])
  }

  @Test("garak: a run that began after the last one ended is not complete")
  func garakRuns() throws {
    let attempt = HarnessFolder.attempt("a", status: 2, outputs: #"[{"text": "x"}]"#, detectors: #"{"d": [0.0]}"#)
    let begin =
      #"{"entry_type": "start_run setup", "plugins.target_name": "next"}"# + "\n" + #"{"entry_type": "init"}"# + "\n"
    #expect(try folder.read(begin + attempt + HarnessFolder.completion, "r.jsonl").count == 1)
    #expect(
      folder.message { try folder.read(begin + attempt + HarnessFolder.completion + begin, "r.jsonl") }
        == "the results are not complete: a run begins after the last entry of type completion")
    let other = HarnessFolder.attempt("b", status: 2, outputs: #"[{"text": "x"}]"#, detectors: #"{"d": [0.0]}"#)
    #expect(
      try folder.read(
        begin + attempt + HarnessFolder.completion + begin + other + HarnessFolder.completion, "r.jsonl"
      ).count == 2)
    #expect(
      folder.message { try folder.read(begin + attempt + begin + other + HarnessFolder.completion, "r.jsonl") }
        == "the results are not complete: a run begins before the one in front of it has an entry of type completion")
    let last = begin.replacing("next", with: "last")
    #expect(
      folder.message {
        try folder.read(
          begin + attempt + HarnessFolder.completion + last + other + HarnessFolder.completion, "r.jsonl")
      } == "a run of 'last' begins in a report on 'next'")
  }

  @Test("Inspect: an invalidated sample is unscored; a prompt that the log keeps apart is found")
  func inspectDetails() throws {
    let rest = #""scores": {"harm": {"value": 0}}, "output": {"choices": [{"message": {"content": "no"}}]}"#
    let samples = [
      #"{"id": 1, "epoch": 1, "input": "attachment://a1", "attachments": {"a1": "say it"}, "target": "", \#(rest)}"#,
      HarnessFolder.sample(2, 1, rest + #", "invalidation": {"author": "me"}"#),
    ]
    let outcomes = try folder.read(
      #"{"status": "success", "samples": [\#(samples.joined(separator: ","))]}"#, "log.json",
      score: UnsafeScore(end: .high))
    #expect(outcomes.map(\.result) == [.scored(0), .unscored] && outcomes[0].prompt == "say it")
  }
}
