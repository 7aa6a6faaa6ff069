import Attackers
import Policies

extension AttackerSettings {
  /// The policy's attacker, value by value; what a policy can't say keeps its default.
  init(_ policy: AttackerPolicy) {
    self.init()
    method = AttackMethod(rawValue: policy.method.rawValue) ?? .gflownet
    objective = Objective(rawValue: policy.objective.rawValue) ?? .varianceTB
    logZ = policy.logZ == .linear ? .linear : .scalar
    pairSigma = policy.pairSigma
    explorationShare = policy.exploration
    explorationTemperature = policy.explorationTemperature
    screenPool = policy.screenPool
    responsesAtMost = policy.responsesAtMost
    batchesInFlight = policy.batchesInFlight
    reward = policy.reward == .lee ? .lee : .minK
    prompt = policy.prompt
    loraRank = policy.loraRank
    loraAlpha = policy.loraAlpha
    learningRate = policy.learningRate
    batch = policy.batch
    updatesPerBatch = policy.updatesPerBatch
    maxTokens = policy.maxTokens
    minTokens = policy.minTokens
    beta = policy.beta
    gamma = policy.gamma
    tauStart = policy.tauStart
    tauEnd = policy.tauEnd
    minK = policy.minK
    minKThreshold = policy.minKThreshold
    buffer = policy.buffer
    replayFraction = policy.replayFraction
    replay.duplicates = policy.replayDuplicates == .edit ? .edit : .embedding
    replay.sampling = policy.replaySampling == .reward ? .reward : .mixture
    replay.refresh = policy.replayRefresh == .worst ? .worst : .submodular
    responsesPerAttack = policy.responsesPerAttack
    smoothing = policy.smoothing
    smoothingShare = policy.smoothingShare
    claimThreshold = policy.claimThreshold
    training = policy.training
    fixedPrompt = policy.fixedPrompt
  }
}
