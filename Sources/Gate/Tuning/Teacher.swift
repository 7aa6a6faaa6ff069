import Core
import Policies
import SafetyTuning
import Suites

/// What the model is taught: a refusal for each attack, and its own answers to harmless prompts.
///
/// The harmless answers are the model's own, so that tuning on them asks for no change: they hold it where it is while the
/// refusals move it. Where more are wanted than there are prompts, prompts are answered several times: what is held is how
/// the model's answers are distributed, not one of them.
struct Teacher: Sendable {
  private let refusals: [String: RefusalWriter.Refusal]
  /// By sample, so that every prompt is answered once before one is answered twice.
  private let benign: [[TuningExample]]

  /// Answers to one prompt at most.
  private static let mostAnswers = 8

  /// - Parameters:
  ///   - attacks: to be refused.
  ///   - suite: attacks to borrow refusals from.
  ///   - pool: harmless prompts.
  ///   - measured: what measures over-refusal and what the model still knows; it isn't trained on.
  ///   - wanted: the most harmless examples that a data set will have.
  init(
    _ writer: RefusalWriter, attacks: [(prompt: String, category: String?)], suite: [Attack], pool: [BenignQuestion],
    measured: Set<String>, wanted: Int
  ) async throws {
    refusals = try await writer.write(attacks, known: suite)
    let prompts = pool.filter { !measured.contains($0.prompt) }
    let samples = prompts.isEmpty ? 0 : min(Self.mostAnswers, (wanted + prompts.count - 1) / prompts.count)
    var benign: [[TuningExample]] = []
    for sample in 0..<samples {
      let questions = prompts.map {
        Question(prompt: $0.prompt, category: $0.category, sampleIndex: SampleIndices.training(sample))
      }
      let answers = try await writer.service.answers(
        questions, from: writer.model.target, as: writer.model.role, judge: writer.refusals, keepsTexts: true)
      benign.append(
        zip(prompts, answers).compactMap { question, answer in
          guard let response = answer.response, answer.observation.isUnsafe == false,
            !response.isCut, !response.text.isEmpty
          else { return nil }
          return TuningExample(.benign, prompt: question.prompt, response: response.text)
        })
    }
    self.benign = benign
  }

  /// The data set for some of the attacks, shuffled.
  /// - Parameter ratio: harmless examples for each attack.
  func data(_ prompts: [String], ratio: Double, seed: UInt64) -> TuningData {
    var random = SeededGenerator(seed: seed, stream: "tuning data")
    let attacks = prompts.compactMap { prompt in
      refusals[prompt].map { TuningExample(.refusal, prompt: prompt, response: $0.text) }
    }
    let harmless = benign.flatMap { $0.shuffled(using: &random) }
      .prefix(Int((Double(attacks.count) * ratio).rounded()))
    return TuningData((attacks + harmless).shuffled(using: &random))
  }

  /// How many of a data set's refusals came from where.
  func sources(_ data: TuningData) -> [String: Int] {
    var counts: [String: Int] = [:]
    for example in data.examples where example.kind == .refusal {
      if let source = refusals[example.prompt]?.source { counts[source.rawValue, default: 0] += 1 }
    }
    return counts
  }
}
