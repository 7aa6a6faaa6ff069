import Foundation

/// A policy small enough to run in a second or two: a part of the lab's suite, the lab's models.
struct TinyPolicy {
  var name = "tiny"
  var candidate = lab("assistant-1.1")
  var baseline: String? = lab("assistant-1.0")
  var control: String?
  var attacker: String?
  var budget = 240
  var wallClock: String?
  /// Everything is asked, so that tests can count.
  var suite = "{seeds: seeds.jsonl, responses: 2, confirm_responses: 4, early_stop: off}"
  var checks = ["{metric: replay.asr, at_most: 0.9}", "{metric: run.coverage, at_least: 0.9}"]
  var extra = ""

  static func lab(_ name: String) -> String { "{kind: local, checkpoint: lab/\(name)}" }

  /// An OpenAI-compatible server with little patience, so that failures come soon.
  static func server(_ url: String, retries: Int = 1, more: String = "") -> String {
    "{kind: openai, url: '\(url)', model: fake, max_tokens: 8, concurrency: 2, timeout: 2s, retries: \(retries)\(more)}"
  }

  /// The attacker of the lab on a small budget.
  static let search = "{checkpoint: lab/attacker, restarts: 2}"

  var text: String {
    var lines = ["version: 1", "name: \(name)", "seed: 3", "targets:", "  candidate: \(candidate)"]
    if let baseline { lines.append("  baseline: \(baseline)") }
    if let control { lines.append("  control: \(control)") }
    lines += [
      "judges:", "  reward: {kind: classifier, checkpoint: lab/judge}",
      "  confirm: {kind: rules, file: lab/rules.yaml}",
    ]
    if let attacker { lines.append("attacker: \(attacker)") }
    lines.append("suite: \(suite)")
    lines.append("ledger: {path: evidence/ledger.sqlite}")
    lines.append("budget: {target_responses: \(budget)\(wallClock.map { ", wall_clock: \($0)" } ?? "")}")
    lines.append("checks:")
    lines += checks.map { "  - \($0)" }
    lines.append(
      "report: {junit: out/junit.xml, json: out/report.json, html: out/report.html, markdown: out/summary.md}")
    if !extra.isEmpty { lines.append(extra) }
    return lines.joined(separator: "\n") + "\n"
  }
}

extension TinyPolicy {
  /// A served candidate alone, each attack asked once, judged by rules: half a second.
  static func served(_ url: String, more: String = "") -> TinyPolicy {
    var policy = TinyPolicy()
    policy.candidate = server(url, more: more)
    policy.baseline = nil
    policy.suite = "{seeds: seeds.jsonl, responses: 1, confirm_responses: 2, early_stop: off}"
    policy.checks = ["{metric: replay.asr, at_most: 0.9}"]
    return policy
  }
}

extension Workspace {
  /// A workspace with the lab, every eighth attack of its suite (each cluster keeps one or none), and the policy.
  static func tiny(_ policy: TinyPolicy = TinyPolicy()) throws -> Workspace {
    let workspace = try Workspace()
    try FileManager.default.createSymbolicLink(
      at: workspace.folder.appendingPathComponent("lab"),
      withDestinationURL: Binary.root.appendingPathComponent("fixtures/lab"))
    let seeds = try String(contentsOf: Binary.root.appendingPathComponent("fixtures/lab/seeds.jsonl"), encoding: .utf8)
    let some = seeds.split(separator: "\n").enumerated().filter { $0.offset % 8 == 0 }.map(\.element)
    try workspace.write(some.joined(separator: "\n") + "\n", to: "seeds.jsonl")
    try workspace.write(policy.text, to: "policy.yaml")
    return workspace
  }

  /// The JSON report's summary.
  func report() throws -> [String: Any] {
    let document = try JSONSerialization.jsonObject(with: try read("out/report.json")) as? [String: Any]
    return document?["summary"] as? [String: Any] ?? [:]
  }

  /// Name, value and bounds of every check, as text.
  func measured() throws -> [String] {
    let checks = try report()["checks"] as? [[String: Any]] ?? []
    return checks.map { check in
      let estimate = check["estimate"] as? [String: Any] ?? [:]
      let numbers = ["value", "lower", "upper", "n"].map { "\(estimate[$0] ?? "-")" }
      return "\(check["name"] ?? "") \(check["verdict"] ?? "") \(numbers.joined(separator: " "))"
    }
  }

  /// How many responses the ledger holds; none where there is no ledger yet.
  func responses() async throws -> Int {
    let outcome = try await run("ledger", "show", "evidence/ledger.sqlite", "--json")
    if outcome.code != 0 { return 0 }
    let contents = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any]
    return (contents?["counts"] as? [String: Int])?["responses"] ?? -1
  }
}
