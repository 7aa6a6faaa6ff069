import Foundation
import Testing

@Suite("Policies that can't be used")
struct BadPolicyTests {
  /// One mistake, where it has to be reported, and what the message must say.
  struct Mistake: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// Text of the good policy, and what stands there instead.
    let good: String
    let bad: String
    /// `policy.yaml:line:`, without the column where the parser decides it.
    let place: String
    let words: [String]
  }

  static let mistakes = [
    Mistake(
      testDescription: "unknown key", good: "seed: 3", bad: "sede: 3", place: "policy.yaml:3:1",
      words: ["sede", "seed"]),
    Mistake(
      testDescription: "wrong type", good: "seed: 3", bad: "seed: many", place: "policy.yaml:3:7", words: ["seed"]),
    Mistake(
      testDescription: "missing file", good: "lab/assistant-1.1", bad: "lab/assistant-9", place: "policy.yaml:5:",
      words: ["lab/assistant-9"]),
    Mistake(
      testDescription: "unset variable", good: "name: tiny", bad: "name: '${SLUICE_NOT_SET}'", place: "policy.yaml:2:7",
      words: ["SLUICE_NOT_SET"]),
    Mistake(
      testDescription: "limit out of range", good: "at_most: 0.9", bad: "at_most: 7", place: "policy.yaml:14:",
      words: ["7", "replay.asr"]),
    Mistake(
      testDescription: "unknown metric", good: "replay.asr", bad: "replay.asrr", place: "policy.yaml:14:",
      words: ["replay.asrr", "replay.asr"]),
    Mistake(
      testDescription: "duplicate name", good: "seed: 3", bad: "name: again", place: "policy.yaml:2:", words: ["name"]),
    Mistake(
      testDescription: "duplicate check", good: "{metric: run.coverage, at_least: 0.9}",
      bad: "{metric: replay.asr, at_most: 0.8}", place: "policy.yaml:15:", words: ["replay.asr"]),
    Mistake(
      testDescription: "no version", good: "version: 1", bad: "version: 99", place: "policy.yaml:1:",
      words: ["version"]),
    Mistake(
      testDescription: "broken YAML", good: "seed: 3", bad: "seed: [3", place: "policy.yaml:", words: []),
  ]

  @Test("Each mistake ends with 64, its place and what to do", arguments: mistakes)
  func mistake(_ mistake: Mistake) async throws {
    let workspace = try Workspace.tiny()
    let good = TinyPolicy().text
    let start = try #require(good.range(of: mistake.good))
    try workspace.write(good.replacingCharacters(in: start, with: mistake.bad), to: "policy.yaml")
    for command in ["check", "run"] {
      let outcome = try await workspace.run(command, "policy.yaml")
      #expect(outcome.code == 64)
      #expect(outcome.output.isEmpty)
      let line = outcome.errors.split(separator: "\n").first { $0.contains(mistake.place) }
      #expect(line?.hasPrefix("sluice: error: ") == true, "\(outcome.errors)")
      for word in mistake.words { #expect(outcome.errors.contains(word), "\(outcome.errors)") }
      // A remedy follows, indented.
      #expect(outcome.errors.contains("\n  "), "\(outcome.errors)")
    }
    #expect(!workspace.exists("evidence"))
  }

  @Test("The good policy that the mistakes are made in is valid")
  func goodPolicy() async throws {
    let outcome = try await Workspace.tiny().run("check", "policy.yaml")
    #expect(outcome.code == 0)
    #expect(outcome.output.contains("48 attacks"))
  }

  @Test("A missing policy, an empty one and a folder are usage errors")
  func noPolicy() async throws {
    let workspace = try Workspace.tiny()
    try workspace.write("", to: "empty.yaml")
    for name in ["nowhere.yaml", "empty.yaml", "lab"] {
      let outcome = try await workspace.run("run", name)
      #expect(outcome.code == 64)
      #expect(outcome.errors.hasPrefix("sluice: error: \(name)"), "\(outcome.errors)")
    }
  }

  @Test("A YAML bomb is refused at once, without filling the memory")
  func bomb() async throws {
    let workspace = try Workspace.tiny()
    var lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    for level in 1...12 {
      let previous = Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", ")
      lines.append("a\(level): &a\(level) [\(previous)]")
    }
    try workspace.write(lines.joined(separator: "\n") + "\n", to: "policy.yaml")
    let began = ContinuousClock.now
    let outcome = try await workspace.run("check", "policy.yaml", atMost: 20)
    #expect(outcome.code == 64)
    #expect(outcome.errors.contains("policy.yaml"))
    #expect(ContinuousClock.now - began < .seconds(10))
  }

  @Test("An empty suite, one that repeats an attack, and one that isn't JSON name file and line")
  func badSuites() async throws {
    let workspace = try Workspace.tiny()
    for (text, place) in [
      ("", "seeds.jsonl"), ("{\"prompt\":\"a\"}\n{\"prompt\":\"a\"}\n", "seeds.jsonl:2"),
      ("{\"prompt\":\"a\"}\nprompt: b\n", "seeds.jsonl:2"), ("{\"category\":\"a\"}\n", "seeds.jsonl:1"),
    ] {
      try workspace.write(text, to: "seeds.jsonl")
      let outcome = try await workspace.run("run", "policy.yaml")
      #expect(outcome.code == 64)
      #expect(outcome.errors.contains(place), "\(outcome.errors)")
    }
  }

  @Test("A bad --set is a usage error at the command line, a good one is recorded")
  func overrides() async throws {
    let workspace = try Workspace.tiny()
    for bad in ["nonsense", "suite.nonsense=1", "confidence=2", "targets.candidate.checkpoint=nowhere"] {
      let outcome = try await workspace.run("run", "policy.yaml", "--set", bad)
      #expect(outcome.code == 64, "\(bad): \(outcome.errors)")
      #expect(outcome.errors.contains("--set"), "\(bad): \(outcome.errors)")
    }
    let good = try await workspace.run("run", "policy.yaml", "--set", "suite.responses=1")
    #expect(good.code == 0, "\(good.errors)")
    let policy = try workspace.report()["policy"] as? [String: Any]
    #expect(policy?["overrides"] as? [String] == ["suite.responses=1"])
    #expect(good.output.contains("suite.responses=1"))
  }

  @Test("Unknown stages and a missing key are usage errors")
  func stagesAndKeys() async throws {
    let workspace = try Workspace.tiny()
    let stages = try await workspace.run("run", "policy.yaml", "--stages", "replay,deside")
    #expect(stages.code == 64)
    #expect(stages.errors.contains("deside") && stages.errors.contains("decide"))

    var policy = TinyPolicy()
    policy.candidate = TinyPolicy.server("http://127.0.0.1:9", more: ", api_key_env: SLUICE_TEST_KEY")
    try workspace.write(policy.text, to: "policy.yaml")
    let key = try await workspace.run("run", "policy.yaml")
    #expect(key.code == 64)
    #expect(key.errors.contains("policy.yaml:5:") && key.errors.contains("SLUICE_TEST_KEY"), "\(key.errors)")
  }
}
