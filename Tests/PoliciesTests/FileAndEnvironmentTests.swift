import Core
import Foundation
import Testing

@testable import Policies

@Suite("Files, environment variables and overrides")
struct FileAndEnvironmentTests {
  @Test(
    "A file or folder that isn't there is an error at its path",
    arguments: [
      ("checkpoint: new", "checkpoint: gone", "5:40: targets.candidate.checkpoint: there is no folder 'gone'"),
      (
        "checkpoint: new", "checkpoint: rules.yaml",
        "5:40: targets.candidate.checkpoint: 'rules.yaml' is a file, not a folder"
      ),
      ("file: rules.yaml", "file: new", "12:32: judges.confirm.file: 'new' is a folder, not a file"),
      ("seeds.jsonl", "gone.jsonl", "15:16: suite.seeds: there is no file 'gone.jsonl'"),
      ("seeds.jsonl", "seeds.jsonl, benign: gone", "15:37: suite.benign: there is no file 'gone'"),
      (
        "checkpoint: leaky", "checkpoint: leaky, weaknesses: gone",
        "7:57: targets.control.weaknesses: there is no file 'gone'"
      ),
      ("checkpoint: embedder", "checkpoint: gone", "13:37: embedder.checkpoint: there is no folder 'gone'"),
      ("{checkpoint: attacker}", "{checkpoint: gone}", "14:24: attacker.checkpoint: there is no folder 'gone'"),
    ])
  func missing(_ old: String, _ new: String, _ problem: String) throws {
    let text = fullPolicy.changing(old, to: new)
    let place = try Workplace()
    let problems = try place.problems(text)
    #expect(problems == [problem])
    #expect(try place.problems(text, checksFiles: false) == [])
  }

  @Test("A policy that isn't there, is a folder or a device is an error of its own")
  func policyFile() throws {
    let place = try Workplace()
    func message(_ path: String) -> String? {
      do {
        _ = try Policy.load(path: path, environment: [:])
        return nil
      } catch {
        return (error as? PolicyErrors)?.errors.first?.message
      }
    }
    #expect(message(place.folder + "/none.yaml") == "the policy isn't there")
    #expect(message(place.folder) == "the policy is a folder")
    #expect(message("/dev/zero") == "the policy is no regular file")
  }

  @Test("${VAR} is expanded in values, $${ stays, and quoted numbers may come from the environment")
  func expansion() throws {
    let text = smallPolicy.changing("name: small", to: "name: a-${ONE}-$${TWO}\nseed: \"${SEED}\"")
      .changing("checkpoint: new", to: "checkpoint: \"${FOLDER}\"")
    let place = try Workplace()
    let policy = try place.load(text, environment: ["ONE": "x", "SEED": "12", "FOLDER": "old"])
    #expect(policy.name == "a-x-${TWO}" && policy.seed == 12)
    #expect(policy.candidate.recipe.checkpoint == place.folder + "/old")
  }

  @Test(
    "A variable that isn't set or closed is an error at its place, with what to do",
    arguments: [
      ("name: ${NONE}", "2:7: name: the environment variable NONE is not set", "Set NONE before running"),
      ("name: ${NONE", "2:7: name: ${ is never closed", "a literal ${ is written $${"),
      ("name: ${A B}", "2:7: name: ${A B} is no name of an environment variable", "letters, digits and underscores"),
      ("name: ${}", "2:7: name: ${} is no name of an environment variable", "letters, digits and underscores"),
    ])
  func unset(_ line: String, _ problem: String, _ remedy: String) throws {
    let text = smallPolicy.changing("name: small", to: line)
    let place = try Workplace()
    #expect(try place.problems(text) == [problem])
    #expect(try place.errors(text)[0].remedy?.contains(remedy) == true)
  }

  @Test("What a variable holds never shows in a message")
  func secrets() throws {
    let text = fullPolicy.changing("seed: 7", to: "seed: ${SECRET}").changing(
      "\"http://127.0.0.1:8000/v1\"", to: "\"${SECRET}\""
    ).changing("checkpoint: old", to: "checkpoint: \"${SECRET}\"")
    let errors = try Workplace().errors(text, environment: ["SECRET": "hunter2"])
    #expect(errors.count == 3)
    #expect(!PolicyErrors(errors).description.contains("hunter2"))
  }

  @Test("A variable that is set to nothing is an error, not an empty name")
  func emptyVariable() throws {
    let text = smallPolicy.changing("name: small", to: "name: ${EMPTY}")
    #expect(
      try Workplace().problems(text, environment: ["EMPTY": ""]) == [
        "2:7: name must be a text that isn't empty, not '${EMPTY}'"
      ])
  }

  @Test("--set replaces, adds and reaches into lists, and is recorded")
  func overrides() throws {
    let overrides = [
      "targets.candidate.checkpoint=old", "checks.0.at_most=0.2", "budget.wall_clock=90s",
      "report={html: out.html}", "targets.transfer.more={kind: local, checkpoint: new}", "name=a=b",
    ]
    let place = try Workplace()
    let policy = try place.load(smallPolicy, overrides: overrides)
    #expect(policy.candidate.recipe.checkpoint == place.folder + "/old")
    #expect(
      policy.checks[0].limit.atMost == 0.2 && policy.budget.wallClock == 90
        && policy.report.outputs.map(\.path) == ["out.html"])
    #expect(policy.transfer.map(\.name) == ["more"] && policy.name == "a=b")
    #expect(policy.overrides == overrides && policy.text == smallPolicy)
  }

  @Test("The last of two overrides of a key counts")
  func lastOverride() throws {
    #expect(try Workplace().load(smallPolicy, overrides: ["seed=5", "seed=6"]).seed == 6)
  }

  @Test(
    "Mistakes in overrides are told at the override",
    arguments: [
      ("sede=3", "--set sede: unknown key 'sede'"),
      ("seed=three", "--set seed: seed must be a whole number from 0, not 'three'"),
      (
        "targets.candidate.checkpoint=gone",
        "--set targets.candidate.checkpoint: targets.candidate.checkpoint: there is no folder 'gone'"
      ),
      ("checks.7.at_most=1", "--set checks.7.at_most: checks has no item '7': its items are 0 to 0"),
      ("checks.x.at_most=1", "--set checks.x.at_most: checks has no item 'x': its items are 0 to 0"),
      ("name.first=1", "--set name.first: name is a single value: there is nothing in it to set"),
      ("seed", "--set 'seed': an override needs KEY=VALUE"),
      ("=3", "--set '=3': an override needs KEY=VALUE"),
      ("a..b=3", "--set a..b: the key has an empty part"),
      ("name=[", "--set name: not YAML: did not find expected node content"),
      ("name=", "--set name: name must be a text that isn't empty, not nothing"),
      ("checks=[]", "--set checks: there are no checks, and a gate that checks nothing can't pass"),
      ("checks.0.at_most=7", "--set checks.0.at_most: checks.0.at_most: replay.asr is never 7"),
      ("name=${NONE}", "--set name: name: the environment variable NONE is not set"),
    ])
  func badOverride(_ override: String, _ problem: String) throws {
    #expect(try Workplace().problems(smallPolicy, overrides: [override]) == [problem])
  }

  @Test("Mistakes in the file and in several overrides are told together")
  func together() throws {
    #expect(
      try Workplace().problems(smallPolicy.adding("x: 1"), overrides: ["seed=a", "y=2"]) == [
        "7:1: unknown key 'x'", "--set seed: seed must be a whole number from 0, not 'a'", "--set y: unknown key 'y'",
      ])
  }
}
