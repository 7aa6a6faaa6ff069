import Core
import Foundation

/// Making what works likely.
extension GFlowNetSearch {
  /// Rewards below this count as this in the objective.
  private static let leastLogReward = -150.0

  mutating func train(until limit: Int) async throws {
    let replayed = settings.training ? Int(Double(settings.batch) * settings.replayFraction) : 0
    try await search(
      count: settings.batch - replayed, until: limit, tempered: settings.training, method: "gflownet",
      source: { $0.policy }, afterwards: { try await $0.update(on: $1) })
  }

  private mutating func update(on batch: [Experience]) async throws {
    step += 1
    guard settings.training else {
      progress(log.spent, "sampling")
      return
    }
    for update in 0..<settings.updatesPerBatch {
      let past = buffer.sample(max(0, settings.batch - (update == 0 ? batch.count : 0)), using: &generator)
      let trajectories = update == 0 ? batch + past : past
      guard trajectories.count > 1 else { continue }
      losses.append(try await train(trajectories))
    }
    progress(log.spent, "\(log.claimed.count) attacks claimed")
  }

  private mutating func train(_ trajectories: [Experience]) async throws -> Double {
    let tau = temperature
    // Few, far outliers (too short, unfluent) must not drown what separates the rest.
    let logReward = trajectories.map {
      max(
        Self.leastLogReward,
        reward.logReward(
          logUnsafe: $0.logUnsafe, reference: $0.reference, tokens: proposer.length($0.tokens), tau: tau))
    }
    let (objective, settings) = (settings.objective, settings)
    let promptState = objective.learnsLogZ && logZ.width > 0 ? try await policy.promptState() : []
    let logZ = self.logZ.value(promptState)
    var logZSlope = 0.0
    let loss = try await policy.step(trajectories.map(\.tokens)) { logProbabilities in
      let logPolicy = logProbabilities.map { $0.reduce(0.0) { $0 + Double($1) } }
      let value = objective.loss(
        .init(logPolicy: logPolicy, logReward: logReward, logZ: logZ, settings: settings))
      logZSlope = value.logZSlope
      return (
        value.loss,
        zip(logProbabilities, value.slopes).map { [Float](repeating: Float($1), count: $0.count) }
      )
    }
    if objective.learnsLogZ {
      self.logZ.update(slope: logZSlope, state: promptState, learningRate: settings.logZRate)
    }
    return loss
  }

  /// τ falls from its start to its end over the first half of the training budget.
  private var temperature: Double {
    let share = min(1, 2 * Double(log.committed) / Double(max(log.budget.responses, 1)))
    return settings.tauStart + (settings.tauEnd - settings.tauStart) * share
  }
}
