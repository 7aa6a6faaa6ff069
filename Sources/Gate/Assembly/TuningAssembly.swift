import Attackers
import Core
import Evidence
import LanguageModels
import Policies
import SafetyTuning
import Suites
import Targets

extension Assembly {
  /// - Throws: `SluiceError` (usage) for a file that is missing or malformed, or a trainer that can't be used.
  func tuning(_ tuning: TuningPolicy, embedder: any Embedder) throws -> TuningPlan {
    guard let attacker = policy.attacker else { throw InternalError("tuning without an attacker") }
    let reference = try checkpoints.decoder(attacker.checkpoint)
    let methods = try tuning.methods.map { method in
      var settings = AttackerSettings(attacker)
      settings.similarity = policy.fresh.similarity
      settings.method = AttackMethod(method)
      settings.smoothing = method == .smoothedGFlowNet
      return TuningPlan.Method(
        name: method.rawValue,
        attacker: try Attackers.attacker(
          reference: reference.model, referenceFingerprint: reference.fingerprint, embedder: embedder,
          settings: settings))
    }
    let candidate = policy.candidate
    return TuningPlan(
      methods: methods, combines: tuning.combines, tuner: try tuner(tuning.tuner),
      load: { try variant($0, named: $1, like: candidate) }, responses: tuning.responses, restarts: tuning.restarts,
      proposals: tuning.proposals, heldOut: tuning.heldOut, mostAttacks: tuning.mostAttacks,
      benign: tuning.benign.isEmpty ? [] : try SuiteFile.benign(tuning.benign).items, benignRatio: tuning.benignRatio,
      refusals: tuning.refusals, instruction: tuning.instruction, quiz: try SuiteFile.quiz(tuning.quiz),
      rounds: tuning.rounds, folder: tuning.folder)
  }

  private func tuner(_ tuner: TuningPolicy.TunerPolicy) throws -> any Tuner {
    switch (tuner, policy.candidate) {
    case (.local(let local), .local(let candidate)):
      let checkpoint = try checkpoints.decoder(candidate.checkpoint)
      var settings = LocalTuner.Settings()
      settings.rank = local.rank
      settings.alpha = local.alpha
      settings.learningRate = local.learningRate
      settings.epochs = local.epochs
      settings.batch = local.batch
      return try LocalTuner(
        checkpoint: candidate.checkpoint, model: checkpoint.model, modelFingerprint: checkpoint.fingerprint,
        sampling: SamplingSettings(system: candidate.system, template: candidate.template), settings: settings,
        workers: Self.workers, time: time)
    case (.fineTuningAPI(let service), _):
      var settings = FineTuningAPITuner.Settings()
      settings.epochs = service.epochs
      settings.pollInterval = .seconds(service.pollInterval)
      if let limit = service.timeLimit { settings.timeLimit = .seconds(limit) }
      settings.costLimit = service.costLimit
      settings.pricePerMillionTokens = service.price
      return try FineTuningAPITuner(OpenAIConfiguration(service.server, redactor: policy.redactor), settings: settings)
    case (.command(let trainer), let candidate):
      var settings = CommandTuner.Settings()
      if let limit = trainer.timeLimit { settings.timeLimit = .seconds(limit) }
      settings.variables = trainer.variables
      settings.redactor = policy.redactor
      return try CommandTuner(command: trainer.command, baseModel: candidate.name, settings: settings)
    case (.local, .openAI):
      throw SluiceError(
        .usage, "a served model can't be tuned in this process", at: SourceLocation(file: policy.path),
        remedy: "Use kind: fine-tuning-api, or kind: command with a trainer of your own.")
    }
  }

  /// A variant is asked as the candidate is. Its weights aren't kept on the shelf: there are many variants, and each is
  /// needed once.
  private func variant(_ model: TunedModel, named name: String, like candidate: TargetPolicy) throws -> Participant {
    switch (model, candidate) {
    case (.checkpoint(let folder), .local(var local)):
      local.checkpoint = folder
      return try participant(
        .variant(name), .local(local),
        checkpoint: CheckpointShelf.Decoder(
          fingerprint: try SHA256.fingerprint(folder: folder), model: try CausalLanguageModel.load(folder: folder)))
    case (.served(let name), .openAI(var remote)):
      remote.server.model = name
      return try participant(.variant(name), .openAI(remote))
    case (.served(let served), .local):
      throw SluiceError(
        .usage, "it is a served model (\(served)), and the candidate is a checkpoint",
        remedy: "Let the trainer print the path of a checkpoint folder, or name a served candidate.")
    case (.checkpoint(let folder), .openAI(let remote)):
      return try variant(.checkpoint(folder), named: name, like: .local(remote.asked(of: folder)))
    }
  }
}

extension AttackMethod {
  fileprivate init(_ method: TuningPolicy.Method) {
    self =
      switch method {
      case .smoothedGFlowNet, .gflownet: .gflownet
      case .reinforce: .reinforce
      case .ppo: .ppo
      case .inContext: .inContext
      case .sft: .sft
      }
  }
}
