import Core
import Evidence
import Foundation

/// The attacks of runs, as the ledger has them: listed without texts, revealed one at a time to somebody whom the audit chain
/// names.
public struct AttackRecords {
  /// An attack of a run, without its text.
  public struct Entry: Hashable, Codable, Sendable {
    public let id: AttackID
    public let category: String?
    /// `newly broken`, `found` by this run's search, or `asked`.
    public let origin: String
    /// By the part that the model played.
    public let answers: [String: Count]
  }

  public struct Count: Hashable, Codable, Sendable {
    public let responses: Int
    public let unsafe: Int
  }

  /// All that the ledger has of an attack.
  public struct Revealed: Hashable, Codable, Sendable {
    public let id: AttackID
    public let prompt: String
    public let findings: [Finding]
    public let responses: [Response]
  }

  /// What a search noted when it confirmed the attack.
  public struct Finding: Hashable, Codable, Sendable {
    public let run: String?
    public let category: String?
    public let locale: String?
    public let cluster: String?
    public let method: String
    public let foundOn: String?
  }

  public struct Response: Hashable, Codable, Sendable {
    /// The part and name that the model had in the run that asked; its fingerprint where that run has no verdict.
    public let model: String
    public let answer: StoredAnswer
  }

  private let ledger: Ledger

  /// - Parameter writing: whether the chain is to be appended to: then no other run may hold the ledger.
  /// - Throws: `SluiceError` where there is no such ledger, or it can't be opened.
  public init(ledger path: String, writing: Bool) throws {
    ledger = try writing ? Ledger(existing: path) : Ledger(path: path, readOnly: true)
  }

  /// - Parameter run: a run's identifier, or `last`.
  /// - Throws: `SluiceError` (usage) for a run without a verdict.
  public func entries(run: String) throws -> (run: String, entries: [Entry]) {
    let (record, summary) = try ledger.finished(run)
    let roles = AnswersOfRun.roles(summary)
    let found = try ledger.attacksFound(in: record.id)
    let broken = Set(summary.newlyBroken.map(\.id))
    let entries = try ledger.askedAttacks(AnswersOfRun(record.id, summary)).map { attack in
      Entry(
        id: attack.id, category: attack.category,
        origin: broken.contains(attack.id) ? "newly broken" : found.contains(attack.id) ? "found" : "asked",
        answers: Dictionary(
          attack.answers.map { (roles[$0] ?? $0, Count(responses: $1.responses, unsafe: $1.unsafe)) }
        ) { Count(responses: $0.responses + $1.responses, unsafe: $0.unsafe + $1.unsafe) })
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
    let matches = try ledger.prompts(attack: attack)
    guard let match = matches.first, matches.count == 1 else {
      throw SluiceError(
        .usage,
        matches.isEmpty
          ? "there is no attack \(attack) in the ledger, or its text was purged"
          : "\(matches.count) attacks begin with \(attack)", at: SourceLocation(file: ledger.path),
        remedy: "sluice attacks list RUN shows the identifiers.")
    }
    try ledger.note(
      Ledger.revealed, LedgerAct(who: who, reason: reason, subject: "attack \(match.id)"),
      now: now.timeIntervalSince1970)
    var names: [String: [String: String]] = [:]
    let responses = try ledger.answers(to: match.prompt).map { answer in
      if names[answer.run] == nil { names[answer.run] = try self.names(answer.run) }
      return Response(model: names[answer.run]?[answer.target] ?? answer.target, answer: answer)
    }
    let findings = try ledger.findings(of: match.prompt).map { found in
      let (attack, origin) = (found.attack, found.attack.provenance)
      return Finding(
        run: origin.run, category: attack.category, locale: attack.locale, cluster: attack.cluster,
        method: origin.method,
        foundOn: origin.foundOn)
    }
    return Revealed(id: match.id, prompt: match.text, findings: findings, responses: responses)
  }

  private func names(_ run: String) throws -> [String: String] {
    guard let summary = try ledger.summary(of: run) else { return [:] }
    return Dictionary(summary.models.map { ($0.fingerprint, "\($0.role) (\($0.name))") }) { first, _ in first }
  }
}

extension AnswersOfRun {
  init(_ run: String, _ summary: RunSummary) {
    let confirm = summary.judges.first { $0.use == "confirm" }
    self.init(
      run: run, targets: summary.models.map(\.fingerprint),
      judges: confirm.map { $0.members ?? [$0.fingerprint] } ?? [])
  }

  /// The part of each model, by fingerprint.
  static func roles(_ summary: RunSummary) -> [String: String] {
    Dictionary(summary.models.map { ($0.fingerprint, $0.role) }) { first, _ in first }
  }
}

extension Ledger {
  /// One that is there: opening a name that isn't would make a new ledger.
  convenience init(existing path: String) throws {
    if let problem = PathText.problem(path) { throw problem.explained("the ledger") }
    guard FileManager.default.fileExists(atPath: path) else {
      throw SluiceError.badInput(
        "the ledger isn't there", file: path, remedy: "Run a policy first, or name its ledger with --ledger.")
    }
    try self.init(path: path)
  }

  /// A run with its verdict.
  /// - Parameter run: its identifier, or `last`.
  /// - Throws: `SluiceError` (usage) where there is none.
  func finished(_ run: String) throws -> (RunRecord, RunSummary) {
    guard let record = try run == "last" ? finishedRuns(limit: 1).first : self.run(run) else {
      let known = try finishedRuns(limit: 5).map(\.id).joined(separator: ", ")
      throw SluiceError(
        .usage, run == "last" ? "no run has ended yet" : "there is no run \(run)", at: SourceLocation(file: path),
        remedy: known.isEmpty ? "Run a policy first: sluice run POLICY." : "The last ones are \(known).")
    }
    guard record.ended != nil, let summary = try summary(of: record.id) else {
      throw SluiceError(
        .usage, "run \(record.id) has no verdict", at: SourceLocation(file: path),
        remedy: "Finish it with the command that began it and --resume.")
    }
    return (record, summary)
  }
}
