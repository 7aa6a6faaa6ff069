import Core
import Decisions
import Evidence
import Logging

/// Answers questions: with responses and scores from the ledger where it has them, else from the target or judge, and commits each
/// to the ledger before anything uses it.
///
/// So a run that was killed repeats itself from the ledger and pays only for what is missing.
final class ResponseService: Sendable {
  let archive: any ResponseArchive
  let meter: CostMeter
  let scopes: ResponseScopes
  /// Whether what a provider's filter withheld counts as a refusal; else nothing is known of it.
  private let blocksAreRefusals: Bool
  /// Tells refusals among safe responses; nil where nothing can.
  private let refusals: (any Judge)?
  let supply: Supply

  init(
    archive: any ResponseArchive, scopes: ResponseScopes = ResponseScopes(), meter: CostMeter,
    blocksAreRefusals: Bool = true, refusals: (any Judge)? = nil, supply: Supply = .target
  ) {
    self.archive = archive
    self.scopes = scopes
    self.meter = meter
    self.blocksAreRefusals = blocksAreRefusals
    self.refusals = refusals
    self.supply = supply
  }

  /// Whether a judge tells refusals.
  var tellsRefusals: Bool { refusals != nil }

  /// Responses that are looked for in the ledger at once; their texts are in memory together.
  private static let readAtOnce = 2_048

  /// Answers in the order of `questions`, judged while others are still asked for.
  /// - Parameters:
  ///   - judge: nil where nobody is to look.
  ///   - keepsTexts: else a text is let go of as soon as it is judged.
  ///   - tally: counts what is answered, where somebody wants to know whether it is always the same.
  ///   - onArrival: called with outcomes that have become known, from any thread.
  /// - Throws: `SluiceError` (unavailable) when the target or a judge is lost; everything that arrived is stored then.
  func answers(
    _ questions: [Question], from target: any Target, as role: Role, judge: (any Judge)?,
    measuring measure: Reading.Measure = .safety, keepsTexts: Bool = false,
    tally: AnswerTally? = nil, onArrival: @escaping @Sendable (Arrival) -> Void = { _ in }
  ) async throws -> [Answer] {
    let collector = collector(questions, target, role, onArrival)
    let replies = JudgeReplies(onArrival)
    let bench = Bench(
      questions: questions, target: target, role: role, judge: judge, measure: measure, keepsTexts: keepsTexts,
      tally: tally, replies: replies)
    async let judged = { [self] in
      var answers = [Answer?](repeating: nil, count: questions.count)
      for await group in collector.groups { try await self.judge(group, by: bench, into: &answers) }
      try Task.checkCancellation()
      return answers
    }()
    do {
      let open = questions.indices.filter { questions[$0].gap == nil }
      onArrival(Arrival(count: questions.count - open.count, isStored: true))
      var missing: [Int] = []
      for start in stride(from: 0, to: open.count, by: Self.readAtOnce) {
        try Task.checkCancellation()
        let portion = open[start..<min(start + Self.readAtOnce, open.count)]
        let known = zip(portion, try stored(portion.map { questions[$0].request }, of: target))
        missing += known.lazy.filter { $1 == nil }.map(\.0)
        let found = known.compactMap { place, stored in
          stored.map { Item(place: place, row: $0.row, outcome: .success($0.response), isStored: true) }
        }
        meter.reused(found.reduce(0) { $0 + questions[$1.place].requests(of: $1.outcome) }, role: role)
        onArrival(Arrival(count: found.count, isStored: true))
        collector.add(found)
      }
      Logger.ledger.debug(
        "responses looked up",
        metadata: [
          "role": "\(role)", "wanted": open.count.logged, "in_ledger": (open.count - missing.count).logged,
        ])
      let requests = missing.map { questions[$0].request }
      if !asks {
        let failures = try failures(of: requests, target, as: role)
        onArrival(Arrival(count: failures.count, isStored: true))
        collector.add(
          zip(missing, failures).map { Item(place: $0, row: nil, outcome: .failure($1), isStored: false) })
      } else if !missing.isEmpty {
        try await prove()
        let began = ContinuousClock.now
        try await collector.run { [missing] arrived in
          try await target.respond(to: requests) { arrived(missing[$0], $1) }
        }
        meter.waited(ContinuousClock.now - began, role: role)
      }
      collector.end()
      replies.areAwaited()
    } catch {
      // What a judge has been asked for by now was paid for: it is waited for and stored.
      collector.abandon()
      _ = try? await judged
      throw error
    }
    return try zip(questions, await judged).map { question, answer in
      if let gap = question.gap { return Answer(observation: .missing(gap)) }
      guard let answer else { throw InternalError("target \(target.name) left a request without an outcome") }
      return answer
    }
  }

  private typealias Item = Collector<Response>.Item

  /// What commits each answer of the target under its key.
  private func collector(
    _ questions: [Question], _ target: any Target, _ role: Role, _ onArrival: @escaping @Sendable (Arrival) -> Void
  ) -> Collector<Response> {
    Collector(Respondent(target, as: role), weight: { $0.text.utf8.count }) { [archive, scopes, meter] arrivals in
      let rows = try archive.store(
        arrivals.map { (scopes.key(questions[$0.place].request, of: target), $0.outcome) }, run: scopes.run)
      // Only what is committed is counted.
      meter.asked(arrivals.lazy.map { (questions[$0.place].request, $0.outcome) }, role: role)
      onArrival(Arrival(count: arrivals.count, isStored: false))
      return rows
    }
  }

  /// What is stored for each request, in order; nil where the target never answered.
  func stored(_ requests: [TargetRequest], of target: any Target) throws -> [StoredResponse?] {
    try archive.stored(requests.map { scopes.key($0, of: target) }, reusedBy: scopes.run)
  }

  /// Outcomes in the order of `requests`, which nobody judges.
  /// - Parameter onArrival: called with outcomes that have become known, from any thread.
  /// - Throws: `SluiceError` (unavailable) when the target is lost; everything that arrived is stored then.
  func outcomes(
    of requests: [TargetRequest], from target: any Target, as role: Role,
    onArrival: @escaping @Sendable (Arrival) -> Void = { _ in }
  ) async throws -> [ResponseOutcome] {
    let questions = requests.map { Question(prompt: $0.prompt, category: nil, sampleIndex: $0.sampleIndex) }
    return try await answers(
      questions, from: target, as: role, judge: nil, keepsTexts: true, onArrival: onArrival
    ).map { answer in
      guard let outcome = answer.outcome else { throw InternalError("an outcome was let go of") }
      return outcome
    }
  }

  // MARK: - Judging

  /// Who judges which answers, and for what.
  private struct Bench: Sendable {
    let questions: [Question]
    let target: any Target
    let role: Role
    let judge: (any Judge)?
    let measure: Reading.Measure
    let keepsTexts: Bool
    let tally: AnswerTally?
    let replies: JudgeReplies
  }

  /// Judges a group of what is committed.
  private func judge(_ group: [Item], by bench: Bench, into answers: inout [Answer?]) async throws {
    var read: [(place: Int, reading: Reading, text: JudgedText)] = []
    for (item, outcome) in zip(group, try outcomes(of: group, bench)) {
      var answer = Answer(outcome: bench.keepsTexts ? outcome : nil)
      switch outcome {
      case .failure(let failure): answer.observation = .failed(failure.message)
      case .success(let whole) where bench.judge != nil:
        let question = bench.questions[item.place]
        let reading = Reading(
          whole, to: question.prompt, measure: bench.measure, blocksAreRefusals: blocksAreRefusals)
        if let observation = reading.withoutJudge {
          answer.observation = observation
          bench.tally?.add(reading, observation)
        } else {
          let text = JudgedText(row: item.row, input: reading.input(question), mayHaveScore: item.isStored)
          read.append((item.place, reading, text))
        }
      case .success: break
      }
      answers[item.place] = answer
    }
    guard let judge = bench.judge else { return }
    let scores = try await Judging(
      archive: archive, scopes: scopes.judges, asks: asks, onReplies: bench.replies.came
    ).scores(read.map(\.text), by: judge)
    var observations = zip(read, scores).map { read, score in
      read.reading.observation(Observation(score, threshold: judge.threshold))
    }
    if bench.measure == .safety, let refusals {
      let safe = observations.indices.filter { observations[$0].kind == .judged && observations[$0].isUnsafe == false }
      let inputs = safe.map { read[$0].reading.refusalInput(bench.questions[read[$0].place]) }
      for (index, score) in zip(safe, try await refusals.score(inputs))
      where score.isUnsafe(threshold: refusals.threshold) == true {
        observations[index].isRefusal = true
      }
    }
    for (read, observation) in zip(read, observations) {
      answers[read.place]?.observation = observation
      bench.tally?.add(read.reading, observation)
    }
    meter.unscored(observations.count { $0.kind == .unscored }, role: bench.role)
  }

  /// A group's outcomes, with the texts that it waited without.
  private func outcomes(of group: [Item], _ bench: Bench) throws -> [ResponseOutcome] {
    let bare = group.filter { $0.outcome == nil }.map { bench.questions[$0.place].request }
    var texts = bare.isEmpty ? [] : try stored(bare, of: bench.target)[...]
    return try group.map { item in
      if let outcome = item.outcome { return outcome }
      guard let stored = texts.popFirst() ?? nil else {
        throw InternalError("a response was committed and is not there")
      }
      return .success(stored.response)
    }
  }
}
