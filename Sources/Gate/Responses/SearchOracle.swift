import Core
import Decisions
import Foundation
import Judges
import Synchronization

/// A model behind the run's ledger that writes turns for searches.
protocol TurnSource: Sendable {
  /// One turn for each task, in order, or why there is none.
  /// - Parameter search: tells the search from others of the run, none of which finds its turns.
  /// - Throws: `SluiceError` (unavailable) where the model is lost.
  func turns(for tasks: [DrivingTask], of search: String) async throws -> [Result<String, DrivingProblem>]
}

/// Answers one search's questions: target and reward judge behind Core's `AttackOracle`.
///
/// It counts every sample that the search looked at as spent, from the ledger or not: a resumed search must spend
/// its budget exactly as the uninterrupted one did.
final class SearchOracle: AttackOracle {
  /// c(x) is floored here, so that a judge that answers 0 doesn't give −∞ (design: log 1e-4).
  static let floor = 1e-4

  private let service: ResponseService
  private let target: any Target
  private let role: Role
  private let judge: any Judge
  private let confirmer: ClaimConfirmer?
  private let base: Int
  private let restart: Int
  private let asked = Mutex(Asked())
  private let confirmed = Mutex<[String: [Observation]]>([:])
  private let now = Atomic(0)
  private let driver: (any TurnSource)?
  private let tallied = Mutex(DrivingTally())

  /// - Parameters:
  ///   - confirmer: decides claims while the search goes on; nil leaves it to what follows.
  ///   - driver: writes the turns of conversations, where the attacker's own model doesn't.
  init(
    service: ResponseService, target: any Target, role: Role, judge: any Judge, restart: Int,
    confirmer: ClaimConfirmer? = nil, driver: (any TurnSource)? = nil
  ) {
    self.driver = driver
    self.service = service
    self.target = target
    self.role = role
    self.judge = judge
    self.confirmer = confirmer
    self.restart = restart
    base = SampleIndices.searchBase(restart: restart)
  }

  private struct Asked {
    /// Samples by prompt.
    var samples: [String: Int] = [:]
    /// Distinct prompts, oldest first.
    var prompts: [String] = []
    /// What became of the questions about each.
    var counts: [String: OutcomeCounts] = [:]
    /// Responses that confirmed or refuted each claim, as far as there are any.
    var confirming: [String: Int] = [:]
  }

  var conversations: (any ConversationOracle)? { self }

  /// What became of the turns that the search had written.
  var driving: DrivingTally { tallied.withLock { $0 } }

  /// What it has counted, as if some prompts had not been asked.
  func standing(without unanswered: Set<String>) throws -> [UInt8] {
    let asked = asked.withLock { $0 }
    let standing = OracleStanding(
      prompts: asked.prompts.filter { !unanswered.contains($0) }, samples: asked.samples, counts: asked.counts,
      confirming: asked.confirming)
    return [UInt8](try JSONEncoder().encode(standing))
  }

  /// Whether the archive has every response that a standing counts; false for what is none.
  func hasResponses(of standing: [UInt8]) -> Bool {
    guard let known = try? JSONDecoder().decode(OracleStanding.self, from: Data(standing)), known.isWhole else {
      return false
    }
    for start in stride(from: 0, to: known.prompts.count, by: Self.askedAtOnce) {
      var requests: [TargetRequest] = []
      var answered: [Int] = []
      let places = start..<min(start + Self.askedAtOnce, known.prompts.count)
      for index in places {
        let samples = known.samples[index]
        guard (1...Self.mostSamples).contains(samples) else { return false }
        requests += (0..<samples).map { TargetRequest(prompt: known.prompts[index], sampleIndex: base + $0) }
        answered.append(known.counts(index).map { $0.known + $0.unscored } ?? 0)
      }
      guard let stored = try? service.stored(requests, of: target) else { return false }
      var place = 0
      for (index, answered) in zip(places, answered) {
        let samples = known.samples[index]
        if stored[place..<place + samples].count(where: { $0 != nil }) < answered { return false }
        place += samples
      }
    }
    return hasConfirmations(known.confirming)
  }

  private func hasConfirmations(_ counts: [String: Int]) -> Bool {
    guard let confirmer else { return counts.isEmpty }
    for (prompt, count) in counts {
      guard (0...Self.mostSamples).contains(count) else { return false }
      let requests = (0..<confirmer.rule.responses).map {
        TargetRequest(prompt: prompt, sampleIndex: confirmer.sample($0, restart: restart))
      }
      guard let stored = try? service.stored(requests, of: target), stored.count(where: { $0 != nil }) >= count
      else { return false }
    }
    return true
  }

  private static let askedAtOnce = 1_024
  /// No search asks one prompt more often.
  private static let mostSamples = 1_000_000

  /// - Throws: `DecodingError` or `InternalError` for what is no standing.
  func goOn(_ standing: [UInt8]) throws {
    let known = try JSONDecoder().decode(OracleStanding.self, from: Data(standing))
    guard known.isWhole else { throw InternalError("what was kept of a search is not what was looked at") }
    asked.withLock { asked in
      asked = Asked(prompts: known.prompts, confirming: known.confirming)
      for (index, prompt) in known.prompts.enumerated() {
        asked.samples[prompt] = known.samples[index]
        asked.counts[prompt] = known.counts(index)
      }
    }
  }

  /// Samples that the target was asked for in this process; those that the ledger had aren't among them.
  var askedNow: Int { now.load(ordering: .relaxed) }

  /// The last distinct prompts, oldest first: what the search proposed when it knew the target best.
  var lastProposals: [String] { asked.withLock { Array($0.prompts.suffix(Self.mostProposals)) } }

  private static let mostProposals = 512

  /// What became of all questions so far.
  var tally: OutcomeCounts {
    asked.withLock { asked in asked.prompts.reduce(OutcomeCounts()) { $0 + (asked.counts[$1] ?? OutcomeCounts()) } }
  }

  private func questions(_ prompts: [String], samples: Int) -> [Question] {
    asked.withLock { asked in
      prompts.flatMap { prompt in
        (0..<samples).map { _ in
          let sample = asked.samples[prompt, default: 0]
          if sample == 0 { asked.prompts.append(prompt) }
          asked.samples[prompt] = sample + 1
          return Question(prompt: prompt, category: nil, sampleIndex: base + sample)
        }
      }
    }
  }

  private func arrived(_ arrival: Arrival) {
    if !arrival.isStored { now.wrappingAdd(arrival.count, ordering: .relaxed) }
  }

  private func count(_ observations: [Observation], of questions: [Question]) {
    asked.withLock { asked in
      for (question, observation) in zip(questions, observations) {
        asked.counts[question.prompt, default: OutcomeCounts()].add(observation)
      }
    }
  }

  func observe(_ prompts: [String], samples: Int) async throws -> [AttackObservation] {
    let questions = questions(prompts, samples: samples)
    let observations = try await service.answers(
      questions, from: target, as: role, judge: judge, onArrival: arrived
    ).map(\.observation)
    count(observations, of: questions)
    return prompts.indices.map { index in
      let own = observations[(index * samples)..<((index + 1) * samples)]
      let logs = own.compactMap(\.probability).map { log(max($0, Self.floor)) }
      return AttackObservation(
        logUnsafe: logs.isEmpty ? nil : logs.reduce(0, +) / Double(logs.count), responses: samples)
    }
  }

  func confirm(_ prompts: [String]) async throws -> [ClaimVerdict]? {
    guard let confirmer else { return nil }
    let observations = try await confirmer.decide(prompts, on: target, as: role, restart: restart)
    confirmed.withLock { $0.merge(zip(prompts, observations)) { $1 } }
    asked.withLock { asked in
      for (prompt, observations) in zip(prompts, observations) {
        asked.confirming[prompt] = observations.count { $0.kind != .missing }
      }
    }
    return observations.map { ClaimVerdict($0, by: confirmer.rule) }
  }

  /// What was seen of claims, by prompt.
  var confirmations: [String: [Observation]] { confirmed.withLock { $0 } }
}

extension SearchOracle: ConversationOracle {
  func answers(to conversations: [Conversation]) async throws -> [TurnObservation] {
    let questions = questions(conversations.map(\.text), samples: 1)
    let answers = try await service.answers(
      questions, from: target, as: role, judge: judge, keepsTexts: true, onArrival: arrived)
    count(answers.map(\.observation), of: questions)
    return zip(questions, answers).map { question, given in
      let observation = given.observation
      let last = given.response.map { $0.last(in: Exchange(prompt: question.prompt, response: $0.text)) }
      let text = last.map { $0.answer.drop(while: \.isWhitespace) } ?? ""
      return TurnObservation(
        answer: text.isEmpty || last?.isBlocked == true ? nil : String(text),
        logUnsafe: observation.probability.map { log(max($0, Self.floor)) },
        isRefusal: observation.isRefusal || last?.isRefused == true
          // Where no judge tells, the phrases do that models decline with.
          || !service.tellsRefusals && RefusalPhrases.isRefusal(String(text)))
    }
  }

  func turns(for tasks: [DrivingTask]) async throws -> [Result<String, DrivingProblem>] {
    guard let driver else { throw InternalError("a search has nobody to write its turns") }
    return try await driver.turns(for: tasks, of: "\(role) \(base)")
  }

  func note(_ turns: [Result<String, DrivingProblem>]) {
    tallied.withLock { tally in
      for turn in turns { tally.add(turn) }
    }
  }
}
