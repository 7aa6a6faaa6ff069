import Core

extension ResponseService {
  /// Scores of one judge, in the order of `requests`: from the ledger where it has them, else from the judge.
  ///
  /// A composite judge's members are asked apart, each under its own fingerprint.
  /// - Throws: `SluiceError` (unavailable) when a judge is lost; everything that arrived is stored then.
  func scores(_ requests: [JudgedRequest], of target: any Target, by judge: any Judge) async throws -> [Score] {
    guard let composite = judge as? any CompositeJudge else { return try await own(requests, of: target, by: judge) }
    let inputs = requests.map(\.input)
    var scores: [[Score?]] = []
    for (member, indices) in zip(composite.members, composite.assignments(inputs)) {
      var given = [Score?](repeating: nil, count: requests.count)
      let own = try await self.scores(indices.map { requests[$0] }, of: target, by: member)
      for (index, score) in zip(indices, own) { given[index] = score }
      scores.append(given)
    }
    return composite.combine(scores, of: inputs)
  }

  private func own(_ requests: [JudgedRequest], of target: any Target, by judge: any Judge) async throws -> [Score] {
    var scores = try archive.scores(requests, of: target, by: judge)
    let missing = requests.indices.filter { scores[$0] == nil }
    if !missing.isEmpty {
      let asked = missing.map { requests[$0] }
      let fresh =
        if let remote = judge as? any RemoteJudge {
          try await ask(asked, of: target, by: remote)
        } else {
          try await compute(asked, of: target, by: judge)
        }
      for (index, score) in zip(missing, fresh) { scores[index] = score }
    }
    return scores.map { $0 ?? .unscored(reason: "no score") }
  }

  private func compute(
    _ requests: [JudgedRequest], of target: any Target, by judge: any Judge
  ) async throws -> [Score] {
    let fresh = try await judge.score(requests.map(\.input))
    guard fresh.count == requests.count else {
      throw InternalError("judge \(judge.name) answered \(fresh.count) of \(requests.count) inputs")
    }
    try archive.commit(Array(zip(requests, fresh)), of: target, by: judge)
    return fresh
  }

  /// A reply is stored, be it a score or not; no reply after retries leaves the response unscored in this run alone.
  private func ask(
    _ requests: [JudgedRequest], of target: any Target, by judge: any RemoteJudge
  ) async throws -> [Score] {
    let archive = archive
    let arrivals = Arrivals<JudgedRequest, Score>(requests, concurrency: judge.preferredBatch) { outcomes in
      let scored = outcomes.compactMap { request, outcome in (try? outcome.get()).map { (request, $0) } }
      try archive.commit(scored, of: target, by: judge)
    }
    let ended = try await arrivals.collect { arrivals in
      try await judge.score(requests.map(\.input)) { arrivals.arrived($0, $1) }
    }
    try await throwIfLost(judge, watch: arrivals.watch)
    try Task.checkCancellation()
    try ended.get()
    return try arrivals.watch.outcomes.map { outcome in
      switch outcome {
      case .success(let score)?: return score
      case .failure(let failure)?: return .unscored(reason: failure.description)
      case nil: throw InternalError("judge \(judge.name) left a response without an outcome")
      }
    }
  }

  private func throwIfLost(_ judge: any RemoteJudge, watch: ArrivalWatch<Score>) async throws {
    guard var failure = watch.loss else { return }
    if failure.kind != .unauthorised {
      do {
        try await judge.probe()
        if !watch.stopped { return }  // a few requests failed, the judge lives: their responses are unscored
      } catch let error as ResponseFailure {
        failure = error
      }
    }
    throw SluiceError(
      .unavailable, "the judge \(judge.name) is unavailable: \(failure.message)",
      remedy: failure.kind == .unauthorised
        ? "Check the API key and its permissions; no response that was already judged is judged again."
        : "Everything judged so far is stored; run again with --resume when the judge is back.")
  }
}
