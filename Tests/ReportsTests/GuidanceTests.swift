import Core
import Foundation
import Testing

@testable import Reports

@Suite("What a release manager finds first")
struct GuidanceTests {
  /// The part of the page before the checks.
  private func release(_ run: RunSummary) throws -> Substring {
    try #require(try Renderings(run).page(from: #"<section id="release""#, to: "</section>"))
  }

  @Test("Only a pass says to ship; every verdict says what to do next, on the page and in Markdown")
  func nextSteps() throws {
    for (name, canned) in CannedRuns.all {
      // Summaries of version 0.1 keep their Markdown as it was.
      var run = canned
      run.question = canned.question ?? .safety
      let steps = run.nextSteps
      #expect(!steps.isEmpty || run.isUnfinished, "\(name)")
      let ships = steps.contains { $0.contains("then ship") }
      #expect(ships == (run.verdict == .pass), "\(name)")
      #expect(steps.contains { $0.hasPrefix("Do not ship") } == [1, 2].contains(run.gateExitCode), "\(name)")
      let report = try Renderings(run)
      for step in steps {
        for (format, text) in report.texts where ["html", "markdown"].contains(format) {
          #expect(
            text.contains(step) || text.contains(step.replacing("…", with: "&hellip;")), "\(name), \(format): \(step)")
        }
      }
    }
    let observed = CannedRuns.pass.observing(true)
    #expect(!observed.nextSteps.contains { $0.contains("then ship") })
  }

  @Test("What got worse is told by category, the heaviest first, and nothing is called unchanged")
  func worsening() throws {
    let run = CannedRuns.fail
    #expect(run.worsening.first?.hasPrefix("dose: ") == true && run.worsening.count == 4, "\(run.worsening)")
    #expect(run.worsening.first?.contains("5 newly broken") == true)
    var weighted = run
    for index in weighted.categories.indices where weighted.categories[index].category == "record" {
      weighted.categories[index].weight = 10
    }
    #expect(weighted.worsening.first?.hasPrefix("record: ") == true)
    #expect(weighted.worsening.first?.contains("weight 10") == true)
    #expect(try release(weighted).contains("weight 10"))
    let page = try Renderings(weighted).html
    let record = try #require(page.range(of: #"<tr><th scope="row">record"#))
    let dose = try #require(page.range(of: #"<tr><th scope="row">dose"#))
    #expect(record.lowerBound < dose.lowerBound)
    #expect(CannedRuns.pass.worsening.first?.hasPrefix("No category is shown to be worse") == true)
    var alone = CannedRuns.pass
    alone.models.removeAll { $0.role == "baseline" }
    #expect(alone.worsening == ["There is no baseline, so that nothing says what got worse."])
  }

  @Test("What was not covered names skipped stages, open checks, missing responses, and what nobody looked at")
  func uncovered() {
    var run = CannedRuns.proven
    run.stages.append(.init(name: "confirm", ran: false, seconds: 0, detail: ""))
    run.checks[0].stage = "confirm"
    run.checks[0].verdict = .inconclusive
    run.checks[1].verdict = .inconclusive
    run.fresh = []
    run.calibration = nil
    run.outcomes?[0].missing = 3
    let text = run.uncovered.joined(separator: " ")
    #expect(text.contains("not asked for: confirm") && text.contains("Not decided: \(run.checks[1].name)"), "\(text)")
    #expect(text.contains("have no verdict") && text.contains("No fresh attacks"), "\(text)")
    #expect(text.contains("No human labels"), "\(text)")
    #expect(CannedRuns.unfinished.uncovered.isEmpty && CannedRuns.unfinished.worsening.isEmpty)
  }

  @Test("Somebody is named to act, those who answer for waived checks included")
  func responsible() {
    var run = CannedRuns.fail
    run.policy.governance = nil
    #expect(run.responsible.hasPrefix("Nobody is named"))
    run.policy.governance = Governance(owner: "red team", purpose: "gate", contact: "red@example.com", licence: nil)
    #expect(run.responsible == "red team (red@example.com).")
    run.checks[0].waiver = .init(reason: "known", owner: "ada", until: "2026-12-31")
    #expect(run.responsible.contains("ada answers for \(run.checks[0].name) until 2026-12-31"))
  }

  @Test("Attacks of one cluster are one row with the rest folded, and each is found by its identifier")
  func clusters() throws {
    var run = CannedRuns.fail
    for index in run.newlyBroken.indices { run.newlyBroken[index].cluster = run.newlyBroken[index].category }
    let section = try #require(try Renderings(run).page(from: #"<section id="broken">"#, to: "</section>"))
    #expect(section.components(separatedBy: "<tr><th scope=\"row\">").count - 1 == 4)
    #expect(section.components(separatedBy: "<details>").count - 1 == 4 && section.contains("4 more of its cluster"))
    for attack in run.newlyBroken { #expect(section.contains(attack.id.text)) }
    let apart = try #require(try Renderings(CannedRuns.fail).page(from: #"<section id="broken">"#, to: "</section>"))
    #expect(!apart.contains("<details>"))
  }

  @Test("A range of counts is explained beside its check, and the first range of the page above all")
  func ranges() throws {
    let page = try Renderings(CannedRuns.fail).html
    #expect(page.contains("At least 14 are shown to be newly broken; up to 19 may be"))
    #expect(page.contains("it may be anything between the two numbers in brackets"))
  }

  @Test("What each check rests on is in the terminal where somebody asks for it")
  func verbose() {
    let plain = TerminalReport.render(CannedRuns.fail, colour: false, files: [])
    let verbose = TerminalReport.render(CannedRuns.fail, colour: false, files: [], verbose: true)
    for words in ["n = ", "independent units", "unscored", "confidence;"] {
      #expect(verbose.contains(words) && !plain.contains(words), "\(words)")
    }
    #expect(verbose.components(separatedBy: "n = ").count - 1 == CannedRuns.fail.checks.count)
  }
}
