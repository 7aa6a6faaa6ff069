import Core
import Testing

@testable import Reports

@Suite("Checks that need no asking, in reports")
struct ValidityTests {
  private let finding = "84 of 1198 responses (7%) failed or have no verdict; at most 5% may."

  @Test("One that does not hold is among the reasons of every format, once")
  func reasons() throws {
    let reason = try #require(CannedRuns.unproven.why.first)
    #expect(reason.text == "Validity, errors (candidate, replay): \(finding)" && reason.verdict == .inconclusive)
    #expect(CannedRuns.unproven.why.filter { $0.finding == finding }.count == 1)
    for (format, text) in try Renderings(CannedRuns.unproven).texts { #expect(text.contains(finding), "\(format)") }
  }

  @Test("Those that hold take a line, which says what they are")
  func compact() throws {
    let line = "4 of 4 hold: errors, coverage, judge awake, attacker awake"
    for (format, text) in try Renderings(CannedRuns.proven).texts { #expect(text.contains(line), "\(format)") }
    for (format, text) in try Renderings(CannedRuns.unproven).texts {
      #expect(
        text.contains("3 of 4 hold: coverage, judge awake, attacker awake; not: errors (candidate, replay)"),
        "\(format)")
    }
  }

  @Test("JUnit has a testcase for each: an error of type invalid where it does not hold")
  func junit() throws {
    let cases = try Renderings(CannedRuns.unproven).junit.elements("testcase")
    let own = cases.filter { $0.attributes["classname"] == "sluice.validity" }
    #expect(own.count == 4)
    let errors = own.compactMap(\.children.first)
    #expect(errors.count == 1 && errors[0].name == "error" && errors[0].attributes["type"] == "invalid")
    #expect(errors[0].attributes["message"] == finding && errors[0].text.contains("to decide: Mend what keeps"))
    #expect(try Renderings(CannedRuns.proven).junit.count("error") == 0)
  }

  @Test("A run that fails and is invalid has both in JUnit, and still fails")
  func both() throws {
    var run = CannedRuns.harmed
    run.validity = CannedRuns.unproven.validity
    let report = try Renderings(run)
    #expect(report.testcase("verdict")?.children.first?.name == "failure")
    #expect(report.testcase("errors (candidate, replay)")?.children.first?.name == "error")
    #expect(run.why.map(\.verdict).prefix(4) == [.fail, .fail, .fail, .inconclusive])
  }

  @Test("An inconclusive run says what would decide it, each remedy once, in every format; others don't")
  func remedies() throws {
    let run = CannedRuns.unproven
    #expect(
      run.deciding == [
        "Mend what keeps candidate responses in stage replay from a verdict: content_filter.",
        "benign.refusal_rate: About 180 more harmless questions, if they are refused as often.",
      ])
    let terminal = try Renderings(run).terminal.split(separator: "\n").filter { $0.hasPrefix("to decide: ") }
    #expect(terminal.map(String.init) == run.deciding.map { "to decide: \($0)" })
    for (format, text) in try Renderings(run).texts {
      for remedy in run.deciding { #expect(text.contains(remedy), "\(format)") }
    }
    let check = try #require(Renderings(run).testcase("benign.refusal_rate")?.children.first)
    #expect(check.text.contains("to decide: About 180 more harmless questions"))
    for name in ["proven", "harmed"] {
      for (format, text) in try Renderings(try CannedRuns.named(name)).texts {
        for words in ["to decide:", "what would decide it", "to decide:**"] {
          #expect(!text.lowercased().contains(words), "\(name) \(format)")
        }
      }
    }
  }

  @Test("Remedies of checks and validity are told even where the gate gathered none")
  func remediesOfParts() {
    var run = CannedRuns.unproven
    let gathered = run.deciding
    run.remedies = nil
    #expect(run.deciding == gathered)
    var decided = CannedRuns.harmed
    decided.remedies = gathered
    #expect(decided.deciding.isEmpty)
  }
}
