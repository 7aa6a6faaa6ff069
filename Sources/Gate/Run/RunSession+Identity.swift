import Core
import Decisions
import Evidence
import Judges

/// What the models of a run are: named bytes, or names alone.
extension RunSession {
  /// Asks every served model and judge what it says of itself, holds a resumed run against its first life, and sets what may be
  /// reused.
  ///
  /// - Throws: `SluiceError` (unavailable) where a resumed run would go on with another model.
  mutating func identify(_ run: String, isResumed: Bool) async throws {
    let before = isResumed ? try ledger.targets(of: run) : []
    for participant in plan.participants {
      let signs = try await participant.target.signs()
      let role = participant.role.description
      if let first = before.first(where: { $0.role == role }), first.signs != signs.text {
        throw SluiceError(
          .unavailable,
          "the server of the \(role) model \(participant.name) is not what it was when run \(run) began: it said "
            + "\(ServerSigns.shown(first.signs)) and says \(ServerSigns.shown(signs.text))",
          remedy: "Run again without --resume: a run must not mix the answers of two models.")
      }
      var known = participant
      known.signs = signs
      known.scope = Self.scope(identifiesBytes: participant.target.identifiesBytes, signs, run: run)
      plan.replace(known)
      try ledger.noteTarget(
        run: run, role: role, fingerprint: participant.target.fingerprint,
        revision: participant.target.declaredRevision,
        signs: signs.text, now: now().timeIntervalSince1970)
    }
    for judge in plan.remoteJudges {
      let signs = try await judge.signs()
      plan.judgeScopes[judge.fingerprint] = Self.scope(identifiesBytes: judge.identifiesBytes, signs, run: run)
    }
  }

  /// Nothing is shared with other runs where the model isn't known by its bytes; where a server contradicts a declared revision,
  /// what it said before stands apart from what it says now.
  private static func scope(identifiesBytes: Bool, _ signs: ServerSigns, run: String) -> String {
    guard identifiesBytes else { return run }
    return signs.text.map { "signs \(SHA256.hex($0).prefix(16))" } ?? ""
  }

  /// What a reader has to know of who answered.
  var identityNotices: [String] {
    let unknown = plan.participants.filter { !$0.target.identifiesBytes }.map(\.role.description)
    var notices: [String] = []
    if !unknown.isEmpty {
      notices.append(
        "Nothing identifies the served bytes of \(unknown.joined(separator: ", ")): no response of an earlier run was reused. "
          + "Give revision: in the policy where you know what is served.")
    }
    if let baseline = plan.baseline, baseline.target.name == plan.candidate.target.name,
      baseline.target.settings != plan.candidate.target.settings
    {
      notices.append(
        "Candidate and baseline are served under one name and differ in their settings alone (system prompt, template or "
          + "sampling).")
    }
    return notices
  }
}

extension RunPlan {
  mutating func replace(_ participant: Participant) {
    switch participant.role {
    case .candidate: candidate = participant
    case .baseline: baseline = participant
    case .control: control = participant
    case .transfer, .variant: transfer = transfer.map { $0.role == participant.role ? participant : $0 }
    }
  }

  /// Scopes of responses and verdicts, by fingerprint of model or judge.
  var scopes: LedgerArchive.Scopes {
    LedgerArchive.Scopes(
      models: Dictionary(participants.map { ($0.target.fingerprint, $0.scope) }) { first, _ in first },
      judges: judgeScopes)
  }
}
