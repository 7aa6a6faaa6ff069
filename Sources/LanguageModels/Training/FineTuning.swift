import Core

/// Supervised fine-tuning over epochs, with a held-out loss after each: stops where that no longer falls, and hands out
/// every version that is better than all before.
public struct FineTuning: Sendable {
  /// How long and how fast to train.
  public struct Settings: Codable, Hashable, Sendable {
    /// At most so many passes over the training sequences.
    public var epochs = 10
    /// Sequences in one gradient step.
    public var batch = 32
    /// AdamW's step size at its highest.
    public var learningRate: Double
    /// Epochs in a row without a lower held-out loss after which training stops.
    public var patience = 2
    /// What the order of the sequences is drawn from.
    public var seed: UInt64 = 1

    public init(learningRate: Double) { self.learningRate = learningRate }
  }

  /// Mean negative log-likelihood of a token after one epoch, natural logarithm.
  public struct Epoch: Codable, Hashable, Sendable {
    /// 0 is the model before training.
    public let number: Int
    /// Over the epoch's steps, while the weights changed; nil before training.
    public let trainingLoss: Double?
    /// Over the held-out sequences, after the epoch.
    public let validationLoss: Double
  }

  /// What training did.
  public struct Outcome: Sendable {
    /// All that were run, the model before training first.
    public let epochs: [Epoch]
    /// The epoch with the lowest held-out loss.
    public let best: Epoch
    /// The whole model after the best epoch.
    public let bestWeights: Weights
    /// Why training ended.
    public let ending: Ending
  }

  /// Reasons to end.
  public enum Ending: String, Codable, Sendable {
    /// All epochs were run.
    case finished
    /// The held-out loss had stopped falling.
    case stoppedEarly = "stopped-early"
    /// It was cancelled.
    case interrupted
  }

  /// What training reports while it goes on.
  public enum Event: Sendable {
    /// `loss` is the step's, before the step.
    case step(done: Int, total: Int, loss: Double)
    /// An epoch is over; `isBest` where its held-out loss is the lowest so far.
    case epoch(Epoch, isBest: Bool)
  }

  private let settings: Settings
  private let prefix: [Int32]
  private let training: [[Int32]]
  private let validation: [[Int32]]
  private let workers: Int

  /// - Parameters:
  ///   - prefix: the tokens before every sequence; at least one.
  ///   - training: token sequences, none of them empty; so are those of `validation`.
  public init(
    settings: Settings, prefix: [Int32], training: [[Int32]], validation: [[Int32]], workers: Int
  ) {
    precondition(!training.isEmpty && !validation.isEmpty, "there is something to learn, and something to check it on")
    self.settings = settings
    self.prefix = prefix
    self.training = training
    self.validation = validation
    self.workers = workers
  }

  /// Trains until the held-out loss stops falling, the epochs are over, or `isCancelled`.
  ///
  /// - Parameter keep: gets each trainer whose held-out loss is the lowest so far.
  /// - Throws: `SluiceError` (usage) where the loss is no number any more; what `keep` throws.
  public func run<Trainer: MaximumLikelihoodTrainer>(
    _ start: consuming Trainer, isCancelled: () -> Bool, report: (Event) -> Void,
    keep: (Trainer, Epoch) throws -> Void
  ) throws -> Outcome {
    var trainer = start
    var best = Epoch(number: 0, trainingLoss: nil, validationLoss: validationLoss(trainer.weights))
    var bestWeights = trainer.weights
    var epochs = [best]
    report(.epoch(best, isBest: true))
    let stepsPerEpoch = (training.count + settings.batch - 1) / settings.batch
    let total = settings.epochs * stepsPerEpoch
    let schedule = LearningRateSchedule(steps: total, warmup: min(50, total / 20))
    var random = SeededGenerator(seed: settings.seed, stream: "fine-tuning")
    var step = 0
    func outcome(_ ending: Ending) -> Outcome {
      Outcome(epochs: epochs, best: best, bestWeights: bestWeights, ending: ending)
    }
    for number in stride(from: 1, through: settings.epochs, by: 1) {
      let order = training.shuffled(using: &random)
      var (loss, tokens) = (0.0, 0)
      for first in stride(from: 0, to: order.count, by: settings.batch) {
        if isCancelled() { return outcome(.interrupted) }
        let batch = Array(order[first..<min(first + settings.batch, order.count)])
        let mean = trainer.step(
          prefix: prefix, sequences: batch, tokenWeights: nil, rate: schedule.factor(step))
        guard mean.isFinite else { throw diverged(number) }
        let count = batch.reduce(0) { $0 + $1.count }
        loss += mean * Double(count)
        tokens += count
        step += 1
        report(.step(done: step, total: total, loss: mean))
      }
      if isCancelled() { return outcome(.interrupted) }
      let epoch = Epoch(
        number: number, trainingLoss: loss / Double(tokens), validationLoss: validationLoss(trainer.weights))
      guard epoch.validationLoss.isFinite else { throw diverged(number) }
      epochs.append(epoch)
      let isBest = epoch.validationLoss < best.validationLoss
      if isBest {
        best = epoch
        bestWeights = trainer.weights
        try keep(trainer, epoch)
      }
      report(.epoch(epoch, isBest: isBest))
      if number - best.number >= settings.patience, number < settings.epochs { return outcome(.stoppedEarly) }
    }
    return outcome(.finished)
  }

  private func validationLoss(_ weights: Weights) -> Double {
    let logs = Likelihood(prefix: prefix, workers: workers).logProbabilities(validation, weights)
    let sum = logs.reduce(0.0) { $0 + $1.reduce(0.0) { $0 + Double($1) } }
    return -sum / Double(logs.reduce(0) { $0 + $1.count })
  }

  private func diverged(_ epoch: Int) -> SluiceError {
    SluiceError(
      .usage,
      "the loss is no number any more in epoch \(epoch): the learning rate \(settings.learningRate) is too high",
      remedy: "Train again with a tenth of it; the best version before is kept.")
  }
}
