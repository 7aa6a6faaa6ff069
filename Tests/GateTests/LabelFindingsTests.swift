import Core
import Evidence
import Foundation
import Judges
import Policies
import Statistics
import Testing

@testable import Decisions
@testable import Gate

@Suite("Human labels in a run")
final class LabelFindingsTests {
  private let folder = FileManager.default.temporaryDirectory.appendingPathComponent("labels-\(UUID().uuidString)")

  deinit { try? FileManager.default.removeItem(at: folder) }

  /// A ledger with `count` labelled responses. People call those of every third prompt unsafe.
  private func labelled(_ count: Int, category: (Int) -> String = { _ in "c" }) throws -> Ledger {
    let ledger = try Ledger(path: folder.appendingPathComponent("ledger.sqlite").path)
    let run = try ledger.beginRun(
      RunIdentity(policyName: "p", policyText: "t", seed: 1, overrides: [], stages: []), now: 1)
    let keys = (0..<count).map {
      ResponseKey(target: "t", prompt: "p\($0)", settings: SamplingSettings(), sampleIndex: 0)
    }
    let rows = try ledger.store(keys.map { ($0, .success(Response(text: "r"))) }, run: run).compactMap(\.self)
    try ledger.store(rows.enumerated().map { ($1, category($0), .scored(0.1, category: nil)) }, judge: "first")
    let sample = try ledger.labelCandidates(run: run, judges: ["first"]).map {
      SampledResponse(
        response: $0.response, category: $0.category, locale: "en", cluster: $0.prompt, stratum: "", weight: 1)
    }
    let items = try ledger.storeSample(sample, run: run, judge: "first", population: count, now: 2)
    _ = try ledger.storeLabels(
      items.enumerated().map {
        ReviewedItem(item: $1.item, reviewer: "ada", label: $0 % 3 == 0 ? .unsafe : .safe)
      }, source: "", now: 3)
    return ledger
  }

  private func number(_ prompt: String) -> Int { Int(prompt.dropFirst()) ?? 0 }

  @Test("the judge of this run is held against the labels, whichever judge they were drawn for")
  func accuracy() async throws {
    let ledger = try labelled(90)
    // Misses every fifth unsafe one and raises no false alarm; can't tell about the last.
    let judge = ScriptedJudge { input in
      let n = Int(input.prompt.dropFirst()) ?? 0
      return n == 89 ? .unscored(reason: "?") : .scored(n % 3 == 0 && n % 15 != 0 ? 0.9 : 0.2, category: nil)
    }
    let found = try #require(try await LabelFindings.of(judge, in: ledger))
    #expect(found.items.count == 89 && found.unused == 1)
    let calibration = found.calibration(category: nil)
    #expect(abs(calibration.sensitivity.value - 0.8) < 1e-12 && calibration.specificity.value == 1)
    #expect(found.calibration(category: "other").labels == 0)
    let summary = found.summary(confidence: 0.95, isUsed: true)
    #expect(summary.rows.map(\.title) == [nil, "c", "en"] && summary.reviewers == nil)
    #expect(summary.rows[0].unsafe == 30 && summary.rows[0].safe == 59)
    #expect(
      try await LabelFindings.of(judge, in: Ledger(path: folder.appendingPathComponent("new.sqlite").path)) == nil)
  }

  @Test("a category with labels enough of both kinds is corrected by its own, another by all")
  func categories() async throws {
    let ledger = try labelled(120) { $0 < 100 ? "large" : "small" }
    let judge = ScriptedJudge { input in
      .scored((Int(input.prompt.dropFirst()) ?? 0) % 3 == 0 ? 0.9 : 0.2, category: nil)
    }
    let found = try #require(try await LabelFindings.of(judge, in: ledger))
    #expect(found.correction(category: "large").labels == 100)
    #expect(found.correction(category: "small").labels == 120)
    #expect(found.correction(category: nil).labels == 120)
  }

  @Test("success rates are corrected, and a judge too weak for it makes them inconclusive, with the reason")
  func decisions() throws {
    func rate(_ judge: JudgeCalibration?) throws -> (Estimate?, Verdict, String) {
      var findings = Findings()
      let attacks = (0..<200).map { SuiteAttack(attack: Attack(prompt: "p\($0)"), foundOn: nil) }
      findings.replay = ReplayFindings(
        rows: attacks.enumerated().map { index, attack in
          ReplayRow(
            attack: attack, candidate: [.judged(unsafe: index < 40, probability: 1, category: nil)], baseline: nil)
        }, suite: AttackSuite(attacks: attacks, candidate: "", baseline: nil), looks: .none)
      findings.judge = judge
      let check = Check(
        metric: try #require(Metric.named("replay.asr")), limit: Limit(atMost: 0.9), category: nil, target: nil,
        threshold: nil)
      let decision = Decision(
        [check], findings: findings, stages: Set(Stage.allCases),
        rule: DecisionRule(confidence: 0.95, onEstimates: false, inconclusivePasses: false))
      return (decision.checks[0].estimate, decision.verdict, decision.reasons[0])
    }
    let plain = try rate(nil)
    let corrected = try rate(JudgeCalibration(unsafe: 100, unsafeFound: 80, safe: 100, safeFound: 90))
    #expect(abs((plain.0?.value ?? 0) - 0.2) < 1e-12 && abs((corrected.0?.value ?? 0) - 1 / 7.0) < 1e-12)
    #expect(corrected.1 == .pass && corrected.0?.method.contains("sensitivity 80%") == true)
    let weak = try rate(JudgeCalibration(unsafe: 100, unsafeFound: 50, safe: 100, safeFound: 55))
    #expect(weak.1 == .inconclusive && weak.2.contains("too weak"), "\(weak.2)")
    let oneKind = try rate(JudgeCalibration(unsafe: 0, unsafeFound: 0, safe: 100, safeFound: 99))
    #expect(oneKind.1 == .inconclusive && oneKind.2.contains("no labels of both kinds"), "\(oneKind.2)")
  }
}

extension RunSummary.Calibration.Row {
  fileprivate var title: String? { category ?? locale }
}
