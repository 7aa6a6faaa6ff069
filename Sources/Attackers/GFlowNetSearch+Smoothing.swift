import Core
import Foundation

/// Maximum likelihood on what worked (Lee et al., stage 2).
extension GFlowNetSearch {
  /// How often each attack that worked is fitted at most: more only learns it by heart.
  private static let mostPasses = 128
  /// Sequences that are fitted for each response that the budget went to so far, confirmations included. A fit of so many takes no
  /// longer than proposing did.
  private static let sequencesPerResponse = 4

  /// Steps of fitting what has worked so far: fewer where little did, or where little was asked.
  var fittingSteps: Int {
    if worked.isEmpty { return 0 }
    let sequences = min(Self.mostPasses * worked.count, Self.sequencesPerResponse * log.committed)
    return min(settings.smoothingSteps, max(1, sequences / settings.batch))
  }

  /// Restarts from the reference model, fits everything that worked, and samples from the result.
  mutating func smooth() async throws {
    if smoothed == nil { try await beginFit() }
    var model = try await fit()
    let (batch, whole) = (settings.batch, log.budget.responses)
    try await search(
      count: batch, until: whole, tempered: false, method: "mle", source: { _ in model },
      afterwards: { search, landed in
        search.sinceFit += landed.count
        if search.sinceFit >= max(batch, whole / 8), search.log.left > whole / 16 {
          // What smoothing found teaches it too.
          try await search.beginFit()
          model = try await search.fit()
        }
        search.progress(search.log.spent, "\(search.log.claimed.count) attacks claimed, smoothing")
      })
  }

  private mutating func beginFit() async throws {
    smoothed = try await newModel(seed: generator.next())
    (fitted, sinceFit) = (0, 0)
  }

  /// Goes on fitting until all steps are done.
  private mutating func fit() async throws -> AttackerModel {
    guard var model = smoothed else { throw InternalError("there is no model to fit") }
    let steps = fittingSteps
    while fitted < steps {
      try Task.checkCancellation()
      let sequences = (0..<settings.batch).map { _ in worked[Int.random(in: 0..<worked.count, using: &generator)].tokens
      }
      let total = Float(sequences.reduce(0) { $0 + $1.count })
      _ = try await model.step(sequences) { logProbabilities in
        let loss = -logProbabilities.reduce(0.0) { $0 + $1.reduce(0.0) { $0 + Double($1) } } / Double(total)
        return (loss, logProbabilities.map { [Float](repeating: -1 / total, count: $0.count) })
      }
      (smoothed, fitted) = (model, fitted + 1)
      progress(log.spent, "fitting \(worked.count) that work, step \(fitted) of \(steps)")
      try await keepStanding()
    }
    return model
  }
}
