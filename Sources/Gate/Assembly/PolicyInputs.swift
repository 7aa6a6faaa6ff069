import Core
import Evidence
import Foundation
import Kinds
import Policies
import Suites

/// Every file that a policy's verdict rests on, with its digest.
struct PolicyInputs {
  let files: [RunSummary.InputIdentity]

  /// A file before it is read.
  struct Input {
    /// What the policy calls it.
    let use: String
    let path: String
    let isCheckpoint: Bool

    /// SHA-256 of a file; of a checkpoint, what identifies it.
    /// - Throws: `SluiceError` (usage) where it can't be read.
    func hash(_ checkpoints: CheckpointShelf) throws -> String {
      isCheckpoint
        ? try checkpoints.fingerprint(path) : try SHA256.hex(file: path, limit: SuiteFile.largestFile)
    }
  }

  /// - Throws: `SluiceError` (usage) for a file that can't be read.
  init(_ policy: Policy, checkpoints: CheckpointShelf) throws {
    files = try Self.inputs(of: policy).map {
      .init(use: $0.use, path: $0.path, hash: try $0.hash(checkpoints))
    }
  }

  static func inputs(of policy: Policy) -> [Input] {
    var inputs: [Input] = []
    func add(_ use: String, file path: String?) {
      if let path { inputs.append(Input(use: use, path: path, isCheckpoint: false)) }
    }
    func add(_ use: String, checkpoint path: String?) {
      if let path { inputs.append(Input(use: use, path: path, isCheckpoint: true)) }
    }
    func add(_ use: String, _ input: InputFile) {
      inputs.append(Input(use: use, path: input.path, isCheckpoint: input.isCheckpoint))
    }
    add("suite.seeds", file: policy.suite.seeds)
    add("suite.benign", file: policy.suite.benign)
    add("targets.control.weaknesses", file: policy.weaknesses)
    add("embedder", checkpoint: policy.embedder)
    add("attacker", checkpoint: policy.attacker?.checkpoint)
    for input in policy.attacker?.engine?.recipe.inputs ?? [] { add("attacker.engine", input) }
    add("tuning.quiz", file: policy.tuning?.quiz)
    if let benign = policy.tuning?.benign, !benign.isEmpty { add("tuning.benign", file: benign) }
    for (use, judge) in [("reward", policy.rewardJudge), ("confirm", policy.confirmJudge)] {
      for (place, leaf) in (judge?.leaves ?? []).enumerated() {
        let name = "judges.\(use)" + (place == 0 ? "" : ".\(place)")
        for input in leaf.recipe.inputs { add(name, input) }
      }
    }
    let targets =
      [("candidate", policy.candidate), ("baseline", policy.baseline), ("control", policy.control)]
      + policy.transfer.map { ("transfer.\($0.name)", $0.target) }
      + policy.suite.rewriters.map { ("\($0.role)", $0.target) } + [("\(Role.driver)", policy.attacker?.driver)]
    for (role, target) in targets {
      add("targets.\(role)", checkpoint: target?.recipe.checkpoint)
      for input in target?.recipe.inputs ?? [] { add("targets.\(role).\(input.noun)", input) }
    }
    return inputs
  }
}
