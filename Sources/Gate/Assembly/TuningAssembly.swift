import Attackers
import Core
import Evidence
import LanguageModels
import Logging
import Policies
import SafetyTuning
import Suites
import Targets

extension Assembly {
  /// - Throws: `SluiceError` (usage) for a file that is missing or malformed, or a trainer that can't be used.
  func tuning(_ tuning: TuningPolicy, _ engine: (any AttackerEngine)?, embedder: any Embedder) throws -> TuningPlan {
    guard let attacker = policy.attacker else { throw InternalError("tuning without an attacker") }
    let methods = try tuning.methods.map { method in
      TuningPlan.Method(
        name: method.name, attacker: try self.attacker(engine, method.settings(attacker.settings), embedder))
    }
    let candidate = policy.candidate
    return TuningPlan(
      methods: methods, combines: tuning.combines,
      tuner: try tuning.tuner.recipe.make(tuning: candidate, targetContext),
      load: { try variant($0, named: $1, like: candidate) }, responses: tuning.responses, restarts: tuning.restarts,
      proposals: tuning.proposals, heldOut: tuning.heldOut, mostAttacks: tuning.mostAttacks,
      benign: tuning.benign.isEmpty ? [] : try SuiteFile.benign(tuning.benign).items, benignRatio: tuning.benignRatio,
      refusals: tuning.refusals, instruction: tuning.instruction, quiz: try SuiteFile.quiz(tuning.quiz),
      rounds: tuning.rounds, folder: tuning.folder)
  }

  /// A variant is asked as the candidate is. Its weights aren't kept on the shelf: there are many variants, and each is
  /// needed once.
  private func variant(_ model: TunedModel, named name: String, like candidate: TargetChoice) throws -> Participant {
    var variant = candidate
    var context = targetContext
    switch model {
    case .checkpoint(let folder):
      // A served candidate's name says nothing of a checkpoint.
      if candidate.recipe.checkpoint == nil { variant.label = nil }
      variant.recipe = candidate.recipe.asking(checkpoint: folder)
      context.decoder = { folder, precision in
        LoadedDecoder(
          fingerprint: try SHA256.fingerprint(folder: folder),
          model: try Logger.loading(folder, ["precision": "\(precision)"]) {
            try CausalLanguageModel.load(folder: folder, precision: precision)
          })
      }
    case .served(let served):
      guard let recipe = candidate.recipe.asking(served: served) else {
        throw SluiceError(
          .usage,
          "it is a served model (\(served)), and the candidate "
            + (candidate.recipe.checkpoint == nil ? "can't be asked under another name" : "is a checkpoint"),
          remedy: "Let the trainer print the path of a checkpoint folder, or name a candidate that is served by name.")
      }
      variant.recipe = recipe
    }
    return try participant(.variant(name), variant, context)
  }
}
