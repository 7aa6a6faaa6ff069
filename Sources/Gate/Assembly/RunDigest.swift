import Core
import Decisions
import Evidence
import Policies

/// The identity of a run: what was asked for, and every file that it rests on.
enum RunDigest {
  /// SHA-256, hexadecimal.
  /// - Parameter resolved: the policy with variables and overrides put in.
  static func hex(resolved: String, inputs: [RunSummary.InputIdentity]) -> String {
    let parts = [resolved] + inputs.sorted { $0.use < $1.use }.flatMap { [$0.use, $0.hash] }
    return SHA256.hex(parts.map { "\($0.utf8.count):\($0)" }.joined())
  }
}

extension DecisionRule {
  init(_ policy: Policy) {
    self.init(
      confidence: policy.confidence, onEstimates: policy.decidesOnEstimates,
      inconclusivePasses: policy.inconclusivePasses, validity: policy.validity)
  }
}
