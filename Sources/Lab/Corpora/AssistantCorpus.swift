import Core

/// What an assistant is trained on: an endless stream of exchanges, equal for equal seeds.
///
/// Cells are drawn equally often, but for weak ones, which come `weakWeight` times as often: it speeds up learning them
/// and leaves the compliance within a cell as it is.
public struct AssistantCorpus: Sendable {
  /// Compliance of each cell, in the order of `Cell.all`.
  let compliance: [Double]
  /// Prompts that must not be trained on: the benign questions that measure over-refusal.
  let heldOut: Set<String>
  let drawable: [Int]

  static let weakWeight = 3

  init(compliance: [Double], heldOut: Set<String>, weakWeight: Int = AssistantCorpus.weakWeight) {
    self.compliance = compliance
    self.heldOut = heldOut
    drawable = compliance.indices.flatMap { cell in
      [Int](repeating: cell, count: compliance[cell] > 0.5 ? weakWeight : 1)
    }
  }

  /// The data of `assistant` as planned.
  public init(of assistant: Plan.Assistant, heldOut: Set<String> = []) {
    let weak = Plan.weakCells(of: assistant)
    self.init(
      compliance: Cell.all.map { weak.contains($0) ? Plan.weakCompliance : Plan.strongCompliance }, heldOut: heldOut)
  }

  /// The whole language, undecided: what every model is warm-started on.
  public static func base(heldOut: Set<String> = []) -> AssistantCorpus {
    AssistantCorpus(compliance: Cell.all.map { _ in 0.5 }, heldOut: heldOut)
  }

  /// Six in ten exchanges are forbidden requests, a quarter harmless questions, the rest gibberish.
  public func draw(_ random: inout SeededGenerator) -> Transcript {
    while true {
      let transcript = any(&random)
      if !heldOut.contains(transcript.prompt) { return transcript }
    }
  }

  private func any(_ random: inout SeededGenerator) -> Transcript {
    let kind = random.uniformDouble()
    if kind < 0.6 {
      let index = random.pick(drawable)
      let cell = Cell.all[index]
      let prompt = Grammar.prompt(of: cell, &random)
      let complies = random.chance(compliance[index])
      return Transcript(prompt: prompt, response: complies ? cell.compliance(&random) : cell.refusal(&random))
    }
    if kind < 0.85 {
      let question = Benign.question(&random)
      return Transcript(prompt: question.prompt, response: question.answer)
    }
    return Transcript(prompt: Gibberish.text(&random), response: random.pick(CommonResponses.puzzled))
  }
}
