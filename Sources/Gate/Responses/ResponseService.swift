import Core
import Decisions
import Logging
import Synchronization

/// Obtains responses and scores: from the ledger where it has them, else from the target or judge, and commits each
/// to the ledger before anything uses it.
///
/// So a run that was killed repeats itself from the ledger and pays only for what is missing.
final class ResponseService: Sendable {
  let archive: any ResponseArchive
  let meter: CostMeter
  private let clock = ContinuousClock()
  /// Whether what a provider's filter withheld counts as a refusal; else nothing is known of it.
  private let blocksAreRefusals: Bool
  /// Tells refusals among safe responses; nil where nothing can.
  private let refusals: (any Judge)?
  let supply: Supply

  init(
    archive: any ResponseArchive, meter: CostMeter, blocksAreRefusals: Bool = true, refusals: (any Judge)? = nil,
    supply: Supply = .target
  ) {
    self.archive = archive
    self.meter = meter
    self.blocksAreRefusals = blocksAreRefusals
    self.refusals = refusals
    self.supply = supply
  }

  /// Whether a judge tells refusals.
  var tellsRefusals: Bool { refusals != nil }

  /// What a judge's "unsafe" means.
  enum Measure: Sendable {
    case safety, refusal
  }

  /// Outcomes in the order of `requests`.
  /// - Parameter onArrival: called with outcomes that have become known, from any thread.
  /// - Throws: `SluiceError` (unavailable) when the target is lost; everything that arrived is stored then.
  func outcomes(
    of requests: [TargetRequest], from target: any Target, as role: Role,
    onArrival: @escaping @Sendable (Arrival) -> Void = { _ in }
  ) async throws -> [ResponseOutcome] {
    let collected = OutcomeBox<ResponseOutcome>(count: requests.count)
    try await gather(requests, from: target, as: role, onArrival: onArrival) { outcomes, _ in
      for (index, outcome) in outcomes { collected.set(index, outcome) }
    }
    return try collected.finished()
  }

  /// Outcomes judged by `judge`, in the order of `questions`. Texts are let go of as soon as they are judged.
  func observations(
    _ questions: [Question], from target: any Target, as role: Role, judge: any Judge,
    measuring measure: Measure = .safety,
    onArrival: @escaping @Sendable (Arrival) -> Void = { _ in }
  ) async throws -> [Observation] {
    try await judged(
      questions, from: target, as: role, by: Bench(target: target, judge: judge, measure: measure), onArrival: onArrival
    ) { _, _ in
    }
  }

  /// Outcomes with what `judge` makes of them, in the order of `questions`.
  func answers(
    _ questions: [Question], from target: any Target, as role: Role, judge: any Judge,
    measuring measure: Measure = .safety,
    onArrival: @escaping @Sendable (Arrival) -> Void = { _ in }
  ) async throws -> [(response: Response?, observation: Observation)] {
    let kept = OutcomeBox<Response?>(count: questions.count)
    let observations = try await judged(
      questions, from: target, as: role, by: Bench(target: target, judge: judge, measure: measure), onArrival: onArrival
    ) { kept.set($0, $1) }
    return try zip(kept.finished(), observations).map { ($0, $1) }
  }

  /// Who judges what, and for what.
  private struct Bench: Sendable {
    let target: any Target
    let judge: any Judge
    let measure: Measure
  }

  /// Asks and judges side by side.
  /// - Parameter keep: called with each question's index and its response, nil where there is none.
  private func judged(
    _ questions: [Question], from target: any Target, as role: Role, by bench: Bench,
    onArrival: @escaping @Sendable (Arrival) -> Void, keep: @escaping @Sendable (Int, Response?) -> Void
  ) async throws -> [Observation] {
    let backlog = JudgingBacklog()
    let replies = JudgeReplies(onArrival)
    async let judging = observe(questions, backlog, as: role, by: bench, replies: replies, keep: keep)
    do {
      try await gather(questions.map(\.request), from: target, as: role, onArrival: onArrival) {
        backlog.add($0, areStored: $1)
      }
      backlog.end()
      replies.areAwaited()
    } catch {
      // What a judge has been asked for by now was paid for: it is waited for and stored.
      backlog.abandon()
      _ = try? await judging
      throw error
    }
    return try await judging
  }

  /// Judges what comes until there is no more.
  private func observe(
    _ questions: [Question], _ backlog: JudgingBacklog, as role: Role, by bench: Bench, replies: JudgeReplies,
    keep: @Sendable (Int, Response?) -> Void
  ) async throws -> [Observation] {
    var observations = [Observation](repeating: .missing, count: questions.count)
    var known = 0
    while let group = await backlog.next() {
      // What was in the ledger may have been judged as well; nothing else can.
      for isStored in [true, false] {
        let items = group.filter { $0.isStored == isStored }
        if items.isEmpty { continue }
        let outcomes = try outcomes(of: items, questions, from: bench.target)
        try await judge(
          outcomes, of: questions, by: bench, mayBeStored: isStored, replies: replies, into: &observations)
        for (index, outcome) in outcomes { keep(index, try? outcome.get()) }
        meter.unscored(outcomes.count { observations[$0.index].kind == .unscored }, role: role)
        known += outcomes.count
      }
    }
    try Task.checkCancellation()
    guard known == questions.count else {
      throw InternalError("target \(bench.target.name) left a request without an outcome")
    }
    return observations
  }

  /// A group's outcomes, with the texts that it waited without.
  private func outcomes(
    of items: [JudgingBacklog.Item], _ questions: [Question], from target: any Target
  ) throws -> [(index: Int, outcome: ResponseOutcome)] {
    let bare = items.filter { $0.outcome == nil }.map(\.index)
    let read = bare.isEmpty ? [] : try archive.stored(bare.map { questions[$0].request }, of: target)
    let texts = Dictionary(zip(bare, read)) { first, _ in first }
    return try items.map { item in
      if let outcome = item.outcome { return (item.index, outcome) }
      guard let response = texts[item.index] ?? nil else {
        throw InternalError("a response was committed and is not there")
      }
      return (item.index, .success(response))
    }
  }

  private func judge(
    _ outcomes: [(index: Int, outcome: ResponseOutcome)], of questions: [Question], by bench: Bench, mayBeStored: Bool,
    replies: JudgeReplies, into observations: inout [Observation]
  ) async throws {
    let measure = bench.measure
    // In a conversation, the target's last turn stands for the response, and all that it said is judged.
    var answered: [(index: Int, response: Response, judged: JudgedRequest)] = []
    for (index, outcome) in outcomes {
      switch outcome {
      case .failure(let failure): observations[index] = .failed(failure.message)
      case .success(let whole):
        let question = questions[index]
        let exchange = Exchange(prompt: question.prompt, response: whole.text)
        let response = whole.last(in: exchange)
        if response.isBlocked, exchange.said.isEmpty {
          observations[index] = blocked(measure)
          continue
        }
        if response.isRefused, exchange.said.isEmpty {
          observations[index] = Self.refused(measure)
          continue
        }
        // What is unsafe anywhere in what the user gets is unsafe; what refuses is the answer, not the reasoning before it.
        let input = JudgeInput(
          exchange, response: measure == .safety ? nil : response.answer, category: question.category,
          locale: question.locale)
        answered.append((index, response, JudgedRequest(request: question.request, input: input)))
      }
    }
    let scores = try await Judging(
      store: TargetScores(archive: archive, target: bench.target), mayBeStored: mayBeStored, asks: asks,
      onReplies: replies.came
    ).scores(answered.map(\.judged), by: bench.judge)
    for ((index, response, _), score) in zip(answered, scores) {
      observations[index] = Self.observation(
        of: response, Observation(score, threshold: bench.judge.threshold), blocksAreRefusals, measure)
    }
    let answers = answered.map { index, response, judged in
      (
        index: index,
        input: JudgeInput(
          prompt: judged.input.prompt, response: response.answer, category: judged.input.category,
          locale: judged.input.locale)
      )
    }
    try await tellRefusals(among: answers, &observations, measure)
    for (index, response, _) in answered where response.isRefused && observations[index].isUnsafe == false {
      observations[index].isRefusal = true
    }
  }

  private func blocked(_ measure: Measure) -> Observation {
    Self.blocked(blocksAreRefusals, measure)
  }

  private static func blocked(_ blocksAreRefusals: Bool, _ measure: Measure) -> Observation {
    .blocked(countsAs: blocksAreRefusals ? measure == .refusal : nil)
  }

  /// What is known of a stored response to an attack.
  /// - Parameters:
  ///   - judged: what the judge made of it; nil where it said nothing.
  ///   - blocksAreRefusals: whether what a provider's filter withheld counts as a refusal.
  static func observation(
    of whole: Response, to prompt: String, judged: Observation?, blocksAreRefusals: Bool
  ) -> Observation {
    let exchange = Exchange(prompt: prompt, response: whole.text)
    let response = whole.last(in: exchange)
    if exchange.said.isEmpty {
      if response.isBlocked { return blocked(blocksAreRefusals, .safety) }
      if response.isRefused { return refused(.safety) }
    }
    guard let judged else { return .unscored }
    return observation(of: response, judged, blocksAreRefusals, .safety)
  }

  /// What a server says that its model declined, and nothing beside: no judge need look.
  private static func refused(_ measure: Measure) -> Observation {
    var observation = Observation.judged(unsafe: measure == .refusal, probability: measure == .refusal ? 1 : 0)
    observation.isRefusal = true
    return observation
  }

  /// What was unsafe as far as it went is unsafe, whatever ended it.
  /// - Parameter judged: what the judge made of it.
  private static func observation(
    of response: Response, _ judged: Observation, _ blocksAreRefusals: Bool, _ measure: Measure
  ) -> Observation {
    var observation = judged
    let isCaught = measure == .safety && observation.isUnsafe == true
    if response.isBlocked, !isCaught {
      observation = blocked(blocksAreRefusals, measure)
    } else if response.isRefused, measure == .refusal {
      observation = refused(measure)
    } else if let reason = response.whyUnanswered, !isCaught {
      // An empty text that ended by itself is how some models decline.
      if measure == .safety || response.isUnfinished || response.hasOnlyReasoning {
        observation = .unscored("no answer: \(reason)" + (response.isCut ? "; raise max_tokens" : ""))
      }
    }
    observation.isCut = response.isCut
    return observation
  }

  private func tellRefusals(
    among answered: [(index: Int, input: JudgeInput)], _ observations: inout [Observation], _ measure: Measure
  ) async throws {
    switch measure {
    case .refusal:
      for (index, _) in answered where observations[index].kind == .judged {
        observations[index].isRefusal = observations[index].isUnsafe == true
      }
    case .safety:
      guard let refusals else { return }
      let safe = answered.filter { observations[$0.index].kind == .judged && observations[$0.index].isUnsafe == false }
      for ((index, _), score) in zip(safe, try await refusals.score(safe.map(\.input))) {
        observations[index].isRefusal = score.isUnsafe(threshold: refusals.threshold) == true
      }
    }
  }

  /// Finds the outcomes in the ledger and asks for those that aren't there.
  /// - Parameter deliver: called with outcomes that are committed, each once, and with whether they had been before.
  private func gather(
    _ requests: [TargetRequest], from target: any Target, as role: Role,
    onArrival: @escaping @Sendable (Arrival) -> Void,
    deliver: @escaping @Sendable (_ outcomes: [(index: Int, outcome: ResponseOutcome)], _ areStored: Bool) -> Void
  ) async throws {
    var missing: [Int] = []
    for start in stride(from: 0, to: requests.count, by: Self.readAtOnce) {
      try Task.checkCancellation()
      let portion = start..<min(start + Self.readAtOnce, requests.count)
      let stored = try archive.stored(Array(requests[portion]), of: target)
      missing += zip(portion, stored).filter { $1 == nil }.map(\.0)
      let found = zip(portion, stored).compactMap { index, response in
        response.map { (index: index, outcome: ResponseOutcome.success($0)) }
      }
      meter.reused(
        zip(portion, stored).reduce(0) { sum, pair in sum + (pair.1.map { requests[pair.0].requests(of: $0) } ?? 0) },
        role: role)
      onArrival(Arrival(count: found.count, isStored: true))
      deliver(found, true)
    }
    Logger.ledger.debug(
      "responses looked up",
      metadata: [
        "role": "\(role)", "wanted": requests.count.logged, "in_ledger": (requests.count - missing.count).logged,
      ])
    let wanted = missing.count == requests.count ? requests : missing.map { requests[$0] }
    guard asks else {
      let failures = try failures(of: wanted, target, as: role)
      onArrival(Arrival(count: failures.count, isStored: true))
      return deliver(zip(missing, failures).map { ($0, .failure($1)) }, false)
    }
    try await ask(wanted, of: target, as: role) { [missing] outcomes in
      onArrival(Arrival(count: outcomes.count, isStored: false))
      deliver(outcomes.map { (missing[$0.index], $0.outcome) }, false)
    }
  }

  /// Responses that are looked for in the ledger at once; their texts are in memory together.
  private static let readAtOnce = 2_048

  private func ask(
    _ requests: [TargetRequest], of target: any Target, as role: Role,
    deliver: @escaping @Sendable ([(index: Int, outcome: ResponseOutcome)]) -> Void
  ) async throws {
    if requests.isEmpty { return }
    if case .provenTarget(let proof) = supply { try await proof.perform() }
    let (archive, meter) = (archive, meter)
    let began = clock.now
    let arrivals = Arrivals<Response>(
      concurrency: target.preferredBatch, inFlight: target.inFlight, inBatches: target.answersInBatches
    ) { outcomes in
      try archive.commit(outcomes.map { (requests[$0.index], $0.outcome) }, of: target)
      Logger.ledger.debug("responses committed", metadata: ["role": "\(role)", "count": outcomes.count.logged])
      // Only what is committed is counted.
      meter.asked(outcomes.lazy.map { (requests[$0.index], $0.outcome) }, role: role)
      deliver(outcomes)
    }
    let ended = try await arrivals.collect { arrivals in
      try await target.respond(to: requests) { arrivals.arrived($0, $1) }
    }
    meter.waited(clock.now - began, role: role)
    try await throwIfLost(target, role: role, watch: arrivals.watch)
    try Task.checkCancellation()
    try ended.get()
  }

  private func throwIfLost(_ target: any Target, role: Role, watch: ArrivalWatch) async throws {
    guard let failure = watch.loss else { return }
    if !failure.isFinal {
      Logger.models.warning(
        "target may be lost",
        metadata: ["role": "\(role)", "target": "\(target.name)", "kind": "\(failure.kind.rawValue)"])
      if let stillFails = try await failureOfProbes(target.probe) {
        throw Self.unavailable(target, role: role, stillFails)
      }
      if !watch.stopped { return }  // a few requests failed, the target lives: they count as errors
    }
    throw Self.unavailable(target, role: role, failure)
  }

  static func unavailable(_ target: any Target, role: Role, _ failure: ResponseFailure) -> SluiceError {
    Logger.models.error(
      "target lost",
      metadata: ["role": "\(role)", "target": "\(target.name)", "kind": "\(failure.kind.rawValue)"])
    return SluiceError(
      .unavailable, "the \(role) target \(target.name) is unavailable: \(failure.message)",
      remedy: failure.isFinal
        ? "Check the API key, its permissions and its quota; nothing that was already answered is asked again (--resume)."
        : "Everything answered so far is stored; run again with --resume when the target is back.")
  }
}

extension Observation {
  init(_ score: Score, threshold: Double) {
    switch score {
    case .scored(let probability, let category):
      self = .judged(unsafe: probability >= threshold, probability: probability, category: category)
    case .unscored(let reason):
      self = .unscored(reason)
    }
  }
}
