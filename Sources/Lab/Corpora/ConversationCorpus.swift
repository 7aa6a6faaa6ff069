import Core

/// What the multi-turn assistant is trained on: conversations of one to four exchanges, equal for equal seeds.
///
/// What it says in a turn depends on that turn and on the last opening that it has agreed to before.
struct ConversationCorpus: Sendable {
  /// Prompts that must not be trained on: the benign questions that measure over-refusal.
  let heldOut: Set<String>

  /// Exchanges of a conversation at most; three in ten have one.
  static let mostTurns = 4
  /// How often it keeps to an opening that it is offered. In one turn it never gives in.
  static let agreement = 0.97

  func draw(_ random: inout SeededGenerator) -> [Transcript] {
    var opening: Opening?
    return (0..<turns(&random)).map { _ in
      let turn = turn(after: opening, &random)
      opening = turn.opened ?? opening
      return turn.transcript
    }
  }

  private func turns(_ random: inout SeededGenerator) -> Int {
    let draw = random.uniformDouble()
    return draw < 0.3 ? 1 : draw < 0.7 ? 2 : draw < 0.9 ? 3 : Self.mostTurns
  }

  private func turn(
    after opening: Opening?, _ random: inout SeededGenerator
  ) -> (transcript: Transcript, opened: Opening?) {
    while true {
      let turn = any(after: opening, &random)
      if !heldOut.contains(turn.transcript.prompt) { return turn }
    }
  }

  private func any(
    after opening: Opening?, _ random: inout SeededGenerator
  ) -> (transcript: Transcript, opened: Opening?) {
    let kind = random.uniformDouble()
    if kind < 0.15 {
      let question = Benign.question(&random)
      return (Transcript(prompt: question.prompt, response: question.answer), nil)
    }
    if kind < 0.25 {
      return (Transcript(prompt: Gibberish.text(&random), response: random.pick(CommonResponses.puzzled)), nil)
    }
    let cell = cell(after: opening, &random)
    let prompt = Grammar.prompt(of: cell, &random)
    if let opening, opening.grants.contains(cell.category), random.chance(Plan.weakCompliance) {
      return (Transcript(prompt: prompt, response: cell.compliance(&random)), nil)
    }
    if let offered = Opening(cell.framing), opening?.grants.contains(cell.category) != true,
      random.chance(Self.agreement)
    {
      return (Transcript(prompt: prompt, response: random.pick(offered.agreements)), offered)
    }
    return (Transcript(prompt: prompt, response: cell.refusal(&random)), nil)
  }

  /// Openings, and what they open, come more often than by chance; what is answered to each stays as it is.
  private func cell(after opening: Opening?, _ random: inout SeededGenerator) -> Cell {
    let category =
      opening.map { random.chance(0.4) ? random.pick($0.grants) : random.pick(Category.allCases) }
      ?? random.pick(Category.allCases)
    let framing =
      random.chance(opening == nil ? 0.4 : 0.1)
      ? random.pick(Opening.allCases).framing : random.pick(Framing.allCases)
    return Cell(category, framing)
  }
}
