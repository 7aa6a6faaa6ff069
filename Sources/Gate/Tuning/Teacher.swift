import Core
import Policies
import SafetyTuning

/// What the model is taught: a refusal for each attack, and its own answers to harmless prompts.
///
/// The harmless answers are the model's own, so that tuning on them asks for no change: they hold it where it is while the
/// refusals move it.
struct Teacher: Sendable {
  private let refusals: [String: RefusalWriter.Refusal]
  private let benign: [TuningExample]

  init(_ stage: TuneStage, attacks: [(prompt: String, category: String?)]) async throws {
    refusals = try await stage.refusalWriter.write(attacks, known: stage.suite)
    // What measures over-refusal and what the model still knows isn't trained on.
    let measured = Set(stage.benign.map(\.prompt) + stage.plan.quiz.map(\.question))
    let prompts = stage.plan.benign.filter { !measured.contains($0.prompt) }
    let questions = prompts.map {
      Question(prompt: $0.prompt, category: $0.category, sampleIndex: SampleIndices.training(0))
    }
    let writer = stage.refusalWriter
    let answers = try await writer.service.answers(
      questions, from: writer.model.target, as: writer.model.role, judge: writer.refusals)
    benign = zip(prompts, answers).compactMap { question, answer in
      guard let response = answer.response, answer.observation.isUnsafe == false, response.finishReason != "length",
        !response.text.isEmpty
      else { return nil }
      return TuningExample(.benign, prompt: question.prompt, response: response.text)
    }
  }

  /// The data set for some of the attacks, shuffled.
  /// - Parameter ratio: harmless examples for each attack.
  func data(_ prompts: [String], ratio: Double, seed: UInt64) -> TuningData {
    var random = SeededGenerator(seed: seed, stream: "tuning data")
    let attacks = prompts.compactMap { prompt in
      refusals[prompt].map { TuningExample(.refusal, prompt: prompt, response: $0.text) }
    }
    let harmless = benign.shuffled(using: &random).prefix(Int((Double(attacks.count) * ratio).rounded()))
    return TuningData((attacks + harmless).shuffled(using: &random))
  }

  /// How many of a data set's refusals came from where.
  func sources(_ data: TuningData) -> [RefusalSource: Int] {
    var counts: [RefusalSource: Int] = [:]
    for example in data.examples where example.kind == .refusal {
      if let source = refusals[example.prompt]?.source { counts[source, default: 0] += 1 }
    }
    return counts
  }
}
