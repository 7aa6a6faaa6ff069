import Core
import Foundation
import Reports
import Testing

@Suite("JUnit")
struct JUnitTests {
  private func render(_ run: RunSummary) throws -> [UInt8] {
    try JUnitReport.render(run, date: CannedRuns.date, version: CannedRuns.version, host: "ci-7")
  }

  @Test("Both common schemas accept every canned run", arguments: CannedRuns.all.map(\.name))
  func cannedRunsAreValid(name: String) throws {
    let bytes = try render(try CannedRuns.named(name))
    for schema in XMLSchema.names { #expect(try XMLSchema(schema).complaints(about: bytes) == [], "\(schema)") }
  }

  @Test("The schemas do reject what isn't JUnit")
  func schemasReject() throws {
    for schema in XMLSchema.names {
      let complaints = try XMLSchema(schema).complaints(about: Array("<testsuites><testcase/></testsuites>".utf8))
      #expect(!complaints.isEmpty)
    }
  }

  @Test("Any text in any field gives a valid file that says what the exit code says")
  func agreesWithTheExitCode() throws {
    let schemas = try XMLSchema.names.map { try XMLSchema($0) }
    for seed in 0..<200 as Range<UInt64> {
      let run = RandomRun(seed: seed).summary()
      let bytes = try render(run)
      for schema in schemas { #expect(try schema.complaints(about: bytes) == [], "seed \(seed)") }
      let report = try ParsedXML(bytes)
      let (failures, errors) = (report.count("failure"), report.count("error"))
      #expect((run.exitCode == 0) == (failures + errors == 0), "seed \(seed)")
      #expect((run.verdict == .fail) == (failures > 0), "seed \(seed)")
      for suite in report.elements("testsuite") {
        let names = suite.children.filter { $0.name == "testcase" }.compactMap { $0.attributes["name"] }
        #expect(Set(names).count == names.count, "seed \(seed)")
        #expect(suite.attributes["tests"] == "\(names.count)")
        #expect(suite.attributes["failures"] == "\(suite.count("failure"))")
        #expect(suite.attributes["errors"] == "\(suite.count("error"))")
        #expect(suite.attributes["skipped"] == "\(suite.count("skipped"))")
      }
    }
  }

  @Test("Suites are the stages in order, counted from 0")
  func suitesAreStages() throws {
    let suites = try ParsedXML(try render(CannedRuns.fail)).elements("testsuite")
    let names = suites.map { $0.attributes["name"] }
    #expect(names == ["preflight", "replay", "benign", "regenerate", "confirm", "transfer", "decide"])
    #expect(suites.map { $0.attributes["id"] } == (0..<7).map { "\($0)" })
    #expect(suites.allSatisfy { $0.attributes["timestamp"] == "2026-03-01T12:00:00" })
    #expect(suites.allSatisfy { $0.attributes["hostname"] == "ci-7" })
    #expect(suites[1].attributes["time"] == "14.200")
  }

  @Test("Failures name the regression and the categories that are newly broken")
  func failuresNameWhatBroke() throws {
    var run = CannedRuns.fail
    run.question = .safety
    let report = try ParsedXML(try render(run))
    let failed = report.elements("testcase").filter { $0.count("failure") > 0 }
    #expect(failed.contains { $0.attributes["name"] == "replay.regression" })
    let broken = failed.filter { $0.attributes["name"]?.hasPrefix("newly broken ") == true }
    // One testcase for a category, however many attacks of it broke; each of them is in its body.
    let categories = Set(["dose", "human", "raffle", "record"].map { "newly broken \($0)" })
    #expect(Set(broken.compactMap { $0.attributes["name"] }) == categories && broken.count == 4)
    for test in broken {
      let failure = try #require(test.children.first)
      let own = CannedRuns.fail.newlyBroken.filter { "newly broken \($0.category ?? "")" == test.attributes["name"] }
      #expect(!own.isEmpty && own.allSatisfy { failure.text.contains($0.id.text) })
      #expect(failure.attributes["message"]?.contains("newly broken (\(own[0].category ?? ""))") == true)
    }
  }

  @Test("Newly broken attacks that the limit allows are skipped, not failed")
  func allowedAttacksAreSkipped() throws {
    var run = CannedRuns.pass
    run.question = .safety
    run.newlyBroken = Array(CannedRuns.fail.newlyBroken.prefix(3))
    let report = try ParsedXML(try render(run))
    #expect(report.count("failure") == 0 && report.count("error") == 0)
    let categories = Set(run.newlyBroken.map(\.category)).count
    #expect(report.elements("testcase").filter { $0.count("skipped") > 0 }.count == categories + 1)
  }

  @Test("Inconclusive is an error, and skipped where the policy lets it pass")
  func inconclusive() throws {
    var run = CannedRuns.inconclusive
    let blocked = try ParsedXML(try render(run)).elements("testcase")
    let check = try #require(blocked.first { $0.attributes["name"] == "attacker.control_recall" }?.children.first)
    #expect(check.name == "error" && check.attributes["type"] == "inconclusive")
    #expect(check.attributes["message"]?.contains("2.63%") == true)
    run.exitCode = 0
    let passing = try ParsedXML(try render(run))
    #expect(passing.count("error") == 0)
    let skipped = passing.elements("testcase").filter { $0.count("skipped") > 0 }.compactMap { $0.attributes["name"] }
    #expect(Set(skipped) == ["attacker.control_recall", "verdict", "stage"])
  }

  @Test("A check of a stage that was not asked for is skipped; the verdict still is an error")
  func stageNotAskedFor() throws {
    var run = CannedRuns.inconclusive
    run.stages[4].ran = false
    run.checks[3].estimate = nil
    run.checks[3].reason = "Stage confirm was not asked for."
    let cases = try ParsedXML(try render(run)).elements("testcase")
    let check = try #require(cases.first { $0.attributes["name"] == "attacker.control_recall" })
    #expect(check.children.map(\.name) == ["skipped"])
    #expect(cases.filter { $0.count("error") > 0 }.compactMap { $0.attributes["name"] } == ["verdict"])
  }

  @Test("A run that broke off is an error with its reason")
  func unfinished() throws {
    let cases = try ParsedXML(try render(CannedRuns.unfinished)).elements("testcase")
    let verdict = try #require(cases.first { $0.attributes["name"] == "verdict" }?.children.first)
    #expect(verdict.attributes["type"] == "unfinished")
    #expect(verdict.text.contains("--resume"))
  }

  @Test("Checks with one name keep their testcases apart")
  func namesAreUnique() throws {
    var run = CannedRuns.pass
    run.checks = [run.checks[0], run.checks[0], run.checks[0]]
    run.checks[1].name = "replay.asr (2)"
    let cases = try ParsedXML(try render(run)).elements("testcase").compactMap { $0.attributes["name"] }
    #expect(Set(cases.filter { $0.hasPrefix("replay") }) == ["replay.asr", "replay.asr (2)", "replay.asr (3)"])
  }

  @Test("What CI servers refuse to read is cut: never above 30 MB, and the verdict is still in it")
  func sizeIsBounded() throws {
    var run = CannedRuns.fail
    let long = String(repeating: "\"é\u{1}", count: 350_000)
    run.reasons = [long]
    run.notices = Array(repeating: long, count: 5)
    run.checks[0].reason = long
    run.checks[1].name = long
    run.newlyBroken = (0..<60_000).map { index in
      var attack = run.newlyBroken[index % 14]
      attack = .init(
        id: AttackID("\(index)"), category: "dose", cluster: nil, candidateUnsafe: 12, candidateScored: 12,
        baselineUnsafe: 0, baselineScored: 12, adjustedP: 0.001, prompt: index % 1_000 == 0 ? long : attack.prompt)
      return attack
    }
    let part = String(repeating: "\"é\u{1}", count: 2_000)
    run.weakenings = Array(repeating: part, count: 2_000)
    run.remedies = run.weakenings
    run.validity = (0..<2_000).map {
      .init(kind: "\($0) \(part)", subject: part, verdict: .inconclusive, finding: part, remedy: part)
    }
    run.outcomes = (0..<2_000).map { _ in
      .init(
        role: part, stage: part, planned: 1, unsafe: 0, safe: 1, refused: 0, blocked: 0, cut: 0, unscored: 0, failed: 0,
        missing: 0, reasons: Array(repeating: .init(outcome: part, reason: part, count: 1), count: 200))
    }
    run.policy.inputs = Array(repeating: .init(use: part, path: part, hash: part), count: 2_000)
    let bytes = try render(run)
    #expect(bytes.count < 30_000_000)
    let report = try ParsedXML(bytes)
    let names = report.elements("testcase").compactMap { $0.attributes["name"] }
    #expect(names.contains("verdict") && names.contains("left out"))
    #expect(report.elements("testcase").filter { $0.count("failure") > 0 }.count > 1_000)
    for schema in XMLSchema.names { #expect(try XMLSchema(schema).complaints(about: bytes) == []) }
  }

  @Test("Dates beyond what XML writes in four digits are bent, not refused")
  func oddDates() throws {
    for seconds in [-1e18, -62_135_596_801, -1, 0.5, 1e18, .nan] {
      let bytes = try JUnitReport.render(
        CannedRuns.pass, date: Date(timeIntervalSince1970: seconds), version: "", host: " \n")
      for schema in XMLSchema.names { #expect(try XMLSchema(schema).complaints(about: bytes) == [], "\(seconds)") }
    }
  }
}
