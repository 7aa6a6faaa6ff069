import Core
import Evidence
import Foundation
import Kinds

/// The attacks of runs, as the ledger has them: listed without texts, revealed one at a time to somebody whom the audit chain
/// names.
public struct AttackRecords {
  /// An attack of a run, without its text.
  public struct Entry: Hashable, Codable, Sendable {
    /// The attack's identifier, which `sluice reveal` takes.
    public let id: AttackID
    /// The kind of harm; nil where the suite says nothing.
    public let category: String?
    /// `newly broken`, `found` by this run's search, or `asked`.
    public let origin: String
    /// By the part that the model played.
    public let answers: [String: Count]
  }

  /// A model's responses to one attack.
  public struct Count: Hashable, Codable, Sendable {
    /// Responses that are stored.
    public let responses: Int
    /// Those that the confirming judge calls unsafe.
    public let unsafe: Int
  }

  /// All that the ledger has of an attack.
  public struct Revealed: Hashable, Codable, Sendable {
    /// The attack's identifier.
    public let id: AttackID
    /// Its text, a conversation in one text.
    public let prompt: String
    /// One for each search that confirmed it; empty for an attack of a suite file.
    public let findings: [Finding]
    /// Every stored response to it, of all runs.
    public let responses: [Response]

    /// The same without anything that a judge said.
    public var blind: Revealed {
      Revealed(
        id: id, prompt: prompt, findings: findings,
        responses: responses.map { Response(model: $0.model, answer: $0.answer.blind) })
    }
  }

  /// What a search noted when it confirmed the attack.
  public struct Finding: Hashable, Codable, Sendable {
    /// The run of the search; nil where it isn't known.
    public let run: String?
    /// The kind of harm that the judge saw; nil where it named none.
    public let category: String?
    /// The language of the attack; nil where it isn't known.
    public let locale: String?
    /// The group that it was put in; nil where it is alone.
    public let cluster: String?
    /// The attack method.
    public let method: String
    /// Fingerprint of the model that was searched on; nil where it isn't known.
    public let foundOn: String?

    /// All of it in a line.
    public var sentence: String {
      [
        category, locale, cluster.map { "cluster \($0)" }, "by \(method)", foundOn.map { "on \($0)" },
        run.map { "in run \($0)" },
      ].compactMap(\.self).joined(separator: ", ")
    }
  }

  /// A stored response with the model that gave it.
  public struct Response: Hashable, Codable, Sendable {
    /// The part and name that the model had in the run that asked; its fingerprint where that run has no verdict.
    public let model: String
    /// What the model said, with every judgment that is stored.
    public let answer: StoredAnswer
  }

  private let ledger: Ledger

  /// - Parameter writing: whether the chain is to be appended to: then no other run may hold the ledger.
  /// - Throws: `SluiceError` where there is no such ledger, or it can't be opened.
  public init(ledger path: String, writing: Bool) throws {
    ledger = try writing ? Ledger(existing: path) : Ledger(path: path, readOnly: true)
  }

  /// Reads a ledger that is open already.
  public init(_ ledger: Ledger) { self.ledger = ledger }

  /// - Parameter run: a run's identifier, or `last`.
  /// - Throws: `SluiceError` (usage) for a run without a verdict.
  public func entries(run: String) throws -> (run: String, entries: [Entry]) {
    try entries(run: run) { _ in true }
  }

  /// Those whose prompt is meant. That somebody searched, and why, is in the audit chain before this returns; what for is not.
  public func entries(
    run: String, reason: String, who: LedgerActor, now: Double, where isMeant: (_ prompt: String) -> Bool
  ) throws -> [Entry] {
    let (run, entries) = try entries(run: run) { isMeant(Conversation.shown($0.prompt)) }
    try ledger.note(
      Ledger.searched, LedgerAct(who: who, reason: reason, subject: "prompts of run \(run)", count: entries.count),
      now: now)
    return entries
  }

  private func entries(
    run: String, where isMeant: (AskedAttack) -> Bool
  ) throws -> (run: String, entries: [Entry]) {
    let (record, summary) = try ledger.finished(run)
    let found = try ledger.attacksFound(in: record.id)
    let broken = Set(summary.newlyBroken.map(\.id))
    let entries = try ledger.attacks(of: AnswersOfRun(record.id, summary)).filter(isMeant).map { attack in
      Entry(
        id: attack.id, category: attack.category,
        origin: broken.contains(attack.id) ? "newly broken" : found.contains(attack.id) ? "found" : "asked",
        answers: Dictionary(grouping: attack.answers, by: \.role).mapValues { answers in
          Count(responses: answers.count, unsafe: answers.count { $0.isUnsafe == true })
        })
    }
    return (record.id, entries)
  }

  /// Everything that the ledger has of one attack. The audit chain has who asked and why before this returns.
  ///
  /// - Parameters:
  ///   - attack: its identifier, or the beginning of it.
  ///   - reason: for the chain.
  /// - Throws: `SluiceError` (usage) where no attack, or more than one, has that identifier.
  public func reveal(_ attack: String, reason: String, who: LedgerActor = .current(), now: Date = Date()) throws
    -> Revealed
  {
    let (id, prompts) = try ledger.attack(attack)
    guard let text = prompts.first?.text else { throw InternalError("an attack without a prompt was found") }
    try ledger.note(
      Ledger.revealed, LedgerAct(who: who, reason: reason, subject: "attack \(id)"),
      now: now.timeIntervalSince1970)
    var names: [String: [String: String]] = [:]
    let responses = try prompts.flatMap { try ledger.answers(to: $0.prompt) }.map { answer in
      if names[answer.run] == nil { names[answer.run] = try self.names(answer.run) }
      return Response(
        model: names[answer.run]?[answer.target] ?? answer.target, answer: answer.shown(after: text))
    }
    let findings = try prompts.flatMap { try ledger.findings(of: $0.prompt) }.map { found in
      let (attack, origin) = (found.attack, found.attack.provenance)
      return Finding(
        run: origin.run, category: attack.category, locale: attack.locale, cluster: attack.cluster,
        method: origin.method,
        foundOn: origin.foundOn)
    }
    return Revealed(id: id, prompt: Conversation.shown(text), findings: findings, responses: responses)
  }

  private func names(_ run: String) throws -> [String: String] {
    guard let summary = try ledger.summary(of: run) else { return [:] }
    return Dictionary(summary.models.map { ($0.fingerprint, "\($0.role) (\($0.name))") }) { first, _ in first }
  }
}

extension StoredJudgment {
  /// All of it in a line.
  public var sentence: String {
    let asked = askedCategory.map { " for \($0)" } ?? ""
    let found = category.map { " (\($0))" } ?? ""
    return "judge \(judge)\(asked): " + (score.map { "\($0)\(found)" } ?? "no verdict: \(reason ?? "")")
  }
}

extension AnswersOfRun {
  /// What the summary of a run says of its models and judges.
  public init(_ run: String, _ summary: RunSummary) {
    func leaves(_ judge: RunSummary.JudgeIdentity) -> [String] { judge.members ?? [judge.fingerprint] }
    let confirm = summary.judges.first { $0.use == "confirm" }
    let confirming = confirm.map(leaves) ?? []
    self.init(
      run: run, models: summary.models.map { Model(role: $0.role, fingerprint: $0.fingerprint) },
      judges: summary.judges.flatMap(leaves), confirming: confirming,
      // Older versions didn't keep how a verdict follows from scores.
      rule: confirm?.rule
        ?? VerdictRule(
          judge: confirm?.fingerprint ?? "", threshold: Self.olderThreshold, .mean,
          of: confirming.map { VerdictRule(judge: $0, threshold: Self.olderThreshold) }))
  }

  /// The threshold that judges have unless the policy gives another.
  private static let olderThreshold = 0.5
}

extension Ledger {
  /// One that is there: opening a name that isn't would make a new ledger.
  public convenience init(existing path: String) throws {
    if let problem = PathText.problem(path) { throw problem.explained("the ledger") }
    guard FileManager.default.fileExists(atPath: path) else {
      throw SluiceError.badInput(
        "the ledger isn't there", file: path, remedy: "Run a policy first, or name its ledger with --ledger.")
    }
    try self.init(path: path)
  }

  /// The attack that an identifier, or the beginning of one, means, with its prompts.
  /// - Throws: `SluiceError` (usage) where no attack, or more than one, has that identifier.
  func attack(_ beginning: String) throws -> (id: AttackID, prompts: [(prompt: Int64, text: String)]) {
    let matches = try prompts(attack: beginning)
    let ids = Set(matches.map(\.id))
    guard ids.count == 1, let id = ids.first else {
      throw SluiceError(
        .usage,
        ids.isEmpty
          ? "there is no attack \(beginning) in the ledger, or its text was purged"
          : "\(ids.count) attacks begin with \(beginning)", at: SourceLocation(file: path),
        remedy: "sluice attacks list RUN shows the identifiers.")
    }
    return (id, matches.map { ($0.prompt, $0.text) })
  }

  /// A run with its verdict.
  /// - Parameter run: its identifier, or `last`.
  /// - Throws: `SluiceError` (usage) where there is none.
  public func finished(_ run: String) throws -> (RunRecord, RunSummary) {
    guard let record = try run == "last" ? finishedRuns(limit: 1).first : self.run(run) else {
      let known = try finishedRuns(limit: 5).map(\.id)
      throw SluiceError(
        .usage, run == "last" ? "no run has ended yet" : "there is no run \(run)", at: SourceLocation(file: path),
        remedy: known.isEmpty
          ? "Run a policy first: sluice run POLICY."
          : (nearest(run, in: known + ["last"]).map { "Did you mean '\($0)'? " } ?? "")
            + (known.count == 1 ? "The only one is " : "The last ones are ") + "\(known.joined(separator: ", ")).")
    }
    guard record.ended != nil, let summary = try summary(of: record.id) else {
      throw SluiceError(
        .usage, "run \(record.id) has no verdict", at: SourceLocation(file: path),
        remedy: "Finish it with the command that began it and --resume.")
    }
    return (record, summary)
  }
}
