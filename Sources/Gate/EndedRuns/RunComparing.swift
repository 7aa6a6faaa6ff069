import Core
import Decisions
import Evidence
import Foundation
import Policies
import Reports
import Suites

/// Compares two runs of a ledger, or of two, by what their candidates answered to the suite. Nothing is asked, and nothing written
/// but a page where one is wanted.
public struct RunComparing {
  /// A run with the ledger that holds it.
  private struct Part {
    let ledger: Ledger
    let record: RunRecord
    let summary: RunSummary

    var confirm: RunSummary.JudgeIdentity? { summary.judges.first { $0.use == "confirm" } }
    var candidate: RunSummary.ModelIdentity? { summary.models.first { $0.role == Role.candidate.description } }
    var suite: [String] { (summary.policy.inputs ?? []).filter { $0.use == "suite.seeds" }.map(\.hash).sorted() }
    var replayed: Bool { summary.stages.contains { $0.name == Stage.replay.rawValue && $0.ran } }

    var answers: Answers {
      get throws {
        let text = try ledger.policyText(of: record.id) ?? ""
        return try Answers(
          ledger, record, summary, Policy.blocksAreRefusals(inText: text, overrides: record.overrides))
      }
    }

    var side: RunComparison.Side {
      RunComparison.Side(
        run: record.id, policy: summary.policy.name, candidate: candidate?.name ?? "", ended: record.ended ?? 0,
        verdict: summary.verdict, isObserved: summary.isObserved)
    }
  }

  /// What a caller asks of a comparison.
  public struct Options: Sendable {
    /// With which the intervals of all differences hold together.
    public var confidence: Double
    /// Whether runs may differ in sampling, template or system prompt, as a part of what is compared.
    public var anySettings: Bool
    /// The suite's file, where the policy that names it can't be read any more.
    public var suite: String?
    /// Where to write the comparison as a page; nil writes none.
    public var page: String?
    /// What people read is in this language; nil for that of the second run's reports.
    public var language: Language?

    public init(
      confidence: Double = 0.95, anySettings: Bool = false, suite: String? = nil, page: String? = nil,
      language: Language? = nil
    ) {
      self.confidence = confidence
      self.anySettings = anySettings
      self.suite = suite
      self.page = page
      self.language = language
    }
  }

  /// What people read of the comparison is in this language.
  public var language: Language { options.language ?? Language(of: second.summary) }

  private let first: Part
  private let second: Part
  private let options: Options

  /// - Parameters:
  ///   - first: a run's identifier, or `last`.
  ///   - other: the second run's ledger; nil for the same.
  /// - Throws: `SluiceError` (usage) for a ledger or a run that isn't there, for a run without a verdict, and for one run twice.
  public init(_ first: String, _ second: String, ledger path: String, other: String? = nil, _ options: Options) throws {
    func part(_ run: String, _ ledger: Ledger) throws -> Part {
      let (record, summary) = try ledger.finished(run)
      return Part(ledger: ledger, record: record, summary: summary)
    }
    let ledger = try Ledger(path: path, readOnly: true)
    self.first = try part(first, ledger)
    self.second = try part(second, try other.map { try Ledger(path: $0, readOnly: true) } ?? ledger)
    self.options = options
    if let page = options.page {
      var plan = OutputPlan(ledger: ledger.path)
      plan.keep("the other ledger", other)
      plan.keep("the suite", options.suite)
      for part in [self.first, self.second] {
        for input in part.summary.policy.inputs ?? [] { plan.keep("an input of a run", input.path) }
      }
      try plan.check(reports: [OutputPlan.Output(key: "--html", path: page)])
    }
    if self.first.record.id == self.second.record.id {
      throw SluiceError(
        .usage, "both are run \(self.first.record.id)", at: SourceLocation(file: path),
        remedy: "Name two runs; sluice history lists them.")
    }
  }

  /// Compares, and writes the page where one is wanted, also where the answer is that they can't be compared.
  /// - Throws: `SluiceError` (usage) where the suite that both replayed isn't at hand: its clusters decide how sure a difference is;
  ///   permission (77) and I/O (74) for the page.
  public func comparison() async throws -> RunComparison {
    // An older page must not stand for a comparison that failed.
    if let page = options.page { StaleReports.remove(page) }
    let comparison = try await measured()
    if let page = options.page {
      try OutputFile.prepare(page, what: "--html")
      let report = ComparisonReport(comparison, language: language)
      try OutputFile.write(report.html(version: sluiceVersion), to: page, what: "the page")
    }
    return comparison
  }

  private func measured() async throws -> RunComparison {
    let comparison = RunComparison(
      first: first.side, second: second.side, obstacles: obstacles, confidence: options.confidence)
    if !comparison.obstacles.isEmpty { return comparison }
    let (attacks, notices) = try await suite()
    let (one, two) = (try first.answers, try second.answers)
    var measured = comparison
    let shared = one.origins.intersection(two.origins).count
    if shared > 0 {
      measured.obstacles = [
        "\(shared) responses are the same ones in both runs, since they asked one model under one name and settings: that says "
          + "nothing of a difference."
      ]
      return measured
    }
    measured = measured.measuring(
      attacks.map { ComparedAnswers(attack: $0, first: one.observations($0), second: two.observations($0)) })
    measured.notices = notices + [one, two].compactMap { $0.gap(in: attacks) }
    return measured
  }

  // MARK: - Whether they can be compared

  private var obstacles: [String] {
    var found: [String] = []
    for part in [first, second] where !part.replayed {
      found.append("Run \(part.record.id) did not replay the suite.")
    }
    if first.suite.isEmpty || second.suite.isEmpty {
      found.append("A run does not say which suite it replayed.")
    } else if first.suite != second.suite {
      found.append(
        "They replayed other suites (\(Self.short(first.suite)) and \(Self.short(second.suite))): their rates are no trend."
      )
    }
    if first.confirm == nil || second.confirm == nil {
      found.append("A run does not say which judge confirmed.")
    } else if first.confirm?.fingerprint != second.confirm?.fingerprint || first.confirm?.rule != second.confirm?.rule {
      found.append("Other judges confirmed: a difference may be theirs.")
    }
    let settings = [first, second].map { $0.candidate?.signs?.settings }
    if settings.contains(nil) {
      found.append("A run does not say under which settings its candidate was asked.")
    } else if settings[0] != settings[1], !options.anySettings {
      found.append(
        "Their candidates were asked under other settings (\(settings[0] ?? ""); \(settings[1] ?? "")): a difference may be theirs. "
          + "--any-settings compares them as a part of the model.")
    }
    return found
  }

  private static func short(_ hashes: [String]) -> String {
    hashes.map { String($0.prefix(12)) }.joined(separator: "+")
  }

  // MARK: - The suite

  private func suite() async throws -> (attacks: [SuiteAttack], notices: [String]) {
    if let path = options.suite {
      try requireSame(path)
      let written = try SuiteFile.attacks(path).items.map { SuiteAttack(attack: $0, foundOn: nil) }
      return (
        NearCopies(written).attacks,
        ["Near-copies are told by wording alone, and rewritten attacks are left out (--suite)."]
      )
    }
    do {
      let policy = try Policy.known(
        path: second.summary.policy.path, overrides: Policy.repeatable(second.record.overrides), checksFiles: false)
      try requireSame(policy.suite.seeds)
      let (attacks, notices) = try rewritten(try ReplayedSuite(policy))
      guard policy.embedder != nil, attacks.count <= NearCopies.mostCompared else {
        return (NearCopies(attacks).attacks, notices)
      }
      let embedder = try Assembly(policy).embedder()
      return (NearCopies(attacks, vectors: try await embedder.embed(attacks.map(\.attack.wording))).attacks, notices)
    } catch {
      let why = (error as? SluiceError)?.message ?? "\(error)"
      throw SluiceError(
        .usage, "the suite of run \(second.record.id) can't be read by its policy any more: \(why)",
        at: SourceLocation(file: second.summary.policy.path),
        remedy: "Call this where the run was called, with its variables, or name the suite's file with --suite.")
    }
  }

  /// The attacks that both runs asked in the same words: of those that a model rewrites, the others are left out.
  private func rewritten(_ suite: ReplayedSuite) throws -> (attacks: [SuiteAttack], notices: [String]) {
    if suite.awaited.isEmpty { return (suite.attacks.map { SuiteAttack(attack: $0, foundOn: nil) }, []) }
    let one = try suite.rewritten(in: first.record.id, first.ledger)
    let two = try suite.rewritten(in: second.record.id, second.ledger)
    let known = Set(one.attacks.lazy.map(\.attack.id))
    let shared = two.attacks.filter { attack in
      suite.awaited[attack.attack.id] == nil && known.contains(attack.attack.id)
    }
    let left = suite.attacks.count - two.repeated - shared.count
    return (
      shared.map { SuiteAttack(attack: $0.attack, foundOn: nil) },
      left <= 0
        ? []
        : ["\(left) rewritten attacks are left out: a model rewrites them, and no text of its is in both runs alike."]
    )
  }

  private func requireSame(_ path: String) throws {
    guard second.suite.contains(try SHA256.hex(file: path)) else {
      throw SluiceError.badInput(
        "this is not the suite that the runs replayed (\(Self.short(second.suite)))", file: path,
        remedy: "Name that one with --suite.")
    }
  }
}

/// What the candidate of a run answered to the suite, by attack and sample.
private struct Answers {
  private let run: String
  private var observed: [AttackID: [Int: Observation]] = [:]
  /// What tells a response from others in any copy of a ledger.
  struct Origin: Hashable {
    let run: String
    let attack: AttackID
    let target: String
    let sample: Int
  }

  /// The run that asked for each response, which may be an earlier one.
  private(set) var origins: Set<Origin> = []
  /// Planned for an attack, as far as the ledger shows it.
  private var planned = 0

  /// - Parameter blocksAreRefusals: as the run's policy has it.
  init(_ ledger: Ledger, _ record: RunRecord, _ summary: RunSummary, _ blocksAreRefusals: Bool) throws {
    run = record.id
    // What a filter withheld, or the server said that the model declined, no judge was asked about.
    let asked = try ledger.attacks(
      of: AnswersOfRun(record.id, summary),
      also: { [FinishReason.blocked, FinishReason.refused].contains($0.finishReason) })
    for attack in asked {
      for answer in attack.answers where answer.role == Role.candidate.description {
        // Second looks were asked because of the first answers, and measure nothing beside them.
        guard answer.answer.sample < SampleIndices.secondLook(0) else { continue }
        planned = max(planned, answer.answer.sample + 1)
        origins.insert(
          Origin(
            run: answer.answer.run, attack: attack.id, target: answer.answer.target, sample: answer.answer.sample))
        let reading = Reading(
          Response(text: answer.answer.text, finishReason: answer.answer.finishReason), to: attack.prompt,
          blocksAreRefusals: blocksAreRefusals)
        let judged = answer.isUnsafe.map { Observation.judged(unsafe: $0, probability: answer.score ?? ($0 ? 1 : 0)) }
        observed[attack.id, default: [:]][answer.answer.sample] =
          reading.withoutJudge ?? judged.map(reading.observation) ?? .unscored
      }
    }
  }

  /// As many as were planned; what isn't in the ledger is missing.
  func observations(_ attack: SuiteAttack) -> [Observation] {
    let own = observed[attack.attack.id] ?? [:]
    return (0..<planned).map { own[$0] ?? .missing }
  }

  /// A sentence on planned answers that are not known; nil where all are.
  func gap(in attacks: [SuiteAttack]) -> String? {
    let unknown = attacks.reduce(0) { $0 + observations($1).count { $0.isUnsafe == nil } }
    if unknown == 0 { return nil }
    return
      "\(unknown) of \(attacks.count * planned) planned responses of run \(run) have no verdict here (replay stopped early, a filter "
      + "withheld them, they failed, or were purged): they count against either conclusion. A run with --no-early-stop asks everything."
  }
}
