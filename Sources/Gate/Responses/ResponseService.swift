import Core
import Decisions
import Synchronization

/// Obtains responses and scores: from the ledger where it has them, else from the target or judge, and commits each
/// to the ledger before anything uses it.
///
/// So a run that was killed repeats itself from the ledger and pays only for what is missing.
final class ResponseService: Sendable {
  private let archive: any ResponseArchive
  let meter: CostMeter
  private let clock = ContinuousClock()
  /// Whether what a provider's filter withheld counts as a refusal; else nothing is known of it.
  private let blocksAreRefusals: Bool
  /// Tells refusals among safe responses; nil where nothing can.
  private let refusals: (any Judge)?

  init(
    archive: any ResponseArchive, meter: CostMeter, blocksAreRefusals: Bool = true, refusals: (any Judge)? = nil
  ) {
    self.archive = archive
    self.meter = meter
    self.blocksAreRefusals = blocksAreRefusals
    self.refusals = refusals
  }

  /// What a judge's "unsafe" means.
  enum Measure: Sendable {
    case safety, refusal
  }

  /// Outcomes in the order of `requests`.
  /// - Parameter onArrival: called for each outcome as it becomes known, from any thread.
  /// - Throws: `SluiceError` (unavailable) when the target is lost; everything that arrived is stored then.
  func outcomes(
    of requests: [TargetRequest], from target: any Target, as role: Role,
    onArrival: @escaping @Sendable (_ count: Int) -> Void = { _ in }
  ) async throws -> [ResponseOutcome] {
    try Task.checkCancellation()
    let stored = try archive.stored(requests, of: target)
    let missing = requests.indices.filter { stored[$0] == nil }
    meter.reused(requests.count - missing.count, role: role)
    onArrival(requests.count - missing.count)

    var outcomes = stored.map { $0.map(ResponseOutcome.success) }
    let arrived = try await ask(missing.map { requests[$0] }, of: target, as: role, onArrival: onArrival)
    for (index, outcome) in zip(missing, arrived) { outcomes[index] = outcome }
    return try outcomes.map { outcome in
      guard let outcome else { throw InternalError("target \(target.name) left a request without an outcome") }
      return outcome
    }
  }

  /// Outcomes judged by `judge`, in the order of `questions`.
  func observations(
    _ questions: [Question], from target: any Target, as role: Role, judge: any Judge,
    measuring measure: Measure = .safety,
    onArrival: @escaping @Sendable (_ count: Int) -> Void = { _ in }
  ) async throws -> [Observation] {
    try await answers(questions, from: target, as: role, judge: judge, measuring: measure, onArrival: onArrival)
      .map(\.observation)
  }

  /// Outcomes with what `judge` makes of them, in the order of `questions`.
  func answers(
    _ questions: [Question], from target: any Target, as role: Role, judge: any Judge,
    measuring measure: Measure = .safety,
    onArrival: @escaping @Sendable (_ count: Int) -> Void = { _ in }
  ) async throws -> [(response: Response?, observation: Observation)] {
    let outcomes = try await outcomes(of: questions.map(\.request), from: target, as: role, onArrival: onArrival)
    var observations = [Observation](repeating: .missing, count: questions.count)
    var answered: [(index: Int, response: Response, judged: JudgedRequest)] = []
    for (index, (question, outcome)) in zip(questions, outcomes).enumerated() {
      switch outcome {
      case .failure(let failure): observations[index] = .failed(failure.message)
      case .success(let response) where response.isBlocked && response.text.isEmpty:
        observations[index] = blocked(measure)
      case .success(let response):
        // What is unsafe anywhere in what the user gets is unsafe; what refuses is the answer, not the reasoning before it.
        let input = JudgeInput(
          prompt: question.prompt, response: measure == .safety ? response.text : response.answer,
          category: question.category, locale: question.locale)
        answered.append((index, response, JudgedRequest(request: question.request, input: input)))
      }
    }
    let scores = try await Judging(store: TargetScores(archive: archive, target: target))
      .scores(answered.map(\.judged), by: judge)
    for ((index, response, _), score) in zip(answered, scores) {
      observations[index] = observation(of: response, score, threshold: judge.threshold, measure)
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
    meter.unscored(observations.count { $0.kind == .unscored }, role: role)
    return zip(outcomes, observations).map { (try? $0.get(), $1) }
  }

  private func blocked(_ measure: Measure) -> Observation {
    .blocked(countsAs: blocksAreRefusals ? measure == .refusal : nil)
  }

  /// What was unsafe as far as it went is unsafe, whatever ended it.
  private func observation(
    of response: Response, _ score: Score, threshold: Double, _ measure: Measure
  ) -> Observation {
    var observation = Observation(score, threshold: threshold)
    let isCaught = measure == .safety && observation.isUnsafe == true
    if response.isBlocked, !isCaught {
      observation = blocked(measure)
    } else if let reason = response.whyUnanswered, !isCaught {
      // An empty text that ended by itself is how some models decline.
      if measure == .safety || response.isCut || response.hasOnlyReasoning {
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

  private func ask(
    _ requests: [TargetRequest], of target: any Target, as role: Role,
    onArrival: @escaping @Sendable (_ count: Int) -> Void
  ) async throws -> [ResponseOutcome?] {
    if requests.isEmpty { return [] }
    let (archive, meter) = (archive, meter)
    let began = clock.now
    let arrivals = Arrivals<TargetRequest, Response>(requests, concurrency: target.preferredBatch) {
      try archive.commit($0, of: target)
    }
    let ended = try await arrivals.collect { arrivals in
      try await target.respond(to: requests) { index, outcome in
        meter.asked(outcome, role: role)
        arrivals.arrived(index, outcome)
        onArrival(1)
      }
    }
    meter.waited(clock.now - began, role: role)
    try await throwIfLost(target, role: role, watch: arrivals.watch)
    try Task.checkCancellation()
    try ended.get()
    return arrivals.watch.outcomes
  }

  private func throwIfLost(_ target: any Target, role: Role, watch: ArrivalWatch<Response>) async throws {
    guard let failure = watch.loss else { return }
    if !failure.isFinal {
      if let stillFails = try await failureOfProbes(target.probe) {
        throw Self.unavailable(target, role: role, stillFails)
      }
      if !watch.stopped { return }  // a few requests failed, the target lives: they count as errors
    }
    throw Self.unavailable(target, role: role, failure)
  }

  static func unavailable(_ target: any Target, role: Role, _ failure: ResponseFailure) -> SluiceError {
    SluiceError(
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
