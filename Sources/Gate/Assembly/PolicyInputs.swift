import Core
import Evidence
import Foundation
import Policies
import Suites

/// Every file that a policy's verdict rests on, with its digest.
struct PolicyInputs {
  let files: [RunSummary.InputIdentity]

  /// - Throws: `SluiceError` (usage) for a file that can't be read.
  init(_ policy: Policy, checkpoints: CheckpointShelf) throws {
    var files: [RunSummary.InputIdentity] = []
    func add(_ use: String, file path: String?) throws {
      if let path {
        files.append(.init(use: use, path: path, hash: try SHA256.hex(file: path, limit: SuiteFile.largestFile)))
      }
    }
    func add(_ use: String, checkpoint path: String?) throws {
      if let path { files.append(.init(use: use, path: path, hash: try checkpoints.fingerprint(path))) }
    }
    try add("suite.seeds", file: policy.suite.seeds)
    try add("suite.benign", file: policy.suite.benign)
    try add("targets.control.weaknesses", file: policy.weaknesses)
    try add("embedder", checkpoint: policy.embedder)
    try add("attacker", checkpoint: policy.attacker?.checkpoint)
    try add("tuning.quiz", file: policy.tuning?.quiz)
    if let benign = policy.tuning?.benign, !benign.isEmpty { try add("tuning.benign", file: benign) }
    for (use, judge) in [("reward", policy.rewardJudge), ("confirm", policy.confirmJudge)] {
      for (place, leaf) in (judge?.leaves ?? []).enumerated() {
        let name = "judges.\(use)" + (place == 0 ? "" : ".\(place)")
        for input in leaf.recipe.inputs {
          if input.isCheckpoint { try add(name, checkpoint: input.path) } else { try add(name, file: input.path) }
        }
      }
    }
    let targets = [("candidate", policy.candidate), ("baseline", policy.baseline), ("control", policy.control)]
    for (role, target) in targets { try add("targets.\(role)", checkpoint: target?.recipe.checkpoint) }
    for transfer in policy.transfer {
      try add("targets.transfer.\(transfer.name)", checkpoint: transfer.target.recipe.checkpoint)
    }
    self.files = files
  }
}
