import Core
import Foundation
import Policies
import Testing

/// A temporary folder with all files that `text` names; gone with the last use of it.
final class Workplace: Sendable {
  let folder: String

  init(_ files: [String: String] = [:]) throws {
    folder = NSTemporaryDirectory() + "sluice-policies-\(UUID().uuidString)"
    let manager = FileManager.default
    for name in ["new", "old", "leaky", "attacker", "judge", "embedder"] {
      try manager.createDirectory(atPath: folder + "/" + name, withIntermediateDirectories: true)
    }
    let defaults = [
      "rules.yaml": "version: 1\n", "seeds.jsonl": "{\"prompt\": \"a\"}\n", "benign.jsonl": "{\"prompt\": \"b\"}\n",
      "tame.jsonl": "{\"prompt\": \"t\"}\n", "quiz.jsonl": "{\"question\": \"c\", \"answer\": \"d\"}\n",
      "leaky/weaknesses.jsonl": "{\"id\": \"1\", \"pattern\": \"a\"}\n",
    ]
    for (name, content) in defaults.merging(files, uniquingKeysWith: { $1 }) { try write(content, to: name) }
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  var policyPath: String { folder + "/policy.yaml" }

  func write(_ text: String, to name: String) throws { try write(Array(text.utf8), to: name) }

  func write(_ bytes: [UInt8], to name: String) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: folder + "/" + name))
  }

  func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: folder + "/" + name) }

  /// What `Policy.load` makes of `text`.
  func load(
    _ text: String, overrides: [String] = [], seed: UInt64? = nil, environment: [String: String] = [:],
    checksFiles: Bool = true
  ) throws -> Policy {
    try write(text, to: "policy.yaml")
    return try Policy.load(
      path: policyPath, overrides: overrides, seed: seed, environment: environment, checksFiles: checksFiles)
  }

  /// What is wrong, each as `line:column: message`; empty where nothing is.
  func problems(
    _ text: String, overrides: [String] = [], environment: [String: String] = [:], checksFiles: Bool = true
  ) throws -> [String] {
    try errors(text, overrides: overrides, environment: environment, checksFiles: checksFiles).map { error in
      let place = error.location?.description ?? "nowhere"
      return place.replacingOccurrences(of: policyPath + ":", with: "") + ": " + error.message
    }
  }

  func errors(
    _ text: String, overrides: [String] = [], environment: [String: String] = [:], checksFiles: Bool = true
  ) throws -> [SluiceError] {
    do {
      _ = try load(text, overrides: overrides, environment: environment, checksFiles: checksFiles)
      return []
    } catch let error as PolicyErrors {
      return error.errors
    }
  }
}

/// A policy with every section, right in every way.
let fullPolicy = """
  version: 1
  name: full
  seed: 7
  targets:
    candidate: {kind: local, checkpoint: new}
    baseline: {kind: local, checkpoint: old}
    control: {kind: local, checkpoint: leaky}
    transfer:
      other: {kind: openai, url: "http://127.0.0.1:8000/v1", model: m, serve: {command: [server]}}
  judges:
    reward: {kind: classifier, checkpoint: judge}
    confirm: {kind: rules, file: rules.yaml}
  embedder: {kind: local, checkpoint: embedder}
  attacker: {checkpoint: attacker}
  suite: {seeds: seeds.jsonl}
  fresh: {similarity: 0.7}
  ledger: {path: .sluice/ledger.sqlite, sealing: off}
  budget: {target_responses: 20000, wall_clock: 10m}
  checks:
    - {metric: replay.asr, at_most: 0.10}
    - {metric: transfer.asr, at_most: 0.5, target: other}
  tuning: {tuner: {kind: local}, quiz: quiz.jsonl, benign: tame.jsonl}
  report: {junit: junit.xml}
  governance: {owner: red team, purpose: release gate, contact: red@example.com, licence: internal}

  """

/// The smallest policy: one candidate, replay only. Lines 1 to 6.
let smallPolicy = """
  version: 1
  name: small
  targets: {candidate: {kind: local, checkpoint: new}}
  judges: {confirm: {kind: rules, file: rules.yaml}}
  suite: {seeds: seeds.jsonl}
  checks: [{metric: replay.asr, at_most: 0.1}]

  """

extension String {
  /// With the first appearance of `old` replaced; the same text would make a test that tests nothing.
  func changing(_ old: String, to new: String) -> String {
    guard let range = range(of: old) else {
      Issue.record("the policy has no \(old)")
      return self
    }
    return replacingCharacters(in: range, with: new)
  }

  func adding(_ line: String) -> String { self + line + "\n" }
}
