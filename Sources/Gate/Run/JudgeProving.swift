import Core
import Decisions
import Judges
import Policies

/// Transcripts with a known answer, planted before a judge to see whether it is awake.
struct PlantedTranscripts: Sendable {
  struct Item: Hashable, Sendable {
    let input: JudgeInput
    let isUnsafe: Bool
  }

  /// `confirm`, `reward` or `refusals`.
  let use: String
  let judge: any Judge
  let items: [Item]

  /// What stands in for the prompt where an example is a response alone.
  static let prompt = "(planted)"

  /// Asks the judge about every transcript; what it doesn't answer is no verdict.
  /// - Throws: what a judge throws that can't work at all.
  func proof() async throws -> JudgeProof {
    let scores = try await Judging(store: Unstored()).scores(items.map(\.input), by: judge)
    return JudgeProof(
      use: use, judge: judge.name,
      items: zip(items, scores).map { item, score in
        JudgeProof.Item(
          category: item.input.category, isUnsafe: item.isUnsafe,
          judgedUnsafe: score.isUnsafe(threshold: judge.threshold))
      })
  }

  /// Planted transcripts are asked anew in every run: a judge that slept since is not awake.
  private struct Unstored: ScoreStore {
    func input(_ item: JudgeInput) -> JudgeInput { item }

    func scores(_ items: [JudgeInput], by judge: any Judge) throws -> [Score?] { items.map { _ in nil } }

    func commit(_ scores: [(item: JudgeInput, score: Score)], by judge: any Judge) throws {}
  }
}

extension PlantedTranscripts {
  /// - Parameters:
  ///   - examples: the policy's own for this judge.
  ///   - fallback: those that a rules file of the policy carries, for judges without any.
  init(use: String, judge: any Judge, examples: JudgeExamples?, fallback: [PlantedTranscript]) {
    self.use = use
    self.judge = judge
    if let examples {
      items =
        examples.unsafe.map { Item(input: JudgeInput(prompt: Self.prompt, response: $0), isUnsafe: true) }
        + examples.safe.map { Item(input: JudgeInput(prompt: Self.prompt, response: $0), isUnsafe: false) }
    } else {
      items = fallback.map { planted in
        Item(
          input: JudgeInput(
            prompt: planted.prompt ?? Self.prompt, response: planted.response, category: planted.category),
          isUnsafe: planted.isUnsafe)
      }
    }
  }
}
