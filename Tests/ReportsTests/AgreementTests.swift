import Core
import Foundation
import Reports
import Testing

@Suite("A summary that contradicts itself is refused")
struct AgreementTests {
  @Test("The canned runs agree with themselves", arguments: CannedRuns.all.map(\.name))
  func cannedRunsAgree(name: String) throws {
    #expect(try CannedRuns.named(name).contradiction == nil)
  }

  @Test(
    "Each broken promise is found, and no report is made of it",
    arguments: [
      "a check fails and the run passes", "fail without a failed check", "pass without checks",
      "pass with an undecided check", "exit 0 without checks", "a failed adequacy check",
      "a pass without a measurement",
      "pass with exit 2", "fail with exit 0", "exit 3",
      "a pass of an invalid run", "exit 0 of an invalid run", "a failed validity check",
      "a pass without validity checks",
      "a pass about the run alone", "outcomes that do not add up", "outcomes below zero", "a pass without a response",
    ])
  func contradictionsAreFound(_ kind: String) throws {
    var run = CannedRuns.pass
    switch kind {
    case "a check fails and the run passes": run.checks = CannedRuns.fail.checks
    case "fail without a failed check": (run.verdict, run.exitCode) = (.fail, 1)
    case "pass without checks": run.checks = []
    case "pass with an undecided check": run.checks = CannedRuns.inconclusive.checks
    case "exit 0 without checks":
      run = CannedRuns.inconclusive
      (run.checks, run.exitCode) = ([], 0)
    case "a failed adequacy check":
      run = CannedRuns.fail
      run.checks[0].adequacy = true
    case "a pass without a measurement": run.checks[0].estimate = nil
    case "pass with exit 2": run.exitCode = 2
    case "a pass of an invalid run":
      run = CannedRuns.proven
      run.validity?[1].verdict = .inconclusive
    case "exit 0 of an invalid run":
      run = CannedRuns.unproven
      run.exitCode = 0
    case "a failed validity check":
      run = CannedRuns.harmed
      run.validity?[0].verdict = .fail
    case "a pass without validity checks":
      run = CannedRuns.proven
      run.validity = []
    case "a pass about the run alone":
      run = CannedRuns.proven
      run.checks.removeAll { !$0.adequacy }
    case "outcomes that do not add up":
      run = CannedRuns.proven
      run.outcomes?[0].missing = 1
    case "outcomes below zero":
      run = CannedRuns.proven
      run.outcomes?[0].safe -= 2_000
      run.outcomes?[0].planned -= 2_000
    case "a pass without a response":
      run = CannedRuns.proven
      run.outcomes?[0] = .init(
        role: "candidate", stage: "replay", planned: 10, unsafe: 0, safe: 0, refused: 0, blocked: 0, cut: 0,
        unscored: 4,
        failed: 3, missing: 3)
    case "fail with exit 0":
      run = CannedRuns.fail
      run.exitCode = 0
    default:
      run = CannedRuns.inconclusive
      run.exitCode = 3
    }
    #expect(run.contradiction != nil)
    #expect(throws: InternalError.self) {
      try JUnitReport.render(run, date: CannedRuns.date, version: CannedRuns.version)
    }
    #expect(throws: InternalError.self) {
      try JSONReport.render(run, date: CannedRuns.date, version: CannedRuns.version)
    }
  }

  @Test("An invalid run may fail, and a run without candidate responses may be inconclusive")
  func honestRunsAgree() {
    var run = CannedRuns.harmed
    run.validity?[0].verdict = .inconclusive
    #expect(run.contradiction == nil)
    run = CannedRuns.unproven
    run.validity = []
    run.outcomes = []
    #expect(run.contradiction == nil)
  }

  @Test("Random runs agree with themselves whatever happened in them")
  func randomRunsAgree() {
    for seed in 0..<500 as Range<UInt64> {
      let run = RandomRun(seed: seed).summary()
      #expect(run.contradiction == nil, "seed \(seed)")
    }
  }
}
