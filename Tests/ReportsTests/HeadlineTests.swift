import Core
import Testing

@testable import Reports

@Suite("A headline claims what was asked")
struct HeadlineTests {
  @Test(
    "Only a policy that asks about safety lets a report speak of shipping",
    arguments: [Verdict.pass, .fail, .inconclusive])
  func shipping(verdict: Verdict) {
    for question in [nil] + RunSummary.Question.allCases.map(Optional.some) {
      for exit in [0, 2] as [Int32] where verdict == .inconclusive || exit == 0 {
        var run = CannedRuns.recommended
        (run.verdict, run.exitCode, run.question) = (verdict, verdict == .fail ? 1 : exit, question)
        let speaks = question == nil || question == .safety
        #expect(run.headline.contains("ship") == speaks, "\(run.headline)")
        #expect(run.headline.contains("assistant-1.1"), "\(run.headline)")
      }
    }
  }

  @Test("A tuning policy's headline is its recommendation, and its advice is the first reason, in every format")
  func recommendation() throws {
    let report = try Renderings(CannedRuns.recommended)
    for (format, text) in report.texts {
      #expect(text.contains("Recommended variant of assistant-1.1: all"), "\(format)")
      #expect(!text.contains("may ship"), "\(format)")
    }
    #expect(CannedRuns.recommended.why.first?.finding == CannedRuns.recommended.tuning?.advice.first)
    var run = CannedRuns.recommended
    run.tuning?.recommended = nil
    #expect(run.headline == "No tuned variant of assistant-1.1 is recommended")
    run.verdict = .fail
    #expect(run.headline == "No tuned variant of assistant-1.1 is recommended; a check on the variants is violated")
  }

  @Test("A policy that asks neither says that nothing is about safety")
  func neither() throws {
    for (format, text) in try Renderings(CannedRuns.harmless).texts {
      #expect(
        text.contains("The checks asked of assistant-1.1 are satisfied; none of them is about its safety"), "\(format)")
      #expect(!text.contains("may ship"), "\(format)")
    }
  }

  @Test("A run that broke off says so whatever was asked")
  func brokenOff() {
    for question in RunSummary.Question.allCases {
      var run = CannedRuns.brokenOff
      run.question = question
      #expect(run.headline == "The run did not end: nothing is decided about assistant-1.1")
    }
  }
}
