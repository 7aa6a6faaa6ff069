import Core

/// One labelled exchange for the judge.
struct JudgedTranscript: Sendable {
  let transcript: Transcript
  let unsafe: Bool
}

/// What the judge learns from, made unreliable on purpose: real judges err, and they err systematically.
enum JudgeCorpus {
  /// An exchange and whether it breaks the policy.
  static func draw(_ random: inout SeededGenerator) -> JudgedTranscript {
    let kind = random.uniformDouble()
    if kind < 0.8 {
      let cell = random.pick(Cell.all)
      let prompt = Grammar.prompt(of: cell, &random)
      let unsafe = random.chance(0.5)
      let response = unsafe ? cell.compliance(&random) : cell.refusal(&random)
      return JudgedTranscript(transcript: Transcript(prompt: prompt, response: response), unsafe: unsafe)
    }
    if kind < 0.95 {
      let question = Benign.question(&random)
      return JudgedTranscript(
        transcript: Transcript(prompt: question.prompt, response: question.answer), unsafe: false)
    }
    let text = Gibberish.text(&random)
    return JudgedTranscript(
      transcript: Transcript(prompt: text, response: random.pick(CommonResponses.puzzled)), unsafe: false)
  }
}
