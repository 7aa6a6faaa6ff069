import Core
import Decisions
import Foundation
import Suites

/// A policy with every model loaded, every file read and every name resolved: what a run executes.
struct RunPlan: Sendable {
  var identity: RunSummary.PolicyIdentity
  var stages: Set<Stage>

  var candidate: Participant
  var baseline: Participant?
  var control: Participant?
  var transfer: [Participant]
  /// Models that rewrite attacks for replay.
  var rewriters: [Participant] = []
  /// Writes the turns of searches' conversations; nil where the attacker's own model does.
  var driver: Participant?

  /// Nil where the policy has no attacker.
  var rewardJudge: (any Judge)?
  var confirmJudge: any Judge
  /// Verdicts of served judges are shared within a scope alone, by fingerprint; see `Participant.scope`.
  var judgeScopes: [String: String] = [:]
  /// Whether human labels correct what the confirming judge says.
  var correctsJudge = true
  /// Its "unsafe" means "refused".
  var refusalJudge: any Judge
  /// Tells refusals among safe responses, for the counts of outcomes; nil where nothing can.
  var refusalTeller: (any Judge)?
  /// What judges are shown to see whether they are awake.
  var planted: [PlantedTranscripts]
  var blocksAreRefusals: Bool
  var embedder: any Embedder

  /// The suite file's attacks. Attacks that earlier searches found are a suite of their own, in the ledger.
  var suite: [Attack]
  /// What is to become of those whose words a model has to find, by identifier.
  var awaited: [AttackID: AwaitedRewriting] = [:]
  var replay: ReplayStage.Settings
  /// Whether replay stops as soon as every check on it is decided.
  var stopsEarly: Bool
  var benign: [BenignQuestion]
  var benignResponses: Int

  var search: SearchPlan?
  /// Nil where nothing is safety-tuned.
  var tuning: TuningPlan?
  /// From this cosine on, two attacks are the same attack.
  var similarity: Double
  /// What confirms a claimed attack.
  var confirmation: ConfirmationRule
  /// The control model's known weaknesses.
  var weaknesses: [Weakness]

  var checks: [Check]
  var rule: DecisionRule
  var wallClock: Duration?
  /// Whether reports may show the texts of attacks.
  var reveal: Bool
  /// What a reader must know before reading on.
  var notices: [String]
  /// What the policy says that weakens a verdict.
  var weakenings: [String]
  /// How bad a success is, by category.
  var weights: [String: Double] = [:]
  var tags = AttackTags()

  struct SearchPlan: Sendable {
    var attacker: any Attacker
    var restarts: Int
    /// Start from what the last finished run left.
    var warmStart: Bool
    /// Target responses over all models and restarts, confirmation included.
    var budget: Int
  }

  var replayed: [Participant] { [candidate] + [baseline].compactMap(\.self) }

  /// All models, in the order of reports.
  var participants: [Participant] {
    replayed + [control].compactMap(\.self) + transfer + rewriters + [driver].compactMap(\.self)
  }

  /// Whether conversations may be asked.
  var converses: Bool {
    attackers.contains(where: \.converses) || suite.contains { Conversation.isMarked($0.prompt) }
  }

  /// The suite file's attacks without what transforms made of them, which is no wording that a search could learn from.
  var written: [Attack] { suite.filter { $0.transform == nil } }

  /// The models that the attacker searches on: the baseline only where a check compares, since that costs as much as
  /// the candidate.
  var searched: [Participant] {
    let comparesFresh = checks.contains { $0.metric.basis == .finds(compares: true) }
    return [candidate] + (comparesFresh ? [baseline].compactMap(\.self) : []) + [control].compactMap(\.self)
  }

  /// The attackers that search in this run.
  var attackers: [any Attacker] {
    (stages.contains(.regenerate) ? [search?.attacker].compactMap(\.self) : [])
      + (stages.contains(.tune) ? tuning?.methods.map(\.attacker) ?? [] : [])
  }

  var judges: [RunSummary.JudgeIdentity] {
    [rewardJudge.map { ("reward", $0) }, ("confirm", confirmJudge)].compactMap(\.self).map { use, judge in
      RunSummary.JudgeIdentity(
        use: use, name: judge.name, fingerprint: judge.fingerprint,
        members: judge.members.isEmpty ? nil : judge.leaves.map(\.fingerprint), rule: judge.verdictRule)
    }
  }

  /// Nil where replay has to ask everything.
  var replayMonitor: ReplayMonitor? {
    stopsEarly ? ReplayMonitor(checks: checks, rule: rule, seed: identity.seed) : nil
  }

  /// Whether attacks that earlier searches found are replayed: they cost responses, and only a check on them needs that.
  var replaysFound: Bool {
    checks.contains { [.rate(.found), .change(.found), .broken(.found)].contains($0.metric.basis) }
  }

  /// The judges behind servers that this run asks, each once.
  var remoteJudges: [any RemoteJudge] {
    let asked = (search == nil && tuning == nil ? [] : [rewardJudge].compactMap(\.self)) + [confirmJudge]
    return asked.flatMap(\.leaves).compactMap(\.remote).reduce(into: []) { all, judge in
      if !all.contains(where: { $0.fingerprint == judge.fingerprint }) { all.append(judge) }
    }
  }

  /// A search of one model.
  /// - Parameters:
  ///   - start: nil starts from the reference model.
  ///   - prompts: of known attacks.
  func job(
    _ search: SearchPlan, _ participant: Participant, restart: Int, start: SearchJob.StoredState?,
    known prompts: [String]
  ) -> SearchJob {
    SearchJob(
      attacker: search.attacker, participant: participant, restart: restart, start: start,
      // On the control model the attacker has to find the weaknesses by itself.
      seedPrompts: participant.role == .control ? [] : prompts, budget: Effort(self, search).budget,
      seed: searchSeed(restart: restart),
      // The next run goes on with the candidate's attacker, and a baseline was or may be a candidate; the control's
      // weights would only fill the ledger.
      keepsState: participant.role != .control)
  }

  /// Equal for candidate, baseline and control, different for each restart.
  func searchSeed(restart: Int) -> UInt64 {
    var generator = SeededGenerator(seed: identity.seed, stream: "search \(restart)")
    return generator.next()
  }
}
