import Core
import Policies
import Testing

@testable import Suites

@Suite("Files of other harnesses")
struct HarnessFileTests {
  private let folder: HarnessFolder

  init() throws { folder = try HarnessFolder() }

  @Test("A score is refused where the results say it themselves, and an unknown one is told with those that exist")
  func scores() throws {
    let garak =
      HarnessFolder.attempt("a", status: 2, outputs: #"[{"text": "x"}]"#, detectors: #"{"d": [0.0]}"#)
      + HarnessFolder.completion
    #expect(
      folder.message { try folder.read(garak, "r.jsonl", score: UnsafeScore(end: .high)) }?.contains(
        "by the most suspicious detector") == true)
    let sample = HarnessFolder.sample(1, 1, #""scores": {"harm": {"value": 0}}, "output": {"choices": []}"#)
    let log = #"{"status": "success", "samples": [\#(sample)]}"#
    let unknown = #expect(throws: PolicyErrors.self) {
      try folder.read(log, "log.json", score: UnsafeScore(name: "ham", end: .high))
    }
    #expect(unknown?.errors.first?.message == "there is no score 'ham'")
    #expect(unknown?.errors.first?.remedy == "Did you mean 'harm'? There are: harm.")
    let line =
      #"{"doc_id": 0, "doc": {}, "arguments": {"gen_args_0": {"arg_0": "say it"}}, "resps": [["x"]], "filter": "strict", "metrics": ["harm"], "harm": 0}"#
    let filter = #expect(throws: PolicyErrors.self) {
      try folder.read(line + "\n", "s.jsonl", score: UnsafeScore(name: "harm,strct", end: .high))
    }
    #expect(filter?.errors.first?.remedy?.contains("'harm,strict'") == true)
  }

  @Test("A response that is in a file twice is refused with both lines: it counts once")
  func duplicates() throws {
    let attempt = HarnessFolder.attempt(
      "a", status: 2, outputs: #"[{"text": "x"}, {"text": "y"}]"#, detectors: #"{"d": [0.0, 0.0]}"#)
    let sample = HarnessFolder.sample(1, 1, #""scores": {"harm": {"value": 0}}, "output": {"choices": []}"#)
    let line =
      #"{"doc_id": 0, "doc": {}, "arguments": {"gen_args_0": {"arg_0": "say it"}}, "resps": [["x"]], "filter": "none", "metrics": ["harm"], "harm": 0}"#
    for (text, name, score) in [
      (attempt + attempt + HarnessFolder.completion, "r.jsonl", nil),
      ("{\"status\": \"success\", \"samples\": [\(sample),\n\(sample)]}", "log.json", UnsafeScore(end: .high)),
      (line + "\n" + line + "\n", "s.jsonl", UnsafeScore(end: .high)),
    ] {
      let error = #expect(throws: PolicyErrors.self) { try folder.read(text, name, score: score) }
      #expect(error?.errors.first?.message == "the file has this response already, on line 1")
      #expect(error?.errors.first?.location?.line == 2)
    }
  }

  @Test("The model that a report names is checked, and stands in the remark with how the score was read")
  func models() throws {
    let sample = HarnessFolder.sample(
      1, 1, #""scores": {"harm": {"value": 1}}, "output": {"choices": [{"message": {"content": "no"}}]}"#)
    let log = #"{"status": "success", "eval": {"model": "next"}, "samples": [\#(sample)]}"#
    #expect(
      folder.message { try folder.read(log, "log.json", score: UnsafeScore(end: .high), model: "nxt") }
        == "the file has no responses of 'nxt'")
    let reading = try HarnessLog.outcomes(
      folder.place.path + "/log.json", role: .candidate, score: UnsafeScore(end: .high, scale: 0...10), model: "next")
    #expect(reading?.model == "next" && reading?.harness == "inspect")
    #expect(
      reading?.remark.hasSuffix(
        "Inspect's results: 1 response of the candidate ('next') to 1 attack; unsafe is the high end of the score "
          + "on a scale from 0.0 to 10.0, and no response reaches the middle of it.") == true)
  }

  @Test("Another harness's results than the one that was named are refused")
  func misnamed() throws {
    let sample = HarnessFolder.sample(1, 1, #""scores": {"harm": {"value": 1}}, "output": {"choices": []}"#)
    let log = #"{"status": "success", "samples": [\#(sample)]}"#
    #expect(
      folder.message { try folder.read(log, "log.json", harness: "promptfoo") }
        == "these are not promptfoo's results, but Inspect's")
  }

  @Test("A model that is asked for is told to be missing where the file names none")
  func noModels() throws {
    let garak =
      HarnessFolder.attempt("a", status: 2, outputs: #"[{"text": "x"}]"#, detectors: #"{"d": [0.0]}"#)
      + HarnessFolder.completion
    #expect(
      folder.message { try folder.read(garak, "r.jsonl", model: "m") }?.contains("doesn't say which model answered")
        == true)
  }

  @Test("Entries that are no objects are refused with their line, in documents and in lines")
  func noObjects() throws {
    let sample = HarnessFolder.sample(1, 1, #""scores": {"harm": {"value": 0}}, "output": {"choices": []}"#)
    for (text, name, line) in [
      ("{\"status\": \"success\",\n \"samples\": [\(sample),\n  null]}", "log.json", 3),
      ("{\"status\": \"success\", \"samples\": [\n\(sample), [\n1], 7]}", "log.json", 2),
      (HarnessFolder.completion + "7\n", "r.jsonl", 2),
    ] {
      let error = #expect(throws: PolicyErrors.self) { try folder.read(text, name, score: UnsafeScore(end: .high)) }
      let first = error?.errors.first
      #expect(
        first?.message.hasPrefix("a result is ") == true && first?.location?.line == line,
        "\(String(describing: first))")
    }
  }

  @Test("A key that is there twice is refused: a score could be either of two")
  func repeats() throws {
    let sample = HarnessFolder.sample(1, 1, #""scores": {"harm": {"value": 0}, "harm": {"value": 1}}, "output": {}"#)
    let first = #expect(throws: PolicyErrors.self) {
      try folder.read(
        "{\"status\": \"success\",\n\"samples\": [\(sample)]}", "log.json", score: UnsafeScore(end: .high))
    }?.errors.first
    #expect(first?.message == "the key 'harm' is there twice" && first?.location?.line == 2)
    #expect(first?.remedy == "Keep the value that is meant: nobody can tell which of the two counts.")
  }

  @Test("Mistakes in a document are told with the line of their entry, also in nested lists")
  func documentLines() throws {
    let sample = HarnessFolder.sample(1, 1, #""scores": {"harm": {"value": 0}}, "output": {"choices": []}"#)
    let bad = HarnessFolder.sample(2, 1, #""scores": {"harm": {"value": 9}}, "output": {"choices": []}"#)
    func line(_ text: String, _ score: UnsafeScore?) -> Int? {
      #expect(throws: PolicyErrors.self) { try folder.read(text, "log.json", score: score) }?.errors.first?.location?
        .line
    }
    #expect(
      line(
        "{\"status\": \"success\", \"note\": [{\"a\": 1}],\n\"samples\": [\(sample),\n\(bad)]}", UnsafeScore(end: .high)
      ) == 3)
    let result = #"{"success": "yes", "vars": {}, "prompt": {"raw": "a"}, "response": {"output": "x"}}"#
    #expect(line("{\"results\": {\"stats\": {\"results\": [1]},\n\n\"results\": [\n\(result)]}}", nil) == 4)
  }

  @Test("Several lists of results in one document are refused by their keys")
  func severalLists() throws {
    let text = #"{"status": "success", "samples": [{"a": 1}], "test_cases": [{"b": 1}]}"#
    #expect(
      folder.message { try folder.read(text, "log.json") }
        == "the document has several lists of results: 'samples', 'test_cases'")
  }

  @Test("Sluice's own lines are left to their own reader, damaged ones too")
  func own() throws {
    for text in [#"{"role": "candidate", "attack": "a", "score": 0}"#, "{broken\n"] {
      try folder.place.write(text, to: "o.jsonl")
      #expect(try HarnessLog.outcomes(folder.place.path + "/o.jsonl", role: .candidate) == nil)
    }
  }

  @Test("Blank lines before the first result don't hide whose file it is, and count as lines")
  func blankLines() throws {
    let attempt = HarnessFolder.attempt("a", status: 2, outputs: #"[{"text": "x"}]"#, detectors: #"{"d": [0.0]}"#)
    #expect(try folder.read("\n \t\r\n" + attempt + HarnessFolder.completion, "r.jsonl").map(\.result) == [.scored(0)])
    try folder.place.write("\n\n" + attempt + "{", to: "r.jsonl")
    let error = #expect(throws: PolicyErrors.self) {
      try HarnessLog.outcomes(folder.place.path + "/r.jsonl", role: .candidate)
    }
    #expect(error?.errors.first?.location?.line == 4)
  }

  @Test("A report that was cut off is told with its line")
  func cutOff() throws {
    let whole = HarnessFolder.attempt("a", status: 2, outputs: #"[{"text": "x"}]"#, detectors: #"{"d": [0.0]}"#)
    try folder.place.write(whole + whole.prefix(60), to: "r.report.jsonl")
    do {
      _ = try HarnessLog.outcomes(folder.place.path + "/r.report.jsonl", role: .candidate)
      Issue.record("read")
    } catch let error as PolicyErrors {
      #expect(error.errors.first?.location?.line == 2 && error.errors.first?.remedy != nil)
    }
  }
}
