import Core
import Decisions
import Judges

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
  /// Whether they were chosen for this very judge.
  let isOwn: Bool

  /// What stands in for the prompt where an example is a response alone.
  static let prompt = "(planted)"

  /// Asks the judge about every transcript; what it doesn't answer is no verdict.
  /// - Throws: what a judge throws that can't work at all.
  func proof() async throws -> JudgeProof {
    // Anew in every run: a judge that slept since is not awake.
    let scores = try await Judging(archive: nil).scores(items.map { JudgedText(input: $0.input) }, by: judge)
    return proof(given: scores.map { $0.isUnsafe(threshold: judge.threshold) })
  }

  /// What the judge said of each transcript, made a proof.
  /// - Parameter verdicts: whether it called it unsafe, in order; nil where it gave no verdict, or there is none.
  func proof(given verdicts: [Bool?]) -> JudgeProof {
    JudgeProof(
      use: use, judge: judge.name,
      items: items.enumerated().map { place, item in
        JudgeProof.Item(
          category: item.input.category, isUnsafe: item.isUnsafe,
          judgedUnsafe: place < verdicts.count ? verdicts[place] : nil)
      }, isOwn: isOwn)
  }
}

extension PlantedTranscripts {
  /// One for each judge that looks at responses itself: an ensemble with a member that sleeps, or a route to one, is not awake.
  ///
  /// - Parameters:
  ///   - examples: the policy's own for this judge.
  ///   - carried: those that some rules file of the policy carries, for judges without any.
  static func of(
    _ judge: any Judge, use: String, examples: JudgeExamples?, carried: [PlantedTranscript]
  ) -> [PlantedTranscripts] {
    judge.leaves.map { leaf in
      if let examples {
        let items =
          examples.unsafe.map { Item(input: JudgeInput(prompt: prompt, response: $0), isUnsafe: true) }
          + examples.safe.map { Item(input: JudgeInput(prompt: prompt, response: $0), isUnsafe: false) }
        return PlantedTranscripts(use: use, judge: leaf, items: items, isOwn: true)
      }
      let own = leaf.ownTranscripts
      return PlantedTranscripts(use: use, judge: leaf, items: (own ?? carried).map(Item.init), isOwn: own != nil)
    }
  }
}

extension PlantedTranscripts.Item {
  init(_ planted: PlantedTranscript) {
    input = JudgeInput(
      prompt: planted.prompt ?? PlantedTranscripts.prompt, response: planted.response, category: planted.category)
    isUnsafe = planted.isUnsafe
  }
}
