import Core
import Testing

@testable import Reports

@Suite("What the page claims, it can claim")
struct ClaimTests {
  private func rule(_ run: RunSummary) throws -> String {
    String(try #require(Renderings(run).page(from: "How the verdict is made</h3>", to: "</section>")))
  }

  @Test("The error rate names what it rests on: all checks together, independent clusters, the judges' word")
  func errorRate() throws {
    var run = CannedRuns.proven
    run.calibration = nil
    let text = try rule(run)
    #expect(text.contains("among all 7 checks of the policy together is held to at most 5%"))
    #expect(text.contains("clusters of attacks that are independent of each other"))
    #expect(text.contains("taking the judges' verdicts as they are"))
    run.checks = Array(run.checks.prefix(1))
    #expect(try rule(run).contains("the chance that it wrongly passes or fails is held to at most 5%"))
    #expect(!(try rule(run)).contains("Holm"))
  }

  @Test("Labels are named only where success rates are corrected by them")
  func labels() throws {
    var run = CannedRuns.proven
    #expect(run.calibration?.isUsed == true)
    #expect(try rule(run).contains("human labels") && !(try rule(run)).contains("as they are"))
    run.calibration?.isUsed = false
    #expect(try rule(run).contains("as they are") && !(try rule(run)).contains("human labels"))
  }

  @Test("A page speaks of validity checks only where there were some, and of an attacker's proof nowhere else")
  func validity() throws {
    #expect(try rule(CannedRuns.proven).contains("one of its 4 validity checks"))
    let old = try rule(CannedRuns.pass)
    #expect(!old.contains("validity") && !old.contains("attacker") && old.contains("A check about the run itself"))
    var bare = CannedRuns.pass
    bare.checks.removeAll(where: \.adequacy)
    #expect(!(try rule(bare)).contains("about the run itself"))
    #expect(!(try Renderings(bare)).html.contains("one about this run"))
  }

  @Test("A bar's meaning names its confidence, and that a check inside or outside may still be open")
  func bars() throws {
    let html = try Renderings(CannedRuns.proven).html
    #expect(html.contains("the range that the evidence leaves possible at the confidence printed below it"))
    #expect(html.contains("passes only where") && html.contains("fails only where"))
  }

  @Test("Newly broken attacks are significant after a correction, not beyond chance")
  func newlyBroken() throws {
    let html = try Renderings(CannedRuns.fail).html
    #expect(html.contains("significant after the correction for all attacks that were looked at"))
    #expect(!html.contains("chance can't explain"))
  }

  @Test("Several restarts are claimed only where there were several, and no second judge where one judges")
  func restarts() throws {
    var run = CannedRuns.pass
    var page = try Renderings(run).html
    #expect(page.contains("several times over"))
    #expect(page.contains("attacks on which the confirming judge calls fresh responses unsafe"))
    page = try Renderings(CannedRuns.tuned).html
    #expect(page.contains("asked anew and judged by the confirming judge") && !page.contains("second judge"))
    for index in run.fresh.indices { run.fresh[index].restarts.removeLast(2) }
    let html = try Renderings(run).html
    #expect(!html.contains("several times over") && !html.contains("second judge"))
  }

  @Test("The other weighting is told, and what would follow from it where that is not what the check says")
  func otherWeighting() throws {
    let text = "With every cluster counted once: 4.10% [2.10%, 7.20%]. That interval lies within the limit."
    #expect(CannedRuns.harmed.checks[0].otherReadings.last == text)
    let report = try Renderings(CannedRuns.harmed)
    #expect(report.html.contains(text))
    #expect(report.testcase("replay.asr")?.children.first?.text.contains(text) == true)
    var check = CannedRuns.harmed.checks[0]
    check.readings?.otherWeighting = .init(weight: "attacks", value: 0.2, lower: 0.15, upper: 0.25)
    #expect(check.otherReadings.last == "With every attack counted once: 20.0% [15.0%, 25.0%].")
    check.readings?.otherWeighting = .init(weight: "attacks", value: 0.1, lower: 0.05, upper: 0.25)
    #expect(check.otherReadings.last?.hasSuffix("on both sides of the limit.") == true)
  }

  @Test("Every metric about what searches found, and about filters and token limits, has a name and a unit")
  func metrics() {
    for metric in ["found.asr", "run.block_rate", "run.cut_rate"] {
      #expect(MetricWording.named(metric).unit == .share && MetricWording.named(metric).title != metric)
    }
    #expect(MetricWording.named("found.regression").unit == .difference)
    #expect(MetricWording.named("found.newly_broken").countsNewlyBroken)
  }

  @Test("Newly broken attacks are errors in JUnit while it is open whether there are too many, of either suite")
  func foundNewlyBroken() throws {
    for metric in ["replay.newly_broken", "found.newly_broken", "replay.asr"] {
      var run = CannedRuns.inconclusive
      run.newlyBroken = CannedRuns.fail.newlyBroken
      run.checks[2].metric = metric
      run.checks[2].verdict = .inconclusive
      let attack = try #require(
        Renderings(run).junit.elements("testcase").first { $0.attributes["name"]?.hasPrefix("newly broken ") == true })
      #expect(attack.children.map(\.name) == [metric == "replay.asr" ? "skipped" : "error"])
    }
  }
}
