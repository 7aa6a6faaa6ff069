import Core
import LanguageModels
import Tokenizers

/// Trains the judge: a small encoder with a classification head over `safe` and `unsafe`.
struct JudgeTraining: Sendable {
  static let labels = ["safe", "unsafe"]
  static let template = "\(Mark.first.rawValue){prompt}\(Mark.separator.rawValue){response}"

  let encoder: Encoder
  let schedule: Schedule

  func run(seed: UInt64, report: (_ step: Int, _ loss: Double) -> Void) -> SequenceClassifier {
    let architecture = LabModels.encoder(vocabulary: encoder.tokenizer.vocabularySize)
    var random = SeededGenerator(seed: seed, stream: "lab judge")
    var weights = Weights.random(architecture, seed: random.next())
    var head = ClassificationHead(width: architecture.width, labels: Self.labels.count, seed: random.next())
    var bodyOptimizer = AdamW(count: weights.values.count, learningRate: schedule.learningRate)
    var headOptimizer = AdamW(count: head.values.count, learningRate: schedule.learningRate)
    var losses = LossWindow()
    let encoding = Encoding(pooling: .first)
    for step in 0..<schedule.steps {
      let examples = (0..<schedule.batch).map { _ in JudgeCorpus.draw(&random) }
      let targets = examples.map { $0.unsafe ? 1 : 0 }
      var headGradient: [Float] = []
      var (loss, gradient) = encoding.gradient(examples.map { tokens($0.transcript) }, weights) { pooled in
        let (value, slopes, gradient) = head.loss(pooled, labels: targets)
        headGradient = gradient
        return (value, slopes)
      }
      clipNorm(&gradient, limit: 1)
      var values = weights.values
      bodyOptimizer.update(&values, gradient: gradient, rate: schedule.rate(step))
      weights = Weights(layout: weights.layout, values: values)
      headOptimizer.update(&head.values, gradient: headGradient, rate: schedule.rate(step))
      losses.add(loss, step: step, of: schedule.steps, report: report)
    }
    return SequenceClassifier(
      weights: weights, head: head, labels: Self.labels, tokenizer: encoder.tokenizer, promptTemplate: Self.template)
  }

  func tokens(_ transcript: Transcript) -> [Int32] {
    [encoder.id(.first)] + encoder.tokens(transcript.prompt) + [encoder.id(.separator)]
      + encoder.tokens(transcript.response)
  }
}
