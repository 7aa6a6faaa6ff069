import ArgumentParser
import Core
import Foundation
import LanguageModels

/// The engine against PyTorch on the attacker's update and on sentence embeddings, in the same run on as many threads.
struct EngineBenchmark: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "engine", abstract: "Updates and embeddings against PyTorch, checked to compute the same first.")

  @Option(help: "Threads of every contestant.") var threads = 2
  @Option(help: "Timed rounds; contestants take turns within each.") var rounds = 5
  @Flag(help: "Only Sluice's own times: no peers, no check.") var alone = false

  private var rows: [BenchmarkResult] = []

  enum CodingKeys: CodingKey { case threads, rounds, alone }

  mutating func run() async throws {
    try update(.small, bars: (published: 3.5, tuned: 1.8), later: (published: 5.5, tuned: 2.5))
    let peak = try peakMemory()
    rows.append(BenchmarkResult(name: "small memory 2 GB / peak", ratio: 2 * 0x1p30 / peak))
    print(String(format: "peak memory of Sluice after the updates of GPT-2 small: %.2f GB", peak / 0x1p30))
    try update(.tiny, bars: (published: 5, tuned: 2.2), later: (published: 9, tuned: 4))
    try embeddings()
    try growth()
    for row in rows { print("  " + row.line) }
    let worst = rows.map { $0.ratio / $0.bar }.min() ?? 0
    print(BenchmarkResult(name: "engine", ratio: worst).line)
  }

  // MARK: - Updates

  private typealias Ratios = (published: Double, tuned: Double)

  /// - Parameters:
  ///   - bars: How many times faster than each peer the update is to be.
  ///   - later: What it is hoped to be some day; the table says which time that takes, beside the products' alone.
  private mutating func update(_ size: UpdateTask.Size, bars: Ratios, later: Ratios) throws {
    var task = try UpdateTask(size, workers: threads)
    let folder = try BenchmarkFolder.make("engine/\(size.name)")
    var peers: [UpdatePeer] = []
    if !alone {
      let (loss, gradient) = try task.prepare(folder)
      for way in ["published", "tuned"] {
        let peer = try UpdatePeer(way: way, folder: folder, threads: threads)
        let theirs = try peer.ask("check").loss
        let distance = try Self.distance(
          folder.appendingPathComponent("\(way).safetensors").path, gradient.path + "/adapter_model.safetensors")
        print(
          String(
            format: "%@ %@: loss %.6f against %.6f, gradient's largest relative difference of a tensor %.1e", size.name,
            way, theirs, loss, distance))
        guard abs(loss - theirs) < 1e-3 * max(1, abs(loss)), distance < 1e-3 else {
          throw SluiceError(
            .internalError, "Sluice and the peer '\(way)' don't compute the same", remedy: "Compare them before timing."
          )
        }
        peers.append(peer)
      }
    }
    let turn = Turn(once: task.run().total)
    var ours: [[Double]] = []
    var theirs = peers.map { _ in [[Double]]() }
    for _ in 0..<rounds {
      for (index, peer) in peers.enumerated() { theirs[index] += try turn.take { try peer.ask("run").seconds } }
      ours += turn.take { task.run().parts }
    }
    describe(size, "sluice", ours)
    for (index, peer) in peers.enumerated() {
      describe(size, peer.way, theirs[index])
      let their = Self.median(theirs[index].map { $0.reduce(0, +) })
      let ratio = their / Self.median(ours.map { $0.reduce(0, +) })
      let (bar, hope) =
        peer.way == "published" ? (bars.published, later.published) : (bars.tuned, later.tuned)
      rows.append(BenchmarkResult(name: "\(size.name) \(peer.way)", ratio: ratio, bar: bar))
      print(String(format: "%@: later, %.1f times %@ is %.3f s", size.name, hope, peer.way, their / hope))
    }
    let reachable = UpdateProducts(size, workers: threads).seconds()
    let share = reachable / Self.median(ours.map { $0.reduce(0, +) })
    print(
      String(
        format: "%@: its matrix products alone take %.3f s, %.0f %% of the update", size.name, reachable, 100 * share))
    if size.name == "small" { rows.append(BenchmarkResult(name: "small roofline share", ratio: share, bar: 0.65)) }
  }

  private func describe(_ size: UpdateTask.Size, _ name: String, _ times: [[Double]]) {
    let parts = (0..<3).map { part in Self.median(times.map { $0[part] }) }
    let total = Self.median(times.map { $0.reduce(0, +) })
    print(
      String(
        format: "%@ %@ %7.3f s an update (rollout %.3f, reference %.3f, learning %.3f), %6.1f sequences/s", size.name,
        name.padding(toLength: 9, withPad: " ", startingAt: 0), total, parts[0], parts[1], parts[2],
        Double(size.batch) / total))
  }

  /// The largest |a − b| / |b| (Euclidean) of any tensor of two files with the same names.
  private static func distance(_ a: String, _ b: String) throws -> Double {
    let (first, second) = (try SafetensorsFile(path: a), try SafetensorsFile(path: b))
    var largest = first.tensors.count == second.tensors.count ? 0.0 : Double.infinity
    for name in second.tensors.keys {
      let (x, y) = (try first.floats(name), try second.floats(name))
      let difference = zip(x, y).reduce(0.0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) }.squareRoot()
      largest = max(largest, difference / y.reduce(0.0) { $0 + Double($1 * $1) }.squareRoot())
    }
    return largest
  }

  // MARK: - Embeddings

  private mutating func embeddings() throws {
    let (batch, tokens) = (64, 13)
    let weights = Weights.random(
      Architecture(family: .bert, vocabulary: 30_522, context: 512, width: 384, layers: 6, heads: 12), seed: 2)
    var generator = SeededGenerator(seed: 2, stream: "bench")
    let inputs = (0..<batch).map { _ in (0..<tokens).map { _ in Int32.random(in: 1_000..<30_000, using: &generator) } }
    let encoding = Encoding(pooling: .mean, workers: threads)
    func embed() -> [[Float]] { encoding.pooled(inputs, weights).map(normalised) }
    let folder = try BenchmarkFolder.make("engine/encoder")
    var peer: UpdatePeer?
    if !alone {
      let values = weights.values
      try SafetensorsWriter.write(
        tensors: weights.layout.slots.map { slot in
          (name: slot.name, shape: slot.shape, values: Array(values[slot.offset..<slot.offset + slot.count]))
        }, dtype: .f32, metadata: ["format": "pt"], to: folder.path + "/model.safetensors")
      let task: [String: Any] = [
        "layers": 6, "width": 384, "heads": 12, "vocabulary": 30_522, "context": 512,
        "sequences": inputs.map { $0.map { Int($0) } },
      ]
      try JSONSerialization.data(withJSONObject: task).write(to: folder.appendingPathComponent("task.json"))
      let torch = try UpdatePeer(way: "encoder", folder: folder, threads: threads)
      _ = try torch.ask("check")
      let theirs = try SafetensorsFile(path: folder.path + "/encoder.safetensors").floats("vectors")
      let difference = zip(embed().flatMap { $0 }, theirs).map { abs($0 - $1) }.max() ?? .infinity
      guard difference < 1e-4 else {
        throw SluiceError(.internalError, "embeddings differ by \(difference)", remedy: "Compare them before timing.")
      }
      peer = torch
    }
    func timed() -> Double {
      let began = ContinuousClock.now
      _ = embed()
      return (ContinuousClock.now - began) / .seconds(1)
    }
    let turn = Turn(once: timed())
    var (ours, theirs) = ([Double](), [Double]())
    for _ in 0..<rounds {
      if let peer { theirs += try turn.take { try peer.ask("run").total } }
      ours += turn.take(timed)
    }
    print(String(format: "MiniLM-L6 sluice %7.0f sentences/s of %d tokens", Double(batch) / Self.median(ours), tokens))
    guard peer != nil else { return }
    print(String(format: "MiniLM-L6 torch  %7.0f sentences/s", Double(batch) / Self.median(theirs)))
    rows.append(
      BenchmarkResult(name: "MiniLM-L6 torch", ratio: Self.median(theirs) / Self.median(ours), bar: 1.2))
  }

  /// One contestant's turn: the same number of repetitions for each, a second's worth of Sluice's.
  ///
  /// One more goes before and isn't counted: it pays for caches and processors that another process has just used, which no
  /// training loop does.
  private struct Turn {
    let repetitions: Int

    init(once: Double) { repetitions = max(1, Int(1 / once)) }

    func take<Measure>(_ measure: () throws -> Measure) rethrows -> [Measure] {
      _ = try measure()
      return try (0..<repetitions).map { _ in try measure() }
    }
  }

  // MARK: - Growth

  private func growth() throws {
    print("growth of the tiny update, seconds (128 sequences, 20 tokens, vocabulary 1,024, \(threads) workers)")
    func row(_ name: String, _ cases: [(label: Int, size: UpdateTask.Size, workers: Int)]) throws {
      var line = "  \(name):"
      for entry in cases {
        var task = try UpdateTask(entry.size, workers: entry.workers)
        _ = task.run()
        line += String(format: "  %d → %.3f", entry.label, Self.median((0..<rounds).map { _ in task.run().total }))
      }
      print(line)
    }
    func size(_ change: (inout UpdateTask.Size) -> Void) -> UpdateTask.Size {
      var size = UpdateTask.Size.tiny
      change(&size)
      return size
    }
    try row("batch", [32, 64, 128, 256].map { n in (n, size { $0.batch = n }, threads) })
    try row("length", [10, 20, 40, 80].map { n in (n, size { $0.length = n }, threads) })
    try row("vocabulary", [1_024, 4_096, 16_384].map { n in (n, size { $0.vocabulary = n }, threads) })
    try row("workers", (1...max(1, threads)).map { ($0, .tiny, $0) })
  }

  // MARK: - Measures

  static func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    return sorted.isEmpty ? .nan : (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
  }

  /// The most that this process has held in memory, in bytes.
  private func peakMemory() throws -> Double {
    let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
    return (line?.split(separator: " ").dropFirst().first.flatMap { Double($0) } ?? .nan) * 1024
  }
}

/// One way to do the update, or the embeddings, in PyTorch.
private struct UpdatePeer {
  struct Answer: Decodable {
    let loss: Double
    /// Rollout, reference, learning.
    let seconds: [Double]
    var total: Double { seconds.reduce(0, +) }
  }

  let way: String
  private let process: TorchPeer

  init(way: String, folder: URL, threads: Int) throws {
    self.way = way
    process = try TorchPeer("tb_update.py", [way, folder.path, String(threads)], threads: threads)
  }

  func ask(_ command: String) throws -> Answer { try process.ask(command) }
}
