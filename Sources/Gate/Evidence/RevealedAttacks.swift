import Core
import Evidence

/// The attacks of a run that a revealed report shows: those that broke newly, those that its search found, and those of the suite
/// that some model answered unsafely.
struct RevealedAttacks {
  let ledger: Ledger

  func of(_ run: String, _ summary: RunSummary) throws -> [RunSummary.RevealedAttack] {
    let own = AnswersOfRun(run, summary)
    let roles = AnswersOfRun.roles(summary)
    let broken = Set(summary.newlyBroken.map(\.id))
    let found = try ledger.attacksFound(in: run)
    let asked = try ledger.askedAttacks(own).filter { attack in
      broken.contains(attack.id) || found.contains(attack.id) || attack.answers.values.contains { $0.unsafe > 0 }
    }
    var texts: [Int64: String] = [:]
    for prompt in try ledger.prompts(attack: "") { texts[prompt.prompt] = prompt.text }
    return try asked.map { attack in
      let answers = try ledger.answers(to: attack.prompt).filter { own.targets.contains($0.target) }
      return RunSummary.RevealedAttack(
        id: attack.id, category: attack.category,
        origin: broken.contains(attack.id) ? "newly broken" : found.contains(attack.id) ? "found" : "suite",
        prompt: texts[attack.prompt] ?? "",
        responses: answers.map { answer in
          let scores = answer.judgments.filter { own.judges.contains($0.judge) }.compactMap(\.score)
          return RunSummary.RevealedResponse(
            role: roles[answer.target] ?? answer.target, text: answer.text,
            score: scores.isEmpty ? nil : scores.reduce(0, +) / Double(scores.count))
        })
    }
  }
}
