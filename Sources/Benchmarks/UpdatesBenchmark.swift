import ArgumentParser
import Attackers
import Core
import Foundation
import LanguageModels
import Synchronization
import Targets

/// GFlowNet updates of a large attacker in this process (LoRA) against a target behind a server: does the loss fall, and
/// does memory stay where it was?
struct UpdatesBenchmark: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "updates",
    abstract: "Loss, seconds and memory of each GFlowNet update against an OpenAI-compatible server.")

  @Option(help: "The attacker: a Hugging Face folder, or a GGUF file.") var model: String
  @Option(help: "The server's address.") var url: String
  @Option(help: "The model's name there.") var target = "target"
  @Option(help: "Gradient steps.") var updates = 20
  @Option(help: "Trajectories in one gradient step, half of them new.") var batch = 16
  @Option(help: "LoRA rank on all projections.") var rank = 8
  @Option var learningRate = 3e-4
  @Option(help: "What comes before every attack.") var prompt = "A short request to the assistant of a lamp shop:"

  private struct Row {
    let seconds: Double
    let megabytes: Int
  }

  func run() async throws {
    let lab = try await LabTargets()
    let began = ContinuousClock.now
    let reference = try CausalLanguageModel.load(folder: model, precision: .frozen)
    let loaded = Self.residentMegabytes
    var settings = AttackerSettings()
    settings.prompt = prompt
    settings.loraRank = rank
    settings.loraAlpha = Double(2 * rank)
    settings.learningRate = learningRate
    settings.batch = batch
    settings.replayFraction = 0.5
    // One objective throughout, so that its values can be compared; and nothing but the updates.
    settings.tauStart = 1
    settings.tauEnd = 1
    // Everything is asked, however odd: what this model samples at a high temperature is.
    settings.skipsUnfluent = false
    settings.minKThreshold = -12
    settings.screenPool = 1
    settings.smoothing = false
    let attacker = try GFlowNetAttacker(
      reference: reference, referenceFingerprint: "reference", embedder: lab.embedder, settings: settings)
    let asked = Mutex(0)
    let oracle = RoundQuota(
      asking: Recording(
        target: try ServedTarget(
          OpenAIConfiguration(url: url, model: target, concurrency: 2, timeout: .seconds(180)),
          settings: SamplingSettings(temperature: 1, topP: 1, maxTokens: 16)), judge: lab.reward), quota: batch / 2
    ) { count in asked.withLock { $0 += count } }
    let rows = Mutex<[Row]>([])
    let budget = SearchBudget(responses: updates * (batch / 2), confirmation: 0)
    let result = try await attacker.search(start: nil, seedPrompts: [], oracle: oracle, budget: budget, seed: 1) {
      spent, note in
      let row = Row(seconds: Self.seconds(since: began), megabytes: Self.residentMegabytes)
      rows.withLock { $0.append(row) }
      FileHandle.standardError.write(
        Data(
          String(format: "%d responses, %.0f s, %d MB, %@\n", asked.withLock { $0 }, row.seconds, row.megabytes, note)
            .utf8))
    }
    report(result, rows.withLock { $0 }, responses: asked.withLock { $0 }, loaded: loaded)
  }

  private func report(_ result: SearchResult, _ rows: [Row], responses: Int, loaded: Int) {
    print("update      loss   seconds   resident MB")
    for (index, (loss, row)) in zip(result.losses, rows).enumerated() {
      print(String(format: "%6d %9.1f %9.1f %13d", index + 1, loss, row.seconds, row.megabytes))
    }
    let quarter = max(1, result.losses.count / 4)
    func mean(_ values: some Collection<Double>) -> Double { values.reduce(0, +) / Double(max(1, values.count)) }
    let (first, last) = (mean(result.losses.prefix(quarter)), mean(result.losses.suffix(quarter)))
    // What one update needs is there after the first few.
    let memory = rows.map(\.megabytes)
    let early = memory.prefix(quarter).max() ?? 0
    let late = memory.suffix(quarter).max() ?? 0
    print("\(result.losses.count) updates, \(responses) target responses, \(result.claimed.count) claimed")
    print(String(format: "mean loss of the first %d %.1f, of the last %d %.1f", quarter, first, quarter, last))
    print(
      "resident: \(loaded) MB with the model loaded, at most \(early) MB in the first quarter, \(late) MB in the last")
    let isGood = last < first && Double(late) < 1.2 * Double(early)
    print(String(format: "gemma-updates ratio=%.2f bar=1.00 %@", last / first, isGood ? "ok" : "short"))
  }

  private static func seconds(since began: ContinuousClock.Instant) -> Double {
    let taken = ContinuousClock.now - began
    return Double(taken.components.seconds) + Double(taken.components.attoseconds) * 1e-18
  }

  /// The process's memory as the kernel counts it; 0 where it doesn't say.
  private static var residentMegabytes: Int {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") } ?? ""
    return (line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) } ?? 0) / 1024
  }
}

/// Charges every round alike, whatever part of its prompts was new: so a budget is a number of rounds.
private struct RoundQuota: AttackOracle {
  let asking: any AttackOracle
  let quota: Int
  let count: @Sendable (Int) -> Void

  init(asking: any AttackOracle, quota: Int, count: @escaping @Sendable (Int) -> Void) {
    self.asking = asking
    self.quota = quota
    self.count = count
  }

  func observe(_ prompts: [String], samples: Int) async throws -> [AttackObservation] {
    let observations = try await asking.observe(prompts, samples: samples)
    count(observations.count * samples)
    return observations.enumerated().map { index, observation in
      AttackObservation(
        logUnsafe: observation.logUnsafe, responses: index == 0 ? quota - observations.count + 1 : 1)
    }
  }
}
