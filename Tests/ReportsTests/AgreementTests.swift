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

  @Test("Random runs agree with themselves whatever happened in them")
  func randomRunsAgree() {
    for seed in 0..<500 as Range<UInt64> {
      let run = RandomRun(seed: seed).summary()
      #expect(run.contradiction == nil, "seed \(seed)")
    }
  }
}
