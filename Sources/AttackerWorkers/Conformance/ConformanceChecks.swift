import Attackers
import Core
import Foundation

extension WorkerConformance {
  private static let texts = ["tell me", "Please share the code.", "a b c 1 2 3", "où est-il ? 🙂"]

  private func request(_ seeds: [UInt64], temperature: Float = 1, most: Int = longest) -> SampleRequest {
    SampleRequest(
      prefix: prefix, temperatures: [Float](repeating: temperature, count: seeds.count), seeds: seeds, maxTokens: most)
  }

  private static let seeds = (0..<UInt64(rows)).map { 0xfeed_0000_0000_0000 + 7_919 * $0 }

  /// Samples with their end tokens, none empty.
  private func sequences(_ seeds: [UInt64] = seeds) async throws -> [[Int32]] {
    try await worker.reference.sample(request(seeds)).map { sample in
      sample.tokens + (sample.finished || sample.tokens.isEmpty ? description.endTokens.prefix(1) : [])
    }
  }

  private static func gap(_ a: [[Float]], _ b: [[Float]]) -> Float {
    zip(a, b).flatMap { zip($0, $1).map { abs($0 - $1) } }.max() ?? 0
  }

  private static func sum(_ values: [Float]) -> Double { values.reduce(0) { $0 + Double($1) } }

  private static func written(_ value: some BinaryFloatingPoint) -> String {
    String(format: "%.2g", Double(value))
  }

  // MARK: - Texts and samples

  func texts() async throws -> Outcome {
    let tokens = try await worker.encode(Self.texts, addingSpecialTokens: false)
    if tokens.contains(where: \.isEmpty) { return .fails("a text has no tokens") }
    let texts = try await worker.decode(tokens)
    if Set(texts).count < Set(tokens).count { return .fails("different texts, in tokens and back, became one") }
    if Set(tokens).count < Self.texts.count { return .fails("different texts have the same tokens") }
    // A tokenizer may change a text once (blanks, case), and must leave its own texts alone.
    let again = try await worker.decode(try await worker.encode(texts, addingSpecialTokens: false))
    return again == texts
      ? .holds("\(description.vocabulary) tokens") : .fails("a decoded text, encoded and decoded again, is another")
  }

  func samples() async throws -> Outcome {
    let policy = worker.reference
    let all = try await policy.sample(request(Self.seeds))
    if try await policy.sample(request(Self.seeds)) != all { return .fails("the same question had another answer") }
    let half = try await policy.sample(request(Array(Self.seeds.reversed().prefix(Self.rows / 2))))
    if half != Array(all.reversed().prefix(half.count)) {
      return .fails("a seed gave another sample beside other seeds")
    }
    if Set(all.map(\.tokens)).count < Self.rows / 4 { return .fails("\(Self.rows) seeds gave nearly one sample") }
    let cold = try await policy.sample(request([1, 2, 3], temperature: 0))
    if Set(cold).count != 1 { return .fails("temperature 0 gave different samples") }
    let lengths = all.map(\.tokens.count)
    if all.contains(where: { !$0.finished && $0.tokens.count < Self.longest }) {
      return .fails("a sample broke off before \(Self.longest) tokens without an end token")
    }
    return .holds("\(lengths.reduce(0, +)) tokens in \(all.count) samples")
  }

  /// The mean log-probability of first tokens is the distribution's negative entropy.
  ///
  /// The bound is six standard errors of the mean over the draws.
  func agreement() async throws -> Outcome {
    let draws = 2_048
    // Every token is a row of its own: of a large vocabulary that is too much to ask.
    guard description.vocabulary <= 8_192 else { return .skipped }
    let ends = Set(description.endTokens)
    let policy = worker.reference
    let logs = try await policy.logProbabilities((0..<Int32(description.vocabulary)).map { [$0] }, after: prefix)
      .map { $0.first ?? 0 }
    let mass = logs.reduce(0.0) { $0 + exp(Double($1)) }
    guard abs(mass - 1) < 1e-2 else { return .fails("the probabilities of all first tokens add up to \(mass)") }
    let samples = try await policy.sample(
      request((0..<UInt64(draws)).map { 77 + $0 &* 0x9e37_79b9_7f4a_7c15 }, most: 1))
    // An end token that was drawn shows as an empty sample: it counts as the first of them, and so do all in the expectation.
    let endLog = log(ends.reduce(0.0) { $0 + exp(Double(logs[Int($1)])) })
    let outcomes = logs.enumerated().filter { !ends.contains(Int32($0.offset)) }.map { Double($0.element) } + [endLog]
    let mean = outcomes.reduce(0) { $0 + exp($1) * $1 }
    let variance = outcomes.reduce(0) { $0 + exp($1) * ($1 - mean) * ($1 - mean) }
    let seen = samples.reduce(0.0) { $0 + ($1.tokens.first.map { Double(logs[Int($0)]) } ?? endLog) } / Double(draws)
    let bound = 6 * (variance / Double(draws)).squareRoot() + 1e-3
    return abs(seen - mean) <= bound
      ? .holds("mean \(Self.written(seen)) against \(Self.written(mean)) expected")
      : .fails("mean log-probability of samples \(seen), expected \(mean) ± \(bound)")
  }

  func batches() async throws -> Outcome {
    let sequences = try await sequences()
    let together = try await worker.reference.logProbabilities(sequences, after: prefix)
    var alone: [[Float]] = []
    for sequence in sequences.prefix(6) {
      alone += try await worker.reference.logProbabilities([sequence], after: prefix)
    }
    let gap = Self.gap(together, alone)
    return gap <= Self.tolerance ? .holds("within \(Self.written(gap))") : .fails("they differ by \(gap)")
  }

  // MARK: - Policies

  private func policy(seed: UInt64 = 5) async throws -> any EnginePolicy {
    try await worker.policy(PolicyTraining(rank: 4, alpha: 8, learningRate: 1e-3, seed: seed))
  }

  /// Steps towards the sequences by maximum likelihood.
  private func favour(_ sequences: [[Int32]], _ policy: any EnginePolicy, steps: Int = 4) async throws {
    let share = -1 / Float(max(1, sequences.reduce(0) { $0 + $1.count }))
    for _ in 0..<steps {
      _ = try await policy.step(sequences, after: prefix) { logs in
        (0, logs.map { [Float](repeating: share, count: $0.count) })
      }
    }
  }

  func start() async throws -> Outcome {
    let sequences = try await sequences()
    let reference = try await worker.reference.logProbabilities(sequences, after: prefix)
    let policy = try await policy()
    let gap = Self.gap(reference, try await policy.logProbabilities(sequences, after: prefix))
    if gap > Self.tolerance { return .fails("log-probabilities differ by \(gap) before any step") }
    return .holds("\(try await policy.parameters().count) parameters")
  }

  func steps() async throws -> Outcome {
    let sequences = try await sequences()
    let (favoured, others) = (Array(sequences.prefix(4)), Array(sequences.suffix(4)))
    let (policy, bystander) = (try await policy(), try await self.policy(seed: 6))
    let before = try await policy.logProbabilities(favoured, after: prefix).map(Self.sum)
    let untouched = try await worker.reference.logProbabilities(others, after: prefix)
    try await favour(favoured, policy)
    let after = try await policy.logProbabilities(favoured, after: prefix).map(Self.sum)
    let gain = zip(after, before).reduce(0) { $0 + $1.0 - $1.1 }
    if gain <= 0 { return .fails("four steps towards four sequences changed their log-probability by \(gain)") }
    let gaps = [
      Self.gap(untouched, try await worker.reference.logProbabilities(others, after: prefix)),
      Self.gap(untouched, try await bystander.logProbabilities(others, after: prefix)),
    ]
    if let gap = gaps.max(), gap > Self.tolerance {
      return .fails("another policy's log-probabilities moved by \(gap)")
    }
    return .holds("log-probability +\(Self.written(gain))")
  }

  /// A step with all weights on one token moves that token; one whose weights are all 0 moves nothing.
  func weights() async throws -> Outcome {
    guard let sequence = try await sequences().max(by: { $0.count < $1.count }), sequence.count > 2 else {
      return .fails("no sample has three tokens")
    }
    let policy = try await policy()
    let before = try await policy.logProbabilities([sequence], after: prefix)
    _ = try await policy.step([sequence], after: prefix) { logs in (0, logs.map { $0.map { _ in 0 } }) }
    let still = Self.gap(before, try await policy.logProbabilities([sequence], after: prefix))
    if still > Self.tolerance { return .fails("a step with weights of 0 moved log-probabilities by \(still)") }
    let place = sequence.count - 2
    for _ in 0..<4 {
      _ = try await policy.step([sequence], after: prefix) { logs in
        (0, logs.map { row in row.indices.map { $0 == place ? -1 : 0 } })
      }
    }
    let after = try await policy.logProbabilities([sequence], after: prefix)
    let gain = (after.first?[place] ?? 0) - (before.first?[place] ?? 0)
    return gain > 0
      ? .holds("log-probability +\(Self.written(gain))")
      : .fails("steps towards one token changed its log-probability by \(gain)")
  }

  func state() async throws -> Outcome {
    let sequences = try await sequences()
    let policy = try await policy()
    try await favour(sequences, policy)
    let parameters = try await policy.parameters()
    let trained = try await policy.logProbabilities(sequences, after: prefix)
    let other = try await self.policy(seed: 9)
    try await other.restore(parameters)
    if try await other.parameters() != parameters { return .fails("what was put in came out otherwise") }
    let gap = Self.gap(trained, try await other.logProbabilities(sequences, after: prefix))
    return gap <= Self.tolerance
      ? .holds("\(parameters.count) parameters, within \(Self.written(gap))")
      : .fails("a policy with the same state has log-probabilities that differ by \(gap)")
  }

  func hidden() async throws -> Outcome {
    guard let width = description.stateWidth else { return .skipped }
    _ = try await worker.reference.promptState(prefix)
    return .holds("\(width) numbers")
  }

  // MARK: - The same model elsewhere

  func comparison() async throws -> Outcome {
    guard let twin else { return .skipped }
    let own = try await twin.describe()
    guard own.vocabulary == description.vocabulary, own.endTokens == description.endTokens else {
      return .fails("its vocabulary or its end tokens are other than those of the checkpoint")
    }
    if try await twin.encode(Self.texts, addingSpecialTokens: false)
      != worker.encode(Self.texts, addingSpecialTokens: false)
    {
      return .fails("its tokenizer gives other tokens")
    }
    let sequences = try await sequences()
    let gap = Self.gap(
      try await worker.reference.logProbabilities(sequences, after: prefix),
      try await twin.reference.logProbabilities(sequences, after: prefix))
    if gap > Self.tolerance { return .fails("log-probabilities differ by \(gap)") }
    var note = "within \(Self.written(gap))"
    if description.stateWidth != nil, own.stateWidth == description.stateWidth {
      let states = Self.gap(
        [try await worker.reference.promptState(prefix)], [try await twin.reference.promptState(prefix)])
      if states > 10 * Self.tolerance { return .fails("hidden states differ by \(states)") }
      note += ", hidden states within \(Self.written(states))"
    }
    let same = zip(
      try await worker.reference.sample(request(Self.seeds)), try await twin.reference.sample(request(Self.seeds))
    ).count { $0.withoutLogProbabilities == $1.withoutLogProbabilities }
    return .holds(note + "; \(same) of \(Self.rows) samples are the same")
  }
}
