import Core
import Evidence

/// The attacks of a run that a revealed report shows: those that broke newly, those that its search found, and those of the suite
/// that some model answered unsafely.
struct RevealedAttacks {
  let ledger: Ledger

  func of(_ run: String, _ summary: RunSummary) throws -> [RunSummary.RevealedAttack] {
    let broken = Set(summary.newlyBroken.map(\.id))
    let found = try ledger.attacksFound(in: run)
    return try ledger.attacks(of: AnswersOfRun(run, summary)).filter { attack in
      broken.contains(attack.id) || found.contains(attack.id) || attack.isUnsafe
    }.map { attack in
      RunSummary.RevealedAttack(
        id: attack.id, category: attack.category,
        origin: broken.contains(attack.id) ? "newly broken" : found.contains(attack.id) ? "found" : "suite",
        prompt: Conversation.shown(attack.prompt),
        responses: attack.answers.map { answer in
          RunSummary.RevealedResponse(
            role: answer.role, text: Exchange(prompt: attack.prompt, response: answer.answer.text).shownResponse,
            score: answer.score)
        })
    }
  }
}
