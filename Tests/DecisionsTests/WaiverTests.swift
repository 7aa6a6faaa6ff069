import Core
import Testing

@testable import Decisions

@Suite("Waivers and tiers")
struct WaiverTests {
  private static let stages: Set<Stage> = [.preflight, .replay, .benign, .decide]
  private static let waiver = RunSummary.Waiver(reason: "r", owner: "o", until: "2999-12-31")

  @Test("A waiver or a lower tier changes no check's verdict, and passes nothing but what fails without it")
  func excusesFailuresAlone() {
    var random = RandomFindings(random: SeededGenerator(seed: 41, stream: "waivers"))
    var excused = 0
    for _ in 0..<400 {
      let (checks, rule, findings) = (random.checks(), random.rule(), random.findings())
      let plain = Decision(checks, findings: findings, stages: Self.stages, rule: rule)
      for (index, check) in checks.enumerated() where !check.adequacy {
        var waived = checks
        waived[index].waiver = Self.waiver
        let decision = Decision(waived, findings: findings, stages: Self.stages, rule: rule)
        #expect(decision.checks.map(\.verdict) == plain.checks.map(\.verdict))
        if plain.checks[index].verdict != .fail {
          #expect(decision.verdict == plain.verdict && decision.exitCode == plain.exitCode)
        } else if decision.exitCode == 0 {
          excused += 1
          let others = plain.checks.indices.filter { $0 != index }.map { plain.checks[$0] }
          #expect(decision.validity.allSatisfy { $0.verdict == .pass } && !others.contains { $0.verdict == .fail })
          #expect(others.contains { !$0.adequacy })
        }
      }
    }
    #expect(excused > 4)
  }

  @Test("Advice decides nothing, whatever it says")
  func adviceDecidesNothing() {
    var random = RandomFindings(random: SeededGenerator(seed: 42, stream: "tiers"))
    for _ in 0..<250 {
      let (checks, rule, findings) = (random.checks(), random.rule(), random.findings())
      for index in checks.indices {
        var advised = checks
        advised[index].tier = .advisory
        let decision = Decision(advised, findings: findings, stages: Self.stages, rule: rule)
        let deciding = decision.checks.indices.filter { $0 != index }.map { decision.checks[$0].verdict }
        if deciding.contains(.fail) {
          #expect(decision.verdict == .fail)
        } else {
          #expect(decision.verdict != .fail)
        }
        if deciding.isEmpty { #expect(decision.exitCode != 0) }
      }
    }
  }
}
