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
