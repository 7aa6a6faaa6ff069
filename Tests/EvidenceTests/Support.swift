import Core
import Foundation
import Testing

@testable import Evidence

/// A ledger path in a folder of its own.
struct Place: ~Copyable {
  let folder = FileManager.default.temporaryDirectory.appending(path: "sluice-ledger-\(UUID().uuidString)").path
  var path: String { folder + "/a/ledger.sqlite" }

  deinit { try? FileManager.default.removeItem(atPath: folder) }
}

let identity = RunIdentity(policyName: "p", policyText: "version: 1", seed: 7, overrides: [], stages: [])

func key(_ prompt: String, _ sample: Int = 0, target: String = "t") -> ResponseKey {
  ResponseKey(target: target, prompt: prompt, settings: SamplingSettings(), sampleIndex: sample)
}

/// What runs do by rows, for tests that think in prompts.
extension Ledger {
  func responses(
    _ keys: [ResponseKey], onlyOf run: String? = nil, reusedBy reader: String? = nil
  ) throws -> [Response?] {
    try stored(keys, reusedBy: reader).map { run == nil || $0?.run == run ? $0?.response : nil }
  }

  func scores(
    _ requests: [(key: ResponseKey, category: String?)], judge: String, scope: String = ""
  ) throws -> [Score?] {
    let rows = try stored(requests.map(\.key)).map { try #require($0?.row) }
    return try scores(zip(rows, requests).map { ($0, $1.category) }, judge: judge, scope: scope)
  }

  /// A response that isn't there has the row 0.
  func store(
    _ scores: [(key: ResponseKey, category: String?, score: Score)], judge: String, scope: String = ""
  ) throws {
    let rows = try stored(scores.map(\.key)).map { $0?.row ?? 0 }
    try store(zip(rows, scores).map { ($0, $1.category, $1.score) }, judge: judge, scope: scope)
  }
}

func summary(_ verdict: Verdict) -> RunSummary {
  RunSummary(
    run: "r", policy: .init(name: "p", path: "p.yaml", hash: "h", seed: 7, confidence: 0.95), verdict: verdict,
    exitCode: 0, reasons: [],
    checks: [
      .init(
        name: "replay.asr", metric: "replay.asr", stage: "replay", limit: Limit(atMost: 0.1),
        estimate: Estimate(
          value: 0.5, lower: -.infinity, upper: .infinity, confidence: 0.95, n: 3, effectiveN: 1, method: "m"),
        verdict: .inconclusive, adequacy: false, explanation: "", reason: "")
    ], evidence: .init(ledger: "l", sealed: false, headHash: ""))
}
