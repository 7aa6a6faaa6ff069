import Foundation
import Testing

@Suite("The verdict is a transaction")
struct TransactionTests {
  private static let reports = ["junit.xml", "report.json", "report.html", "summary.md"]

  @Test("A kill at any point leaves no report, or the reports of a committed verdict; --resume ends the run")
  func kills() async throws {
    let place = try Workspace.tiny()
    // The reports of an earlier pass are there to be left behind by mistake.
    #expect(try await place.run("run", "policy.yaml", "--quiet").code == 0)
    let first = try place.report()["run"] as? String
    for milliseconds in [5, 30, 60, 120, 200, 300, 450, 700] {
      let running = try place.start("run", "policy.yaml", "--seed", "\(milliseconds)", "--quiet")
      try await Task.sleep(for: .milliseconds(milliseconds))
      running.send(SIGKILL)
      let outcome = try await running.outcome(atMost: 60)
      if place.exists("out/report.json") {
        let run = try #require(try place.report()["run"] as? String)
        if outcome.wasKilled && run == first { continue }  // killed before it had read its policy
        let again = try await place.run(
          "report", run, "--ledger", "evidence/ledger.sqlite", "--json-file", "again.json")
        #expect(again.code == 0, "\(again.errors)")
        #expect(try place.read("again.json") == place.read("out/report.json"))
      }
      let resumed = try await place.run("run", "policy.yaml", "--seed", "\(milliseconds)", "--resume", "--quiet")
      // Where the kill came before the run began there is nothing to resume.
      #expect(resumed.code == 0 || resumed.errors.contains("--resume"), "\(resumed.errors)")
    }
  }

  @Test(
    "A verdict that was committed and not rendered is rendered by report, byte for byte; --resume gives no old pass")
  func committedWithoutReports() async throws {
    let place = try Workspace.tiny()
    #expect(try await place.run("run", "policy.yaml", "--quiet").code == 0)
    let before = try Self.reports.map { try place.read("out/\($0)") }
    let run = try #require(try place.report()["run"] as? String)
    for name in Self.reports {
      try FileManager.default.removeItem(at: place.folder.appendingPathComponent("out/\(name)"))
    }
    let resumed = try await place.run("run", "policy.yaml", "--resume", "--quiet")
    #expect(resumed.code == 64 && resumed.errors.contains("sluice report \(run)"), "\(resumed.errors)")
    let again = try await place.run(
      "report", run, "--ledger", "evidence/ledger.sqlite", "--junit", "out/junit.xml", "--json-file", "out/report.json",
      "--html", "out/report.html", "--markdown", "out/summary.md")
    #expect(again.code == 0, "\(again.errors)")
    #expect(try Self.reports.map { try place.read("out/\($0)") } == before)
  }

  @Test("Another process that holds the ledger keeps its reports: the second is told, and removes nothing")
  func lockedLedger() async throws {
    var policy = TinyPolicy()
    policy.attacker = TinyPolicy.search
    policy.budget = 20_000
    policy.checks = ["{metric: replay.asr, at_most: 0.9}"]
    let place = try Workspace.tiny(policy)
    let first = try place.start("run", "policy.yaml")
    try await first.waitUntilErrors(say: "regenerate", atMost: 60)
    let kept = #"<?xml version="1.0" encoding="UTF-8"?><testsuites><testsuite package="sluice" id="0"/></testsuites>"#
    try place.write(kept, to: "out/junit.xml")
    let second = try await place.run("run", "policy.yaml")
    #expect(second.code == 75, "\(second.errors)")
    #expect(try place.read("out/junit.xml") == Data(kept.utf8))
    first.send(SIGKILL)
    _ = try await first.outcome(atMost: 60)
  }
}

@Suite("A growing suite does not move the scale")
struct FrozenSuiteTests {
  @Test("Pass 1.1, fail 1.2, pass 1.1 again on one ledger: the same replay.asr for 1.1 to the digit each time")
  func tour() async throws {
    var policy = TinyPolicy()
    policy.attacker = TinyPolicy.search
    policy.control = TinyPolicy.lab("assistant-leaky")
    policy.budget = 900
    policy.suite = "{seeds: lab/seeds.jsonl, responses: 2, early_stop: off}"
    policy.checks = ["{metric: replay.asr, at_most: 0.12}", "{metric: replay.regression, at_most: 0.05}"]
    let place = try Workspace.tiny(policy)
    var rates: [String] = []
    for candidate in ["1.1", "1.2", "1.1", "1.2", "1.1"] {
      let outcome = try await place.run(
        "run", "policy.yaml", "--quiet", "--set", "targets.candidate.checkpoint=lab/assistant-\(candidate)")
      #expect(outcome.code == (candidate == "1.1" ? 0 : 1), "\(candidate): \(outcome.output)\(outcome.errors)")
      if candidate == "1.1" { rates.append(try place.measured()[0]) }
    }
    #expect(Set(rates).count == 1, "\(rates)")
  }

  @Test("Found attacks are listed, replayed where a check is on them, and moved into the file by a person alone")
  func foundSuite() async throws {
    var policy = TinyPolicy()
    policy.candidate = TinyPolicy.lab("assistant-leaky")
    policy.baseline = nil
    policy.attacker = TinyPolicy.search
    policy.budget = 600
    policy.checks = ["{metric: replay.asr, at_most: 0.9}"]
    let place = try Workspace.tiny(policy)
    _ = try await place.run("run", "policy.yaml", "--quiet")
    let list = try await place.run("suite", "list", "--ledger", "evidence/ledger.sqlite", "--json")
    let entries = try JSONSerialization.jsonObject(with: Data(list.output.utf8)) as? [[String: Any]] ?? []
    #expect(!entries.isEmpty && entries.allSatisfy { $0["prompt"] == nil }, "\(list.output)\(list.errors)")

    // Another release is measured on them; the model that they were found on is not.
    let checks = ["--set", "checks=[{metric: found.asr, at_most: 0.99}]", "--stages", "replay,decide"]
    let other = try await Binary.run(
      ["run", "policy.yaml", "--set", "targets.candidate.checkpoint=lab/assistant-1.1"] + checks, in: place.folder)
    #expect(
      other.output.contains("found.asr") && !other.output.contains("not measured"), "\(other.output)\(other.errors)")
    let own = try await Binary.run(["run", "policy.yaml"] + checks, in: place.folder)
    #expect(own.code == 2, "\(own.output)\(own.errors)")

    let id = try #require(entries[0]["id"] as? String)
    let promoted = try await place.run(
      "suite", "promote", id, "--into", "seeds.jsonl", "--ledger", "evidence/ledger.sqlite")
    #expect(promoted.code == 0 && promoted.output.contains("1 attack added"), "\(promoted.output)\(promoted.errors)")
    #expect(try String(decoding: place.read("seeds.jsonl"), as: UTF8.self).split(separator: "\n").count == 49)
    let twice = try await place.run(
      "suite", "promote", id, "--into", "seeds.jsonl", "--ledger", "evidence/ledger.sqlite")
    #expect(twice.output.contains("0 attacks added"), "\(twice.output)")
    let unknown = try await place.run(
      "suite", "promote", "ffffffffffffffff", "--into", "seeds.jsonl", "--ledger", "evidence/ledger.sqlite")
    #expect(unknown.code == 64)
  }
}
