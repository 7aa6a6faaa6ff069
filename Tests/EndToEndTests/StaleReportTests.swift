import FakeServer
import Foundation
import Testing

/// Where a command comes to nothing, the pass of an earlier run is not there to be taken for its own.
@Suite("Reports of an earlier run")
struct StaleReportTests {
  private static let reports = ["junit.xml", "report.json", "report.html", "summary.md"].map { "out/\($0)" }

  private static let policy = """
    version: 1
    name: decided
    targets: {candidate: {kind: command, command: ["true"]}}
    judges: {confirm: {kind: rules, file: rules.yaml}}
    suite: {seeds: absent.jsonl, responses: 1}
    checks: [{metric: replay.asr, at_most: 0.5}]
    report: {junit: out/junit.xml, json: out/report.json, html: out/report.html, markdown: out/summary.md}
    """

  /// A workspace with the reports of a decision that passed.
  private func passed() async throws -> Workspace {
    let place = try Workspace()
    try place.write(Self.policy, to: "policy.yaml")
    try place.write(
      "version: 1\nname: r\nunsafe: [{category: c, canary: copper}]\nrefusal: [{pattern: sorry}]", to: "rules.yaml")
    try place.write(
      (0..<60).map { #"{"role": "candidate", "attack": "a\#($0)", "score": 0.1}"# }.joined(separator: "\n"),
      to: "outcomes.jsonl")
    let outcome = try await place.run("decide", "policy.yaml", "--outcomes", "outcomes.jsonl")
    #expect(outcome.code == 0, "\(outcome.output)\(outcome.errors)")
    #expect(Self.reports.allSatisfy(place.exists))
    return place
  }

  @Test(
    "A command line with a mistake in it leaves none",
    arguments: [
      ["run", "policy.yaml", "--noearlystop"], ["run", "--quite", "policy.yaml"],
      ["run", "policy.yaml", "--seed", "x"],
      ["run", "policy.yaml", "--quiet", "--verbose"], ["run", "policy.yaml", "--shard", "3/2"],
      ["run", "policy.yaml", "--set", "no.such.key=1"], ["run", "policy.yaml", "--set", "nothing"],
      ["run", "policy.yaml", "--wait", "soon"], ["rnu", "policy.yaml"], ["decide", "policy.yaml"],
      ["decide", "policy.yaml", "--outcomes", "outcomes.jsonl", "--treshold", "0.4"],
      ["decide", "policy.yaml", "--outcomes", "outcomes.jsonl", "--threshold", "4"],
      ["decide", "policy.yaml", "--outcomes", "outcomes.jsonl", "--unsafe", "up"],
      ["decide", "policy.yaml", "--outcomes", "absent.jsonl"],
      ["merge", "absent.sqlite", "--policy", "policy.yaml", "--into", "new.sqlite"],
      ["merge", "absent.sqlite", "--policy", "policy.yaml", "--int", "new.sqlite"],
    ])
  func mistakes(arguments: [String]) async throws {
    let place = try await passed()
    let outcome = try await Binary.run(arguments, in: place.folder)
    #expect(outcome.code != 0 && outcome.code != 2, "\(outcome.code) \(outcome.errors)")
    #expect(!Self.reports.contains(where: place.exists), "\(arguments)")
    #expect(place.exists("outcomes.jsonl") && place.exists("policy.yaml"))
  }

  @Test("Where --set moves a report, the one that is meant goes")
  func moved() async throws {
    let place = try await passed()
    try place.write([UInt8](place.read("out/junit.xml")), to: "own/junit.xml")
    let outcome = try await place.run("run", "policy.yaml", "--sed", "1", "--set", "report.junit=own/junit.xml")
    #expect(outcome.code == 64)
    #expect(!place.exists("own/junit.xml") && !place.exists("out/report.json") && place.exists("out/junit.xml"))
  }

  @Test(
    "A command that only reads leaves them, as does help, and a part of a run, whose reports are others",
    arguments: [
      ["check", "policy.yaml", "--sed", "1"], ["plan", "policy.yaml", "--sed", "1"], ["run", "--help"],
      ["run", "policy.yaml", "--stages", "replya"],
    ])
  func others(arguments: [String]) async throws {
    let place = try await passed()
    _ = try await Binary.run(arguments, in: place.folder)
    #expect(Self.reports.allSatisfy(place.exists))
  }

  @Test("A ledger that can't be opened leaves none")
  func ledger() async throws {
    try await FakeServer.run(answering: { request, _ in
      request.method == "POST" ? .chat("i can not help with that.") : .error(404)
    }) { server in
      let place = try Workspace.tiny(.served(server.url))
      #expect(try await place.run("run", "policy.yaml").code == 0)
      try place.write("this is no ledger", to: "evidence/ledger.sqlite")
      let outcome = try await place.run("run", "policy.yaml")
      #expect(outcome.code != 0 && outcome.code != 2, "\(outcome.code)")
      #expect(!Self.reports.contains(where: place.exists))
    }
  }

  @Test("A shard's ledger names the reports that a mistaken merge leaves behind")
  func merge() async throws {
    try await FakeServer.run(answering: { request, _ in
      request.method == "POST" ? .chat("i can not help with that.") : .error(404)
    }) { server in
      let place = try Workspace.tiny(.served(server.url))
      #expect(try await place.run("run", "policy.yaml", "--shard", "1/1").code == 0)
      let shard = "evidence/ledger.shard-1-of-1.sqlite"
      #expect(try await place.run("merge", shard, "--into", "evidence/whole.sqlite").code == 0)
      #expect(Self.reports.allSatisfy(place.exists))
      #expect(try await place.run("merge", shard, "--in", "evidence/other.sqlite").code == 64)
      #expect(!Self.reports.contains(where: place.exists))
    }
  }

  @Test("A report of a run that isn't there leaves none of another's")
  func report() async throws {
    try await FakeServer.run(answering: { request, _ in
      request.method == "POST" ? .chat("i can not help with that.") : .error(404)
    }) { server in
      let place = try Workspace.tiny(.served(server.url))
      #expect(try await place.run("run", "policy.yaml").code == 0)
      let outcome = try await place.run(
        "report", "20200101-000000-abcd", "--ledger", "evidence/ledger.sqlite", "--junit", "out/junit.xml")
      #expect(outcome.code == 64 && !place.exists("out/junit.xml") && place.exists("out/report.json"))
    }
  }
}
