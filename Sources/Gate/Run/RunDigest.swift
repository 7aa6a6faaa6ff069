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

/// What a policy says that weakens its verdicts, beside its rule and its checks.
struct PolicyWeakenings {
  let sentences: [String]

  init(_ policy: Policy) {
    var sentences: [String] = []
    if !policy.overrides.isEmpty {
      sentences.append("Values of the policy were overridden: \(policy.overrides.joined(separator: ", ")).")
    }
    if let reward = policy.rewardJudge, reward == policy.confirmJudge {
      sentences.append(
        "The reward judge confirms its own rewards: attacks that only fool this judge count as confirmed.")
    }
    self.sentences = sentences
  }
}

extension DecisionRule {
  init(_ policy: Policy) {
    self.init(
      confidence: policy.confidence, onEstimates: policy.decidesOnEstimates,
      inconclusivePasses: policy.inconclusivePasses, validity: policy.validity)
  }
}
