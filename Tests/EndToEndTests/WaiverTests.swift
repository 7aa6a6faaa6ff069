import Foundation
import Testing

@Suite("Waivers and tiers")
struct WaiverTests {
  /// Attacks of category c0 succeed half the time; the rest never does.
  private static let outcomes: String = {
    var lines: [String] = []
    for number in 0..<1200 {
      let attack = number / 3
      let isUnsafe = attack % 4 == 0 && number % 2 == 0
      lines.append(
        #"{"role":"candidate","attack":"a\#(attack)","category":"c\#(attack % 4)","sample":\#(number % 3),"score":\#(isUnsafe ? 0.9 : 0.1)}"#
      )
    }
    return lines.joined(separator: "\n") + "\n"
  }()

  private static let failing = "{metric: replay.asr, category: c0, at_most: 0.10}"
  private static let passing = "{metric: replay.asr, at_most: 0.30}"

  private func policy(_ checks: [String], waivers: [String] = [], extra: String = "") -> String {
    let list = waivers.isEmpty ? "" : "waivers:\n" + waivers.map { "  - \($0)\n" }.joined()
    return """
      version: 1
      name: waived
      targets:
        candidate: {kind: local, checkpoint: nowhere/next}
      judges:
        confirm: {kind: rules, file: nowhere.yaml}
      suite: {seeds: nowhere.jsonl}
      checks:
      \(checks.map { "  - \($0)" }.joined(separator: "\n"))
      report: {junit: out/junit.xml, json: out/report.json, html: out/report.html, markdown: out/summary.md}
      \(extra)
      \(list)
      """
  }

  private func decide(_ policy: String, outcomes: String = outcomes) async throws -> (Binary.Outcome, Workspace) {
    let place = try Workspace()
    try place.write(policy, to: "policy.yaml")
    try place.write(outcomes, to: "outcomes.jsonl")
    let outcome = try await place.run("decide", "policy.yaml", "--outcomes", "outcomes.jsonl")
    // Lines are wrapped for a terminal; what they say isn't.
    let words = outcome.output.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    return (
      Binary.Outcome(code: outcome.code, wasKilled: outcome.wasKilled, output: words, errors: outcome.errors), place
    )
  }

  private static let waiver =
    "{check: replay.asr, category: c0, reason: fix ships on Friday, owner: ada, until: 2999-12-31}"

  @Test("A failing check blocks; waived it doesn't, and every report says so first and names who answers for it")
  func waived() async throws {
    let (blocked, _) = try await decide(policy([Self.failing, Self.passing]))
    #expect(blocked.code == 1)
    let (outcome, place) = try await decide(policy([Self.failing, Self.passing], waivers: [Self.waiver]))
    #expect(outcome.code == 0, "\(outcome.output)\(outcome.errors)")
    #expect(outcome.output.contains("may ship; 1 failing check is waived"))
    #expect(outcome.output.contains("✗ waived"))
    #expect(try place.hasValidJUnit())
    let junit = String(decoding: try place.read("out/junit.xml"), as: UTF8.self)
    let testcase = try #require(
      junit.firstRange(
        of:
          #/<testcase name="replay.asr\[category=c0\]"[^>]*>\s*<skipped message="Waived until 2999-12-31 by ada: fix ships on Friday[^"]*"/#
      ))
    #expect(!junit[testcase].isEmpty)
    #expect(!junit.contains("<failure"))
    for report in ["junit.xml", "report.html", "summary.md", "report.json"] {
      let text = String(decoding: try place.read("out/" + report), as: UTF8.self)
      #expect(text.contains("fix ships on Friday") && text.contains("ada") && text.contains("2999-12-31"), "\(report)")
      #expect(text.contains("fails and is waived"), "\(report)")
    }
    let check = try #require((try place.report()["checks"] as? [[String: Any]])?.first)
    #expect(check["verdict"] as? String == "fail" && (check["waiver"] as? [String: String])?["owner"] == "ada")
  }

  @Test("A waiver excuses a failure only: without evidence the check stays open, and the run stays blocked")
  func missingEvidence() async throws {
    let some = Self.outcomes.split(separator: "\n").filter { !$0.contains(#""category":"c0""#) }
    let unscored = Self.outcomes.replacing(#/"category":"c0","sample":(\d),"score":[0-9.]+/#) {
      #""category":"c0","sample":\#($0.1),"unscored":true"#
    }
    for outcomes in [some.joined(separator: "\n") + "\n", unscored] {
      let (outcome, place) = try await decide(
        policy([Self.failing, Self.passing], waivers: [Self.waiver]), outcomes: outcomes)
      #expect(outcome.code == 2, "\(outcome.output)")
      #expect(try place.report()["verdict"] as? String == "inconclusive")
    }
  }

  @Test("Too many errors stay inconclusive whatever is waived, also where the policy lets inconclusive pass")
  func validity() async throws {
    let unscored = Self.outcomes.replacing(#/"category":"c3","sample":(\d),"score":[0-9.]+/#) {
      #""category":"c3","sample":\#($0.1),"unscored":true"#
    }
    let (outcome, _) = try await decide(
      policy([Self.failing, Self.passing], waivers: [Self.waiver], extra: "inconclusive: pass"), outcomes: unscored)
    #expect(outcome.code == 2, "\(outcome.output)")
  }

  @Test("Where every check on the candidate is waived nothing shows that it may ship: inconclusive, never a pass")
  func allWaived() async throws {
    let whole = "{metric: replay.asr, at_most: 0.05}"
    let (outcome, _) = try await decide(
      policy(
        [whole], waivers: ["{check: replay.asr, reason: r, owner: ada, until: 2999-12-31}"], extra: "inconclusive: pass"
      ))
    #expect(outcome.code == 2, "\(outcome.output)")
    #expect(outcome.output.contains("nothing is left that shows that it may ship"))
  }

  @Test("A waiver that isn't needed is told, and changes nothing")
  func idle() async throws {
    let (outcome, _) = try await decide(
      policy([Self.passing], waivers: ["{check: replay.asr, reason: r, owner: ada, until: 2999-12-31}"]))
    #expect(outcome.code == 0, "\(outcome.output)")
    #expect(outcome.output.contains("the waiver of ada isn't needed") && !outcome.output.contains("is waived"))
  }

  @Test("An advisory check is reported and decides nothing")
  func advisory() async throws {
    let advisory = "{metric: replay.asr, category: c0, at_most: 0.10, tier: advisory}"
    let (outcome, place) = try await decide(policy([advisory, Self.passing]))
    #expect(outcome.code == 0, "\(outcome.output)\(outcome.errors)")
    #expect(outcome.output.contains("fail (advisory)") && outcome.output.contains("decides nothing"))
    let junit = String(decoding: try place.read("out/junit.xml"), as: UTF8.self)
    #expect(junit.contains("Advisory: it decides nothing.") && !junit.contains("<failure"))
    #expect(try place.hasValidJUnit())
  }

  @Test(
    "Wrong waivers are errors with their line: 64",
    arguments: [
      (
        "{check: replay.asr, category: c0, reason: r, owner: ada, until: 2020-01-31}",
        "the waiver expired on 2020-01-31"
      ),
      ("{check: replay.asr, category: c0, reason: r, until: 2999-12-31}", "the key 'owner' is missing"),
      ("{check: replay.asr, category: c0, reason: r, owner: ' ', until: 2999-12-31}", "owner must be a text"),
      ("{check: replay.asr, category: c0, owner: ada, until: 2999-12-31}", "the key 'reason' is missing"),
      ("{check: replay.asr, category: c9, reason: r, owner: ada, until: 2999-12-31}", "the waiver matches no check"),
      ("{check: benign.refusal_rate, reason: r, owner: ada, until: 2999-12-31}", "the waiver matches no check"),
      ("{check: replay.asr, category: c0, reason: r, owner: ada, until: 2999-02-30}", "until must be a day"),
      ("{check: replay.asr, category: c0, reason: r, owner: ada, until: soon}", "until must be a day"),
      ("{check: run.coverage, reason: r, owner: ada, until: 2999-12-31}", "about the run itself and can't be waived"),
    ])
  func mistakes(waiver: String, problem: String) async throws {
    let checks = [Self.failing, Self.passing, "{metric: run.coverage, at_least: 0.9}"]
    let (outcome, place) = try await decide(policy(checks, waivers: [waiver]))
    #expect(outcome.code == 64, "\(outcome.output)")
    // The policy above has its waiver on line 15.
    #expect(outcome.errors.contains("policy.yaml:15:") && outcome.errors.contains(problem), "\(outcome.errors)")
    #expect(!place.exists("out/junit.xml"))
  }

  @Test("Checks that are all advisory can't pass: the policy is refused")
  func onlyAdvice() async throws {
    let (outcome, _) = try await decide(policy(["{metric: replay.asr, at_most: 0.3, tier: advisory}"]))
    #expect(
      outcome.code == 64 && outcome.errors.contains("no check can find the candidate wanting"), "\(outcome.errors)")
  }
}
