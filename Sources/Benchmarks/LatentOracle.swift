import Core
import Foundation
import Synchronization

/// Asks a real target and judge, and remembers c(x).
final class Recording: AttackOracle {
  private let target: any Target
  private let judge: any Judge
  private let known = Mutex<[String: Double]>([:])

  init(target: any Target, judge: any Judge) {
    self.target = target
    self.judge = judge
  }

  var memory: [String: Double] { known.withLock { $0 } }

  func observe(_ prompts: [String], samples: Int) async throws -> [AttackObservation] {
    let answers = Mutex<[Int: String]>([:])
    try await target.respond(to: prompts.map { TargetRequest(prompt: $0, sampleIndex: 0) }) { index, outcome in
      if case .success(let response) = outcome { answers.withLock { $0[index] = response.text } }
    }
    let texts = answers.withLock { $0 }
    let scores = try await judge.score(
      prompts.indices.map { JudgeInput(prompt: prompts[$0], response: texts[$0] ?? "") })
    return zip(prompts, scores).map { prompt, score in
      let c = score.unsafeProbability.map { log(max($0, 1e-4)) }
      known.withLock { $0[prompt] = c }
      return AttackObservation(logUnsafe: c, responses: samples)
    }
  }
}

/// Answers at once from a recording; what was never recorded is a failure.
struct Replayed: AttackOracle {
  let memory: [String: Double]

  func observe(_ prompts: [String], samples: Int) async throws -> [AttackObservation] {
    prompts.map { AttackObservation(logUnsafe: memory[$0] ?? log(1e-4), responses: samples) }
  }
}

/// Answers from a recording after `latency`, with so many connections.
actor Paced: AttackOracle {
  private let memory: [String: Double]
  private let latency: Double
  private var free: Int
  private var waiting: [CheckedContinuation<Void, Never>] = []

  init(memory: [String: Double], latency: Double, connections: Int) {
    self.memory = memory
    self.latency = latency
    free = connections
  }

  func observe(_ prompts: [String], samples: Int) async throws -> [AttackObservation] {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<(prompts.count * samples) { group.addTask { try await self.answer() } }
      try await group.waitForAll()
    }
    return prompts.map { AttackObservation(logUnsafe: memory[$0] ?? log(1e-4), responses: samples) }
  }

  private func answer() async throws {
    if free == 0 { await withCheckedContinuation { waiting.append($0) } } else { free -= 1 }
    defer { if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() } }
    try await Task.sleep(for: .seconds(latency))
  }
}
