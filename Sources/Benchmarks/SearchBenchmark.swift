import ArgumentParser
import Attackers
import Core
import Foundation
import Gate
import LanguageModels
import Synchronization

/// A search with a real language model as the attacker, against the same search written with PyTorch and transformers.
///
/// The target answers at once, so that what is timed is the search's own work: proposals, the reference model, embeddings, training
/// and smoothing.
struct SearchBenchmark: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "search", abstract: "A whole search by a real model against PyTorch, the target excluded.")

  @Option(help: "The attacker: a GGUF file.") var model: String
  @Option(help: "The embedder: a folder of all-MiniLM-L6-v2.") var embedder: String
  @Option(help: "Target responses of the search that all contestants make.") var responses = 160
  @Option(help: "Target responses of another search, by Sluice alone; 0 for none.") var whole = 1_500
  @Option(help: "Threads of the peer; Sluice takes all cores.") var threads = 2
  @Option(help: "Searches of each contestant, in turn.") var rounds = 3
  @Flag(help: "Only Sluice's own times: no peer, no check.") var alone = false

  /// Seconds that the whole search may take.
  private static let most = 900.0
  private static let seed: UInt64 = 500
  private static let sequences = 24

  func validate() throws {
    guard responses >= 16, whole >= 0, threads > 0, rounds > 0 else {
      throw ValidationError("--responses is 16 or more, --threads and --rounds 1 or more")
    }
  }

  private var settings: AttackerSettings {
    // As `.ci/bench real-attack` has them.
    var settings = AttackerSettings()
    settings.batch = 16
    settings.maxTokens = 24
    settings.screenPool = 8
    settings.prompt = "A short question that a visitor asks a library's help desk:"
    return settings
  }

  func run() async throws {
    let reference = try CausalLanguageModel.load(folder: model, precision: .frozen)
    let encoder = SentenceEmbedder(
      fingerprint: "embedder", encoder: try SentenceEncoder.load(folder: embedder), workers: threads)
    let attacker = try GFlowNetAttacker(
      reference: reference, referenceFingerprint: "reference", embedder: encoder, settings: settings)
    var rows: [BenchmarkResult] = []
    let peers = alone ? [] : try await peers(reference, encoder)
    var (ours, theirs) = ([Double](), peers.map { _ in [SearchPeer.Account]() })
    for _ in 0..<rounds {
      for (index, peer) in peers.enumerated() { theirs[index].append(try peer.process.ask("run")) }
      ours.append(try await search(attacker, responses: responses))
    }
    print(
      "\(responses) responses, batches of \(settings.batch), pool \(settings.screenPool), LoRA rank \(settings.loraRank)"
    )
    print(String(format: "sluice            %7.1f s", EngineBenchmark.median(ours)))
    for (peer, accounts) in zip(peers, theirs) {
      let middle = accounts.sorted { $0.seconds < $1.seconds }[accounts.count / 2]
      print(
        String(
          format: "torch, %@ %7.1f s", peer.precision.padding(toLength: 10, withPad: " ", startingAt: 0), middle.seconds
        )
          + " (\(middle.told))")
    }
    if let best = theirs.map({ EngineBenchmark.median($0.map(\.seconds)) }).min() {
      rows.append(BenchmarkResult(name: "torch / sluice", ratio: best / EngineBenchmark.median(ours), bar: 3))
    }
    if whole > 0 {
      let seconds = try await search(attacker, responses: whole)
      print(String(format: "sluice, %d responses: %.0f s", whole, seconds))
      rows.append(BenchmarkResult(name: String(format: "whole %.0f s / wall", Self.most), ratio: Self.most / seconds))
    }
    for row in rows { print("  " + row.line) }
    if let worst = rows.map({ $0.ratio / $0.bar }).min() { print(BenchmarkResult(name: "search", ratio: worst).line) }
  }

  /// Seconds of one search.
  /// - Throws: `SluiceError` where it ends before its budget does.
  private func search(_ attacker: GFlowNetAttacker, responses: Int) async throws -> Double {
    let began = ContinuousClock.now
    let result = try await attacker.search(
      start: nil, seedPrompts: [], oracle: TenthOracle(), budget: SearchBudget(responses: responses, confirmation: 0),
      seed: Self.seed
    ) { spent, note in
      FileHandle.standardError.write(Data("\r\u{1B}[Ksearch: \(spent) of \(responses) responses, \(note)".utf8))
    }
    FileHandle.standardError.write(Data("\r\u{1B}[K".utf8))
    guard result.responses == responses else {
      throw SluiceError(.internalError, "the search ended after \(result.responses) of \(responses) responses")
    }
    return (ContinuousClock.now - began) / .seconds(1)
  }

  // MARK: - The peer

  /// The peer with samples in float32 and in bfloat16, each held to the same log-probabilities and embeddings as Sluice first.
  private func peers(
    _ reference: CausalLanguageModel, _ encoder: any Embedder
  ) async throws -> [SearchPeer] {
    let engine: any AttackerEngine = LocalEngine(reference, fingerprint: "")
    let description = try await engine.describe()
    let prefix = try await engine.encode([settings.prompt ?? ""], addingSpecialTokens: true)[0]
    let samples = try await engine.reference.sample(
      SampleRequest(
        prefix: prefix, temperatures: [Float](repeating: 1, count: Self.sequences),
        seeds: (0..<Self.sequences).map { UInt64($0) }, maxTokens: settings.maxTokens)
    ).filter { !$0.tokens.isEmpty }
    let sequences = samples.map(\.tokens)
    let texts = try await engine.decode(sequences)
    let folder = try BenchmarkFolder.make("search")
    let task = SearchPeer.Task(
      model: URL(fileURLWithPath: model).path, embedder: URL(fileURLWithPath: embedder).path, seed: Self.seed,
      prefix: prefix, endTokens: description.endTokens, responses: responses, sequences: sequences, texts: texts,
      settings: settings)
    let file = folder.appendingPathComponent("task.json")
    try JSONEncoder().encode(task).write(to: file)
    let logs = try await engine.reference.logProbabilities(sequences, after: prefix)
    let vectors = try await encoder.embed(texts)
    return try ["float32", "bfloat16"].map { precision in
      let peer = try SearchPeer(precision: precision, task: file, threads: threads)
      let check: SearchPeer.Check = try peer.process.ask("check")
      let furthest = Self.difference(logs, check.logs)
      print(
        String(
          format: "torch, %@: log p of a token differs by at most %.1e, an embedding's number by %.1e", precision,
          furthest,
          Self.difference(vectors, check.vectors)))
      guard furthest < 1e-2, Self.difference(vectors, check.vectors) < 1e-3 else {
        throw SluiceError(
          .internalError, "Sluice and the peer don't compute the same", remedy: "Compare them before timing.")
      }
      return peer
    }
  }

  private static func difference(_ a: [[Float]], _ b: [[Float]]) -> Float {
    guard a.map(\.count) == b.map(\.count) else { return .infinity }
    return zip(a.joined(), b.joined()).map { abs($0 - $1) }.max() ?? 0
  }
}

/// Answers at once: every tenth prompt that is asked works, whatever it says, so that all contestants have as much to learn from.
private final class TenthOracle: AttackOracle {
  private let asked = Mutex(0)

  func observe(_ prompts: [String], samples: Int) async throws -> [AttackObservation] {
    prompts.map { _ in
      let place = asked.withLock { asked in
        asked += 1
        return asked
      }
      return AttackObservation(logUnsafe: log(place % 10 == 0 ? 0.95 : 0.02), responses: samples)
    }
  }
}

/// The search in PyTorch, with samples in one precision.
private struct SearchPeer {
  struct Task: Encodable {
    let model: String
    let embedder: String
    let seed: UInt64
    let prefix: [Int32]
    let endTokens: [Int32]
    let responses: Int
    /// Tokens and texts to compare on.
    let sequences: [[Int32]]
    let texts: [String]
    let settings: AttackerSettings
  }

  struct Check: Decodable {
    let logs: [[Float]]
    let vectors: [[Float]]
  }

  struct Account: Decodable {
    let seconds: Double
    /// Seconds of proposals, reference, embedding and steps.
    let parts: [String: Double]
    let responses: Int
    let steps: Int

    var told: String {
      parts.sorted { $0.value > $1.value }.map { String(format: "%@ %.1f", $0.key, $0.value) }.joined(separator: ", ")
        + "; \(steps) steps"
    }
  }

  let precision: String
  let process: TorchPeer

  init(precision: String, task: URL, threads: Int) throws {
    self.precision = precision
    process = try TorchPeer("search.py", [task.path, String(threads), precision], threads: threads)
  }
}
