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
  func identify(_ run: String, isResumed: Bool) async throws {
    let before = try merged?.targets ?? (isResumed ? ledger.targets(of: run) : [])
    for participant in plan.participants {
      var known = participant
      let role = participant.role.description
      let record = before.first { $0.role == role }
      let first = record?.signs
      known.signs = merged == nil ? try await participant.target.signs() : first ?? ServerSigns()
      try requireSameModel(participant, record, run: run)
      try Self.requireSame("\(role) model \(participant.name)", known.signs, first: first, run: run)
      // What a rewriter or driver said is a text to ask: which model said it makes no difference to the answers.
      known.scope =
        participant.isWriter
        ? "" : Self.scope(identifiesBytes: participant.target.identifiesBytes, first ?? known.signs, run: run)
      plan.replace(known)
      try ledger.noteTarget(
        run: run, role: role, fingerprint: participant.target.fingerprint,
        revision: participant.target.declaredRevision,
        signs: known.signs, settings: participant.target.settings, scope: known.scope,
        now: now().timeIntervalSince1970)
    }
    for judge in plan.remoteJudges {
      let role = "judge \(judge.name)"
      let first = before.first { $0.role == role && $0.fingerprint == judge.fingerprint }?.signs
      let signs = merged == nil ? try await judge.signs() : first ?? ServerSigns()
      try Self.requireSame(role, signs, first: first, run: run)
      let scope = Self.scope(identifiesBytes: judge.identifiesBytes, first ?? signs, run: run)
      plan.judgeScopes[judge.fingerprint] = scope
      try ledger.noteTarget(
        run: run, role: role, fingerprint: judge.fingerprint, revision: judge.declaredRevision, signs: signs,
        scope: scope, now: now().timeIntervalSince1970)
    }
  }

  /// Proves, before a run that was dealt to shards asks anything itself, that every model and judge answers and is what it was.
  /// - Throws: `SluiceError` (unavailable) naming the one that isn't.
  func proveUnchanged(_ run: String) async throws {
    try await preflight()
    for participant in plan.participants where !participant.isWriter {
      try Self.requireSame(
        "\(participant.role) model \(participant.name)", try await participant.target.signs(), first: participant.signs,
        run: run)
    }
    for judge in plan.remoteJudges {
      let first = merged?.targets.first { $0.role == "judge \(judge.name)" && $0.fingerprint == judge.fingerprint }?
        .signs
      try Self.requireSame("judge \(judge.name)", try await judge.signs(), first: first, run: run)
    }
  }

  /// The run's inputs are the same; what a model in this process is besides depends on this version of Sluice and, where its
  /// chat template tells the time, on the time zone.
  /// - Throws: `SluiceError` (unavailable) where the model is not the one that the run began with.
  private func requireSameModel(_ participant: Participant, _ first: TargetRecord?, run: String) throws {
    guard let first, first.fingerprint != participant.target.fingerprint else { return }
    throw SluiceError(
      .unavailable,
      "the \(participant.role) model \(participant.name) is not what it was when run \(run) began: another version of "
        + (participant.server.map { "\($0.serving.program), or of a file or variable that it is given," }
          ?? "Sluice or another time zone")
        + " gives it other prompts or answers",
      remedy: "Resume it as it was begun, or run again without --resume: a run must not mix the answers of two models.")
  }

  /// - Throws: `SluiceError` (unavailable) where the server says something else than when the run began.
  private static func requireSame(_ what: String, _ signs: ServerSigns, first: ServerSigns?, run: String) throws {
    guard let first else { return }
    let differences = signs.differences(from: first)
    guard !differences.isEmpty else { return }
    throw SluiceError(
      .unavailable,
      "the server of the \(what) is not what it was when run \(run) began: \(differences.joined(separator: "; "))",
      remedy: "Run again without --resume: a run must not mix the answers of two models.")
  }

  /// Nothing is shared with other runs where the model isn't known by its bytes; where a server contradicts a declared revision,
  /// what it answered before stands apart from what it answers now.
  private static func scope(identifiesBytes: Bool, _ signs: ServerSigns, run: String) -> String {
    guard identifiesBytes else { return run }
    return signs.isEmpty ? "" : "signs \(SHA256.hex(signs.lines.joined(separator: "\n")).prefix(16))"
  }

  /// What a reader has to know of who answered.
  var identityNotices: [String] {
    let unknown = plan.participants.filter { !$0.target.identifiesBytes && !$0.isWriter }.map(\.role.description)
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
    notices += plan.participants.flatMap { participant in
      participant.target.notices.map { "The \(participant.role) model: \($0)" }
    }
    notices += plan.remoteJudges.flatMap { judge in judge.notices.map { "The judge \(judge.name): \($0)" } }
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
    case .rewriter: rewriters = rewriters.map { $0.role == participant.role ? participant : $0 }
    case .driver: driver = participant
    }
  }

  /// Scopes of responses and verdicts, by fingerprint of model or judge.
  func scopes(of run: String) -> ResponseScopes {
    ResponseScopes(
      run: run, models: Dictionary(participants.map { ($0.target.fingerprint, $0.scope) }) { first, _ in first },
      judges: judgeScopes)
  }
}

extension ServerSigns {
  /// One text for each sign, in a fixed order.
  var lines: [String] {
    systemFingerprints.map { "system_fingerprint \($0)" }
      + [created.map { "created \($0)" }, root.map { "root \($0)" }, ownedBy.map { "owned_by \($0)" }]
      .compactMap(\.self) + others.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
  }
}

extension SummaryContext {
  init(_ plan: RunPlan) {
    self.init(
      identity: plan.identity, stages: plan.stages, checks: plan.checks, rule: plan.rule,
      models: plan.participants.map(\.summary), judges: plan.judges, searched: plan.searched.map(\.role),
      hasBaseline: plan.baseline != nil, reveal: plan.reveal, notices: plan.notices, weakenings: plan.weakenings,
      weights: plan.weights, tags: plan.tags)
  }
}
