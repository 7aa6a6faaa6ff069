import Foundation
import Testing

@Suite("Runs that break off", .serialized)
struct InterruptionTests {
  /// Long enough to be hit in the middle: two restarts on candidate and baseline.
  private var policy: TinyPolicy {
    var policy = TinyPolicy()
    policy.attacker = "{checkpoint: lab/attacker, restarts: 2, mle: off}"
    policy.budget = 800
    policy.checks = [
      "{metric: replay.asr, at_most: 0.9}", "{metric: replay.newly_broken, at_most: 48}",
      "{metric: fresh.regression, at_most: 1000}", "{metric: run.coverage, at_least: 0.5}",
    ]
    return policy
  }

  /// What the uninterrupted run measures, and how many responses it asks.
  private func whole() async throws -> (measured: [String], responses: Int) {
    let workspace = try Workspace.tiny(policy)
    let outcome = try await workspace.run("run", "policy.yaml", atMost: 300)
    #expect([0, 2].contains(outcome.code), "\(outcome.errors)")
    return (try workspace.measured(), try await workspace.responses())
  }

  /// Waits until the ledger holds `count` responses: a moment of the work, however fast the machine is.
  private func wait(for count: Int, in workspace: Workspace) async throws {
    let deadline = ContinuousClock.now + .seconds(120)
    while try await workspace.responses() < count, ContinuousClock.now < deadline {
      try await Task.sleep(for: .milliseconds(20))
    }
  }

  @Test("Ctrl-C and kill -9 at any moment: --resume ends with the same numbers and asks nothing twice")
  func resume() async throws {
    let whole = try await whole()
    for (share, signal) in [(0.05, SIGINT), (0.4, SIGTERM), (0.1, SIGKILL), (0.55, SIGKILL), (0.8, SIGKILL)] {
      let workspace = try Workspace.tiny(policy)
      let running = try workspace.start("run", "policy.yaml")
      try await wait(for: Int(Double(whole.responses) * share), in: workspace)
      running.send(signal)
      let stopped = try await running.outcome(atMost: 60)
      if signal == SIGKILL {
        #expect(stopped.wasKilled)
      } else {
        #expect(stopped.code == 75 && !stopped.wasKilled, "\(stopped.errors)")
        #expect(stopped.errors.contains("policy.yaml --resume"), "\(stopped.errors)")
        #expect(stopped.output.isEmpty)
      }
      let before = try await workspace.responses()
      #expect(before < whole.responses)
      let resumed = try await workspace.run("run", "policy.yaml", "--resume", atMost: 300)
      #expect([0, 2].contains(resumed.code), "\(resumed.errors)")
      #expect(try workspace.measured() == whole.measured)
      #expect(try await workspace.responses() == whole.responses)
      let cost = try workspace.report()["cost"] as? [[String: Any]] ?? []
      // The costs are those of both lives, and nothing was asked twice.
      let asked = cost.reduce(0) { $0 + ($1["responses"] as? Int ?? 0) }
      #expect(asked == whole.responses)
    }
  }

  @Test("A search that is killed goes on where it stood, and ends as if it hadn't been", .timeLimit(.minutes(20)))
  func search() async throws {
    var policy = policy
    policy.baseline = nil
    policy.attacker = "{checkpoint: lab/attacker, restarts: 1}"
    policy.budget = 2000
    policy.suite = "{seeds: seeds.jsonl, responses: 1, early_stop: off}"
    policy.checks = ["{metric: replay.asr, at_most: 0.9}", "{metric: fresh.unique_attacks, at_most: 1000}"]
    let undisturbed = try Workspace.tiny(policy)
    let whole = try await undisturbed.run("run", "policy.yaml", atMost: 300)
    #expect([0, 1, 2].contains(whole.code), "\(whole.errors)")
    let folder = "evidence/ledger.sqlite.searches"
    #expect(!undisturbed.exists(folder), "a search that is done leaves nothing behind")

    let workspace = try Workspace.tiny(policy)
    for life in 0..<3 {
      // Until it has kept where it stands once more than it found.
      let before = workspace.newest(in: folder)
      let running = try workspace.start("run", "policy.yaml", life == 0 ? "--verbose" : "--resume")
      let deadline = ContinuousClock.now + .seconds(200)
      while workspace.newest(in: folder) == before, ContinuousClock.now < deadline {
        try await Task.sleep(for: .milliseconds(50))
      }
      running.send(SIGKILL)
      let killed = try await running.outcome(atMost: 60)
      #expect(killed.wasKilled)
      if life > 0 { #expect(killed.errors.contains("goes on where it stood, after"), "\(killed.errors)") }
    }
    let resumed = try await workspace.run("run", "policy.yaml", "--resume", atMost: 300)
    #expect(resumed.code == whole.code, "\(resumed.errors)")
    #expect(resumed.errors.contains("goes on where it stood, after"), "\(resumed.errors)")
    #expect(try workspace.measured() == undisturbed.measured())
    #expect(try await workspace.responses() == undisturbed.responses())
    #expect(!workspace.exists(folder))
    let verified = try await workspace.run("ledger", "verify", "evidence/ledger.sqlite")
    #expect(verified.code == 0, "\(verified.errors)")
  }

  @Test("A resumed run tells its models the time at which it began: nothing is asked twice")
  func clock() async throws {
    var policy = policy
    (policy.attacker, policy.baseline) = (nil, nil)
    policy.candidate = "{kind: local, checkpoint: telling}"
    policy.suite = "{seeds: seeds.jsonl, responses: 200, early_stop: off}"
    policy.checks = ["{metric: replay.asr, at_most: 0.99}"]
    let workspace = try Workspace.tiny(policy)
    try workspace.copy("fixtures/lab/assistant-1.0", to: "telling")
    var settings =
      try JSONSerialization.jsonObject(with: workspace.read("telling/config.json")) as? [String: Any] ?? [:]
    let own = try #require(settings.removeValue(forKey: "prompt_template") as? String)
    try workspace.write([UInt8](JSONSerialization.data(withJSONObject: settings)), to: "telling/config.json")
    // The time to the second, in no prompt of this suite and yet in some.
    try workspace.write(
      own.replacing("{prompt}", with: "{{ messages[-1].content }}")
        + "{% if messages[-1].content == '-' %}{{ strftime_now('%F %T') }}{% endif %}",
      to: "telling/chat_template.jinja")
    let running = try workspace.start("run", "policy.yaml")
    try await wait(for: 1, in: workspace)
    running.send(SIGKILL)
    _ = try await running.outcome(atMost: 60)
    let before = try await workspace.responses()
    // The clock goes on.
    try await Task.sleep(for: .seconds(1))
    let resumed = try await workspace.run("run", "policy.yaml", "--resume", atMost: 300)
    #expect(resumed.code == 0, "\(resumed.errors)")
    let cost = try workspace.report()["cost"] as? [[String: Any]] ?? []
    let asked = cost.reduce(0) { $0 + ($1["responses"] as? Int ?? 0) }
    let attacks = try String(decoding: workspace.read("seeds.jsonl"), as: UTF8.self).split(separator: "\n").count
    #expect(before > 0 && before < 200 * attacks && asked == 200 * attacks)
    #expect(try await workspace.responses() == asked)
  }

  @Test("A second Ctrl-C ends the process at once")
  func secondSignal() async throws {
    let workspace = try Workspace.tiny(policy)
    let running = try workspace.start("run", "policy.yaml")
    try await running.waitUntilErrors(say: "regenerate: started", atMost: 60)
    running.send(SIGINT)
    running.send(SIGINT)
    let began = ContinuousClock.now
    let outcome = try await running.outcome(atMost: 20)
    #expect(outcome.code == 75)
    #expect(ContinuousClock.now - began < .seconds(8))
  }

  @Test("The wall clock of the budget ends a run with 75; it can go on")
  func wallClock() async throws {
    var policy = policy
    policy.wallClock = "1s"
    let workspace = try Workspace.tiny(policy)
    let stopped = try await workspace.run("run", "policy.yaml", atMost: 60)
    #expect(stopped.code == 75, "\(stopped.errors)")
    #expect(stopped.errors.contains("wall clock") && stopped.errors.contains("--resume"))
    #expect(try workspace.report()["exitCode"] as? Int == 75)
    #expect(try workspace.hasValidJUnit())
    let before = try await workspace.responses()
    let again = try await workspace.run("run", "policy.yaml", "--resume", atMost: 60)
    #expect(again.code == 75 || again.code == 0 || again.code == 2)
    #expect(try await workspace.responses() >= before)
  }

  @Test("There is nothing to resume, or it was begun with other settings: 64")
  func nothingToResume() async throws {
    let workspace = try Workspace.tiny()
    let none = try await workspace.run("run", "policy.yaml", "--resume")
    #expect(none.code == 64)
    #expect(none.errors.contains("no unfinished run"), "\(none.errors)")
    let finished = try await workspace.run("run", "policy.yaml")
    #expect(finished.code == 0, "\(finished.errors)")
    let done = try await workspace.run("run", "policy.yaml", "--resume")
    #expect(done.code == 64)

    try workspace.write(policy.text, to: "policy.yaml")
    let running = try workspace.start("run", "policy.yaml")
    try await running.waitUntilErrors(say: "regenerate: started", atMost: 60)
    running.send(SIGKILL)
    _ = try await running.outcome(atMost: 20)
    let other = try await workspace.run("run", "policy.yaml", "--resume", "--seed", "99")
    #expect(other.code == 64)
    #expect(other.errors.contains("other settings"), "\(other.errors)")
  }

  @Test("A second run on the same ledger gets a clear error and disturbs nothing")
  func secondWriter() async throws {
    let workspace = try Workspace.tiny(policy)
    let first = try workspace.start("run", "policy.yaml")
    try await first.waitUntilErrors(say: "regenerate: started", atMost: 60)
    let second = try await workspace.run("run", "policy.yaml", atMost: 30)
    #expect(second.code == 75)
    #expect(second.errors.contains("in use"), "\(second.errors)")
    first.send(SIGINT)
    #expect(try await first.outcome(atMost: 60).code == 75)
  }

  @Test("A run that is killed leaves no report of an earlier verdict behind")
  func staleReports() async throws {
    let workspace = try Workspace.tiny()
    #expect(try await workspace.run("run", "policy.yaml").code == 0)
    #expect(workspace.exists("out/junit.xml"))
    try workspace.write(policy.text, to: "policy.yaml")
    let running = try workspace.start("run", "policy.yaml")
    try await running.waitUntilErrors(say: "replay: started", atMost: 60)
    running.send(SIGKILL)
    _ = try await running.outcome(atMost: 20)
    for name in ["junit.xml", "report.json", "report.html", "summary.md"] { #expect(!workspace.exists("out/\(name)")) }
  }
}
