import Core
import Foundation

/// Where a search stands between two batches: all that decides how it goes on.
///
/// Stored as a JSON header (length first, 8 bytes little-endian) and float32 numbers, little-endian, exactly as they were.
struct SearchStanding: Sendable {
  enum Phase: String, Sendable, Codable {
    case beginning, training, smoothing
    /// Too little worked to smooth.
    case rest
  }

  /// A policy, whose numbers stand behind the header: parameters, first and second moments.
  struct Model: Sendable, Codable {
    let isTrained: Bool
    let step: Int
    let count: Int
  }

  /// A round whose answers were under way.
  struct Question: Sendable, Codable {
    @Packed var recalled: [Experience]
    @Packed var proposals: [Experience]
    let asked: [String]
  }

  struct Header: Sendable, Codable {
    var format = Self.current
    /// Another version may search in another way.
    var software = sluiceVersion
    let phase: Phase
    let idle: Int
    let fitted: Int
    let sinceFit: Int
    let flight: [Question]
    /// Claims that were being confirmed, by round.
    let claims: [[GFlowNetSearch.PendingClaim]]
    let policy: Model
    let smoothed: Model?
    let log: SearchLog.Standing
    /// What the replay buffer holds.
    @Packed var items: [Experience]
    let upkeep: ReplayBuffer.Upkeep
    let generator: SeededGenerator
    let logZ: LogPartition
    let step: Int
    let losses: [Double]
    @Packed var worked: [Experience]
    let recollection: Recollection?
    let remembered: [String]
    let threshold: Double
    /// Outcomes of the screen's rows, how many of them were known before the search, and the numbers of all rows.
    let screened: [Bool]
    let screenedBefore: Int
    let screenNumbers: Int
    /// Prompts with a vector, in the order of the vectors, and the width of all of them.
    let embedded: [String]
    let width: Int

    static let current = 3
  }

  let header: Header
  let numbers: [Float]

  init(header: Header, numbers: [Float]) {
    self.header = header
    self.numbers = numbers
  }

  /// - Throws: `EncodingError`.
  func encoded() throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.nonConformingFloatEncodingStrategy = .words
    var bytes = HeadedBytes.joined(Array(try encoder.encode(header)))
    bytes.reserveCapacity(bytes.count + 4 * numbers.count)
    numbers.withUnsafeBytes { bytes += $0 }
    return bytes
  }

  /// Nil for what another version of the program wrote, or what is none.
  init?(_ bytes: [UInt8]) {
    guard let parts = HeadedBytes(bytes) else { return nil }
    let body = parts.body.startIndex
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .words
    guard (bytes.count - body) % 4 == 0,
      let header = try? decoder.decode(Header.self, from: Data(parts.header)),
      header.format == Header.current, header.software == sluiceVersion, header.logZ.isWhole
    else { return nil }
    let numbers = bytes.withUnsafeBytes { raw in
      (0..<(bytes.count - body) / 4).map { raw.loadUnaligned(fromByteOffset: body + 4 * $0, as: Float.self) }
    }
    // Within these bounds no sum and no product overflows.
    let sizes = [header.policy.count, header.smoothed?.count ?? 0, header.screenNumbers, header.width]
    guard sizes.allSatisfy((0...numbers.count).contains) else { return nil }
    let models = 3 * (header.policy.count + (header.smoothed?.count ?? 0))
    guard models + header.screenNumbers + header.embedded.count * header.width == numbers.count,
      header.screened.isEmpty ? header.screenNumbers == 0 : header.screenNumbers % header.screened.count == 0,
      (0...header.screened.count).contains(header.screenedBefore),
      header.claims.joined().compactMap(\.row).allSatisfy(header.screened.indices.contains),
      [header.upkeep.vectors.count, header.upkeep.added.count].allSatisfy({ $0 == header.items.count })
    else { return nil }
    self.init(header: header, numbers: numbers)
  }

  /// A model's numbers, which begin at `start`.
  func snapshot(_ model: Model, at start: Int) -> PolicySnapshot {
    func part(_ index: Int) -> [Float] { Array(numbers[(start + index * model.count)...].prefix(model.count)) }
    return PolicySnapshot(parameters: part(0), step: model.step, first: part(1), second: part(2))
  }
}

// MARK: - Keeping it, and going on

extension GFlowNetSearch {
  /// Trained numbers above which nothing is kept: writing a gibibyte time and again would be no gain, and more than that is not read.
  private static let mostNumbers = 1 << 26

  /// Keeps where the search stands, where it is time to and the engine can tell.
  mutating func keepStanding() async throws {
    guard let checkpoints, checkpoints.isDue, let standing = try await standing() else { return }
    checkpoints.keep(try standing.encoded(), unanswered: Set(flight.flatMap(\.asked)))
  }

  private func standing() async throws -> SearchStanding? {
    guard let own = try await policy.snapshot() else { return nil }
    let fitting = try await smoothed?.snapshot()
    guard own.parameters.count + (fitting?.parameters.count ?? 0) <= Self.mostNumbers else { return nil }
    let prompts = vectors.keys.sorted()
    let width = vectors.values.first?.count ?? 0
    guard vectors.values.allSatisfy({ $0.count == width }) else { return nil }
    func model(_ snapshot: PolicySnapshot, _ model: AttackerModel) -> SearchStanding.Model {
      .init(isTrained: model.isTrained, step: snapshot.step, count: snapshot.parameters.count)
    }
    let header = SearchStanding.Header(
      phase: phase, idle: idle, fitted: fitted, sinceFit: sinceFit,
      flight: flight.map { .init(recalled: $0.recalled, proposals: $0.proposals, asked: $0.asked) },
      claims: claims.map(\.claims),
      policy: model(own, policy), smoothed: fitting.flatMap { numbers in smoothed.map { model(numbers, $0) } },
      log: log.standing(without: Set(flight.flatMap(\.asked))), items: buffer.items, upkeep: buffer.upkeep,
      generator: generator, logZ: logZ, step: step, losses: losses, worked: worked, recollection: recollection,
      remembered: remembered.sorted(), threshold: reward.threshold, screened: screen.worked,
      screenedBefore: screen.knownCount, screenNumbers: screen.rows.count,
      embedded: prompts, width: width)
    let parts = [own, fitting].compactMap(\.self).flatMap { [$0.parameters, $0.first, $0.second] }
    return SearchStanding(
      header: header, numbers: (parts + [screen.rows] + prompts.map { vectors[$0] ?? [] }).flatMap { $0 })
  }

  /// Puts back where the search stood, and asks again what was under way.
  mutating func goOn(_ standing: SearchStanding) async throws {
    let header = standing.header
    try await policy.restore(standing.snapshot(header.policy, at: 0), isTrained: header.policy.isTrained)
    var next = 3 * header.policy.count
    if let model = header.smoothed {
      var fitting = try await newModel(seed: 0)
      try await fitting.restore(standing.snapshot(model, at: next), isTrained: model.isTrained)
      smoothed = fitting
      next += 3 * model.count
    }
    screen = ProposalScreen(
      settings: settings, rows: Array(standing.numbers[next...].prefix(header.screenNumbers)), worked: header.screened,
      knownCount: header.screenedBefore)
    next += header.screenNumbers
    for prompt in header.embedded {
      vectors[prompt] = Array(standing.numbers[next...].prefix(header.width))
      next += header.width
    }
    (phase, idle, fitted, sinceFit) = (header.phase, header.idle, header.fitted, header.sinceFit)
    buffer = ReplayBuffer(capacity: settings.buffer, rules: settings.replay, items: header.items, upkeep: header.upkeep)
    (generator, logZ, step, losses) = (header.generator, header.logZ, header.step, header.losses)
    (worked, fitting) = (header.worked, Set(header.worked.map(\.prompt)))
    (recollection, remembered) = (header.recollection, Set(header.remembered))
    screen.trust = recollection?.trust ?? 1
    log.goOn(header.log)
    try checkpoints?.goOn()
    progress(log.spent, "going on")
    for pending in header.claims { confirm(pending) }
    for question in header.flight {
      log.reserveAgain(question.asked)
      flight.append(round(recalled: question.recalled, proposals: question.proposals, asking: question.asked))
    }
  }
}
