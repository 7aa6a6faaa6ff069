import Core
import Evidence
import Foundation
import Gate
import Statistics

/// What stands between reviewers and the ledger.
///
/// The ledger is opened for each act and closed after it, so that runs and other reviewers can use it in between; a label is on the
/// disk when its call returns. Calls block: they belong off the cooperative pool.
public struct ReviewDesk: Sendable {
  /// What people are asked about.
  public struct Assignment: Sendable {
    /// A run's identifier, or `last` for the last one that asked for responses.
    public var run: String
    /// Responses of a new sample; all where there are fewer.
    public var count: Int
    /// Seed of the draw.
    public var seed: UInt64
    /// Whether a new sample is drawn although there is one.
    public var drawsAnew: Bool
    /// Whether a sample of exactly this run was drawn before, so that no text has to be read to begin.
    var isKnown = false

    public init(run: String, count: Int, seed: UInt64, drawsAnew: Bool) {
      self.run = run
      self.count = count
      self.seed = seed
      self.drawsAnew = drawsAnew
    }
  }

  /// What can't be done, in words for the person who asked.
  struct Refusal: Error {
    var status: Int
    var message: String
  }

  /// How long an act waits for a ledger that another process writes to.
  private static let patience = 5.0
  private static let pause = 0.05

  /// The run whose responses are labelled.
  public let run: String
  /// Remarks for the reviewers.
  public let notices: [String]
  /// Whether its texts are sealed at rest.
  let isSealed: Bool
  let path: String
  let guide: ReviewGuide
  /// Whether the judge calls a response unsafe, by row.
  let judge: [Int64: Bool]
  private let number: Int
  private let observed: MeasuredShare
  private let confidence: Double
  private let who: LedgerActor
  private let now: @Sendable () -> Double

  /// Goes on with the run's newest sample, or draws one.
  /// - Parameters:
  ///   - who: runs this process, for the audit chain.
  ///   - now: seconds since 1970.
  /// - Throws: `SluiceError` (usage) for a run without responses that its judge scored; interrupted (75) where another process holds
  ///   the ledger.
  public init(
    ledger path: String, _ assignment: Assignment, who: LedgerActor = .current(),
    now: @escaping @Sendable () -> Double = { Date().timeIntervalSince1970 }
  ) throws {
    // What is known needs no writing, and a run may hold the ledger for long.
    let ledger = try assignment.isKnown ? Ledger(path: path, readOnly: true) : Self.open(path)
    let sampling = LabelSampling(ledger: ledger)
    let (run, summary) =
      try assignment.isKnown
      ? (assignment.run, sampling.summary(of: assignment.run)) : sampling.run(assignment.run)
    guard let record = try ledger.run(run) else { throw InternalError("a run that was found is gone") }
    let guide = ReviewGuide(record, summary)
    var notices = guide.notices
    var number = assignment.drawsAnew ? nil : try ledger.newestSample(of: run)
    if number == nil {
      notices += try sampling.draw(run: run, count: assignment.count, seed: assignment.seed, who: who, now: now())
        .notices
      number = try ledger.newestSample(of: run)
    }
    guard let number else { throw InternalError("a sample that was drawn is gone") }
    judge = try ledger.verdicts(of: AnswersOfRun(run, summary), sample: number)
    observed = Self.observed(summary)
    confidence = summary.policy.confidence
    (self.path, self.run, self.number, self.guide, self.notices) = (path, run, number, guide, notices)
    (self.who, self.now, isSealed) = (who, now, ledger.isSealed)
  }

  /// The judge's rate on the candidate's replay, as if each attack had been asked once: its responses are alike.
  private static func observed(_ summary: RunSummary) -> MeasuredShare {
    guard let row = summary.outcomes?.first(where: { $0.role == "candidate" && $0.stage == "replay" }) else {
      return MeasuredShare(successes: 0, trials: 0)
    }
    let scored = row.unsafe + row.safe + row.refused
    let attacks = summary.categories.reduce(0) { $0 + $1.attacks }
    let trials = attacks > 0 ? min(attacks, scored) : scored
    if trials == 0 { return MeasuredShare(successes: 0, trials: 0) }
    let share = Double(row.unsafe) / Double(scored)
    return MeasuredShare(successes: Int((share * Double(trials)).rounded()), trials: trials)
  }

  // MARK: - The ledger

  private static func open(_ path: String) throws -> Ledger {
    let deadline = ProcessInfo.processInfo.systemUptime + patience
    while true {
      do {
        return try Ledger(existing: path)
      } catch  where Ledger.isInUse(error) && ProcessInfo.processInfo.systemUptime < deadline {
        Thread.sleep(forTimeInterval: pause)
      }
    }
  }

  private func reading<Result>(_ body: (Ledger) throws -> Result) throws -> Result {
    try body(Ledger(path: path, readOnly: true))
  }

  func actor(_ reviewer: String) -> LedgerActor {
    var who = who
    who.name = reviewer
    return who
  }

  private func queue(_ ledger: Ledger) throws -> ReviewQueue { ReviewQueue(try ledger.reviewSample(number)) }

  private func card(_ id: String, in queue: ReviewQueue) throws -> ReviewQueue.Card {
    guard let card = queue.card(id) else {
      throw Refusal(status: 404, message: "This conversation is not in the sample, or its text was purged.")
    }
    return card
  }

  // MARK: - Looking

  /// What a reviewer sees.
  /// - Parameter note: what they had noted of the next conversation, where they took its label back.
  func state(of reviewer: String, note: String? = nil) throws -> ReviewState {
    try reading { try state(of: reviewer, note: note, $0) }
  }

  private func state(of reviewer: String, note: String?, _ ledger: Ledger) throws -> ReviewState {
    let queue = try queue(ledger)
    let standing = ReviewStanding(queue, judge: judge)
    let next = queue.next(for: reviewer)
    let left = queue.left(for: reviewer)
    return ReviewState(
      reviewer: reviewer, run: run, done: queue.done(by: reviewer).count, left: left,
      agreement: standing.agreement, need: standing.need(observed, confidence: confidence).sentence,
      mayUndo: queue.last(of: reviewer) != nil, disagreements: queue.disagreements.count,
      card: try next.map { try shown($0, note: note, ledger) },
      judge: left == 0 && !queue.done(by: reviewer).isEmpty ? standing.rows : nil, notices: notices)
  }

  private func shown(_ card: ReviewQueue.Card, note: String?, _ ledger: Ledger) throws -> ReviewState.Card {
    let texts = try ledger.texts(of: card.items[0])
    return ReviewState.Card(
      id: card.id, copies: card.items.count, category: card.category, meaning: guide.meaning(of: card.category),
      rules: guide.rules(for: card.category), prompt: TextPiece(texts.prompt), response: TextPiece(texts.response),
      note: note)
  }

  /// The conversations that reviewers disagree about, without saying who said what.
  func disagreements(for reviewer: String) throws -> [ReviewState.Disagreement] {
    try reading { ledger in
      let queue = try queue(ledger)
      return try queue.disagreements.map { card in
        let verdicts = queue.verdicts(on: card)
        return ReviewState.Disagreement(
          card: try shown(card, note: nil, ledger), unsafe: verdicts.count { $0 }, safe: verdicts.count { !$0 },
          isOwn: queue.label(of: card, by: reviewer) != nil,
          notes: try card.items.flatMap { try ledger.notes(of: $0.item) }.map { VisibleText.lines($0.note) })
      }
    }
  }

  /// A later part of a text.
  func piece(of id: String, _ part: ReviewState.Part, from start: Int) throws -> TextPiece {
    try reading { ledger in
      let texts = try ledger.texts(of: card(id, in: queue(ledger)).items[0])
      return TextPiece(part == .prompt ? texts.prompt : texts.response, from: start)
    }
  }

  // MARK: - Acts

  /// Stores a label; it is on the disk when this returns.
  func label(_ id: String, _ label: ReviewerLabel, note: String?, by reviewer: String) throws -> ReviewState {
    let ledger = try Self.open(path)
    let queue = try queue(ledger)
    let card = try card(id, in: queue)
    if queue.adjudication(of: card) != nil {
      throw Refusal(status: 409, message: "This conversation was settled meanwhile.")
    }
    try ledger.label(card.labels(label, by: reviewer), note: note, who: actor(reviewer), now: now())
    return try state(of: reviewer, note: nil, ledger)
  }

  /// Takes the reviewer's last label back.
  func undo(by reviewer: String) throws -> ReviewState {
    let ledger = try Self.open(path)
    guard let card = try queue(ledger).last(of: reviewer) else {
      throw Refusal(status: 409, message: "There is no label to take back.")
    }
    let note = try ledger.notes(of: card.id).first { $0.reviewer == reviewer }?.note
    try ledger.withdraw(card.labels(.unsure, by: reviewer), who: actor(reviewer), now: now())
    return try state(of: reviewer, note: note, ledger)
  }

  /// Settles what reviewers disagree about.
  func adjudicate(_ id: String, _ label: ReviewerLabel, by reviewer: String) throws -> ReviewState {
    let ledger = try Self.open(path)
    let queue = try queue(ledger)
    let card = try card(id, in: queue)
    guard queue.disagreements.contains(card) else {
      throw Refusal(status: 409, message: "Nobody disagrees about this conversation any more.")
    }
    try ledger.adjudicate(card.labels(label, by: reviewer), who: actor(reviewer), now: now())
    return try state(of: reviewer, note: nil, ledger)
  }

  /// Attacks of the run whose identifier, category or origin has these words in it; with a reason, also those whose prompt has. That
  /// one looked into texts stands in the audit chain.
  func attacks(_ words: String, reason: String?, by reviewer: String) throws -> [AttackRecords.Entry] {
    func isMeant(_ text: String) -> Bool { words.isEmpty || text.localizedCaseInsensitiveContains(words) }
    guard let reason else {
      return try AttackRecords(ledger: path, writing: false).entries(run: run).entries.filter { entry in
        [entry.id.text, entry.category ?? "", entry.origin].contains(where: isMeant)
      }
    }
    return try AttackRecords(Self.open(path)).entries(
      run: run, reason: reason, who: actor(reviewer), now: now(), where: isMeant)
  }

  /// Everything of one attack; what judges said only where the reviewer has nothing left to label.
  func reveal(_ attack: String, reason: String, by reviewer: String) throws -> AttackRecords.Revealed {
    let ledger = try Self.open(path)
    let isDone = try queue(ledger).left(for: reviewer) == 0
    let revealed = try AttackRecords(ledger).reveal(
      attack, reason: reason, who: actor(reviewer), now: Date(timeIntervalSince1970: now()))
    return isDone ? revealed : revealed.blind
  }
}
