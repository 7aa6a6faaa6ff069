import Core
import Decisions
import Logging

/// What a judge is shown.
struct JudgedText: Sendable {
  /// The response's row in the ledger; nil for what isn't stored, and then no score of it is.
  var row: Int64?
  let input: JudgeInput
  /// Whether the ledger may have a score; it can't where the response came just now.
  var mayHaveScore = true
  /// Why no judge can be shown it any more; nil where one can.
  var whyGone: String?
}

/// Obtains scores: from the ledger where it has them, else from the judge, and stores each before anything uses it.
struct Judging: Sendable {
  /// Nil keeps nothing.
  let archive: (any ResponseArchive)?
  /// Of judges, by fingerprint; see `ResponseScopes`.
  var scopes: [String: String] = [:]
  /// Whether judges behind servers are asked; else shards asked them, and what has no score got no reply.
  var asks = true
  /// Called with how many replies of a judge behind a server have been stored, from any thread.
  var onReplies: @Sendable (_ count: Int) -> Void = { _ in }

  /// Scores of one judge, in the order of `texts`.
  ///
  /// A composite judge's members are asked apart, each under its own fingerprint.
  /// - Throws: `SluiceError` (unavailable) when a judge is lost; everything that arrived is stored then.
  func scores(_ texts: [JudgedText], by judge: any Judge) async throws -> [Score] {
    if let composite = judge as? any CompositeJudge {
      let inputs = texts.map(\.input)
      var scores: [[Score?]] = []
      for (member, indices) in zip(composite.members, composite.assignments(inputs)) {
        var given = [Score?](repeating: nil, count: texts.count)
        let own = try await self.scores(indices.map { texts[$0] }, by: member)
        for (index, score) in zip(indices, own) { given[index] = score }
        scores.append(given)
      }
      return composite.combine(scores, of: inputs)
    }
    var scores = try stored(texts, by: judge)
    let missing = texts.indices.filter { scores[$0] == nil }
    if !missing.isEmpty {
      let asked = missing.map { texts[$0] }
      let fresh =
        if let remote = judge as? any RemoteJudge {
          try await ask(asked, by: remote)
        } else {
          try await compute(asked, by: judge)
        }
      for (index, score) in zip(missing, fresh) { scores[index] = score }
    }
    return scores.map { $0 ?? .unscored(reason: "no score") }
  }

  private func stored(_ texts: [JudgedText], by judge: any Judge) throws -> [Score?] {
    var scores = texts.map { text in text.whyGone.map { Score.unscored(reason: $0) } }
    guard let archive else { return scores }
    var (places, rows) = ([Int](), [(row: Int64, category: String?)]())
    for (place, text) in texts.enumerated() where text.mayHaveScore {
      guard let row = text.row else { continue }
      places.append(place)
      rows.append((row, text.input.category))
    }
    if rows.isEmpty { return scores }
    let found = try archive.scores(rows, judge: judge.fingerprint, scope: scope(judge))
    for (place, score) in zip(places, found) { scores[place] = score ?? scores[place] }
    return scores
  }

  private func compute(_ texts: [JudgedText], by judge: any Judge) async throws -> [Score] {
    let fresh = try await judge.score(texts.map(\.input))
    guard fresh.count == texts.count else {
      throw InternalError("judge \(judge.name) answered \(fresh.count) of \(texts.count) inputs")
    }
    try store(zip(texts, fresh).map { ($0, $1) }, by: judge)
    Logger.ledger.debug("scores committed", metadata: ["judge": "\(judge.name)", "count": fresh.count.logged])
    return fresh
  }

  /// A reply is stored, be it a score or not; no reply after retries leaves the response unscored in this run alone.
  private func ask(_ texts: [JudgedText], by judge: any RemoteJudge) async throws -> [Score] {
    guard asks else { return texts.map { _ in .unscored(reason: "the judge \(judge.name) gave its shard no reply") } }
    let collector = Collector<Score>(Respondent(judge)) { [self] arrivals in
      try store(
        arrivals.compactMap { place, outcome in (try? outcome.get()).map { (texts[place], $0) } }, by: judge)
      onReplies(arrivals.count)
      return arrivals.map { texts[$0.place].row }
    }
    let inputs = texts.map(\.input)
    try await collector.run { try await judge.score(inputs, onOutcome: $0) }
    collector.end()
    var scores = [Score?](repeating: nil, count: texts.count)
    for await group in collector.groups {
      for item in group {
        scores[item.place] =
          switch item.outcome {
          case .success(let score): score
          case .failure(let failure): .unscored(reason: failure.description)
          case nil: nil
          }
      }
    }
    try Task.checkCancellation()
    return try scores.map { score in
      guard let score else { throw InternalError("judge \(judge.name) left a request without an outcome") }
      return score
    }
  }

  private func store(_ scores: [(text: JudgedText, score: Score)], by judge: any Judge) throws {
    guard let archive else { return }
    let rows = scores.compactMap { text, score in text.row.map { ($0, text.input.category, score) } }
    try archive.store(rows, judge: judge.fingerprint, scope: scope(judge))
  }

  private func scope(_ judge: any Judge) -> String { scopes[judge.fingerprint] ?? "" }
}
