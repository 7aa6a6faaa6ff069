import AttackerWorkers
import Attackers
import Core
import Evidence
import LanguageModels
import Policies

extension Assembly {
  /// What runs the attacker's model: one for all searches of a run; nil where a driver does all the writing.
  /// - Throws: `SluiceError` (usage) for a checkpoint or a file that can't be read, or a program that isn't there.
  func engine(_ attacker: AttackerPolicy) throws -> (any AttackerEngine)? {
    if let choice = attacker.engine {
      return try choice.recipe.make(
        EngineContext(
          fingerprint: checkpoints.fingerprint, digest: { SHA256.hex($0) }, redactor: policy.redactor))
    }
    guard let checkpoint = attacker.checkpoint else { return nil }
    let decoder = try checkpoints.decoder(checkpoint, attacker.settings.loraRank > 0 ? .frozen : .float32)
    return LocalEngine(decoder.model, fingerprint: decoder.fingerprint)
  }

  /// - Throws: `SluiceError` (usage) for settings that don't fit the model.
  func attacker(
    _ engine: (any AttackerEngine)?, _ given: AttackerSettings, _ embedder: any Embedder
  ) throws -> any Attacker {
    var settings = given
    settings.similarity = policy.fresh.similarity
    if let driver = try driver() {
      settings.driver = [driver.target.fingerprint, driver.target.settings.identity].joined(separator: "|")
    }
    return try Attackers.attacker(engine: engine, embedder: embedder, settings: settings)
  }

  func search(_ policy: AttackerPolicy, _ attacker: any Attacker) -> RunPlan.SearchPlan {
    RunPlan.SearchPlan(
      attacker: attacker, restarts: policy.restarts, warmStart: policy.warmStart,
      budget: self.policy.budget.targetResponses)
  }

  /// The model that writes the turns of conversations; nil where the attacker's own does.
  func driver() throws -> Participant? {
    guard let target = policy.attacker?.driver else { return nil }
    let model = try participant(.driver, target)
    return Participant(
      role: model.role, target: RewriterTarget(model.target, mark: RewriterTarget.drivingMark), kind: model.kind,
      isCheckpoint: model.isCheckpoint, label: model.label, server: model.server)
  }
}
