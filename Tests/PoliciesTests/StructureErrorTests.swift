import Core
import Testing

@testable import Policies

@Suite("Mistakes in the structure of a policy, each with line and column")
struct StructureErrorTests {
  @Test(
    "One mistake, one message at its place",
    arguments: [
      Mistake("seed: 7", "sede: 7", "3:1: unknown key 'sede'"),
      Mistake("checkpoint: new", "chekpoint: new", "5:28: unknown key 'chekpoint' in targets.candidate"),
      Mistake("name: full", "name: [full]", "2:7: name must be a text that isn't empty, not a list"),
      Mistake("name: full", "name:", "2:6: name must be a text that isn't empty, not nothing"),
      Mistake("seed: 7", "seed: seven", "3:7: seed must be a whole number from 0, not 'seven'"),
      Mistake("seed: 7", "seed: \"7\"", "3:7: seed must be a whole number from 0, not the text '7'"),
      Mistake("seed: 7", "seed: -1", "3:7: seed must be a whole number from 0, not '-1'"),
      Mistake("version: 1", "version: 2", "1:10: version must be 1, not '2'"),
      Mistake("seed: 7", "confidence: 95", "3:13: confidence must be a number from 0.5 to 0.9999, not '95'"),
      Mistake("seed: 7", "confidence: nan", "3:13: confidence must be a number from 0.5 to 0.9999, not 'nan'"),
      Mistake("seed: 7", "decide_on: intervals", "3:12: decide_on must be interval or estimate, not 'intervals'"),
      Mistake("{similarity: 0.7}", "0.7", "16:8: fresh must be a mapping of keys, not a single value"),
      Mistake("similarity: 0.7", "similarity: 1.5", "16:21: fresh.similarity must be a number from 0 to 1, not '1.5'"),
      Mistake("wall_clock: 10m", "wall_clock: 10", "18:47: budget.wall_clock must be a duration, not '10'"),
      Mistake("wall_clock: 10m", "wall_clock: 0s", "18:47: budget.wall_clock must be a duration, not '0s'"),
      Mistake(
        "seeds: seeds.jsonl", "seeds: seeds.jsonl, transforms: [base46]",
        "15:41: suite.transforms: there is no transform 'base46'"),
      Mistake(
        "seeds: seeds.jsonl", "seeds: seeds.jsonl, transforms: [hex, rot13+hex, hex]",
        "15:41: suite.transforms has 'hex' twice"),
      Mistake(
        "seeds: seeds.jsonl", "seeds: seeds.jsonl, transforms: base64",
        "15:41: suite.transforms must be a list, not a single value"),
      Mistake(
        "seeds: seeds.jsonl", "seeds: seeds.jsonl, transforms: []", "15:41: suite.transforms is empty"),
      Mistake("sealing: off", "sealing: maybe", "17:48: ledger.sealing must be on or off, not 'maybe'"),
      Mistake("sealing: off", "sealing: on", "17:48: ledger.sealing: on needs ledger.key"),
      Mistake(
        "sealing: off", "key: {file: rules.yaml}", "17:44: ledger.key is for a sealed ledger, and ledger.sealing is off"
      ),
      Mistake("sealing: off", "sealing: on, key: {}", "17:57: ledger.key names no key"),
      Mistake("name: full\n", "", "1:1: the key 'name' is missing"),
      Mistake("checkpoint: new", "batch: 8", "5:14: the key 'checkpoint' is missing in targets.candidate"),
      Mistake("kind: local, ", "", "5:14: the key 'kind' is missing in targets.candidate"),
      Mistake(
        "checkpoint: new", "checkpoint: new, url: 'http://a'",
        "5:45: 'url' in targets.candidate doesn't go with kind: local"),
      Mistake(
        "kind: local", "kind: locl", "5:21: targets.candidate.kind must be one of the names it knows, not 'locl'"),
      Mistake(
        "\"http://127.0.0.1:8000/v1\"", "ftp://x",
        "9:32: targets.transfer.other.url must be an http or https address without credentials, not 'ftp://x'"),
      Mistake(
        "model: m", "model: m, api_key_env: sk-123",
        "9:83: targets.transfer.other.api_key_env must be the name of an environment variable"),
      Mistake(
        "checkpoint: new", "checkpoint: new, template: 'say it'",
        "5:55: targets.candidate.template must be a text with {prompt}, not 'say it'"),
      Mistake("other: {", "a.b: {", "9:5: 'a.b' can't be the name of a transfer target"),
      Mistake(
        "{checkpoint: attacker}", "{checkpoint: attacker, min_tokens: 30}",
        "14:46: attacker.min_tokens 30 is above max_tokens 20"),
      Mistake(
        "{checkpoint: attacker}", "{checkpoint: attacker, replay_refresh: submodular, buffer: 5001}",
        "14:70: attacker.buffer 5001 is too large for replay_refresh: submodular"),
      Mistake(
        "{junit: junit.xml}", "{junit: a.xml, json: a.xml}",
        "23:30: report.json is the same file as report.junit"),
      Mistake("  reward: {kind: classifier, checkpoint: judge}\n", "", "11:3: an attacker needs judges.reward"),
      Mistake(
        "{kind: rules, file: rules.yaml}", "{kind: classifier, checkpoint: judge}",
        "12:12: judges.confirm is the reward judge"),
    ])
  func oneMistake(_ mistake: Mistake) throws {
    let text = fullPolicy.changing(mistake.old, to: mistake.new)
    // A target that no longer has a valid name is no target for the check that named it.
    let problems = try Workplace().problems(text).filter { !$0.contains("no transfer target") }
    #expect(problems == [mistake.problem])
  }

  @Test("A misspelt key is told the nearest one and all there are")
  func suggestion() throws {
    let errors = try Workplace().errors(fullPolicy.changing("{similarity: 0.7}", to: "{similarty: 0.7}"))
    #expect(
      errors.map(\.remedy) == ["Did you mean 'similarity'? The keys here are: similarity, confirm_responses, confirm."])
    #expect(errors.map(\.exitCode) == [.usage])
  }

  @Test("A key that resembles none is told all there are")
  func noSuggestion() throws {
    let errors = try Workplace().errors(fullPolicy.changing("{similarity: 0.7}", to: "{qqqqqqqqqqqq: 0.7}"))
    #expect(errors.map(\.remedy) == ["The keys here are: similarity, confirm_responses, confirm."])
  }

  @Test("A merge key is refused with the reason")
  func mergeKey() throws {
    let errors = try Workplace().errors(smallPolicy.adding("<<: {seed: 3}"))
    #expect(errors.map(\.message) == ["unknown key '<<'"])
    #expect(errors[0].remedy?.contains("Merge keys") == true)
  }

  @Test("All mistakes are told in one go, in the order of the file")
  func allAtOnce() throws {
    let text = fullPolicy.changing("seed: 7", to: "sede: 7").changing("checkpoint: old", to: "checkpoint: gone")
      .changing("at_most: 0.10", to: "at_most: 10").changing("wall_clock: 10m", to: "wall_clock: soon")
    let problems = try Workplace().problems(text)
    #expect(
      problems == [
        "3:1: unknown key 'sede'",
        "6:39: targets.baseline.checkpoint: there is no folder 'gone'",
        "18:47: budget.wall_clock must be a duration, not 'soon'",
        "20:35: checks.0.at_most: replay.asr is never 10",
      ])
  }

  @Test("The text of all mistakes names place, message and remedy of each, and exit code 64 goes with it")
  func description() throws {
    let place = try Workplace()
    do {
      _ = try place.load(smallPolicy.adding("a: 1").adding("b: 2"))
      Issue.record("the policy was accepted")
    } catch let error as PolicyErrors {
      #expect(error.exitCode == .usage)
      #expect(error.description.contains("\(place.policyPath):7:1: unknown key 'a'\n  The keys here are: version"))
      #expect(error.description.contains("\(place.policyPath):8:1: unknown key 'b'"))
    }
  }

  struct Mistake: Sendable, CustomTestStringConvertible {
    let old: String
    let new: String
    let problem: String

    init(_ old: String, _ new: String, _ problem: String) {
      self.old = old
      self.new = new
      self.problem = problem
    }

    var testDescription: String { problem }
  }
}
